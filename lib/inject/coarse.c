/*
 * coarse-noise: normal noise on a coarse grid, interpolated, over the whole
 * foreground.
 * Source: Kascenas, Pugeault, O'Neil, "Denoising autoencoders for unsupervised
 * anomaly detection in brain MRI", 2022.
 */
#include <errno.h>
#include <stdlib.h>

#include "inject.h"

enum { SIGMA, GRID };

const struct bsp_param bsp_coarse_noise_params[] = {
	[SIGMA] = {
		.name = "sigma", .unit = "",
		.help = "standard deviation of the noise",
		.type = BSP_REAL, .initial = .2,
		.min = 0, .max = 1000, .above_min = true,
	},
	[GRID] = {
		.name = "grid", .unit = "",
		.help = "rows and columns of the coarse grid",
		.type = BSP_INTEGER, .initial = 16,
		.min = 2, .max = 1024,
	},
	{.name = NULL},
};

const char *const bsp_coarse_noise_drawn[] = {"roll-down", "roll-right",
    NULL};

/* The grid of n x n at a sample; its corners are those of the image. */
static double
interpolate(const double *grid, size_t n, double row, double col)
{
	size_t r = (size_t)row < n - 2 ? (size_t)row : n - 2;
	size_t c = (size_t)col < n - 2 ? (size_t)col : n - 2;
	const double *at = grid + r * n + c;
	double v = row - (double)r, u = col - (double)c;

	return (1 - v) * ((1 - u) * at[0] + u * at[1]) +
	    v * ((1 - u) * at[n] + u * at[n + 1]);
}

static double
grid_place(size_t i, size_t size, size_t n)
{
	return size > 1 ? (double)i * (double)(n - 1) / (double)(size - 1) : 0;
}

/* Add the rolled noise; how many samples visibly change? */
static size_t
add(const struct bsp_image *healthy, const double *grid, size_t n,
    size_t down, size_t along, struct bsp_image *image,
    struct bsp_image *label)
{
	size_t rows = image->rows, cols = image->cols, r, c, i, changed = 0;
	float x;

	for (r = i = 0; r < rows; r++)
		for (c = 0; c < cols; c++, i++) {
			if (healthy->data[i] <= 0)
				continue;
			x = (float)((double)healthy->data[i] + interpolate(
			    grid, n, grid_place((r + down) % rows, rows, n),
			    grid_place((c + along) % cols, cols, n)));
			if (!bsp_is_visible(x, healthy->data[i]))
				continue;
			image->data[i] = x;
			label->data[i] = 1;
			changed++;
		}
	return changed;
}

int
bsp_inject_coarse_noise(const struct bsp_inject_job *job,
    const double *params, struct bsp_image *image, struct bsp_image *label,
    struct bsp_error *e)
{
	size_t n = (size_t)params[GRID], rows = image->rows, k, down, along;
	size_t cols = image->cols, changed;
	double *grid = malloc(n * n * sizeof *grid);
	struct bsp_random random;

	if (grid == NULL)
		return bsp_error_system(e, ENOMEM, "a grid of %zu x %zu", n,
		    n);
	bsp_random_start(&random, job->seed, BSP_DRAW_ANOMALY, job->number,
	    job->index);
	for (k = 0; k < n * n; k++)
		grid[k] = params[SIGMA] * bsp_random_normal(&random);
	/* The noise is rolled, so that no place is always at its border. */
	down = (size_t)bsp_random_below(&random, rows);
	along = (size_t)bsp_random_below(&random, cols);
	bsp_tell(job, 0, (double)down);
	bsp_tell(job, 1, (double)along);
	changed = add(job->healthy, grid, n, down, along, image, label);
	free(grid);
	return changed > 0 ? 0 : bsp_error_set(e, BSP_DATA, "noise of sigma "
	    "%g changes no sample by more than 1/255", params[SIGMA]);
}
