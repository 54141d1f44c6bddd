/*
 * What the parts of the program score share.
 */
#ifndef SCORE_H
#define SCORE_H

#include "../cli/cli.h"
#include "../cli/index.h"
#include "../cli/points.h"
#include "../cli/table.h"

/* A stream that is told by number of images and fingerprint. */
struct told {
	const char *name; /* of the fact; NULL: there is no such stream */
	struct bsp_hash hash;
	uint64_t count;
	char text[TABLE_IMAGES_SIZE];
};

void told_add(struct told *told, const struct bsp_image *image);
struct table_fact told_fact(struct told *told);

/* ---------------------------------------------------------------- thresholds */

/* Thresholds that metrics are taken at. */
struct points {
	size_t count;
	char label[BSP_POINTS_MAX][POINT_SIZE]; /* "fpr=0.01", "0.35" */
	double q[BSP_POINTS_MAX];               /* NaN: given as a number */
	struct bsp_threshold at[BSP_POINTS_MAX];
	bool from_healthy; /* ranges are known */
	struct told healthy, within; /* of a stream that was read now */
	char *healthy_text, *within_text; /* as the file of thresholds says */
};

/* What the command line asks for; NULL: not given. */
struct points_request {
	const char *healthy, *within, *fpr, *threshold, *save;
};

/* Check the request and read numbers; no streams yet. */
void points_parse(struct points *points,
    const struct points_request *request);

/* Read what is behind the thresholds, and write their file if asked to. */
void points_find(struct points *points, const struct points_request *request);

/* Facts of them into facts[], which has room for one a point and two more; how
 * many. */
size_t points_facts(const struct points *points, struct table_fact *facts);

/* Die, or warn, where the thresholds are not of maps such as those scored. */
void points_check(const struct points *points, const struct told *maps,
    bool within, float low, float high,
    const struct bsp_evaluation *evaluation);

/* -------------------------------------------------------------------- units */

/* What is scored by itself: images, or volumes of an index. */
struct units {
	const struct index *volumes; /* NULL: images */
	const struct index *groups;  /* NULL: no subjects */
	const struct index *names; /* of images, for the rows; or NULL */
	uint64_t first_index;
	struct unit {
		uint64_t first, count; /* images, from the stream's first */
	} *unit;
	size_t count, capacity;
};

/* Note the next image; true where a unit begins with it. */
bool units_next(struct units *units, uint64_t image);

/* Die where so many images are all and the last one's volume has more. */
void units_end(const struct units *units, uint64_t images);

/* Subjects of the units, which the caller frees; dies where a volume has
 * images of two. */
size_t *units_groups(const struct units *units);

/* The row of the index for a unit's first image, or NULL. */
const struct index_row *units_row(const struct units *units, size_t unit);

/* Its name in a table, in room for it where it is a number. */
const char *units_name(const struct units *units, size_t unit,
    char text[BSP_NUMBER_SIZE]);

/* ------------------------------------------------------------------- tables */

/* The curve of lesions found against false regions. */
void write_froc(FILE *file, const struct bsp_froc *froc);

/* A row a lesion. */
void write_lesions(FILE *file, const struct bsp_evaluation *evaluation,
    const struct units *units, const struct points *points);

/* Recall, precision and false-positive rate at all thresholds, down to the
 * least score. */
void write_curve(FILE *file, const struct bsp_curve *curve, float least);

#endif
