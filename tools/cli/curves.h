/*
 * Curves and planes from the table of a sweep, found by the names of columns.
 */
#ifndef CURVES_H
#define CURVES_H

#include "cli.h"
#include "table.h"

/* Which columns to take.  A name without a dot is also that of the one column
 * that ends with it after a dot: intensity, of inject.intensity. */
struct curves_request {
	const char *x;     /* of the points */
	const char *y;     /* of a plane's other axis; NULL: these are curves */
	const char *value;
	const char *by;    /* names with commas between them, that tell curves
	                      apart; NULL: all before the first metric */
	const struct cli_list *where; /* COLUMN=VALUE: only such rows; NULL */
};

/* A row of the table. */
struct curve_row {
	size_t group;
	double x, y, value;
	uint64_t line;
};

struct curves {
	const char *name;   /* of the file */
	char **comment;     /* lines above and beneath the rows, without # */
	size_t comments;
	char *column[64];   /* the header */
	size_t columns;
	size_t x, y, value; /* columns; y SIZE_MAX: none */
	size_t by[64];      /* columns that tell the groups apart */
	size_t by_count;
	char **key;         /* [groups] their texts, with tabs between them */
	size_t groups;      /* in the order in which they first appear */
	struct curve_row *row; /* by group, then y, then x */
	size_t rows;
	size_t *start;      /* [groups + 1] */
};

/*
 * Read a table; dies of a column that is not there, a cell that is no number
 * (the value may be nan), two rows of one place, and no rows at all.  Columns
 * that were not asked for by name and do not vary are no part of by.
 */
void curves_read(struct curves *curves, const char *path,
    const struct curves_request *request);

/* What a comment says of that name, or NULL. */
const char *curves_fact(const struct curves *curves, const char *name);

/* Die unless what both tables tell of images, seed and radius is the same. */
void curves_same_study(const struct curves *a, const struct curves *b);

/* The points of a group: count of them, in x and value, arrays of the caller
 * with room for them. */
size_t curves_points(const struct curves *curves, size_t group, double *x,
    double *value);

/* A group as a plane, whose grid must be whole; freed by curves_plane_free. */
void curves_plane(const struct curves *curves, size_t group,
    struct bsp_plane *plane);
void curves_plane_free(struct bsp_plane *plane);

/* The text of a group in its column by[k], in room for it. */
const char *curves_text(const struct curves *curves, size_t group, size_t k,
    char *text, size_t size);

/* Memory, or death. */
void *curves_take(void *memory);

void curves_free(struct curves *curves);

#endif
