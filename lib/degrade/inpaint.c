/*
 * inpaint: what a mask covers is filled with the smoothest continuation of what
 * surrounds it, a solution of Laplace's equation.
 */
#include <errno.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "degrade.h"

int
bsp_degrade_inpaint(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	size_t n = bsp_image_size(in), i, known = 0;
	double *x, mean = 0;
	uint8_t *unknown;
	int result = -1;

	(void)params;
	x = calloc(2 * n, sizeof *x);
	unknown = malloc(n);
	if (x == NULL || unknown == NULL) {
		bsp_error_system(e, ENOMEM, "a mask of %zu x %zu", in->cols,
		    in->rows);
		goto out;
	}
	for (i = 0; i < n; i++) {
		unknown[i] = job->mask->data[i] > 0;
		x[i] = (double)in->data[i];
		if (!unknown[i]) {
			mean += x[i];
			known++;
		}
	}
	mean = known > 0 ? mean / (double)known : 0;
	for (i = 0; i < n; i++)
		x[i] = unknown[i] ? mean : x[i];
	if (bsp_poisson(x, unknown, x + n, in->rows, in->cols, e) ||
	    bsp_image_resize(out, in->rows, in->cols, e))
		goto out;
	for (i = 0; i < n; i++)
		out->data[i] = (float)x[i];
	result = 0;
out:
	free(x);
	free(unknown);
	return result;
}
