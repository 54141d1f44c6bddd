/*
 * Separable convolution.  Samples are copied to a padded strip of doubles in
 * which a sample's neighbours lie stride apart, and whole blocks of outputs
 * are summed in registers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

#define BLOCK 32 /* outputs summed at once */
#define LANES 8
#define VECTORS (BLOCK / LANES)

/*
 * Compilers that are left to vectorise the sums by themselves take half the
 * width.  On a machine with shorter vectors each of these is several.
 */
typedef double lanes __attribute__((vector_size(LANES * sizeof(double)),
    aligned(sizeof(double)), may_alias));

void
bsp_gaussian(double sigma, double *weight, size_t radius)
{
	double sum = 1, scale = -0.5 / (sigma * sigma);
	size_t k;

	weight[0] = 1;
	for (k = 1; k <= radius; k++) {
		weight[k] = bsp_exp(scale * (double)(k * k));
		sum += 2 * weight[k];
	}
	for (k = 0; k <= radius; k++)
		weight[k] /= sum;
}

/* One block of outputs around centre[0 ... BLOCK - 1]. */
static inline __attribute__((always_inline)) void
convolve_block(const double *centre, size_t stride, const double *weight,
    size_t radius, float *restrict to)
{
	const double *before = centre - radius * stride;
	const double *after = centre + radius * stride;
	lanes sum[VECTORS];
	size_t i, v, k;

	for (v = 0; v < VECTORS; v++)
		sum[v] = ((const lanes *)centre)[v] * weight[0];
	for (k = radius; k > 0; k--) {
		for (v = 0; v < VECTORS; v++)
			sum[v] += (((const lanes *)before)[v] +
			    ((const lanes *)after)[v]) * weight[k];
		before += stride;
		after -= stride;
	}
	for (v = 0; v < VECTORS; v++)
		for (i = 0; i < LANES; i++)
			to[v * LANES + i] = (float)sum[v][i];
}

/* Down the columns [col, col + width) of an image, width at most BLOCK. */
BSP_CLONES static void
convolve_columns(const float *from, float *to, size_t rows, size_t cols,
    size_t col, size_t width, const double *weight, size_t radius,
    double *strip)
{
	float block[BLOCK];
	const float *row;
	size_t r, i;

	for (r = 0; r < rows + 2 * radius; r++) {
		row = from + col + cols *
		    bsp_reflect((ptrdiff_t)r - (ptrdiff_t)radius, rows);
		for (i = 0; i < width; i++)
			strip[r * BLOCK + i] = (double)row[i];
	}
	for (r = 0; r < rows; r++) {
		convolve_block(strip + (r + radius) * BLOCK, BLOCK, weight,
		    radius, block);
		memcpy(to + r * cols + col, block, width * sizeof *block);
	}
}

/* Along one row, in place. */
BSP_CLONES static void
convolve_row(float *row, size_t cols, const double *weight, size_t radius,
    double *strip)
{
	float block[BLOCK];
	size_t i, width;

	for (i = 0; i < radius; i++) {
		strip[i] = (double)row[bsp_reflect((ptrdiff_t)i -
		    (ptrdiff_t)radius, cols)];
		strip[radius + cols + i] =
		    (double)row[bsp_reflect((ptrdiff_t)(cols + i), cols)];
	}
	for (i = 0; i < cols; i++)
		strip[radius + i] = (double)row[i];
	for (i = 0; i + BLOCK <= cols; i += BLOCK)
		convolve_block(strip + radius + i, 1, weight, radius, row + i);
	width = cols - i;
	if (width > 0) {
		convolve_block(strip + radius + i, 1, weight, radius, block);
		memcpy(row + i, block, width * sizeof *block);
	}
}

int
bsp_convolve(const float *from, float *to, size_t rows, size_t cols,
    const double *weight, size_t radius, struct bsp_error *e)
{
	size_t column = (rows + 2 * radius) * BLOCK;
	size_t line = cols + 2 * radius + BLOCK;
	size_t i, width, room = column > line ? column : line;
	double *strip;

	room = (room + LANES - 1) / LANES * LANES * sizeof *strip;
	strip = aligned_alloc(LANES * sizeof *strip, room);
	if (strip == NULL)
		return bsp_error_system(e, ENOMEM,
		    "a convolution of %zu x %zu, radius %zu", cols, rows,
		    radius);
	/* What lies beyond the last column is summed too, and not used. */
	memset(strip, 0, room);
	for (i = 0; i < cols; i += BLOCK) {
		width = cols - i < BLOCK ? cols - i : BLOCK;
		convolve_columns(from, to, rows, cols, i, width, weight,
		    radius, strip);
	}
	for (i = 0; i < rows; i++)
		convolve_row(to + i * cols, cols, weight, radius, strip);
	free(strip);
	return 0;
}
