/*
 * zscore: how many standard deviations a sample is from what is normal for its
 * pixel; no reconstruction at all.
 * Source: Meissen, Kaissis, Rueckert, "Challenging current semi-supervised
 * anomaly segmentation methods for brain MRI", 2021.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "residual.h"

#define STEADY 1e-7

static int
check_size(const char *what, size_t rows, size_t cols,
    const struct bsp_image *image, struct bsp_error *e)
{
	if (image->rows == rows && image->cols == cols)
		return 0;
	return bsp_error_set(e, BSP_DATA, "is %zu x %zu, expected the %zu x "
	    "%zu of %s", image->cols, image->rows, cols, rows, what);
}

int
bsp_pixel_stats_check_size(const struct bsp_pixel_stats *stats,
    const struct bsp_image *image, struct bsp_error *e)
{
	return check_size("the model", stats->mean.rows, stats->mean.cols,
	    image, e);
}

int
bsp_residual_zscore(const struct bsp_residual_job *job, const double *params,
    struct bsp_image *map, struct bsp_error *e)
{
	const struct bsp_image *x = job->input, *mean = &job->stats->mean;
	const struct bsp_image *sd = &job->stats->sd;
	size_t i;

	(void)params;
	if (bsp_image_resize(map, x->rows, x->cols, e))
		return -1;
	for (i = 0; i < bsp_image_size(x); i++)
		map->data[i] = (float)(fabs((double)x->data[i] -
		    (double)mean->data[i]) / ((double)sd->data[i] + STEADY));
	return 0;
}

/* -------------------------------------------------------- pixel statistics */

int
bsp_pixel_stats_add(struct bsp_pixel_stats_fit *fit,
    const struct bsp_image *image, struct bsp_error *e)
{
	size_t n = bsp_image_size(image), i;
	double x, before;

	if (fit->count == 0) {
		fit->rows = image->rows;
		fit->cols = image->cols;
		fit->mean = calloc(n, sizeof *fit->mean);
		fit->squares = calloc(n, sizeof *fit->squares);
		if (fit->mean == NULL || fit->squares == NULL)
			return bsp_error_system(e, ENOMEM,
			    "pixel statistics of %zu x %zu",
			    image->cols, image->rows);
	}
	if (check_size("the first image", fit->rows, fit->cols, image, e))
		return -1;
	fit->count++;
	for (i = 0; i < n; i++) {
		x = (double)image->data[i];
		before = fit->mean[i];
		fit->mean[i] += (x - before) / (double)fit->count;
		fit->squares[i] += (x - before) * (x - fit->mean[i]);
	}
	return 0;
}

int
bsp_pixel_stats_finish(const struct bsp_pixel_stats_fit *fit,
    struct bsp_pixel_stats *stats, struct bsp_error *e)
{
	size_t i;

	if (fit->count < 2)
		return bsp_error_set(e, BSP_DATA,
		    "%llu images, expected at least two to tell a spread",
		    (unsigned long long)fit->count);
	if (bsp_image_resize(&stats->mean, fit->rows, fit->cols, e) ||
	    bsp_image_resize(&stats->sd, fit->rows, fit->cols, e))
		return -1;
	for (i = 0; i < fit->rows * fit->cols; i++) {
		stats->mean.data[i] = (float)fit->mean[i];
		stats->sd.data[i] = (float)sqrt(fit->squares[i] /
		    (double)fit->count);
	}
	return 0;
}

void
bsp_pixel_stats_fit_free(struct bsp_pixel_stats_fit *fit)
{
	free(fit->mean);
	free(fit->squares);
	*fit = (struct bsp_pixel_stats_fit){0};
}

void
bsp_pixel_stats_free(struct bsp_pixel_stats *stats)
{
	bsp_image_free(&stats->mean);
	bsp_image_free(&stats->sd);
}
