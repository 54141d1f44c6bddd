/*
 * gradient: 1 minus the similarity of gradient magnitudes (Prewitt).
 * Source: Xue, Zhang, Mou, Bovik, "Gradient magnitude similarity deviation",
 * 2014.
 */
#include <errno.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "residual.h"

enum { STEADY };

const struct bsp_param bsp_gradient_params[] = {
	[STEADY] = {
		.name = "c", .unit = "",
		.help = "steadies the ratio where there are no edges",
		.type = BSP_REAL, .initial = .0026,
		.min = 0, .max = 1e6, .above_min = true,
	},
	{.name = NULL},
};

int
bsp_residual_gradient(const struct bsp_residual_job *job,
    const double *params, struct bsp_image *map, struct bsp_error *e)
{
	size_t rows = job->input->rows, cols = job->input->cols, i;
	size_t n = rows * cols;
	double *g, *h, s, steady = params[STEADY];

	if (bsp_image_resize(map, rows, cols, e))
		return -1;
	g = malloc(2 * n * sizeof *g);
	if (g == NULL)
		return bsp_error_system(e, ENOMEM, "gradients of %zu x %zu",
		    cols, rows);
	h = g + n;
	bsp_prewitt(job->input->data, g, rows, cols);
	bsp_prewitt(job->recon->data, h, rows, cols);
	for (i = 0; i < n; i++) {
		s = (2 * g[i] * h[i] + steady) /
		    (g[i] * g[i] + h[i] * h[i] + steady);
		map->data[i] = s < 1 ? (float)(1 - s) : 0; /* by rounding */
	}
	free(g);
	return 0;
}

size_t
bsp_gradient_reach(const double *params)
{
	(void)params;
	return 1;
}
