/*
 * perlin: where coherent noise is high, the image is mixed with a donor or
 * with a texture of such noise.
 * Source: Zavrtanik, Kristan, Skocaj, "DRAEM", ICCV 2021; Perlin, "Improving
 * noise", 2002.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "inject.h"

enum { THRESHOLD };

const struct bsp_param bsp_perlin_params[] = {
	[THRESHOLD] = {
		.name = "threshold", .unit = "",
		.help = "the noise, from -1 to 1, above which samples change",
		.type = BSP_REAL, .initial = .5,
		.min = -1, .max = 1,
	},
	{.name = NULL},
};

const char *const bsp_perlin_drawn[] = {"cells-down", "cells-across", "beta",
    "texture-down", "texture-across", NULL};

#define SCALES 6 /* 1 to 32 cells along an axis */

/* Gradients at the corners of cells that divide the image. */
struct noise {
	size_t down, across;
	double *gradient; /* [down + 1][across + 1][2] */
};

static int
draw_noise(struct bsp_random *random, struct noise *noise,
    struct bsp_error *e)
{
	const double pi = 3.14159265358979323846;
	size_t i, n;
	double angle;

	noise->down = (size_t)1 << bsp_random_below(random, SCALES);
	noise->across = (size_t)1 << bsp_random_below(random, SCALES);
	n = (noise->down + 1) * (noise->across + 1);
	noise->gradient = malloc(2 * n * sizeof *noise->gradient);
	if (noise->gradient == NULL)
		return bsp_error_system(e, ENOMEM, "noise of %zu cells", n);
	for (i = 0; i < n; i++) {
		angle = 2 * pi * bsp_random_uniform(random);
		noise->gradient[2 * i] = bsp_sin(angle);
		noise->gradient[2 * i + 1] = bsp_cos(angle);
	}
	return 0;
}

static double
fade(double t)
{
	return t * t * t * (t * (t * 6 - 15) + 10);
}

/* The noise at sample (r, c) of rows x cols, from -1 to 1. */
static double
noise_at(const struct noise *noise, size_t r, size_t c, size_t rows,
    size_t cols)
{
	double y = (double)r / (double)rows * (double)noise->down;
	double x = (double)c / (double)cols * (double)noise->across;
	size_t i = (size_t)y, j = (size_t)x, stride = 2 * (noise->across + 1);
	const double *g = noise->gradient + i * stride + 2 * j;
	double v = y - (double)i, u = x - (double)j, above, below;

	above = (1 - fade(u)) * (g[0] * v + g[1] * u) +
	    fade(u) * (g[2] * v + g[3] * (u - 1));
	g += stride;
	below = (1 - fade(u)) * (g[0] * (v - 1) + g[1] * u) +
	    fade(u) * (g[2] * (v - 1) + g[3] * (u - 1));
	return sqrt(2.) * ((1 - fade(v)) * above + fade(v) * below);
}

/* What is mixed in: the donor, or noise over the range of the foreground. */
struct texture {
	const struct bsp_image *donor;
	struct noise noise;
	float low, high;
};

static double
texture_at(const struct texture *texture, size_t r, size_t c, size_t rows,
    size_t cols)
{
	double low = (double)texture->low, share;

	if (texture->donor != NULL)
		return (double)texture->donor->data[r * cols + c];
	share = (noise_at(&texture->noise, r, c, rows, cols) + 1) / 2;
	return low + ((double)texture->high - low) * share;
}

/* Mix; how many samples visibly change? */
static size_t
mix(const struct bsp_inject_job *job, const struct noise *noise,
    double threshold, double beta, const struct texture *texture,
    struct bsp_image *image, struct bsp_image *label)
{
	size_t rows = image->rows, cols = image->cols, r, c, i, changed = 0;
	float x, y;

	for (r = i = 0; r < rows; r++)
		for (c = 0; c < cols; c++, i++) {
			x = job->healthy->data[i];
			if (x <= 0 || !(noise_at(noise, r, c, rows, cols) >
			    threshold))
				continue;
			y = (float)((1 - beta) * texture_at(texture, r, c,
			    rows, cols) + beta * (double)x);
			if (!bsp_is_visible(y, x))
				continue;
			image->data[i] = y;
			label->data[i] = 1;
			changed++;
		}
	return changed;
}

int
bsp_inject_perlin(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	struct texture texture = {.donor = job->donor};
	struct noise noise = {0, 0, NULL};
	struct bsp_random random;
	size_t changed = 0;
	double beta = 0;
	int i;

	bsp_foreground_range(job->healthy, &texture.low, &texture.high);
	bsp_random_start(&random, job->seed, BSP_DRAW_ANOMALY, job->number,
	    job->index);
	for (i = 0; i < BSP_TRIES && changed == 0; i++) {
		free(noise.gradient);
		free(texture.noise.gradient);
		noise.gradient = texture.noise.gradient = NULL;
		beta = .8 * bsp_random_uniform(&random);
		if (draw_noise(&random, &noise, e) ||
		    draw_noise(&random, &texture.noise, e))
			break;
		changed = mix(job, &noise, params[THRESHOLD], beta, &texture,
		    image, label);
	}
	free(noise.gradient);
	free(texture.noise.gradient);
	if (changed == 0)
		return i < BSP_TRIES ? -1 : bsp_error_set(e, BSP_DATA, "none "
		    "of %d draws of noise changes a sample by more than "
		    "1/255", BSP_TRIES);
	bsp_tell(job, 0, (double)noise.down);
	bsp_tell(job, 1, (double)noise.across);
	bsp_tell(job, 2, beta);
	bsp_tell(job, 3, (double)texture.noise.down);
	bsp_tell(job, 4, (double)texture.noise.across);
	return 0;
}
