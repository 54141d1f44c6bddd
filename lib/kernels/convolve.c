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

/* Sums of one block, around centre[0 ... BLOCK - 1]. */
static inline __attribute__((always_inline)) void
sum_block(const double *centre, size_t stride, const double *weight,
    size_t radius, lanes sum[VECTORS])
{
	const double *before = centre - radius * stride;
	const double *after = centre + radius * stride;
	size_t v, k;

	for (v = 0; v < VECTORS; v++)
		sum[v] = ((const lanes *)centre)[v] * weight[0];
	for (k = radius; k > 0; k--) {
		for (v = 0; v < VECTORS; v++)
			sum[v] += (((const lanes *)before)[v] +
			    ((const lanes *)after)[v]) * weight[k];
		before += stride;
		after -= stride;
	}
}

static inline __attribute__((always_inline)) void
convolve_block(const double *centre, size_t stride, const double *weight,
    size_t radius, float *restrict to)
{
	lanes sum[VECTORS];
	size_t i, v;

	sum_block(centre, stride, weight, radius, sum);
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

/*
 * Room for the longer of a padded column of blocks and a padded row; zero, as
 * what lies beyond the last column is summed too, and not used.
 */
static double *
strip_open(size_t rows, size_t cols, size_t radius, struct bsp_error *e)
{
	size_t column = (rows + 2 * radius) * BLOCK;
	size_t line = cols + 2 * radius + BLOCK;
	size_t room = column > line ? column : line;
	double *strip;

	room = (room + LANES - 1) / LANES * LANES * sizeof *strip;
	strip = aligned_alloc(LANES * sizeof *strip, room);
	if (strip == NULL)
		bsp_error_system(e, ENOMEM,
		    "a convolution of %zu x %zu, radius %zu", cols, rows,
		    radius);
	else
		memset(strip, 0, room);
	return strip;
}

int
bsp_convolve(const float *from, float *to, size_t rows, size_t cols,
    const double *weight, size_t radius, struct bsp_error *e)
{
	double *strip = strip_open(rows, cols, radius, e);
	size_t i, width;

	if (strip == NULL)
		return -1;
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

/* The same two passes without the rounding between them. */
BSP_CLONES static void
smooth_columns(double *x, size_t rows, size_t cols, size_t col, size_t width,
    const double *weight, size_t radius, double *strip)
{
	lanes sum[VECTORS];
	size_t r;

	for (r = 0; r < rows + 2 * radius; r++)
		memcpy(strip + r * BLOCK, x + col + cols *
		    bsp_reflect((ptrdiff_t)r - (ptrdiff_t)radius, rows),
		    width * sizeof *x);
	for (r = 0; r < rows; r++) {
		sum_block(strip + (r + radius) * BLOCK, BLOCK, weight, radius,
		    sum);
		memcpy(x + r * cols + col, sum, width * sizeof *x);
	}
}

BSP_CLONES static void
smooth_row(double *row, size_t cols, const double *weight, size_t radius,
    double *strip)
{
	lanes sum[VECTORS];
	size_t i, width;

	for (i = 0; i < radius; i++) {
		strip[i] = row[bsp_reflect((ptrdiff_t)i - (ptrdiff_t)radius,
		    cols)];
		strip[radius + cols + i] =
		    row[bsp_reflect((ptrdiff_t)(cols + i), cols)];
	}
	memcpy(strip + radius, row, cols * sizeof *row);
	for (i = 0; i < cols; i += BLOCK) {
		width = cols - i < BLOCK ? cols - i : BLOCK;
		sum_block(strip + radius + i, 1, weight, radius, sum);
		memcpy(row + i, sum, width * sizeof *row);
	}
}

int
bsp_smooth(double *x, size_t rows, size_t cols, const double *weight,
    size_t radius, struct bsp_error *e)
{
	double *strip = strip_open(rows, cols, radius, e);
	size_t i, width;

	if (strip == NULL)
		return -1;
	for (i = 0; i < cols; i += BLOCK) {
		width = cols - i < BLOCK ? cols - i : BLOCK;
		smooth_columns(x, rows, cols, i, width, weight, radius, strip);
	}
	for (i = 0; i < rows; i++)
		smooth_row(x + i * cols, cols, weight, radius, strip);
	free(strip);
	return 0;
}
