/*
 * lesion: a shape from a mask, centred at the position, takes one intensity or
 * is mixed with it.
 */
#include <math.h>

#include "inject.h"

enum { INTENSITY, BLEND };

const struct bsp_param bsp_lesion_params[] = {
	[INTENSITY] = {
		.name = "intensity", .unit = "",
		.help = "what the samples of the lesion become",
		.type = BSP_REAL, .initial = .5,
		.min = -1e6, .max = 1e6,
	},
	[BLEND] = {
		.name = "blend", .unit = "",
		.help = "how much of it; the rest is the healthy sample",
		.type = BSP_REAL, .initial = 1,
		.min = 0, .max = 1, .above_min = true,
	},
	{.name = NULL},
};

/* The middle of the box that holds the shape; false where it is empty. */
static bool
find_middle(const struct bsp_image *shape, size_t *row, size_t *col)
{
	size_t top = shape->rows, bottom = 0, left = shape->cols, right = 0;
	size_t r, c;

	for (r = 0; r < shape->rows; r++)
		for (c = 0; c < shape->cols; c++) {
			if (!(shape->data[r * shape->cols + c] > 0))
				continue;
			top = r < top ? r : top;
			bottom = r;
			left = c < left ? c : left;
			right = c > right ? c : right;
		}
	*row = (top + bottom) / 2;
	*col = (left + right) / 2;
	return top < shape->rows;
}

int
bsp_inject_lesion(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	const struct bsp_image *healthy = job->healthy, *shape = job->shape;
	size_t row, col, r, c, to_row, to_col, i;
	double blend = params[BLEND];

	if (!find_middle(shape, &row, &col))
		return bsp_error_set(e, BSP_DATA, "its shape is an empty mask "
		    "of %zu x %zu", shape->cols, shape->rows);
	for (r = 0; r < shape->rows; r++)
		for (c = 0; c < shape->cols; c++) {
			/* Off the image they wrap to huge numbers. */
			to_row = job->row + r - row;
			to_col = job->col + c - col;
			if (!(shape->data[r * shape->cols + c] > 0) ||
			    to_row >= image->rows || to_col >= image->cols)
				continue;
			i = to_row * image->cols + to_col;
			if (healthy->data[i] <= 0)
				continue;
			image->data[i] = (float)((1 - blend) *
			    (double)healthy->data[i] + blend *
			    params[INTENSITY]);
			label->data[i] = 1;
		}
	return 0;
}
