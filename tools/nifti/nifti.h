/*
 * NIfTI volumes: the header through libnifti, the voxels checked to the end
 * of the file.
 */
#ifndef NIFTI_H
#define NIFTI_H

#include "../cli/cli.h"

struct volume {
	const char *name;
	size_t dim[3];       /* voxels along x, y, z as stored; x is fastest */
	int datatype;        /* a DT_ code */
	size_t bytes;        /* a voxel */
	unsigned char *raw;  /* in the host's byte order */
	double slope, inter; /* value = slope * stored + inter */
};

/* Read a volume of one scalar value a voxel, all of them finite; or die. */
void volume_read(struct volume *volume, const char *path);

/* The scaled value of voxel number i. */
double volume_value(const struct volume *volume, size_t i);

void volume_free(struct volume *volume);

#endif
