/*
 * gmm: how unlikely a pixel is under a mixture of Gaussians fitted to features
 * of the image's own foreground; no reconstruction at all.  An analogue of the
 * score of Yu et al., 2023, not the score itself.
 * Source: Dempster, Laird, Rubin 1977; starts as Arthur, Vassilvitskii,
 * "k-means++", 2007.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "residual.h"

enum { COMPONENTS, FLOOR, TOLERANCE, STEPS, SEED };

#define COMPONENTS_MAX 16

const struct bsp_param bsp_gmm_params[] = {
	[COMPONENTS] = {
		.name = "components", .unit = "",
		.help = "Gaussians in the mixture",
		.type = BSP_INTEGER, .initial = 4,
		.min = 1, .max = COMPONENTS_MAX,
	},
	[FLOOR] = {
		.name = "floor", .unit = "",
		.help = "variance added to that of every feature",
		.type = BSP_REAL, .initial = 1e-4,
		.min = 0, .max = 1000, .above_min = true,
	},
	[TOLERANCE] = {
		.name = "tolerance", .unit = "",
		.help = "stop where the mean log-likelihood gains less",
		.type = BSP_REAL, .initial = 1e-3,
		.min = 0, .max = 1000,
	},
	[STEPS] = {
		.name = "steps", .unit = "",
		.help = "or after so many steps",
		.type = BSP_INTEGER, .initial = 100,
		.min = 1, .max = 100000,
	},
	[SEED] = {
		.name = "start", .unit = "",
		.help = "seed of the starting centres, the same for each image",
		.type = BSP_INTEGER, .initial = 0,
		.min = 0, .max = 4294967295,
	},
	{.name = NULL},
};

enum { VALUE, GRADIENT, MEAN_3, SD_3, MEAN_15, SD_15, FEATURES };

#define F FEATURES
#define LOG_2_PI 1.8378770664093454836

struct gaussian {
	double weight, mean[F];
	double factor[F * F];  /* of the covariance, lower */
	double log_scale;      /* log of weight over the density's volume */
};

struct mixture {
	size_t n;              /* pixels of the foreground */
	size_t k;              /* components */
	double *x;             /* [F][n] their features */
	double *share;         /* [k][n] of each component in them */
	double *log_density;   /* [n] */
	double *work;          /* [2 F][n] */
	struct gaussian *part; /* [k] */
};

/* ---------------------------------------------------------------- features */

/* Mean and standard deviation of the square window around each sample. */
static int
window_moments(const double *x, size_t rows, size_t cols, size_t radius,
    double *mean, double *sd, struct bsp_error *e)
{
	double weight[8];
	size_t i, n = rows * cols;

	for (i = 0; i <= radius; i++)
		weight[i] = 1 / (double)(2 * radius + 1);
	for (i = 0; i < n; i++) {
		mean[i] = x[i];
		sd[i] = x[i] * x[i];
	}
	if (bsp_smooth(mean, rows, cols, weight, radius, e) ||
	    bsp_smooth(sd, rows, cols, weight, radius, e))
		return -1;
	for (i = 0; i < n; i++) {
		sd[i] -= mean[i] * mean[i];
		sd[i] = sd[i] > 0 ? sqrt(sd[i]) : 0;
	}
	return 0;
}

/* Fill the features of every pixel, then keep those of the foreground. */
static int
find_features(const struct bsp_image *image, struct mixture *m,
    struct bsp_error *e)
{
	size_t pixels = bsp_image_size(image), i, f, n;
	double *all = malloc(F * pixels * sizeof *all);
	int result = -1;

	if (all == NULL)
		return bsp_error_system(e, ENOMEM, "features of %zu x %zu",
		    image->cols, image->rows);
	for (i = 0; i < pixels; i++)
		all[VALUE * pixels + i] = (double)image->data[i];
	bsp_prewitt(image->data, all + GRADIENT * pixels, image->rows,
	    image->cols);
	if (window_moments(all, image->rows, image->cols, 1,
	    all + MEAN_3 * pixels, all + SD_3 * pixels, e) ||
	    window_moments(all, image->rows, image->cols, 7,
	    all + MEAN_15 * pixels, all + SD_15 * pixels, e))
		goto out;
	for (f = 0; f < F; f++)
		for (i = n = 0; i < pixels; i++)
			if (image->data[i] > 0)
				m->x[f * m->n + n++] = all[f * pixels + i];
	result = 0;
out:
	free(all);
	return result;
}

/* ------------------------------------------------------------------- start */

/* Choose a centre, each pixel as likely as its distance is large. */
static size_t
choose(struct bsp_random *random, const double *distance, size_t n)
{
	double total = 0, sum = 0, at;
	size_t i;

	for (i = 0; i < n; i++)
		total += distance[i];
	at = bsp_random_uniform(random) * total;
	for (i = 0; i + 1 < n; i++) {
		sum += distance[i];
		if (sum > at)
			break;
	}
	return i;
}

/* Give each pixel wholly to the nearest of the centres. */
static void
start(struct mixture *m, uint64_t seed)
{
	double *nearest = m->log_density, d, t;
	size_t i, f, j, centre;
	struct bsp_random random;
	uint32_t *owner = (uint32_t *)m->work;

	bsp_random_start(&random, seed, BSP_DRAW_RESIDUAL, 0, 0);
	for (j = 0; j < m->k; j++) {
		centre = j == 0 ? (size_t)bsp_random_below(&random, m->n) :
		    choose(&random, nearest, m->n);
		for (i = 0; i < m->n; i++) {
			for (f = 0, d = 0; f < F; f++) {
				t = m->x[f * m->n + i] -
				    m->x[f * m->n + centre];
				d += t * t;
			}
			if (j == 0 || d < nearest[i]) {
				nearest[i] = d;
				owner[i] = (uint32_t)j;
			}
		}
	}
	memset(m->share, 0, m->k * m->n * sizeof *m->share);
	for (i = 0; i < m->n; i++)
		m->share[owner[i] * m->n + i] = 1;
}

/* ------------------------------------------------------------------- steps */

/* The Gaussian of the pixels by their shares in it. */
static bool
fit_part(struct mixture *m, const double *share, double floor_variance,
    struct gaussian *g)
{
	double *centred = m->work, *weighted = m->work + F * m->n;
	double total = 10 * 2.220446049250313e-16, log_det = 0;
	size_t n = m->n, i, f, h;

	for (i = 0; i < n; i++)
		total += share[i];
	g->weight = total / (double)n;
	for (f = 0; f < F; f++) {
		g->mean[f] = bsp_dot(share, m->x + f * n, n) / total;
		for (i = 0; i < n; i++) {
			centred[f * n + i] = m->x[f * n + i] - g->mean[f];
			weighted[f * n + i] = share[i] * centred[f * n + i];
		}
	}
	for (f = 0; f < F; f++) {
		for (h = 0; h <= f; h++)
			g->factor[f * F + h] = bsp_dot(weighted + f * n,
			    centred + h * n, n) / total;
		g->factor[f * F + f] += floor_variance;
	}
	if (!bsp_cholesky(g->factor, F))
		return false;
	for (f = 0; f < F; f++)
		log_det += bsp_log(g->factor[f * F + f]);
	g->log_scale = bsp_log(g->weight) - F * LOG_2_PI / 2 - log_det;
	return true;
}

#define BLOCK 256

/* log of weight x density of n pixels from the i-th, at most a block. */
BSP_CLONES static void
log_terms(const struct gaussian *g, const double *x, size_t stride, size_t n,
    double *to)
{
	double y[F][BLOCK], inverse;
	size_t f, h, i;

	for (f = 0; f < F; f++) {
		inverse = 1 / g->factor[f * F + f];
		for (i = 0; i < n; i++)
			y[f][i] = x[f * stride + i] - g->mean[f];
		for (h = 0; h < f; h++)
			for (i = 0; i < n; i++)
				y[f][i] -= g->factor[f * F + h] * y[h][i];
		for (i = 0; i < n; i++)
			y[f][i] *= inverse;
	}
	for (i = 0; i < n; i++)
		to[i] = 0;
	for (f = 0; f < F; f++)
		for (i = 0; i < n; i++)
			to[i] += y[f][i] * y[f][i];
	for (i = 0; i < n; i++)
		to[i] = g->log_scale - to[i] / 2;
}

/* Shares and densities by the Gaussians; the mean log-likelihood. */
static double
find_shares(struct mixture *m)
{
	double most, sum, total = 0;
	size_t n = m->n, i, j, length;

	for (j = 0; j < m->k; j++)
		for (i = 0; i < n; i += BLOCK) {
			length = n - i < BLOCK ? n - i : BLOCK;
			log_terms(&m->part[j], m->x + i, n, length,
			    m->share + j * n + i);
		}
	for (i = 0; i < n; i++) {
		most = m->share[i];
		for (j = 1; j < m->k; j++)
			if (m->share[j * n + i] > most)
				most = m->share[j * n + i];
		for (j = 0, sum = 0; j < m->k; j++) {
			m->share[j * n + i] = bsp_exp(m->share[j * n + i] -
			    most);
			sum += m->share[j * n + i];
		}
		for (j = 0; j < m->k; j++)
			m->share[j * n + i] /= sum;
		m->log_density[i] = most + bsp_log(sum);
		total += m->log_density[i];
	}
	return total / (double)n;
}

static bool
fit_parts(struct mixture *m, double floor_variance)
{
	size_t j;

	for (j = 0; j < m->k; j++)
		if (!fit_part(m, m->share + j * m->n, floor_variance,
		    &m->part[j]))
			return false;
	return true;
}

static int
fit(struct mixture *m, const double *params, struct bsp_error *e)
{
	double before = -HUGE_VAL, now;
	size_t step;

	start(m, (uint64_t)params[SEED]);
	if (!fit_parts(m, params[FLOOR]))
		goto singular;
	for (step = 0; step < (size_t)params[STEPS]; step++) {
		now = find_shares(m);
		if (!fit_parts(m, params[FLOOR]))
			goto singular;
		if (fabs(now - before) < params[TOLERANCE])
			break;
		before = now;
	}
	find_shares(m);
	return 0;
singular:
	return bsp_error_set(e, BSP_DATA, "floor: %g is too small for the "
	    "image's features: a covariance is singular", params[FLOOR]);
}

/* --------------------------------------------------------------------- map */

/* Outside of the foreground the least of it, so that nothing is found there. */
static void
fill_map(const struct mixture *m, const struct bsp_image *image,
    struct bsp_image *map)
{
	double least = HUGE_VAL;
	size_t i, n = 0;

	for (i = 0; i < m->n; i++)
		if (-m->log_density[i] < least)
			least = -m->log_density[i];
	for (i = 0; i < bsp_image_size(image); i++)
		map->data[i] = (float)(image->data[i] > 0 ?
		    -m->log_density[n++] : least);
}

int
bsp_residual_gmm(const struct bsp_residual_job *job, const double *params,
    struct bsp_image *map, struct bsp_error *e)
{
	const struct bsp_image *image = job->input;
	struct mixture m = {.n = bsp_image_foreground(image)};
	struct gaussian part[COMPONENTS_MAX];
	int result = -1;

	if (bsp_image_resize(map, image->rows, image->cols, e))
		return -1;
	if (m.n == 0) {
		memset(map->data, 0, bsp_image_size(map) * sizeof *map->data);
		return 0;
	}
	m.part = part;
	m.k = (size_t)params[COMPONENTS];
	m.k = m.k < m.n ? m.k : m.n;
	m.x = malloc((3 * F + m.k + 1) * m.n * sizeof *m.x);
	if (m.x == NULL)
		return bsp_error_system(e, ENOMEM, "features of %zu pixels",
		    m.n);
	m.work = m.x + F * m.n;
	m.share = m.work + 2 * F * m.n;
	m.log_density = m.share + m.k * m.n;
	if (find_features(image, &m, e) == 0 && fit(&m, params, e) == 0) {
		fill_map(&m, image, map);
		result = 0;
	}
	free(m.x);
	return result;
}
