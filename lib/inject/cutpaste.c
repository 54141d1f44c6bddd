/*
 * cutpaste: a rectangle of the image pasted at another place of it.
 * Source: Li, Sohn, Yoon, Pfister, "CutPaste: self-supervised learning for
 * anomaly detection and localization", 2021.
 */
#include <math.h>

#include "inject.h"

enum { AREA_LOW, AREA_HIGH, ASPECT };

const struct bsp_param bsp_cutpaste_params[] = {
	[AREA_LOW] = {
		.name = "area-low", .unit = "",
		.help = "least area, in shares of the image",
		.type = BSP_REAL, .initial = .02,
		.min = 0, .max = 1, .above_min = true,
	},
	[AREA_HIGH] = {
		.name = "area-high", .unit = "",
		.help = "greatest area",
		.type = BSP_REAL, .initial = .15,
		.min = 0, .max = 1, .above_min = true,
	},
	[ASPECT] = {
		.name = "aspect", .unit = "",
		.help = "least ratio of the sides; 1 over it is the greatest",
		.type = BSP_REAL, .initial = .3,
		.min = 0, .max = 1, .above_min = true,
	},
	{.name = NULL},
};

const char *const bsp_cutpaste_drawn[] = {"top", "left", "height", "width",
    "from-top", "from-left", NULL};

struct box {
	size_t row, col, rows, cols;
};

/* A side in whole samples, at least one and at most all. */
static size_t
side(double length, size_t most)
{
	double whole = floor(length + .5);

	return whole < 1 ? 1 : whole < (double)most ? (size_t)whole : most;
}

/* So that a box of n samples around the centre lies within size. */
static size_t
begin(size_t centre, size_t n, size_t size)
{
	size_t first = centre > n / 2 ? centre - n / 2 : 0;

	return first + n <= size ? first : size - n;
}

static struct box
draw_box(const struct bsp_inject_job *job, const double *params,
    struct bsp_random *random)
{
	size_t rows = job->healthy->rows, cols = job->healthy->cols;
	double area, aspect, low = params[AREA_LOW], widest;
	struct box box;

	area = (low + (params[AREA_HIGH] - low) *
	    bsp_random_uniform(random)) * (double)rows * (double)cols;
	widest = -bsp_log(params[ASPECT]);
	aspect = bsp_exp(widest * (2 * bsp_random_uniform(random) - 1));
	box.rows = side(sqrt(area * aspect), rows);
	box.cols = side(sqrt(area / aspect), cols);
	box.row = begin(job->row, box.rows, rows);
	box.col = begin(job->col, box.cols, cols);
	return box;
}

/* Paste what begins at (row, col); how many samples visibly change? */
static size_t
paste(const struct bsp_inject_job *job, const struct box *box, size_t row,
    size_t col, struct bsp_image *image, struct bsp_image *label)
{
	const struct bsp_image *healthy = job->healthy;
	size_t r, c, to, changed = 0;
	float x;

	for (r = 0; r < box->rows; r++)
		for (c = 0; c < box->cols; c++) {
			to = (box->row + r) * healthy->cols + box->col + c;
			x = healthy->data[(row + r) * healthy->cols + col + c];
			if (healthy->data[to] <= 0 ||
			    !bsp_is_visible(x, healthy->data[to]))
				continue;
			changed++;
			if (image != NULL) {
				image->data[to] = x;
				label->data[to] = 1;
			}
		}
	return changed;
}

static void
tell(const struct bsp_inject_job *job, const struct box *box, size_t row,
    size_t col)
{
	bsp_tell(job, 0, (double)box->row);
	bsp_tell(job, 1, (double)box->col);
	bsp_tell(job, 2, (double)box->rows);
	bsp_tell(job, 3, (double)box->cols);
	bsp_tell(job, 4, (double)row);
	bsp_tell(job, 5, (double)col);
}

int
bsp_cutpaste_check(const double *params, struct bsp_error *e)
{
	if (params[AREA_LOW] <= params[AREA_HIGH])
		return 0;
	return bsp_error_set(e, BSP_USAGE, "area-low: %g is above area-high, "
	    "%g", params[AREA_LOW], params[AREA_HIGH]);
}

int
bsp_inject_cutpaste(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	struct bsp_random random;
	struct box box;
	size_t row, col;
	int i;

	bsp_random_start(&random, job->seed, BSP_DRAW_ANOMALY, job->number,
	    job->index);
	for (i = 0; i < BSP_TRIES; i++) {
		box = draw_box(job, params, &random);
		row = (size_t)bsp_random_below(&random,
		    job->healthy->rows - box.rows + 1);
		col = (size_t)bsp_random_below(&random,
		    job->healthy->cols - box.cols + 1);
		if (paste(job, &box, row, col, NULL, NULL) > 0) {
			paste(job, &box, row, col, image, label);
			tell(job, &box, row, col);
			return 0;
		}
	}
	return bsp_error_set(e, BSP_DATA, "none of %d pastes changes a sample "
	    "by more than 1/255: the image is all alike", BSP_TRIES);
}
