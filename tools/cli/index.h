/*
 * What the images of a stream are of, from a table: subject, volume, slice,
 * file.  A stream has no names; its index has.
 */
#ifndef INDEX_H
#define INDEX_H

#include "table.h"

struct index_row {
	uint64_t image;      /* its number in the stream, from 0 */
	const char *subject;
	const char *volume;  /* NULL where there is no such column, as below */
	const char *file;
	uint64_t slice;      /* of the volume; UINT64_MAX: no column */
	double mm[3];        /* between rows, columns and slices; NaN: unknown */
	size_t group;        /* the subject's number */
	size_t unit;         /* the volume's number, in the order of the rows */
};

struct index {
	const char *name;
	struct index_row *row; /* by image, each larger than the one before */
	size_t rows, capacity;
	size_t groups;         /* of subjects; in the order of their names */
	size_t units;          /* of volumes; 0: no column volume */
	bool has_slices, has_mm;

	const struct index_visitor *visitor; /* while it is read */

	/* How nii-slices cut the volumes, where it wrote the table. */
	char axis[16];         /* "": it does not say */
	bool stored;           /* the axes as stored */
	uint64_t size;         /* cropped or padded to; 0: as they were */
};

/*
 * Read the columns image and subject, and where they are there volume, slice,
 * file, row_mm, col_mm and slice_mm; or die.  The rows of a volume follow one
 * upon another.
 */
void index_read(struct index *index, const char *path);

/* Who sees the header and each row of the table too, as it is read. */
struct index_visitor {
	void (*header)(void *with, const struct tsv *tsv);
	void (*row)(void *with, const struct tsv *tsv);
	void (*fact)(void *with, const char *text);
	void *with;
};

void index_read_with(struct index *index, const char *path,
    const struct index_visitor *visitor);

/* Likewise, and die where the table has rows but no column volume. */
void index_read_volumes(struct index *index, const char *path);

/* The row of an image; or die. */
const struct index_row *index_get(const struct index *index, uint64_t image);

/*
 * Die where there are rows for images that the stream has not: it ends before
 * the image of that number.
 */
void index_check_end(const struct index *index, uint64_t end);

/* What a table says where images are resampled and no subjects were given. */
#define INDEX_NO_GROUPS "none: images were taken for subjects"

#endif
