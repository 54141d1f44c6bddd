/*
 * quantize, gamma, bias-field: what changes intensities and no edges.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "degrade.h"

enum { LEVELS };

const struct bsp_param bsp_quantize_params[] = {
	[LEVELS] = {
		.name = "levels", .unit = "",
		.help = "how many intensities there are from 0 to 1",
		.type = BSP_INTEGER, .initial = 16,
		.min = 2, .max = 65536,
	},
	{.name = NULL},
};

int
bsp_degrade_quantize(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	double steps = params[LEVELS] - 1;
	size_t i;

	(void)job;
	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	for (i = 0; i < bsp_image_size(in); i++)
		out->data[i] = (float)(floor((double)in->data[i] * steps +
		    .5) / steps);
	return 0;
}

enum { GAMMA };

const struct bsp_param bsp_gamma_params[] = {
	[GAMMA] = {
		.name = "gamma", .unit = "",
		.help = "exponent of each sample",
		.type = BSP_REAL, .initial = 1.2,
		.min = 0, .max = 100, .above_min = true,
	},
	{.name = NULL},
};

/* Samples below 0 have no power; they stay. */
int
bsp_degrade_gamma(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	size_t i;
	double x;

	(void)job;
	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	for (i = 0; i < bsp_image_size(in); i++) {
		x = (double)in->data[i];
		out->data[i] = x > 0 ? (float)bsp_pow(x, params[GAMMA]) :
		    in->data[i];
		if (isinf(out->data[i]))
			return bsp_error_set(e, BSP_DATA, "row %zu, column "
			    "%zu: %g to the power %g is too large",
			    i / in->cols, i % in->cols, x, params[GAMMA]);
	}
	return 0;
}

enum { AMPLITUDE };

const struct bsp_param bsp_bias_field_params[] = {
	[AMPLITUDE] = {
		.name = "amplitude", .unit = "",
		.help = "greatest |logarithm| of the field",
		.type = BSP_REAL, .initial = .2,
		.min = 0, .max = 10,
	},
	{.name = NULL},
};

#define ORDER 3
#define TERMS 9 /* u^i v^j, 1 <= i + j <= ORDER */

/* -1 at the first of n samples, 1 at the last. */
static double
coordinate(size_t i, size_t n)
{
	return n > 1 ? 2 * (double)i / (double)(n - 1) - 1 : 0;
}

static double
polynomial(const double term[TERMS], double u, double v)
{
	double sum = 0, rows, product;
	int i, j;

	for (j = 0, rows = 1; j <= ORDER; j++, rows *= v)
		for (i = 0, product = rows; i <= ORDER - j; i++, product *= u)
			if (i + j > 0)
				sum += *term++ * product;
	return sum;
}

/* Coefficients are normal; the constant, mere brightness, is left out. */
int
bsp_degrade_bias_field(const struct bsp_degrade_job *job,
    const double *params, const struct bsp_image *in, struct bsp_image *out,
    struct bsp_error *e)
{
	size_t n = bsp_image_size(in), r, c, i;
	double *field, term[TERMS], most = 0, scale;
	struct bsp_random random;

	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	field = malloc(n * sizeof *field);
	if (field == NULL)
		return bsp_error_system(e, ENOMEM, "a field of %zu x %zu",
		    in->cols, in->rows);
	bsp_random_start(&random, job->seed, BSP_DRAW_DEGRADE, job->number,
	    job->index);
	for (i = 0; i < TERMS; i++)
		term[i] = bsp_random_normal(&random);
	for (r = 0, i = 0; r < in->rows; r++)
		for (c = 0; c < in->cols; c++, i++) {
			field[i] = polynomial(term, coordinate(c, in->cols),
			    coordinate(r, in->rows));
			most = fmax(most, fabs(field[i]));
		}
	scale = most > 0 ? params[AMPLITUDE] / most : 0;
	for (i = 0; i < n; i++)
		out->data[i] = (float)((double)in->data[i] *
		    bsp_exp(scale * field[i]));
	free(field);
	return 0;
}
