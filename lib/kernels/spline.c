/*
 * Cubic splines through the samples of an image.
 * Source: Unser, Aldroubi, Eden, "B-spline signal processing", 1993.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kernels.h"

#define MARGIN 12 /* repeated samples on each side: the spline forgets */

/* The pole of the cubic spline's filter. */
static double
pole(void)
{
	return sqrt(3.) - 2;
}

/* The sum that the filter begins with, its line mirrored at both ends. */
static double
begin_sum(const double *x, size_t n, size_t stride)
{
	double z = pole(), power = 1, sum = x[0];
	size_t i, period = 2 * n - 2;

	for (i = 1; i < period; i++) {
		power *= z;
		sum += power * x[(i < n ? i : period - i) * stride];
	}
	return sum / (1 - power * z);
}

/* Turn the samples of a line into weights of splines. */
static void
filter_line(double *x, size_t n, size_t stride)
{
	double z = pole();
	size_t i;

	for (i = 0; i < n; i++)
		x[i * stride] *= 6;
	x[0] = begin_sum(x, n, stride);
	for (i = 1; i < n; i++)
		x[i * stride] += z * x[(i - 1) * stride];
	x[(n - 1) * stride] = z / (z * z - 1) * (x[(n - 1) * stride] +
	    z * x[(n - 2) * stride]);
	for (i = n - 1; i-- > 0; )
		x[i * stride] = z * (x[(i + 1) * stride] - x[i * stride]);
}

static size_t
inside(size_t i, size_t n)
{
	return i < MARGIN ? 0 : i - MARGIN < n ? i - MARGIN : n - 1;
}

int
bsp_spline_make(struct bsp_spline *spline, const float *from, size_t rows,
    size_t cols, struct bsp_error *e)
{
	size_t height = rows + 2 * MARGIN, width = cols + 2 * MARGIN, r, c;
	double *x = malloc(height * width * sizeof *x);

	if (x == NULL)
		return bsp_error_system(e, ENOMEM, "a spline of %zu x %zu",
		    cols, rows);
	for (r = 0; r < height; r++)
		for (c = 0; c < width; c++)
			x[r * width + c] = (double)from[inside(r, rows) *
			    cols + inside(c, cols)];
	for (c = 0; c < width; c++)
		filter_line(x + c, height, width);
	for (r = 0; r < height; r++)
		filter_line(x + r * width, width, 1);
	*spline = (struct bsp_spline){rows, cols, x};
	return 0;
}

/* The first of four splines that matter at a place, and their values there. */
static size_t
four(double at, size_t n, double value[4])
{
	double most = (double)(n - 1 + MARGIN - 2), whole, t;

	at = at < 2 - MARGIN ? 2 - MARGIN : at > most ? most : at;
	whole = floor(at);
	t = at - whole;
	value[0] = (1 - t) * (1 - t) * (1 - t) / 6;
	value[1] = (4 - 6 * t * t + 3 * t * t * t) / 6;
	value[2] = (1 + 3 * t + 3 * t * t - 3 * t * t * t) / 6;
	value[3] = t * t * t / 6;
	return (size_t)(whole + MARGIN - 1);
}

double
bsp_spline_at(const struct bsp_spline *spline, double row, double col)
{
	double v[4], u[4], sum = 0, line;
	size_t width = spline->cols + 2 * MARGIN, j, k;
	size_t r = four(row, spline->rows, v);
	size_t c = four(col, spline->cols, u);
	const double *at;

	for (j = 0; j < 4; j++) {
		at = spline->weight + (r + j) * width + c;
		for (k = 0, line = 0; k < 4; k++)
			line += u[k] * at[k];
		sum += v[j] * line;
	}
	return sum;
}

void
bsp_spline_free(struct bsp_spline *spline)
{
	free(spline->weight);
	*spline = (struct bsp_spline){0, 0, NULL};
}
