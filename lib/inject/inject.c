/*
 * The table of anomalies, and where an anomaly lies.
 */
#include "inject.h"

const struct bsp_kind bsp_inject_kinds[] = {
	{
		.name = "disk",
		.summary = "a disk of constant intensity",
		.source = "Meissen et al., MIDL 2022, experiment 1",
		.inputs = 1,
		.params = bsp_disk_params,
		.apply.inject = bsp_inject_disk,
	},
	{
		.name = "source",
		.summary = "a disk whose texture is drawn towards its centre",
		.source = "Meissen et al., MIDL 2022, experiment 2",
		.inputs = 1,
		.params = bsp_deform_params,
		.apply.inject = bsp_inject_source,
	},
	{
		.name = "sink",
		.summary = "a disk whose texture is pushed away from its centre",
		.source = "Meissen et al., MIDL 2022, experiment 2",
		.inputs = 1,
		.params = bsp_deform_params,
		.apply.inject = bsp_inject_sink,
	},
	{
		.name = "shuffle",
		.summary = "a disk whose samples are permuted",
		.source = "Meissen et al., MIDL 2022, experiment 2",
		.inputs = 1,
		.params = bsp_deform_params,
		.apply.inject = bsp_inject_shuffle,
	},
	{
		.name = "sprites",
		.summary = "three ellipses: dark, middling, bright",
		.source = "Bercea et al., 2023 (PHANES, RA)",
		.inputs = 1,
		.params = bsp_sprites_params,
		.apply.inject = bsp_inject_sprites,
	},
	{
		.name = "coarse-noise",
		.summary = "coarse noise over the whole foreground",
		.source = "Kascenas et al., 2022 (DAE)",
		.inputs = 1,
		.params = bsp_coarse_noise_params,
		.apply.inject = bsp_inject_coarse_noise,
	},
	{
		.name = "cutpaste",
		.summary = "a rectangle from elsewhere in the image",
		.source = "Li et al., 2021",
		.inputs = 1,
		.params = bsp_cutpaste_params,
		.apply.inject = bsp_inject_cutpaste,
	},
	{.name = NULL},
};

int
bsp_position_draw(const struct bsp_image *image, uint64_t seed,
    uint64_t index, uint32_t number, size_t *row, size_t *col,
    struct bsp_error *e)
{
	size_t i, foreground = bsp_image_foreground(image);
	struct bsp_random random;
	uint64_t k;

	if (foreground == 0)
		return bsp_error_set(e, BSP_DATA,
		    "an image of %zu x %zu without foreground (no sample above "
		    "0): there is nowhere to put an anomaly", image->cols,
		    image->rows);
	bsp_random_start(&random, seed, BSP_DRAW_POSITION, number, index);
	k = bsp_random_below(&random, foreground);
	for (i = 0; ; i++)
		if (image->data[i] > 0 && k-- == 0)
			break;
	*row = i / image->cols;
	*col = i % image->cols;
	return 0;
}
