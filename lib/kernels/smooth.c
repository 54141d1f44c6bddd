/*
 * Separable convolution in double, for moments whose differences matter: where
 * a variance is a difference of means, float32 is too coarse.
 */
#include <errno.h>
#include <stdlib.h>

#include "kernels.h"

/* to = weight[0] row + the sum of weight[k] (row k above + row k below) */
BSP_CLONES static void
smooth_column(const double *from, double *restrict to, size_t rows,
    size_t cols, size_t row, const double *weight, size_t radius)
{
	const double *above, *below;
	size_t k, c;

	for (c = 0; c < cols; c++)
		to[c] = weight[0] * from[row * cols + c];
	for (k = 1; k <= radius; k++) {
		above = from + cols *
		    bsp_reflect((ptrdiff_t)row - (ptrdiff_t)k, rows);
		below = from + cols * bsp_reflect((ptrdiff_t)(row + k), rows);
		for (c = 0; c < cols; c++)
			to[c] += weight[k] * (above[c] + below[c]);
	}
}

/* The same along a line of cols samples with radius more at each end. */
BSP_CLONES static void
smooth_row(const double *line, double *restrict to, size_t cols,
    const double *weight, size_t radius)
{
	const double *centre = line + radius;
	size_t k, c;

	for (c = 0; c < cols; c++)
		to[c] = weight[0] * centre[c];
	for (k = 1; k <= radius; k++)
		for (c = 0; c < cols; c++)
			to[c] += weight[k] * ((centre - k)[c] + (centre + k)[c]);
}

int
bsp_smooth(double *x, size_t rows, size_t cols, const double *weight,
    size_t radius, struct bsp_error *e)
{
	double *down = malloc((rows * cols + cols + 2 * radius) *
	    sizeof *down), *line = down + rows * cols;
	size_t r, i;

	if (down == NULL)
		return bsp_error_system(e, ENOMEM,
		    "a convolution of %zu x %zu, radius %zu", cols, rows,
		    radius);
	for (r = 0; r < rows; r++)
		smooth_column(x, down + r * cols, rows, cols, r, weight,
		    radius);
	for (r = 0; r < rows; r++) {
		memcpy(line + radius, down + r * cols, cols * sizeof *line);
		for (i = 0; i < radius; i++) {
			line[i] = line[radius + bsp_reflect((ptrdiff_t)i -
			    (ptrdiff_t)radius, cols)];
			line[radius + cols + i] = line[radius +
			    bsp_reflect((ptrdiff_t)(cols + i), cols)];
		}
		smooth_row(line, x + r * cols, cols, weight, radius);
	}
	free(down);
	return 0;
}
