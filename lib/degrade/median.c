/*
 * median: the middle of a square window, half-sample symmetric border; the
 * function of scipy.ndimage.median_filter with its defaults.
 */
#include "../kernels/kernels.h"
#include "degrade.h"

enum { SIZE };

const struct bsp_param bsp_median_params[] = {
	[SIZE] = {
		.name = "size", .unit = "pixels",
		.help = "rows and columns of the window, odd",
		.type = BSP_ODD, .initial = 5,
		.min = 1, .max = 255,
	},
	{.name = NULL},
};

int
bsp_degrade_median(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	size_t size = (size_t)params[SIZE];

	(void)job;
	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	return bsp_median(in->data, out->data, in->rows, in->cols, size / 2,
	    e);
}
