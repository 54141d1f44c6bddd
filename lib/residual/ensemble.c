/*
 * ssim-ensemble: 1 minus the mean of structural similarities in windows of
 * several sizes, the less similar ones weighing more.
 * Source: Behrendt, Bhattacharya, Maack, Krueger, Opfer, Mieling, Schlaefer,
 * "Diffusion models with ensembled structure-based anomaly scoring for
 * unsupervised anomaly detection", 2024.
 */
#include <errno.h>
#include <stdlib.h>

#include "../base/vector-math.h"
#include "ssim.h"

static const double sigmas[] = {.3, .5, .7, .9, 1.1, 1.3, 1.5, 1.7};

#define SIGMAS (sizeof sigmas / sizeof sigmas[0])
#define BORDER BSP_SSIM_RADIUS(1.7)

/* Sample i of the continuation (d c b | a b c d | c b a) of n samples. */
static size_t
mirror(ptrdiff_t i, size_t n)
{
	ptrdiff_t period = 2 * ((ptrdiff_t)n - 1);

	if (n == 1)
		return 0;
	i %= period;
	if (i < 0)
		i += period;
	return (size_t)(i < (ptrdiff_t)n ? i : period - i);
}

static void
pad(const struct bsp_image *image, float *to)
{
	size_t rows = image->rows + 2 * BORDER, r, i, n = image->cols;
	const float *row;

	for (r = 0; r < rows; r++, to += n + 2 * BORDER) {
		row = image->data + n * mirror((ptrdiff_t)r -
		    (ptrdiff_t)BORDER, image->rows);
		memcpy(to + BORDER, row, n * sizeof *to);
		for (i = 0; i < BORDER; i++) {
			to[i] = row[mirror((ptrdiff_t)i - (ptrdiff_t)BORDER,
			    n)];
			to[BORDER + n + i] = row[mirror((ptrdiff_t)(n + i),
			    n)];
		}
	}
}

static double
range_of(const struct bsp_image *image)
{
	float low = image->data[0], high = low;
	size_t i;

	for (i = 1; i < bsp_image_size(image); i++) {
		low = image->data[i] < low ? image->data[i] : low;
		high = image->data[i] > high ? image->data[i] : high;
	}
	return (double)high - (double)low;
}

/* Add to the weighted sum of similarities, and to that of their weights. */
BSP_CLONES static void
add_row(const double *s, size_t n, double *sum, double *weights)
{
	double weight;
	size_t i;

	for (i = 0; i < n; i++) {
		weight = bsp_exp_kernel(-s[i]);
		sum[i] += weight * s[i];
		weights[i] += weight;
	}
}

static int
add_similarity(const float *x, const float *y, size_t rows, size_t cols,
    const struct bsp_ssim *ssim, double *s, double *sum, double *weights,
    struct bsp_error *e)
{
	size_t n = cols - 2 * BORDER, r;

	if (bsp_ssim(x, y, rows, cols, ssim, s, e))
		return -1;
	for (r = 0; r < rows - 2 * BORDER; r++)
		add_row(s + (r + BORDER) * cols + BORDER, n, sum + r * n,
		    weights + r * n);
	return 0;
}

int
bsp_residual_ssim_ensemble(const struct bsp_residual_job *job,
    const double *params, struct bsp_image *map, struct bsp_error *e)
{
	double range = range_of(job->input), other = range_of(job->recon);
	size_t rows = job->input->rows + 2 * BORDER, i, n, padded;
	size_t cols = job->input->cols + 2 * BORDER;
	struct bsp_ssim ssim = BSP_SSIM_DEFAULTS(0);
	double *s, *sum, *weights;
	float *x, *y;
	int result = -1;

	(void)params;
	if (bsp_image_resize(map, job->input->rows, job->input->cols, e))
		return -1;
	n = bsp_image_size(map);
	ssim.range = range > other ? range : other;
	if (!(ssim.range > 0)) {
		memset(map->data, 0, n * sizeof *map->data);
		return 0;
	}
	padded = rows * cols;
	s = calloc(2 * n + 2 * padded, sizeof *s);
	if (s == NULL)
		return bsp_error_system(e, ENOMEM, "moments of %zu x %zu",
		    cols, rows);
	sum = s + padded;
	weights = sum + n;
	x = (float *)(weights + n);
	y = x + padded;
	pad(job->input, x);
	pad(job->recon, y);
	for (i = 0; i < SIGMAS; i++) {
		ssim.sigma = sigmas[i];
		if (add_similarity(x, y, rows, cols, &ssim, s, sum, weights,
		    e))
			goto out;
	}
	for (i = 0; i < n; i++)
		map->data[i] = sum[i] < weights[i] ?
		    (float)(1 - sum[i] / weights[i]) : 0;
	result = 0;
out:
	free(s);
	return result;
}
