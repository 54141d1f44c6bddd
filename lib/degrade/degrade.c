/*
 * The table of degradations: simulated imperfect reconstructions.
 */
#include "degrade.h"

const struct bsp_kind bsp_degrade_kinds[] = {
	{
		.name = "none",
		.summary = "the perfect reconstruction",
		.source = "Meissen et al., MIDL 2022",
		.inputs = 1,
		.apply.degrade = bsp_degrade_none,
	},
	{
		.name = "blur",
		.summary = "Gaussian blur, the paper's imperfect reconstruction",
		.source = "Meissen et al., MIDL 2022, experiments 1 and 2",
		.inputs = 1,
		.params = bsp_blur_params,
		.apply.degrade = bsp_degrade_blur,
	},
	{.name = NULL},
};

int
bsp_degrade_none(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	(void)job;
	(void)params;
	return bsp_image_copy(out, in, e);
}
