/*
 * downsample, shift: the image on another grid and back.
 */
#include <math.h>
#include <stdlib.h>

#include "degrade.h"

enum { FACTOR };

const struct bsp_param bsp_downsample_params[] = {
	[FACTOR] = {
		.name = "factor", .unit = "",
		.help = "rows and columns averaged to one",
		.type = BSP_INTEGER, .initial = 4,
		.min = 1, .max = 65536,
	},
	{.name = NULL},
};

/* Means of blocks; at the right and the bottom they may be smaller. */
static void
average(const struct bsp_image *in, size_t factor, struct bsp_image *small)
{
	size_t r, c, i, j, rows, cols;
	double sum;

	for (r = 0; r < small->rows; r++)
		for (c = 0; c < small->cols; c++) {
			rows = in->rows - r * factor;
			cols = in->cols - c * factor;
			rows = rows < factor ? rows : factor;
			cols = cols < factor ? cols : factor;
			sum = 0;
			for (i = 0; i < rows; i++)
				for (j = 0; j < cols; j++)
					sum += (double)in->data[
					    (r * factor + i) * in->cols +
					    c * factor + j];
			small->data[r * small->cols + c] = (float)(sum /
			    (double)(rows * cols));
		}
}

/* Between which two of n blocks a sample lies, and how near to the second. */
static double
between(size_t i, size_t factor, size_t n, size_t *first, size_t *second)
{
	double at = ((double)i + .5) / (double)factor - .5;

	at = at < 0 ? 0 : at;
	*first = (size_t)at;
	if (*first >= n - 1) {
		*first = *second = n - 1;
		return 0;
	}
	*second = *first + 1;
	return at - (double)*first;
}

static double
mix(float a, float b, double t)
{
	return (1 - t) * (double)a + t * (double)b;
}

int
bsp_degrade_downsample(const struct bsp_degrade_job *job,
    const double *params, const struct bsp_image *in, struct bsp_image *out,
    struct bsp_error *e)
{
	size_t factor = (size_t)params[FACTOR], r, c, above, below, left, right;
	struct bsp_image small = {0};
	const float *top, *bottom;
	double down, along, value;

	(void)job;
	if (bsp_image_resize(out, in->rows, in->cols, e) ||
	    bsp_image_resize(&small, (in->rows + factor - 1) / factor,
	    (in->cols + factor - 1) / factor, e))
		return -1;
	average(in, factor, &small);
	for (r = 0; r < in->rows; r++) {
		down = between(r, factor, small.rows, &above, &below);
		top = small.data + above * small.cols;
		bottom = small.data + below * small.cols;
		for (c = 0; c < in->cols; c++) {
			along = between(c, factor, small.cols, &left, &right);
			value = (1 - down) * mix(top[left], top[right], along) +
			    down * mix(bottom[left], bottom[right], along);
			out->data[r * in->cols + c] = (float)value;
		}
	}
	bsp_image_free(&small);
	return 0;
}

enum { DOWN, RIGHT };

const struct bsp_param bsp_shift_params[] = {
	[DOWN] = {
		.name = "dy", .unit = "pixels",
		.help = "how far down the image moves",
		.type = BSP_REAL, .initial = .5,
		.min = -65536, .max = 65536,
	},
	[RIGHT] = {
		.name = "dx", .unit = "pixels",
		.help = "how far to the right it moves",
		.type = BSP_REAL, .initial = .5,
		.min = -65536, .max = 65536,
	},
	{.name = NULL},
};

#define TAPS 4

/*
 * Moving by `by': sample i is the sum of weight[k] times sample i + first + k.
 * Source: Keys, "Cubic convolution interpolation for digital image
 * processing", 1981, with a = -1/2.
 */
static ptrdiff_t
cubic(double by, double weight[TAPS])
{
	double whole = floor(-by), t = -by - whole;

	weight[0] = ((-.5 * t + 1) * t - .5) * t;
	weight[1] = (1.5 * t - 2.5) * t * t + 1;
	weight[2] = ((-1.5 * t + 2) * t + .5) * t;
	weight[3] = (.5 * t - .5) * t * t;
	return (ptrdiff_t)whole - 1;
}

/* One line of n samples, stride apart; what is outside is 0. */
static void
move_line(const float *from, float *to, size_t n, size_t stride,
    ptrdiff_t first, const double weight[TAPS])
{
	ptrdiff_t i, at;
	double sum;
	int k;

	for (i = 0; i < (ptrdiff_t)n; i++) {
		sum = 0;
		for (k = 0; k < TAPS; k++) {
			at = i + first + k;
			if (at >= 0 && at < (ptrdiff_t)n)
				sum += weight[k] *
				    (double)from[(size_t)at * stride];
		}
		to[(size_t)i * stride] = (float)sum;
	}
}

int
bsp_degrade_shift(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	struct bsp_image moved = {0};
	double weight[TAPS];
	ptrdiff_t first;
	size_t i;

	(void)job;
	if (bsp_image_resize(out, in->rows, in->cols, e) ||
	    bsp_image_resize(&moved, in->rows, in->cols, e))
		return -1;
	first = cubic(params[DOWN], weight);
	for (i = 0; i < in->cols; i++)
		move_line(in->data + i, moved.data + i, in->rows, in->cols,
		    first, weight);
	first = cubic(params[RIGHT], weight);
	for (i = 0; i < in->rows; i++)
		move_line(moved.data + i * in->cols, out->data + i * in->cols,
		    in->cols, 1, first, weight);
	bsp_image_free(&moved);
	return 0;
}
