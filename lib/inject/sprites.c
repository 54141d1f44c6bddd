/*
 * sprites: three ellipses, one dark, one middling, one bright for the image.
 * Source: Bercea, Neumayr, Rueckert, Schnabel, "Mask, Stitch, and Re-Sample",
 * 2023, and "Reversing the Abnormal", 2023.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "inject.h"

enum { MEAN, SD, LEAST };

const struct bsp_param bsp_sprites_params[] = {
	[MEAN] = {
		.name = "mean", .unit = "pixels of 128",
		.help = "mean of the half-axes before their sign is dropped",
		.type = BSP_REAL, .initial = 4,
		.min = 0, .max = 1000,
	},
	[SD] = {
		.name = "sd", .unit = "pixels of 128",
		.help = "their standard deviation",
		.type = BSP_REAL, .initial = 6,
		.min = 0, .max = 1000,
	},
	[LEAST] = {
		.name = "least", .unit = "pixels of 128",
		.help = "least half-axis",
		.type = BSP_REAL, .initial = 2,
		.min = 0, .max = 1000, .above_min = true,
	},
	{.name = NULL},
};

#define OF(k) "row-" k, "col-" k, "height-" k, "width-" k, "angle-" k, \
	"intensity-" k

const char *const bsp_sprites_drawn[] = {OF("1"), OF("2"), OF("3"), NULL};

#define NUMBERS 6 /* that are told of each */

#define REFERENCE 128 /* the image side that half-axes are told for */
#define SPRITES 3

/* Between which percentiles of the foreground the intensity of each lies. */
static const double percentiles[SPRITES][2] = {{1, 5}, {30, 70}, {95, 99}};

struct ellipse {
	double row, col;       /* the centre */
	double height, width;  /* half-axes */
	double cosine, sine;
	float value;
};

static double
half_axis(struct bsp_random *random, const double *params, double scale)
{
	double length = fabs(params[MEAN] +
	    params[SD] * bsp_random_normal(random));

	return scale * (length > params[LEAST] ? length : params[LEAST]);
}

static double
value_of(void *with, size_t i)
{
	const uint32_t *const *key = with;

	return (double)bsp_score_of((*key)[i]);
}

/* The percentile of ascending keys. */
static double
percentile(const uint32_t *key, size_t n, double percent)
{
	return bsp_quantile_of(value_of, &key, n, percent / 100);
}

/*
 * The foreground's samples, ascending, as keys; how many.  There is room for
 * twice as many.
 */
static size_t
sort_foreground(const struct bsp_image *image, uint32_t *key)
{
	size_t i, n = 0;

	for (i = 0; i < bsp_image_size(image); i++)
		if (image->data[i] > 0)
			key[n++] = bsp_key_of(image->data[i]);
	bsp_sort_u32(key, key + n, n);
	return n;
}

static void
paint(const struct ellipse *ellipse, const struct bsp_image *healthy,
    struct bsp_image *image, struct bsp_image *label)
{
	double dy, dx, u, v;
	size_t r, c, i;

	for (r = 0, i = 0; r < image->rows; r++)
		for (c = 0; c < image->cols; c++, i++) {
			dy = (double)r - ellipse->row;
			dx = (double)c - ellipse->col;
			u = (ellipse->cosine * dx + ellipse->sine * dy) /
			    ellipse->width;
			v = (ellipse->cosine * dy - ellipse->sine * dx) /
			    ellipse->height;
			if (u * u + v * v < 1 && healthy->data[i] > 0) {
				image->data[i] = ellipse->value;
				label->data[i] = 1;
			}
		}
}

/* Draw the k-th, around a place, and record it; keys are the foreground's. */
static struct ellipse
draw_ellipse(const struct bsp_inject_job *job, struct bsp_random *random,
    const double *params, size_t k, size_t place, const uint32_t *key,
    size_t n)
{
	const double pi = 3.14159265358979323846;
	size_t rows = job->healthy->rows, cols = job->healthy->cols;
	double angle, low, scale = (double)(rows < cols ? rows : cols) /
	    REFERENCE;
	struct ellipse ellipse;

	ellipse.row = (double)(place / cols);
	ellipse.col = (double)(place % cols);
	ellipse.height = half_axis(random, params, scale);
	ellipse.width = half_axis(random, params, scale);
	angle = pi * bsp_random_uniform(random);
	ellipse.cosine = bsp_cos(angle);
	ellipse.sine = bsp_sin(angle);
	low = percentile(key, n, percentiles[k][0]);
	ellipse.value = (float)(low + (percentile(key, n, percentiles[k][1]) -
	    low) * bsp_random_uniform(random));
	bsp_tell(job, NUMBERS * k, ellipse.row);
	bsp_tell(job, NUMBERS * k + 1, ellipse.col);
	bsp_tell(job, NUMBERS * k + 2, ellipse.height);
	bsp_tell(job, NUMBERS * k + 3, ellipse.width);
	bsp_tell(job, NUMBERS * k + 4, angle);
	bsp_tell(job, NUMBERS * k + 5, (double)ellipse.value);
	return ellipse;
}

int
bsp_inject_sprites(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	const struct bsp_image *healthy = job->healthy;
	size_t n, place = job->row * image->cols + job->col, k;
	struct bsp_random random;
	struct ellipse ellipse;
	uint32_t *key;

	if (bsp_foreground_check(healthy, e))
		return -1;
	key = malloc(2 * bsp_image_size(image) * sizeof *key);
	if (key == NULL)
		return bsp_error_system(e, ENOMEM, "a foreground of %zu x %zu",
		    image->cols, image->rows);
	n = sort_foreground(healthy, key);
	bsp_random_start(&random, job->seed, BSP_DRAW_ANOMALY, job->number,
	    job->index);
	for (k = 0; k < SPRITES; k++) {
		/* The first lies at the anomaly's position. */
		if (k > 0)
			place = bsp_foreground_draw(healthy, &random);
		ellipse = draw_ellipse(job, &random, params, k, place, key, n);
		paint(&ellipse, healthy, image, label);
	}
	free(key);
	return 0;
}
