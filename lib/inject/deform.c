/*
 * source, sink, shuffle: anomalies of texture, which keep the intensities of
 * the tissue.  All read the healthy image inside the disk of a radius.
 * Source: Meissen et al., MIDL 2022, experiment 2.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "disk.h"

enum { RADIUS };

const struct bsp_param bsp_deform_params[] = {
	[RADIUS] = BSP_RADIUS_PARAM,
	{.name = NULL},
};

/*
 * Where along one axis a sample is taken from: b - s m, where s = d2 / R^2, the
 * share of the squared distance d2.  All but R are whole numbers.
 */
struct from {
	double b, m;
};

/*
 * The sign of b - s m - half, exactly: that of (b - half) R^2 - m d2, of
 * numbers whose rounding errors are known where the two terms are nearly equal.
 */
static double
compare(const struct from *from, double half, double d2, double radius)
{
	double r2 = radius * radius, rest = fma(radius, radius, -r2);
	double k = from->b - half, product = k * r2;

	return product - from->m * d2 + (fma(k, r2, -product) + k * rest);
}

#define NEAR 1e-6 /* more than rounding moves a coordinate */

/* The sample nearest to a coordinate, half to even, clamped to the image. */
static size_t
nearest(const struct from *from, double d2, double radius, size_t n)
{
	double at = from->b - d2 / (radius * radius) * from->m, sign;
	double half = floor(at) + .5;

	if (fabs(at - half) < NEAR) {
		sign = compare(from, half, d2, radius);
		at = sign > 0 ? half + .5 : sign < 0 ? half - .5 : half;
	}
	at = rint(at);
	if (at < 0)
		return 0;
	return at > (double)(n - 1) ? n - 1 : (size_t)at;
}

/* What a deformation does along one axis, at i, the centre being at c. */
typedef struct from axis_fn(double i, double c);

static void
deform(const struct bsp_inject_job *job, double radius, axis_fn *axis,
    struct bsp_image *image, struct bsp_image *label)
{
	struct bsp_disk disk = bsp_disk_at(job, radius);
	const struct bsp_image *healthy = job->healthy;
	size_t row, col, i, from_row, from_col;
	struct from down, right;
	double d2;

	for (row = disk.row_begin; row < disk.row_end; row++)
		for (col = disk.col_begin; col < disk.col_end; col++) {
			if (!bsp_disk_covers(&disk, healthy, row, col))
				continue;
			d2 = bsp_disk_distance2(&disk, row, col);
			down = axis((double)row, disk.row);
			right = axis((double)col, disk.col);
			from_row = nearest(&down, d2, radius, healthy->rows);
			from_col = nearest(&right, d2, radius, healthy->cols);
			i = row * image->cols + col;
			image->data[i] = healthy->data[from_row *
			    healthy->cols + from_col];
			label->data[i] = 1;
		}
}

/* c + s (i - c) */
static struct from
from_source(double i, double c)
{
	return (struct from){c, c - i};
}

/* i + (1 - s) (i - c) */
static struct from
from_sink(double i, double c)
{
	return (struct from){2 * i - c, i - c};
}

int
bsp_inject_source(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	(void)e;
	deform(job, params[RADIUS], from_source, image, label);
	return 0;
}

int
bsp_inject_sink(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	(void)e;
	deform(job, params[RADIUS], from_sink, image, label);
	return 0;
}

/*
 * A uniform permutation of the disk's samples.
 * Source: Fisher and Yates 1938, example 12 (Durstenfeld 1964).
 */
int
bsp_inject_shuffle(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	struct bsp_disk disk = bsp_disk_at(job, params[RADIUS]);
	const struct bsp_image *healthy = job->healthy;
	size_t row, col, n = 0, i, j, *at, *from, spare;
	struct bsp_random random;

	n = (disk.row_end - disk.row_begin) * (disk.col_end - disk.col_begin);
	at = malloc(2 * n * sizeof *at);
	if (at == NULL)
		return bsp_error_system(e, ENOMEM, "a disk of %zu samples",
		    n);
	from = at + n;
	n = 0;
	for (row = disk.row_begin; row < disk.row_end; row++)
		for (col = disk.col_begin; col < disk.col_end; col++)
			if (bsp_disk_covers(&disk, healthy, row, col)) {
				at[n] = from[n] = row * healthy->cols + col;
				n++;
			}
	bsp_random_start(&random, job->seed, BSP_DRAW_ANOMALY, job->number,
	    job->index);
	for (i = n; i > 1; i--) {
		j = (size_t)bsp_random_below(&random, i);
		spare = from[i - 1];
		from[i - 1] = from[j];
		from[j] = spare;
	}
	for (i = 0; i < n; i++) {
		image->data[at[i]] = healthy->data[from[i]];
		label->data[at[i]] = 1;
	}
	free(at);
	return 0;
}
