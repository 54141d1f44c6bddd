/*
 * mahalanobis: the distance of the input from the mean of several
 * reconstructions, in units of their spread, pixel by pixel.
 * Source: Behrendt, Bhattacharya, Mieling, Maack, Krueger, Opfer, Schlaefer,
 * "Leveraging the Mahalanobis distance to enhance unsupervised brain MRI
 * anomaly detection", MICCAI 2024.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "ssim.h"

enum { SAMPLES, EPSILON, MINMAX, SIGMA, SSIM_SIGMA };

const struct bsp_param bsp_mahalanobis_params[] = {
	[SAMPLES] = {
		.name = "samples", .unit = "",
		.help = "reconstructions of each image",
		.type = BSP_INTEGER, .initial = 10,
		.min = 2, .max = 4096,
	},
	[EPSILON] = {
		.name = "epsilon", .unit = "",
		.help = "variance added to that of every pixel",
		.type = BSP_REAL, .initial = .01,
		.min = 0, .max = 1e6, .above_min = true,
	},
	[MINMAX] = {
		.name = "minmax", .unit = "",
		.help = "1: scale to 0 to 1 over the foreground; 0: do not",
		.type = BSP_INTEGER, .initial = 1,
		.min = 0, .max = 1,
	},
	[SIGMA] = {
		.name = "sigma", .unit = "pixels",
		.help = "then blur so much; 0: not at all",
		.type = BSP_REAL, .initial = 1,
		.min = 0, .max = 1000,
	},
	[SSIM_SIGMA] = {
		.name = "ssim-sigma", .unit = "pixels",
		.help = "then multiply by 1 - SSIM of input and mean; 0: do not",
		.type = BSP_REAL, .initial = 1,
		.min = 0, .max = 1000,
	},
	{.name = NULL},
};

/* The reconstructions about their mean, and the input about it. */
struct spread {
	size_t k, n;
	double *x;    /* [k][n] */
	double *mean; /* [n] */
	double *d;    /* [n] input - mean */
	double *gram; /* [k][k], then [k] */
};

static int
find_spread(const struct bsp_residual_job *job, struct spread *s,
    struct bsp_error *e)
{
	size_t i, j;

	s->k = job->recons;
	s->n = bsp_image_size(job->input);
	s->x = malloc(((s->k + 2) * s->n + s->k * s->k + s->k) *
	    sizeof *s->x);
	if (s->x == NULL)
		return bsp_error_system(e, ENOMEM, "%zu reconstructions of "
		    "%zu samples", s->k, s->n);
	s->mean = s->x + s->k * s->n;
	s->d = s->mean + s->n;
	s->gram = s->d + s->n;
	memset(s->mean, 0, s->n * sizeof *s->mean);
	for (j = 0; j < s->k; j++)
		for (i = 0; i < s->n; i++)
			s->mean[i] += (double)job->recon[j].data[i];
	for (i = 0; i < s->n; i++) {
		s->mean[i] /= (double)s->k;
		s->d[i] = (double)job->input->data[i] - s->mean[i];
	}
	for (j = 0; j < s->k; j++)
		for (i = 0; i < s->n; i++)
			s->x[j * s->n + i] = (double)job->recon[j].data[i] -
			    s->mean[i];
	return 0;
}

/*
 * The full covariance X^T X / (K - 1) + epsilon I, through K unknowns:
 * a = (d - X^T ((K - 1) epsilon I + X X^T)^-1 X d) / epsilon.
 */
static int
distance_full(const struct spread *s, double epsilon, double *to,
    struct bsp_error *e)
{
	size_t n = s->n, k = s->k, i, j;
	double *gram = s->gram, *b = gram + k * k, a, most = 0;

	for (i = 0; i < k; i++) {
		for (j = 0; j <= i; j++)
			gram[i * k + j] = bsp_dot(s->x + i * n, s->x + j * n,
			    n);
		most = gram[i * k + i] > most ? gram[i * k + i] : most;
		gram[i * k + i] += (double)(k - 1) * epsilon;
		b[i] = bsp_dot(s->x + i * n, s->d, n);
	}
	/* The deviations sum to 0: without epsilon the matrix is singular. */
	if ((double)(k - 1) * epsilon <= (double)k * DBL_EPSILON * most ||
	    !bsp_cholesky(gram, k))
		return bsp_error_set(e, BSP_DATA, "epsilon: %g is too small "
		    "for the spread of the reconstructions", epsilon);
	bsp_solve_lower(gram, k, b);
	bsp_solve_upper(gram, k, b);
	memcpy(to, s->d, n * sizeof *to);
	for (j = 0; j < k; j++)
		for (i = 0; i < n; i++)
			to[i] -= b[j] * s->x[j * n + i];
	for (i = 0; i < n; i++) {
		a = to[i] / epsilon * s->d[i];
		to[i] = a > 0 ? sqrt(a) : 0;
	}
	return 0;
}

static int
distance_diagonal(const struct spread *s, double epsilon, double *to,
    struct bsp_error *e)
{
	size_t n = s->n, i, j;
	double x;

	(void)e;
	memset(to, 0, n * sizeof *to);
	for (j = 0; j < s->k; j++)
		for (i = 0; i < n; i++) {
			x = s->x[j * n + i];
			to[i] += x * x;
		}
	for (i = 0; i < n; i++)
		to[i] = fabs(s->d[i]) /
		    sqrt(to[i] / (double)(s->k - 1) + epsilon);
	return 0;
}

/* 0 outside of the foreground; within, from 0 to 1 if asked for. */
static void
scale(const struct bsp_image *input, bool minmax, const double *from,
    struct bsp_image *map)
{
	size_t n = bsp_image_size(input), i;
	double low = HUGE_VAL, high = -HUGE_VAL, x;

	for (i = 0; i < n; i++)
		if (input->data[i] > 0) {
			low = from[i] < low ? from[i] : low;
			high = from[i] > high ? from[i] : high;
		}
	for (i = 0; i < n; i++) {
		x = input->data[i] > 0 ? from[i] : 0;
		if (minmax && input->data[i] > 0)
			x = high > low ? (x - low) / (high - low) : 0;
		map->data[i] = (float)x;
	}
}

static int
weigh(const struct bsp_residual_job *job, const struct spread *s,
    double sigma, double *similarity, struct bsp_image *map,
    struct bsp_error *e)
{
	struct bsp_ssim ssim = BSP_SSIM_DEFAULTS(sigma);
	float *mean = (float *)s->x; /* no longer needed */
	size_t i;

	for (i = 0; i < s->n; i++)
		mean[i] = (float)s->mean[i];
	if (bsp_ssim(job->input->data, mean, job->input->rows,
	    job->input->cols, &ssim, similarity, e))
		return -1;
	for (i = 0; i < s->n; i++)
		map->data[i] = (float)((double)map->data[i] *
		    (1 - similarity[i]));
	return 0;
}

typedef int distance_fn(const struct spread *s, double epsilon, double *to,
    struct bsp_error *e);

static int
make_map(const struct bsp_residual_job *job, const double *params,
    struct bsp_image *map, distance_fn *distance, struct bsp_error *e)
{
	struct spread s = {.x = NULL};
	double *to = NULL;
	int result = -1;

	if (job->recons < 2)
		return bsp_error_set(e, BSP_USAGE, "mahalanobis: %zu "
		    "reconstructions, expected two or more", job->recons);
	if (bsp_image_resize(map, job->input->rows, job->input->cols, e) ||
	    find_spread(job, &s, e))
		goto out;
	to = malloc(s.n * sizeof *to);
	if (to == NULL) {
		bsp_error_system(e, ENOMEM, "distances of %zu samples", s.n);
		goto out;
	}
	if (distance(&s, params[EPSILON], to, e))
		goto out;
	scale(job->input, params[MINMAX] != 0, to, map);
	if (bsp_blur(map->data, map->data, map->rows, map->cols,
	    params[SIGMA], 4, e) ||
	    (params[SSIM_SIGMA] > 0 && weigh(job, &s, params[SSIM_SIGMA], to,
	    map, e)))
		goto out;
	result = 0;
out:
	free(s.x);
	free(to);
	return result;
}

int
bsp_residual_mahalanobis(const struct bsp_residual_job *job,
    const double *params, struct bsp_image *map, struct bsp_error *e)
{
	return make_map(job, params, map, distance_full, e);
}

int
bsp_residual_mahalanobis_diagonal(const struct bsp_residual_job *job,
    const double *params, struct bsp_image *map, struct bsp_error *e)
{
	return make_map(job, params, map, distance_diagonal, e);
}
