/*
 * The disk that anomalies of a radius share: the samples of the foreground
 * nearer to the centre than the radius, cropped to the image.
 */
#ifndef BSP_INJECT_DISK_H
#define BSP_INJECT_DISK_H

#include "inject.h"

struct bsp_disk {
	size_t row_begin, row_end, col_begin, col_end; /* its box */
	double row, col, radius;
};

/* The disk around the job's position in the job's image. */
struct bsp_disk bsp_disk_at(const struct bsp_inject_job *job, double radius);

/* The squared distance of a sample from the centre. */
static inline double
bsp_disk_distance2(const struct bsp_disk *disk, size_t row, size_t col)
{
	double dr = (double)row - disk->row, dc = (double)col - disk->col;

	return dr * dr + dc * dc;
}

/* Does the disk cover this sample, which is foreground? */
static inline bool
bsp_disk_covers(const struct bsp_disk *disk, const struct bsp_image *healthy,
    size_t row, size_t col)
{
	return bsp_disk_distance2(disk, row, col) <
	    disk->radius * disk->radius &&
	    healthy->data[row * healthy->cols + col] > 0;
}

#define BSP_RADIUS_PARAM                                                   \
	{                                                                  \
		.name = "radius", .unit = "pixels",                        \
		.help = "radius; samples nearer to the centre are changed", \
		.type = BSP_REAL, .initial = 20,                           \
		.min = 0, .max = 100000, .above_min = true,                \
	}

#endif
