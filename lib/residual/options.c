/*
 * What can be done to every map, and how a map is made as a whole.
 */
#include <errno.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "residual.h"

enum { FOREGROUND, ERODE, MEDIAN, SMOOTH };

const struct bsp_param bsp_map_options[] = {
	[FOREGROUND] = {
		.name = "foreground", .unit = "",
		.help = "0 where the input is not above 0",
		.type = BSP_FLAG, .initial = 0,
		.min = 0, .max = 1,
	},
	[ERODE] = {
		.name = "erode", .unit = "pixels",
		.help = "0 outside of the foreground eroded so much",
		.type = BSP_INTEGER, .initial = 0,
		.min = 0, .max = 65536,
	},
	[MEDIAN] = {
		.name = "median", .unit = "pixels",
		.help = "then the median of a window of odd side; 1: none",
		.type = BSP_ODD, .initial = 1,
		.min = 1, .max = 255,
	},
	[SMOOTH] = {
		.name = "smooth", .unit = "pixels",
		.help = "then a Gaussian of this sigma; 0: none",
		.type = BSP_REAL, .initial = 0,
		.min = 0, .max = 1000,
	},
	{.name = NULL},
};

#define CUT 4 /* sigmas, as the degradation blur */

/*
 * Take away `by' samples at either end of each run of set samples in a line of
 * n, stride apart.
 */
static void
erode_line(uint8_t *line, size_t n, size_t stride, size_t by)
{
	size_t i, begin = 0, k;

	for (i = 0; i <= n; i++) {
		if (i < n && line[i * stride])
			continue;
		for (k = begin; k < i; k++)
			line[k * stride] = k >= begin + by && k + by < i;
		begin = i + 1;
	}
}

/* The least value inside of a mask, at most 0. */
static float
least_inside(const struct bsp_image *map, const uint8_t *inside)
{
	size_t n = bsp_image_size(map), i;
	float least = 0;

	for (i = 0; i < n; i++)
		if (inside[i] && map->data[i] < least)
			least = map->data[i];
	return least;
}

/*
 * Clear what is not in the input's foreground, eroded.  Where maps are below 0,
 * 0 would rank the outside above the inside.
 */
static int
mask(const struct bsp_kind *kind, const struct bsp_image *input,
    size_t erode, struct bsp_image *map, struct bsp_error *e)
{
	size_t n = bsp_image_size(input), i;
	float outside;
	uint8_t *inside = malloc(n);

	if (inside == NULL)
		return bsp_error_system(e, ENOMEM, "a mask of %zu x %zu",
		    input->cols, input->rows);
	for (i = 0; i < n; i++)
		inside[i] = input->data[i] > 0;
	if (erode > 0) {
		for (i = 0; i < input->rows; i++)
			erode_line(inside + i * input->cols, input->cols, 1,
			    erode);
		for (i = 0; i < input->cols; i++)
			erode_line(inside + i, input->rows, input->cols,
			    erode);
	}
	outside = kind->below_zero ? least_inside(map, inside) : 0;
	for (i = 0; i < n; i++)
		if (!inside[i])
			map->data[i] = outside;
	free(inside);
	return 0;
}

static int
take_median(struct bsp_image *map, size_t size, struct bsp_error *e)
{
	struct bsp_image copy = {0};
	int result;

	result = bsp_image_copy(&copy, map, e) ||
	    bsp_median(copy.data, map->data, map->rows, map->cols, size / 2,
	    e) ? -1 : 0;
	bsp_image_free(&copy);
	return result;
}

/* Where the options begin among the parameters. */
static const double *
options_of(const struct bsp_kind *kind, const double *params)
{
	return params + bsp_kind_param_find(kind,
	    bsp_map_options[FOREGROUND].name);
}

/* The reconstructions, of which a kind of two inputs wants one at least. */
static int
check_recons(const struct bsp_kind *kind, const struct bsp_residual_job *job,
    struct bsp_error *e)
{
	size_t i;

	if (job->recon == NULL)
		return bsp_kind_lacks(kind, "reconstruction", e);
	/* Those of several say themselves how many they want. */
	if (job->recons == 0 &&
	    bsp_kind_param_find(kind, "samples") == bsp_kind_params(kind))
		return bsp_kind_lacks(kind, "reconstruction", e);
	for (i = 0; i < job->recons; i++)
		if (bsp_input_check(kind, "reconstruction", &job->recon[i],
		    job->input, e))
			return -1;
	return 0;
}

/* A model of the input's size. */
static int
check_stats(const struct bsp_kind *kind, const struct bsp_residual_job *job,
    struct bsp_error *e)
{
	const struct bsp_pixel_stats *stats = job->stats;

	if (stats == NULL)
		return bsp_error_set(e, BSP_USAGE,
		    "%s: no model, expected one that was fitted", kind->name);
	return bsp_pixel_stats_check_size(stats, job->input, e) ||
	    bsp_input_check(kind, "model's mean", &stats->mean, job->input,
	    e) || bsp_input_check(kind, "model's sd", &stats->sd, job->input,
	    e) ? -1 : 0;
}

/* The kind, its parameters, and what the job is to bring. */
static int
check_job(const struct bsp_kind *kind, const struct bsp_residual_job *job,
    const double *params, struct bsp_error *e)
{
	if (!BSP_KIND_IS(kind, residual))
		return bsp_kind_refuse(kind, "a kind of residual", e);
	if (job == NULL)
		return bsp_kind_lacks(kind, "job", e);
	if (bsp_params_check(kind, params, e) ||
	    bsp_input_check(kind, "input", job->input, NULL, e) ||
	    (kind->inputs > 1 && check_recons(kind, job, e)) ||
	    ((kind->needs & BSP_PIXEL_STATS) != 0 && check_stats(kind, job, e)))
		return -1;
	return (kind->needs & BSP_SALIENCY) != 0 && job->saliency != NULL ?
	    bsp_input_check(kind, "saliency", job->saliency, job->input, e) :
	    0;
}

/* The map is there and nothing that is read. */
static int
check_map(const struct bsp_kind *kind, const struct bsp_residual_job *job,
    const struct bsp_image *map, struct bsp_error *e)
{
	const struct bsp_pixel_stats *stats =
	    (kind->needs & BSP_PIXEL_STATS) != 0 ? job->stats : NULL;
	size_t i;

	if (map == NULL)
		return bsp_kind_lacks(kind, "map to write", e);
	for (i = 0; kind->inputs > 1 && i < job->recons; i++)
		if (bsp_apart_check(kind, map, &job->recon[i], e))
			return -1;
	return bsp_apart_check(kind, map, job->input, e) ||
	    bsp_apart_check(kind, map, job->saliency, e) ||
	    (stats != NULL && (bsp_apart_check(kind, map, &stats->mean, e) ||
	    bsp_apart_check(kind, map, &stats->sd, e))) ? -1 : 0;
}

int
bsp_residual_map(const struct bsp_kind *kind,
    const struct bsp_residual_job *job, const double *params,
    struct bsp_image *map, struct bsp_error *e)
{
	const double *option;
	size_t median;

	if (check_job(kind, job, params, e) || check_map(kind, job, map, e))
		return -1;
	option = options_of(kind, params);
	median = (size_t)option[MEDIAN];
	if (kind->apply->residual(job, params, map, e))
		return -1;
	if ((option[FOREGROUND] != 0 || option[ERODE] > 0) &&
	    mask(kind, job->input, (size_t)option[ERODE], map, e))
		return -1;
	if (median > 1 && take_median(map, median, e))
		return -1;
	return bsp_blur(map->data, map->data, map->rows, map->cols,
	    option[SMOOTH], CUT, e);
}

size_t
bsp_residual_reach(const struct bsp_kind *kind, const double *params)
{
	const double *option = options_of(kind, params);
	size_t own, erode = (size_t)option[ERODE];

	if (kind->apply->reach == NULL && !kind->pointwise)
		return SIZE_MAX;
	own = kind->pointwise ? 0 : kind->apply->reach(params);
	return (own > erode ? own : erode) + (size_t)option[MEDIAN] / 2 +
	    bsp_blur_radius(option[SMOOTH], CUT);
}

size_t
bsp_residual_recons(const struct bsp_kind *kind, const double *params)
{
	size_t i = bsp_kind_param_find(kind, "samples");

	if (kind->inputs < 2)
		return 0;
	return i < bsp_kind_params(kind) ? (size_t)params[i] : 1;
}
