/*
 * NIfTI volumes: headers that are checked field by field, voxels that are read
 * to the end of the file, and the orientation that the header tells.
 */
#ifndef NIFTI_H
#define NIFTI_H

#include "../../lib/blindspot.h"

/* Where voxel indices (i, j, k, 1) lie in space, in mm: x to the patient's
 * right, y to the front, z up. */
struct affine {
	double m[3][4];
};

struct volume {
	const char *name;
	size_t dim[3];         /* voxels along each axis; the first is fastest */
	int datatype;          /* a DT_ code */
	size_t bytes;          /* a voxel */
	unsigned char *raw;    /* in the host's byte order */
	double slope, inter;   /* value = slope * stored + inter */
	struct affine affine;
	bool unknown;          /* the header tells no orientation */
	bool disputed;         /* sform and qform tell two */
	size_t axis[3];        /* which axis of the file each is, */
	bool flipped[3];       /* and whether it runs the other way */
};

struct header;

/* How a volume is to be read. */
struct volume_how {
	bool as_stored;   /* do not bring it to the closest canonical axes */
	bool allows_nan;
	bool header_only;
	struct header *header; /* becomes the file's, unless NULL */
};

/*
 * Read a volume of one scalar value a voxel from a descriptor, which is closed;
 * path names it, and tells where the voxels of a .hdr are.  Without as_stored
 * its axes are permuted and flipped so that they run as close as they can to
 * the right, the front and up, as nibabel.as_closest_canonical does.  Infinite
 * voxels are an error, and NaN where it is not allowed.
 */
int volume_read(struct volume *volume, const struct volume_how *how, int fd,
    const char *path, struct bsp_error *e);

/* The file to open for a path: of a pair, the header. */
const char *volume_header_path(const char *path, char *room, size_t size);

size_t volume_size(const struct volume *volume);

/* The scaled values of n voxels, step apart, the first of number first. */
void volume_values(const struct volume *volume, size_t first, size_t step,
    size_t n, double *to);

/* As many values as are worth converting at once: they stay in the cache. */
#define VOLUME_RUN 1024

/* Where voxel number i is in the file. */
void volume_where(const struct volume *volume, size_t i, size_t at[3]);

/* As many voxels along each axis; or bad data that names both. */
int volume_same_shape(const struct volume *volume,
    const struct volume *other, struct bsp_error *e);

/* And at the same places, to 1e-3. */
int volume_same_grid(const struct volume *volume, const struct volume *other,
    struct bsp_error *e);

void volume_free(struct volume *volume);

#endif
