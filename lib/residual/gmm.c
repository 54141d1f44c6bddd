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

#include "../base/vector-math.h"
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
	double *x;             /* [F][n] their features, each of mean 0 */
	double *log_density;   /* [n] */
	uint32_t *owner;       /* [n] the component that each begins with */
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

/*
 * Fill the features of every pixel, then keep those of the foreground, less
 * their means, so that moments can be summed about 0.
 */
static int
find_features(const struct bsp_image *image, struct mixture *m,
    struct bsp_error *e)
{
	size_t pixels = bsp_image_size(image), i, f, n;
	double *all = malloc(F * pixels * sizeof *all), mean;
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
	for (f = 0; f < F; f++) {
		for (i = n = 0, mean = 0; i < pixels; i++)
			if (image->data[i] > 0) {
				m->x[f * m->n + n++] = all[f * pixels + i];
				mean += all[f * pixels + i];
			}
		for (i = 0, mean /= (double)n; i < n; i++)
			m->x[f * m->n + i] -= mean;
	}
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
				m->owner[i] = (uint32_t)j;
			}
		}
	}
}

/* ------------------------------------------------------------------- steps */

#define BLOCK 256 /* pixels that are worked on at a time */
#define LANES 4

typedef double lanes __attribute__((vector_size(LANES * sizeof(double)),
    aligned(sizeof(double)), may_alias));

/* Sums over pixels by their shares in a component, in so many lanes. */
struct moments {
	lanes total, x[F], xx[F][F]; /* xx: lower */
};

/* A block of pixels: their features and their shares in each component. */
struct block {
	size_t n;
	double x[F][BLOCK], share[COMPONENTS_MAX][BLOCK];
};

/* Pixels beyond the last are given the features 0. */
static void
load(const struct mixture *m, size_t from, struct block *b)
{
	size_t f;

	b->n = m->n - from < BLOCK ? m->n - from : BLOCK;
	for (f = 0; f < F; f++) {
		memcpy(b->x[f], m->x + f * m->n + from,
		    b->n * sizeof b->x[f][0]);
		memset(b->x[f] + b->n, 0, (BLOCK - b->n) * sizeof b->x[f][0]);
	}
}

/* Add a block to the moments of one component. */
BSP_CLONES static void
add_moments(const struct block *b, const double *share,
    struct moments *moments)
{
	const lanes *by = (const lanes *)share;
	const lanes *x, *y;
	lanes sum[F], first, weighted, total = {0};
	size_t f, h, i;

	for (i = 0; i < BLOCK / LANES; i++)
		total += by[i];
	moments->total += total;
	for (f = 0; f < F; f++) {
		x = (const lanes *)b->x[f];
		first = moments->x[f];
		for (h = 0; h <= f; h++)
			sum[h] = moments->xx[f][h];
		for (i = 0; i < BLOCK / LANES; i++) {
			weighted = by[i] * x[i];
			first += weighted;
			for (h = 0; h <= f; h++) {
				y = (const lanes *)b->x[h];
				sum[h] += weighted * y[i];
			}
		}
		moments->x[f] = first;
		for (h = 0; h <= f; h++)
			moments->xx[f][h] = sum[h];
	}
}

static double
sum_of(const lanes *x)
{
	return ((*x)[0] + (*x)[1]) + ((*x)[2] + (*x)[3]);
}

/* The Gaussian of given moments, of n pixels in all. */
static bool
fit_part(const struct moments *moments, size_t n, double floor_variance,
    struct gaussian *g)
{
	double total = sum_of(&moments->total) + 10 * 2.220446049250313e-16;
	double log_det = 0;
	size_t f, h;

	g->weight = total / (double)n;
	for (f = 0; f < F; f++)
		g->mean[f] = sum_of(&moments->x[f]) / total;
	for (f = 0; f < F; f++) {
		for (h = 0; h <= f; h++)
			g->factor[f * F + h] = sum_of(&moments->xx[f][h]) /
			    total - g->mean[f] * g->mean[h];
		g->factor[f * F + f] += floor_variance;
	}
	if (!bsp_cholesky(g->factor, F))
		return false;
	for (f = 0; f < F; f++)
		log_det += bsp_log(g->factor[f * F + f]);
	g->log_scale = bsp_log(g->weight) - (double)F * LOG_2_PI / 2 -
	    log_det;
	return true;
}

static bool
fit_parts(struct mixture *m, const struct moments *moments,
    double floor_variance)
{
	size_t j;

	for (j = 0; j < m->k; j++)
		if (!fit_part(&moments[j], m->n, floor_variance, &m->part[j]))
			return false;
	return true;
}

/* log of weight x density of a block's pixels in one component. */
BSP_CLONES static void
log_terms(const struct gaussian *g, const struct block *b, double *to)
{
	double y[F][BLOCK], inverse;
	size_t f, h, i;

	for (f = 0; f < F; f++) {
		inverse = 1 / g->factor[f * F + f];
		for (i = 0; i < BLOCK; i++)
			y[f][i] = b->x[f][i] - g->mean[f];
		for (h = 0; h < f; h++)
			for (i = 0; i < BLOCK; i++)
				y[f][i] -= g->factor[f * F + h] * y[h][i];
		for (i = 0; i < BLOCK; i++)
			y[f][i] *= inverse;
	}
	for (i = 0; i < BLOCK; i++)
		to[i] = 0;
	for (f = 0; f < F; f++)
		for (i = 0; i < BLOCK; i++)
			to[i] += y[f][i] * y[f][i];
	for (i = 0; i < BLOCK; i++)
		to[i] = g->log_scale - to[i] / 2;
}

/* Log terms become shares; the logs of their sums are the log-densities. */
BSP_CLONES static void
share_out(struct block *b, size_t k, double *log_density)
{
	double most[BLOCK], sum[BLOCK];
	size_t i, j;

	memcpy(most, b->share[0], sizeof most);
	for (j = 1; j < k; j++)
		for (i = 0; i < BLOCK; i++)
			most[i] = b->share[j][i] > most[i] ? b->share[j][i] :
			    most[i];
	memset(sum, 0, sizeof sum);
	for (j = 0; j < k; j++)
		for (i = 0; i < BLOCK; i++) {
			b->share[j][i] = bsp_exp_kernel(b->share[j][i] -
			    most[i]);
			sum[i] += b->share[j][i];
		}
	for (i = 0; i < BLOCK; i++) {
		log_density[i] = most[i] + bsp_log_kernel(sum[i]);
		sum[i] = 1 / sum[i];
	}
	for (j = 0; j < k; j++)
		for (i = 0; i < BLOCK; i++)
			b->share[j][i] *= sum[i];
}

/* The moments of all pixels by what they begin with. */
static void
sum_owned(const struct mixture *m, struct moments *moments)
{
	struct block b;
	size_t from, i, j;

	memset(moments, 0, m->k * sizeof *moments);
	for (from = 0; from < m->n; from += BLOCK) {
		load(m, from, &b);
		memset(b.share, 0, sizeof b.share);
		for (i = 0; i < b.n; i++)
			b.share[m->owner[from + i]][i] = 1;
		for (j = 0; j < m->k; j++)
			add_moments(&b, b.share[j], &moments[j]);
	}
}

/*
 * One step: log-densities of all pixels, their mean, which is returned, and
 * their moments by the shares that follow.
 */
static double
step_of(struct mixture *m, struct moments *moments)
{
	double log_density[BLOCK], total = 0;
	size_t from, i, j;
	struct block b;

	memset(moments, 0, m->k * sizeof *moments);
	for (from = 0; from < m->n; from += BLOCK) {
		load(m, from, &b);
		for (j = 0; j < m->k; j++)
			log_terms(&m->part[j], &b, b.share[j]);
		share_out(&b, m->k, log_density);
		for (j = 0; j < m->k; j++) {
			memset(b.share[j] + b.n, 0,
			    (BLOCK - b.n) * sizeof b.share[j][0]);
			add_moments(&b, b.share[j], &moments[j]);
		}
		for (i = 0; i < b.n; i++)
			total += log_density[i];
		memcpy(m->log_density + from, log_density,
		    b.n * sizeof *log_density);
	}
	return total / (double)m->n;
}

static int
fit(struct mixture *m, const double *params, struct bsp_error *e)
{
	struct moments moments[COMPONENTS_MAX];
	double before = -HUGE_VAL, now;
	size_t step;

	start(m, (uint64_t)params[SEED]);
	sum_owned(m, moments);
	if (!fit_parts(m, moments, params[FLOOR]))
		goto singular;
	for (step = 0; step < (size_t)params[STEPS]; step++) {
		now = step_of(m, moments);
		if (!fit_parts(m, moments, params[FLOOR]))
			goto singular;
		if (fabs(now - before) < params[TOLERANCE])
			break;
		before = now;
	}
	step_of(m, moments);
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
	m.x = malloc((F + 2) * m.n * sizeof *m.x);
	if (m.x == NULL)
		return bsp_error_system(e, ENOMEM, "features of %zu pixels",
		    m.n);
	m.log_density = m.x + F * m.n;
	m.owner = (uint32_t *)(m.log_density + m.n);
	if (find_features(image, &m, e) == 0 && fit(&m, params, e) == 0) {
		fill_map(&m, image, map);
		result = 0;
	}
	free(m.x);
	return result;
}
