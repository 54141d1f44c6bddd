/*
 * clahe-abs: the difference of the images after local equalisation, times the
 * saliency of both pairs.
 * Source: Bercea, Wiestler, Rueckert, Schnabel, "Generalizing unsupervised
 * anomaly detection: towards unbiased pathology screening", MIDL 2023 (RA);
 * without equalisation, the same, "Reversing the abnormal: pseudo-healthy
 * generative networks for anomaly detection", MICCAI 2023 (PHANES).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "ssim.h"

enum { CLAHE, TILES, BINS, CLIP };

const struct bsp_param bsp_clahe_params[] = {
	[CLAHE] = {
		.name = "clahe", .unit = "",
		.help = "1: equalise locally; 0: |input - recon| x saliency",
		.type = BSP_INTEGER, .initial = 1,
		.min = 0, .max = 1,
	},
	[TILES] = {
		.name = "tiles", .unit = "",
		.help = "tiles down and across",
		.type = BSP_INTEGER, .initial = 8,
		.min = 1, .max = 256,
	},
	[BINS] = {
		.name = "bins", .unit = "",
		.help = "bins of a tile's histogram",
		.type = BSP_INTEGER, .initial = 256,
		.min = 2, .max = 16384,
	},
	[CLIP] = {
		.name = "clip-limit", .unit = "",
		.help = "what share of a tile's pixels a bin may hold",
		.type = BSP_REAL, .initial = .01,
		.min = 0, .max = 1, .above_min = true,
	},
	{.name = NULL},
};

static const double sigmas[] = {1.5, 3, 6};

#define SIGMAS (sizeof sigmas / sizeof sigmas[0])

/* Multiply the map by the mean of 1 - SSIM over the windows. */
static int
multiply_dissimilarity(const struct bsp_image *x, const struct bsp_image *y,
    struct bsp_image *map, struct bsp_error *e)
{
	struct bsp_ssim ssim = BSP_SSIM_DEFAULTS(0);
	size_t n = bsp_image_size(map), i, k;
	double *s = malloc(2 * n * sizeof *s), *sum = s + n;
	int result = -1;

	if (s == NULL)
		return bsp_error_system(e, ENOMEM, "saliency of %zu x %zu",
		    x->cols, x->rows);
	memset(sum, 0, n * sizeof *sum);
	for (k = 0; k < SIGMAS; k++) {
		ssim.sigma = sigmas[k];
		if (bsp_ssim(x->data, y->data, x->rows, x->cols, &ssim, s, e))
			goto out;
		for (i = 0; i < n; i++)
			sum[i] += 1 - s[i];
	}
	for (i = 0; i < n; i++)
		map->data[i] = (float)((double)map->data[i] * sum[i] /
		    (double)SIGMAS);
	result = 0;
out:
	free(s);
	return result;
}

static int
equalize(const struct bsp_image *in, const double *params,
    struct bsp_image *out, struct bsp_error *e)
{
	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	return bsp_clahe(in->data, out->data, in->rows, in->cols,
	    (size_t)params[TILES], (size_t)params[BINS], params[CLIP], e);
}

static void
difference(const struct bsp_image *x, const struct bsp_image *y,
    struct bsp_image *map)
{
	size_t i;

	for (i = 0; i < bsp_image_size(map); i++)
		map->data[i] = fabsf(x->data[i] - y->data[i]);
}

int
bsp_residual_clahe_abs(const struct bsp_residual_job *job,
    const double *params, struct bsp_image *map, struct bsp_error *e)
{
	const struct bsp_image *x = job->input, *y = job->recon;
	struct bsp_image input = {0}, recon = {0};
	int result = -1;
	size_t i;

	if (bsp_image_resize(map, x->rows, x->cols, e))
		return -1;
	difference(x, y, map);
	if (params[CLAHE] != 0) {
		if (equalize(x, params, &input, e) ||
		    equalize(y, params, &recon, e))
			goto out;
		difference(&input, &recon, map);
		if (multiply_dissimilarity(&input, &recon, map, e))
			goto out;
	}
	if (job->saliency != NULL)
		for (i = 0; i < bsp_image_size(map); i++)
			map->data[i] *= job->saliency->data[i];
	else if (multiply_dissimilarity(x, y, map, e))
		goto out;
	result = 0;
out:
	bsp_image_free(&input);
	bsp_image_free(&recon);
	return result;
}
