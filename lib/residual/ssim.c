/*
 * ssim and its components: 1 minus the structural similarity of input and
 * reconstruction within a Gaussian window.
 * Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from
 * error visibility to structural similarity", 2004; as an anomaly score,
 * Bergmann et al., 2019.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "ssim.h"

enum { SIGMA, K1, K2, RANGE };

#define SMALLEST 1e-9 /* (k range)^2 is far from 0 */

const struct bsp_param bsp_ssim_params[] = {
	[SIGMA] = {
		.name = "sigma", .unit = "pixels",
		.help = "standard deviation of the window",
		.type = BSP_REAL, .initial = 1.5,
		.min = 0, .max = 1000, .above_min = true,
	},
	[K1] = {
		.name = "k1", .unit = "",
		.help = "steadies the luminance, in shares of the range",
		.type = BSP_REAL, .initial = .01,
		.min = SMALLEST, .max = 1,
	},
	[K2] = {
		.name = "k2", .unit = "",
		.help = "steadies contrast and structure, likewise",
		.type = BSP_REAL, .initial = .03,
		.min = SMALLEST, .max = 1,
	},
	[RANGE] = {
		.name = "range", .unit = "",
		.help = "greatest sample minus least sample there can be",
		.type = BSP_REAL, .initial = 1,
		.min = SMALLEST, .max = 1e6,
	},
	{.name = NULL},
};

static struct bsp_ssim
settings(const double *params)
{
	return (struct bsp_ssim){params[SIGMA], params[K1], params[K2],
	    params[RANGE]};
}

enum { X, Y, XX, YY, XY, FIELDS };

/* Means, variances and covariance of one window. */
struct window {
	double x, y, xx, yy, xy;
};

/* The window around sample i; rounding gives no variance below 0. */
static inline __attribute__((always_inline)) struct window
read_window(const double *field, size_t stride, size_t i)
{
	double x = field[X * stride + i], y = field[Y * stride + i];
	double xx = field[XX * stride + i] - x * x;
	double yy = field[YY * stride + i] - y * y;
	double xy = field[XY * stride + i] - x * y;

	xy = xx <= 0 ? 0 : xy;
	xy = yy <= 0 ? 0 : xy;
	return (struct window){x, y, xx > 0 ? xx : 0, yy > 0 ? yy : 0, xy};
}

/* Similarities of n windows, whose moments lie stride apart; c1 and c2 steady
 * the ratios. */
typedef void similarity_fn(const double *field, size_t stride, size_t n,
    double c1, double c2, double *to);

#define SIMILARITY(name, formula)                                            \
	BSP_CLONES static void                                               \
	name(const double *field, size_t stride, size_t n, double c1,        \
	    double c2, double *restrict to)                                  \
	{                                                                    \
		struct window w;                                             \
		size_t i;                                                    \
                                                                             \
		(void)c1;                                                    \
		(void)c2;                                                    \
		for (i = 0; i < n; i++) {                                    \
			w = read_window(field, stride, i);                   \
			to[i] = formula;                                     \
			to[i] = to[i] < 1 ? to[i] : 1; /* by rounding */     \
		}                                                            \
	}

#define LUMINANCE ((2 * w.x * w.y + c1) / (w.x * w.x + w.y * w.y + c1))

SIMILARITY(luminance, LUMINANCE)
SIMILARITY(contrast, (2 * sqrt(w.xx * w.yy) + c2) / (w.xx + w.yy + c2))
SIMILARITY(structure, (w.xy + c2 / 2) / (sqrt(w.xx * w.yy) + c2 / 2))
SIMILARITY(similarity, LUMINANCE * (2 * w.xy + c2) / (w.xx + w.yy + c2))

BSP_CLONES static void
fill_products(const float *p, const float *q, size_t n, double *field)
{
	double x, y;
	size_t i;

	for (i = 0; i < n; i++) {
		x = (double)p[i];
		y = (double)q[i];
		field[X * n + i] = x;
		field[Y * n + i] = y;
		field[XX * n + i] = x * x;
		field[YY * n + i] = y * y;
		field[XY * n + i] = x * y;
	}
}

#define BLOCK 256 /* similarities on their way to a map */

/* to[i] = S of the window around sample i of p and q, 1 minus it in a map. */
static int
compare(const float *p, const float *q, size_t rows, size_t cols,
    const struct bsp_ssim *ssim, double *to, float *map, similarity_fn *of,
    struct bsp_error *e)
{
	size_t radius = BSP_SSIM_RADIUS(ssim->sigma), n = rows * cols;
	size_t i, k, count;
	double c1 = ssim->k1 * ssim->range * ssim->k1 * ssim->range;
	double c2 = ssim->k2 * ssim->range * ssim->k2 * ssim->range;
	double *weight, *field, s[BLOCK];
	int result = -1;

	field = malloc((FIELDS * n + radius + 1) * sizeof *field);
	if (field == NULL)
		return bsp_error_system(e, ENOMEM, "moments of %zu x %zu",
		    cols, rows);
	weight = field + FIELDS * n;
	bsp_gaussian(ssim->sigma, weight, radius);
	fill_products(p, q, n, field);
	for (k = 0; k < FIELDS; k++)
		if (bsp_smooth(field + k * n, rows, cols, weight, radius, e))
			goto out;
	if (map == NULL)
		of(field, n, n, c1, c2, to);
	else
		for (i = 0; i < n; i += BLOCK) {
			count = n - i < BLOCK ? n - i : BLOCK;
			of(field + i, n, count, c1, c2, s);
			for (k = 0; k < count; k++)
				map[i + k] = (float)(1 - s[k]);
		}
	result = 0;
out:
	free(field);
	return result;
}

static int
make_map(const struct bsp_residual_job *job, const double *params,
    struct bsp_image *map, similarity_fn *of, struct bsp_error *e)
{
	struct bsp_ssim ssim = settings(params);
	size_t rows = job->input->rows, cols = job->input->cols;

	if (bsp_image_resize(map, rows, cols, e))
		return -1;
	return compare(job->input->data, job->recon->data, rows, cols, &ssim,
	    NULL, map->data, of, e);
}

int
bsp_ssim(const float *p, const float *q, size_t rows, size_t cols,
    const struct bsp_ssim *ssim, double *to, struct bsp_error *e)
{
	return compare(p, q, rows, cols, ssim, to, NULL, similarity, e);
}

size_t
bsp_ssim_reach(const double *params)
{
	return BSP_SSIM_RADIUS(params[SIGMA]);
}

int
bsp_residual_ssim(const struct bsp_residual_job *job,
    const double *params, struct bsp_image *map, struct bsp_error *e)
{
	return make_map(job, params, map, similarity, e);
}

int
bsp_residual_ssim_luminance(const struct bsp_residual_job *job,
    const double *params, struct bsp_image *map, struct bsp_error *e)
{
	return make_map(job, params, map, luminance, e);
}

int
bsp_residual_ssim_contrast(const struct bsp_residual_job *job,
    const double *params, struct bsp_image *map, struct bsp_error *e)
{
	return make_map(job, params, map, contrast, e);
}

int
bsp_residual_ssim_structure(const struct bsp_residual_job *job,
    const double *params, struct bsp_image *map, struct bsp_error *e)
{
	return make_map(job, params, map, structure, e);
}
