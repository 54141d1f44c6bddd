/*
 * gradient: 1 minus the similarity of gradient magnitudes (Prewitt).
 * Source: Xue, Zhang, Mou, Bovik, "Gradient magnitude similarity deviation",
 * 2014.
 */
#include <math.h>

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

/* Means over three of the differences of neighbours but one. */
static double
magnitude(const float *above, const float *row, const float *below, size_t left,
    size_t c, size_t right)
{
	double across = (double)above[right] - (double)above[left] +
	    (double)row[right] - (double)row[left] +
	    (double)below[right] - (double)below[left];
	double down = (double)below[left] - (double)above[left] +
	    (double)below[c] - (double)above[c] +
	    (double)below[right] - (double)above[right];

	return sqrt(across * across + down * down) / 3;
}

int
bsp_residual_gradient(const struct bsp_image *const inputs[],
    const double *params, struct bsp_image *map, struct bsp_error *e)
{
	size_t rows = inputs[0]->rows, cols = inputs[0]->cols;
	size_t r, c, k, above, below, left, right;
	double g[2], steady = params[STEADY];
	const float *x;

	if (bsp_image_resize(map, rows, cols, e))
		return -1;
	for (r = 0; r < rows; r++) {
		above = r > 0 ? r - 1 : 0;
		below = r + 1 < rows ? r + 1 : r;
		for (c = 0; c < cols; c++) {
			left = c > 0 ? c - 1 : 0;
			right = c + 1 < cols ? c + 1 : c;
			for (k = 0; k < 2; k++) {
				x = inputs[k]->data;
				g[k] = magnitude(x + above * cols,
				    x + r * cols, x + below * cols, left, c,
				    right);
			}
			map->data[r * cols + c] = (float)(1 -
			    (2 * g[0] * g[1] + steady) /
			    (g[0] * g[0] + g[1] * g[1] + steady));
		}
	}
	return 0;
}
