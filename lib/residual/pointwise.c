/*
 * Residuals that look at one pixel at a time.  The difference is taken in
 * float32, as the samples are.
 */
#include <math.h>

#include "residual.h"

/*
 * Define one kind by what it makes of d = x - y.  The loop is written once and
 * compiled for each, so that no kind pays for a call a pixel.
 */
#define POINTWISE(name, of_d)                                              \
	BSP_CLONES static void                                             \
	name##_loop(const float *x, const float *y, float *a, size_t n)    \
	{                                                                  \
		size_t i;                                                  \
		float d;                                                   \
                                                                           \
		for (i = 0; i < n; i++) {                                  \
			d = x[i] - y[i];                                   \
			a[i] = (of_d);                                     \
		}                                                          \
	}                                                                  \
                                                                           \
	int                                                                \
	bsp_residual_##name(const struct bsp_residual_job *job,            \
	    const double *params, struct bsp_image *map,                   \
	    struct bsp_error *e)                                           \
	{                                                                  \
		(void)params;                                              \
		if (bsp_image_resize(map, job->input->rows,                \
		    job->input->cols, e))                                  \
			return -1;                                         \
		name##_loop(job->input->data, job->recon->data, map->data, \
		    bsp_image_size(map));                                  \
		return 0;                                                  \
	}

POINTWISE(abs, fabsf(d))
POINTWISE(square, d * d)
POINTWISE(signed, d)
POINTWISE(positive, d > 0 ? d : 0)
POINTWISE(negative, d < 0 ? -d : 0)
