/*
 * What a NIfTI header says, once it is known to make sense.
 */
#ifndef HEADER_H
#define HEADER_H

#include <nifti2_io.h>

#include "bytes.h"
#include "nifti.h"

struct header {
	nifti_2_header n; /* of a NIfTI-1 header too, in the host's order */
	int version;      /* 1 or 2 */
	bool swapped;     /* the file is in the other byte order */
	bool pair;        /* its voxels are in another file */
	uint64_t size;    /* bytes of the file up to its end */
	uint64_t offset;  /* of the voxels in their file */
	size_t bytes;     /* a voxel */
};

/* Read and check a header from the beginning of a file. */
int header_read(struct header *header, struct bytes *bytes,
    struct bsp_error *e);

/* Set the affine of a volume from its header, or say what is wrong with it. */
int header_affine(const struct header *header, struct volume *volume,
    struct bsp_error *e);

/*
 * Find the axes of the file that run closest to the right, the front and up;
 * source and flipped are as in struct volume.
 */
int orientation_find(const struct affine *affine, size_t source[3],
    bool flipped[3], struct bsp_error *e);

/* Permute and flip a volume's axes, affine and voxels (where it has any). */
int orientation_apply(struct volume *volume, const size_t source[3],
    const bool flipped[3], struct bsp_error *e);

#endif
