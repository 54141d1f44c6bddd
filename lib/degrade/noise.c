/*
 * noise, rician: independent noise in every pixel.
 */
#include <math.h>

#include "degrade.h"

enum { SIGMA };

const struct bsp_param bsp_noise_params[] = {
	[SIGMA] = {
		.name = "sigma", .unit = "",
		.help = "standard deviation of the noise",
		.type = BSP_REAL, .initial = .05,
		.min = 0, .max = 1000,
	},
	{.name = NULL},
};

static void
start(struct bsp_random *random, const struct bsp_degrade_job *job)
{
	bsp_random_start(random, job->seed, BSP_DRAW_DEGRADE, job->number,
	    job->index);
}

int
bsp_degrade_noise(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	size_t i, n = bsp_image_size(in);
	struct bsp_random random;
	double pair[2];

	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	start(&random, job);
	for (i = 0; i < n; i++) {
		if (i % 2 == 0)
			bsp_random_normals(&random, pair);
		out->data[i] = (float)((double)in->data[i] +
		    params[SIGMA] * pair[i % 2]);
	}
	return 0;
}

/* The magnitude of a complex signal with noise in both parts. */
int
bsp_degrade_rician(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	struct bsp_random random;
	double re, im, pair[2];
	size_t i;

	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	start(&random, job);
	for (i = 0; i < bsp_image_size(in); i++) {
		bsp_random_normals(&random, pair);
		re = (double)in->data[i] + params[SIGMA] * pair[0];
		im = params[SIGMA] * pair[1];
		out->data[i] = (float)sqrt(re * re + im * im);
	}
	return 0;
}
