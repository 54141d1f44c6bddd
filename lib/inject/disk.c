/*
 * disk: the samples of the foreground nearer to the centre than the radius
 * become one intensity.  Parts of the disk off the image are cropped.
 * Source: Meissen et al., MIDL 2022, experiment 1.
 */
#include <math.h>

#include "disk.h"

enum { RADIUS, INTENSITY };

const struct bsp_param bsp_disk_params[] = {
	[RADIUS] = BSP_RADIUS_PARAM,
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

struct bsp_disk
bsp_disk_at(const struct bsp_inject_job *job, double radius)
{
	size_t reach = (size_t)ceil(radius);

	return (struct bsp_disk){
		.row_begin = first(job->row, reach),
		.row_end = last(job->row, reach, job->healthy->rows),
		.col_begin = first(job->col, reach),
		.col_end = last(job->col, reach, job->healthy->cols),
		.row = (double)job->row,
		.col = (double)job->col,
		.radius = radius,
	};
}

int
bsp_inject_disk(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	struct bsp_disk disk = bsp_disk_at(job, params[RADIUS]);
	float intensity = (float)params[INTENSITY];
	size_t row, col, i;

	(void)e;
	for (row = disk.row_begin; row < disk.row_end; row++)
		for (col = disk.col_begin; col < disk.col_end; col++) {
			if (!bsp_disk_covers(&disk, job->healthy, row, col))
				continue;
			i = row * image->cols + col;
			image->data[i] = intensity;
			label->data[i] = 1;
		}
	return 0;
}
