/*
 * lesion: a shape from a mask, centred at the position, takes one intensity or
 * is mixed with it.
 */
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

/*
 * Put the lesion, the middle of its shape (row, col) at the position; how many
 * samples does it cover?  Those that a blend does not visibly change it does
 * not.
 */
static size_t
put(const struct bsp_inject_job *job, const double *params, size_t row,
    size_t col, struct bsp_image *image, struct bsp_image *label)
{
	const struct bsp_image *healthy = job->healthy, *shape = job->shape;
	size_t r, c, to_row, to_col, i, covered = 0;
	double blend = params[BLEND];
	float x;

	for (r = 0; r < shape->rows; r++)
		for (c = 0; c < shape->cols; c++) {
			/* Off the image they wrap to huge numbers. */
			to_row = job->row + r - row;
			to_col = job->col + c - col;
			if (!(shape->data[r * shape->cols + c] > 0) ||
			    to_row >= image->rows || to_col >= image->cols)
				continue;
			i = to_row * image->cols + to_col;
			x = (float)((1 - blend) * (double)healthy->data[i] +
			    blend * params[INTENSITY]);
			if (healthy->data[i] <= 0 || (blend < 1 &&
			    !bsp_is_visible(x, healthy->data[i])))
				continue;
			image->data[i] = x;
			label->data[i] = 1;
			covered++;
		}
	return covered;
}

int
bsp_inject_lesion(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	const struct bsp_image *shape = job->shape;
	size_t row, col;

	if (!find_middle(shape, &row, &col))
		return bsp_error_set(e, BSP_DATA, "its shape is an empty mask "
		    "of %zu x %zu", shape->cols, shape->rows);
	if (put(job, params, row, col, image, label) > 0)
		return 0;
	return bsp_error_set(e, BSP_DATA, "its shape, the middle at row %zu, "
	    "column %zu, covers no foreground%s", job->row, job->col,
	    params[BLEND] < 1 ? " that it changes by more than 1/255" : "");
}
