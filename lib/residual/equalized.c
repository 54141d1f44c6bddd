/*
 * equalized: the equalised input itself is the map; no reconstruction at all.
 * Source: Meissen, Kaissis, Rueckert, "Challenging current semi-supervised
 * anomaly segmentation methods for brain MRI", 2021.
 */
#include <string.h>

#include "residual.h"

int
bsp_residual_equalized(const struct bsp_residual_job *job,
    const double *params, struct bsp_image *map, struct bsp_error *e)
{
	(void)params;
	if (job->equalization != NULL)
		return bsp_equalization_apply(job->equalization, job->input,
		    map, e);
	if (bsp_image_foreground(job->input) > 0)
		return bsp_equalize(job->input, map, e);
	if (bsp_image_resize(map, job->input->rows, job->input->cols, e))
		return -1;
	memset(map->data, 0, bsp_image_size(map) * sizeof *map->data);
	return 0;
}
