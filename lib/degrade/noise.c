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

/* So many deviates are drawn at a time. */
#define CHUNK 1024

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
	size_t size = bsp_image_size(in), i, k, n;
	struct bsp_random random;
	double z[CHUNK];

	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	start(&random, job);
	for (i = 0; i < size; i += n) {
		n = size - i < CHUNK ? size - i : CHUNK;
		bsp_random_normals(&random, z, n);
		for (k = 0; k < n; k++)
			out->data[i + k] = (float)((double)in->data[i + k] +
			    params[SIGMA] * z[k]);
	}
	return 0;
}

/* The magnitude of a complex signal with noise in both parts. */
int
bsp_degrade_rician(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	size_t size = bsp_image_size(in), i, k, n;
	double z[CHUNK], re, im;
	struct bsp_random random;

	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	start(&random, job);
	for (i = 0; i < size; i += n) {
		n = size - i < CHUNK / 2 ? size - i : CHUNK / 2;
		bsp_random_normals(&random, z, 2 * n);
		for (k = 0; k < n; k++) {
			re = (double)in->data[i + k] +
			    params[SIGMA] * z[2 * k];
			im = params[SIGMA] * z[2 * k + 1];
			out->data[i + k] = (float)sqrt(re * re + im * im);
		}
	}
	return 0;
}
