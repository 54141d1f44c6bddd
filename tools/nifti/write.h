/*
 * Volumes out: on the grid of another one, a file that is whole or not there.
 */
#ifndef WRITE_H
#define WRITE_H

#include "header.h"

/* Does the name tell a single NIfTI file, .nii or .nii.gz? */
bool volume_is_file_name(const char *path);

/*
 * Write values as the voxels of a file of that name, in the version and with the
 * orientation and units of the header.  value[i] is of voxel number i of the
 * volume, which was read with that header and may be turned.  datatype is a DT_
 * code of an integer, or of float32; what the values are must fit it.
 */
int volume_write(const char *path, const struct volume *volume,
    const struct header *header, int datatype, const float *value,
    struct bsp_error *e);

/* The largest whole number of a datatype that float32 tells apart; 0: it is none
 * of integers. */
double datatype_most(int datatype);

#endif
