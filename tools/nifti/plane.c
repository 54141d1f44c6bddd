/*
 * Slices of volumes: see plane.h.
 */
#include <math.h>
#include <string.h>

#include "plane.h"

size_t
plane_axis(const char *name, bool as_stored)
{
	static const char *const names[] = {"x", "y", "z", "sagittal",
	    "coronal", "axial"};
	size_t i;

	for (i = 0; i < (as_stored ? 3 : 6); i++)
		if (strcmp(name, names[i]) == 0)
			return i % 3;
	return 3;
}

struct plane
plane_make(const struct volume *v, size_t axis)
{
	size_t stride[3] = {1, v->dim[0], v->dim[0] * v->dim[1]};
	size_t col = axis == 0 ? 1 : 0, row = axis == 2 ? 1 : 2;

	return (struct plane){
		.axis = {row, col, axis},
		.rows = v->dim[row], .row_stride = stride[row],
		.cols = v->dim[col], .col_stride = stride[col],
		.slices = v->dim[axis], .slice_stride = stride[axis],
	};
}

/* Where output index i lies in n when cropped or padded to wanted. */
static size_t
source_index(size_t i, size_t n, size_t wanted)
{
	return n >= wanted ? i + (n - wanted) / 2 : i - (wanted - n) / 2;
}

size_t
plane_voxel(const struct plane *p, size_t slice, size_t rows, size_t cols,
    size_t row, size_t col)
{
	/* Before the first, these wrap and are too large. */
	size_t r = source_index(row, p->rows, rows);
	size_t c = source_index(col, p->cols, cols);

	if (r >= p->rows || c >= p->cols)
		return SIZE_MAX;
	return slice * p->slice_stride + (p->rows - 1 - r) * p->row_stride +
	    c * p->col_stride;
}

void
plane_mm(const struct plane *plane, const struct volume *volume,
    double mm[3])
{
	size_t i, j;

	for (i = 0; i < 3; i++)
		for (mm[i] = 0, j = 0; j < 3; j++)
			mm[i] = hypot(mm[i],
			    volume->affine.m[j][plane->axis[i]]);
}
