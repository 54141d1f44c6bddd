/*
 * Which voxels a slice of a volume shows: what cuts volumes and what puts them
 * together again agree on it here.
 */
#ifndef PLANE_H
#define PLANE_H

#include "nifti.h"

/* The strides of its rows, columns and number. */
struct plane {
	size_t axis[3];  /* of the volume, along which rows, columns and slices
	                    are counted */
	size_t rows, cols, slices;
	size_t row_stride, col_stride, slice_stride;
};

/* The number of an axis, 0 to 2, of a name as in --axis; 3: it is none.  Where
 * axes are taken as stored they have no names of the patient. */
size_t plane_axis(const char *name, bool as_stored);

struct plane plane_make(const struct volume *volume, size_t axis);

/*
 * The voxel that row and column of a slice show, where slices are cropped or
 * padded around their centre to rows x cols; SIZE_MAX: it is padding.
 */
size_t plane_voxel(const struct plane *plane, size_t slice, size_t rows,
    size_t cols, size_t row, size_t col);

/* The distances in mm of neighbours in a row's, a column's and a slice's
 * direction: of rows, columns and slices. */
void plane_mm(const struct plane *plane, const struct volume *volume,
    double mm[3]);

#endif
