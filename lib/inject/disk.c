/*
 * disk: the samples of the foreground closer to the centre than the radius
 * become one intensity.  Parts of the disk off the image are cropped.
 * Source: Meissen et al., MIDL 2022, experiment 1.
 */
#include <math.h>

#include "inject.h"

enum { RADIUS, INTENSITY };

const struct bsp_param bsp_disk_params[] = {
	[RADIUS] = {
		.name = "radius", .unit = "pixels",
		.help = "radius; samples nearer to the centre are changed",
		.type = BSP_REAL, .initial = 20,
		.min = 0, .max = 100000, .above_min = true,
	},
	[INTENSITY] = {
		.name = "intensity", .unit = "",
		.help = "what the samples of the disk become",
		.type = BSP_REAL, .initial = 0.5,
		.min = -1e6, .max = 1e6,
	},
	{.name = NULL},
};

/* The first of the samples no farther than reach before the centre. */
static size_t
first(size_t centre, size_t reach)
{
	return centre > reach ? centre - reach : 0;
}

/* One past the last no farther than reach after the centre, of n in all. */
static size_t
last(size_t centre, size_t reach, size_t n)
{
	return reach < n - 1 - centre ? centre + reach + 1 : n;
}

int
bsp_inject_disk(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	const struct bsp_image *healthy = job->healthy;
	float intensity = (float)params[INTENSITY];
	double radius = params[RADIUS], dr, dc;
	size_t reach = (size_t)ceil(radius), row, col, i;

	(void)e;
	for (row = first(job->row, reach);
	    row < last(job->row, reach, image->rows); row++)
		for (col = first(job->col, reach);
		    col < last(job->col, reach, image->cols); col++) {
			dr = (double)row - (double)job->row;
			dc = (double)col - (double)job->col;
			i = row * image->cols + col;
			if (dr * dr + dc * dc < radius * radius &&
			    healthy->data[i] > 0) {
				image->data[i] = intensity;
				label->data[i] = 1;
			}
		}
	return 0;
}
