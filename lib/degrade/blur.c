/*
 * blur: separable Gaussian, cut at radius floor(4 sigma + .5), half-sample
 * symmetric border; the function of scipy.ndimage.gaussian_filter with its
 * defaults.  Where the radius is 0 (sigma < .125) it is the identity.
 */
#include "../kernels/kernels.h"
#include "degrade.h"

enum { SIGMA, SPREAD };

const struct bsp_param bsp_blur_params[] = {
	[SIGMA] = {
		.name = "sigma", .unit = "pixels",
		.help = "standard deviation of the Gaussian",
		.type = BSP_REAL, .initial = 1,
		.min = 0, .max = 10000,
	},
	[SPREAD] = {
		.name = "spread", .unit = "",
		.help = "each sample's sigma is drawn from sigma (1 -+ spread)",
		.type = BSP_REAL, .initial = 0,
		.min = 0, .max = 1,
	},
	{.name = NULL},
};

int
bsp_degrade_blur(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	double sigma = params[SIGMA];
	struct bsp_random random;

	if (params[SPREAD] > 0) {
		bsp_random_start(&random, job->seed, BSP_DRAW_DEGRADE,
		    job->number, job->index);
		sigma *= 1 + params[SPREAD] *
		    (2 * bsp_random_uniform(&random) - 1);
	}
	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	return bsp_blur(in->data, out->data, in->rows, in->cols, sigma, 4, e);
}
