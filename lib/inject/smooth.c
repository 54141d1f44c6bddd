/*
 * smooth-intensity: a shape that is brighter or darker, the more the farther
 * from its edge.
 * Source: Baugh, Tan, Mueller, Dombrowski, Batten, Kainz, "Many tasks make
 * light work", MICCAI 2023.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "shape.h"

const char *const bsp_smooth_drawn[] = {BSP_SHAPE_DRAWN, "amplitude", "ramp",
    NULL};

/* The standard deviation of the foreground. */
static double
find_sd(const struct bsp_image *image)
{
	size_t i, n = bsp_image_size(image), inside = 0;
	double sum = 0, squares = 0, mean, x;

	for (i = 0; i < n; i++)
		if (image->data[i] > 0) {
			sum += (double)image->data[i];
			inside++;
		}
	mean = sum / (double)inside;
	for (i = 0; i < n; i++)
		if (image->data[i] > 0) {
			x = (double)image->data[i] - mean;
			squares += x * x;
		}
	return sqrt(squares / (double)inside);
}

/*
 * distance[i]: how far sample i of the shape is from the nearest outside of it,
 * 0 outside, rows + cols where the shape fills the image.
 */
static int
find_distance(const struct bsp_image *image, const struct bsp_shape *shape,
    float *distance, double *longest, struct bsp_error *e)
{
	size_t rows = image->rows, cols = image->cols, n = rows * cols, r, c;
	uint32_t *nearest = malloc(2 * n * sizeof *nearest);
	double down, right, far;
	size_t i;

	if (nearest == NULL)
		return bsp_error_system(e, ENOMEM, "distances of %zu x %zu",
		    cols, rows);
	for (r = i = 0; r < rows; r++)
		for (c = 0; c < cols; c++, i++)
			distance[i] = bsp_shape_holds(shape, (double)r,
			    (double)c) ? -1 : 1;
	if (bsp_nearest_seed(distance, 0, rows, cols, nearest, nearest + n,
	    e)) {
		free(nearest);
		return -1;
	}
	*longest = 0;
	for (i = 0; i < n; i++) {
		down = (double)(nearest[i] / cols) - (double)(i / cols);
		right = (double)(nearest[i] % cols) - (double)(i % cols);
		far = nearest[i] == BSP_NOWHERE ? (double)(rows + cols) :
		    sqrt(down * down + right * right);
		distance[i] = (float)far;
		*longest = far > *longest ? far : *longest;
	}
	free(nearest);
	return 0;
}

/* Change what lies in the shape; how many samples visibly change? */
static size_t
change(const struct bsp_inject_job *job, const float *distance,
    double amplitude, double ramp, struct bsp_image *image,
    struct bsp_image *label)
{
	size_t i, n = bsp_image_size(image), changed = 0;
	float x, y, low, high;
	double share;

	bsp_image_range(job->healthy, &low, &high);
	for (i = 0; i < n; i++) {
		x = job->healthy->data[i];
		if (!(distance[i] > 0) || x <= 0)
			continue;
		share = (double)distance[i] / ramp;
		y = (float)bsp_clip((double)x + amplitude *
		    (share < 1 ? share : 1), (double)low, (double)high);
		if (!bsp_is_visible(y, x))
			continue;
		image->data[i] = y;
		label->data[i] = 1;
		changed++;
	}
	return changed;
}

int
bsp_inject_smooth_intensity(const struct bsp_inject_job *job,
    const double *params, struct bsp_image *image, struct bsp_image *label,
    struct bsp_error *e)
{
	size_t rows = image->rows, cols = image->cols;
	double side = (double)(rows < cols ? rows : cols), sign, amplitude;
	double ramp, longest = 0, sd = find_sd(job->healthy);
	struct bsp_random random;
	struct bsp_shape shape;
	float *distance = malloc(rows * cols * sizeof *distance);
	int i, result = -1;

	(void)params;
	if (distance == NULL)
		return bsp_error_system(e, ENOMEM, "distances of %zu x %zu",
		    cols, rows);
	bsp_random_start(&random, job->seed, BSP_DRAW_ANOMALY, job->number,
	    job->index);
	for (i = 0; i < BSP_TRIES; i++) {
		bool fits = bsp_shape_draw(job, &random, i, &shape);

		sign = bsp_random_below(&random, 2) == 1 ? 1 : -1;
		amplitude = sign * sd * (.1 + bsp_random_gamma(&random, 3, .2));
		ramp = side * (.02 + bsp_random_gamma(&random, 3, .01));
		if (!fits)
			continue;
		if (find_distance(job->healthy, &shape, distance, &longest,
		    e))
			goto out;
		ramp = ramp < longest ? ramp : longest;
		if (change(job, distance, amplitude, ramp, image, label) > 0)
			break;
	}
	if (i == BSP_TRIES) {
		bsp_error_set(e, BSP_DATA, "none of %d shapes lies half in "
		    "the foreground and changes a sample by more than 1/255",
		    BSP_TRIES);
		goto out;
	}
	bsp_shape_tell(job, &shape, 0);
	bsp_tell(job, BSP_SHAPE_NUMBERS, amplitude);
	bsp_tell(job, BSP_SHAPE_NUMBERS + 1, ramp);
	result = 0;
out:
	free(distance);
	return result;
}
