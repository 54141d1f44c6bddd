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
		.drawn = bsp_sprites_drawn,
		.apply.inject = bsp_inject_sprites,
	},
	{
		.name = "coarse-noise",
		.summary = "coarse noise over the whole foreground",
		.source = "Kascenas et al., 2022 (DAE)",
		.inputs = 1,
		.params = bsp_coarse_noise_params,
		.drawn = bsp_coarse_noise_drawn,
		.apply.inject = bsp_inject_coarse_noise,
	},
	{
		.name = "cutpaste",
		.summary = "a rectangle from elsewhere in the image",
		.source = "Li et al., 2021",
		.inputs = 1,
		.params = bsp_cutpaste_params,
		.drawn = bsp_cutpaste_drawn,
		.check = bsp_cutpaste_check,
		.apply.inject = bsp_inject_cutpaste,
	},
	{
		.name = "lesion",
		.summary = "a shape from a mask, of one intensity or blended",
		.source = "outlines of real lesions",
		.inputs = 1,
		.needs = BSP_SHAPE,
		.params = bsp_lesion_params,
		.apply.inject = bsp_inject_lesion,
	},
	{
		.name = "smooth-intensity",
		.summary = "a shape brighter or darker towards its middle",
		.source = "Baugh et al., MICCAI 2023 (Many tasks)",
		.inputs = 1,
		.drawn = bsp_smooth_drawn,
		.apply.inject = bsp_inject_smooth_intensity,
	},
	{
		.name = "bend-sink",
		.summary = "a shape whose texture is pushed away from a point",
		.source = "Baugh et al., MICCAI 2023 (Many tasks)",
		.inputs = 1,
		.drawn = bsp_bend_drawn,
		.apply.inject = bsp_inject_bend_sink,
	},
	{
		.name = "bend-source",
		.summary = "a shape whose texture is drawn towards a point",
		.source = "Baugh et al., MICCAI 2023 (Many tasks)",
		.inputs = 1,
		.drawn = bsp_bend_drawn,
		.apply.inject = bsp_inject_bend_source,
	},
	{
		.name = "fpi",
		.summary = "a square mixed with that of a donor",
		.source = "Tan et al., 2020",
		.inputs = 1,
		.needs = BSP_DONOR,
		.drawn = bsp_foreign_drawn,
		.apply.inject = bsp_inject_fpi,
	},
	{
		.name = "pii",
		.summary = "the same without a seam, by Poisson's equation",
		.source = "Tan et al., MICCAI 2021",
		.inputs = 1,
		.needs = BSP_DONOR,
		.drawn = bsp_foreign_drawn,
		.apply.inject = bsp_inject_pii,
	},
	{
		.name = "nsa",
		.summary = "a rescaled patch of a donor, cloned without a seam",
		.source = "Schlueter et al., ECCV 2022",
		.inputs = 1,
		.needs = BSP_DONOR,
		.drawn = bsp_nsa_drawn,
		.apply.inject = bsp_inject_nsa,
	},
	{
		.name = "perlin",
		.summary = "patches of coherent noise, mixed with texture or a donor",
		.source = "Zavrtanik et al., ICCV 2021 (DRAEM)",
		.inputs = 1,
		.needs = BSP_MAY_DONOR,
		.params = bsp_perlin_params,
		.drawn = bsp_perlin_drawn,
		.apply.inject = bsp_inject_perlin,
	},
	{.name = NULL},
};

size_t
bsp_foreground_draw(const struct bsp_image *image, struct bsp_random *random)
{
	uint64_t k = bsp_random_below(random, bsp_image_foreground(image));
	size_t i;

	for (i = 0; ; i++)
		if (image->data[i] > 0 && k-- == 0)
			return i;
}

size_t
bsp_put_visible(const struct bsp_inject_job *job,
    const struct bsp_image *piece, size_t row, size_t col,
    struct bsp_image *image, struct bsp_image *label)
{
	size_t r, c, i, changed = 0;
	float x;

	for (r = 0; r < piece->rows; r++)
		for (c = 0; c < piece->cols; c++) {
			i = (row + r) * image->cols + col + c;
			if (job->healthy->data[i] <= 0)
				continue;
			x = piece->data[r * piece->cols + c];
			if (!bsp_is_visible(x, job->healthy->data[i]))
				continue;
			image->data[i] = x;
			label->data[i] = 1;
			changed++;
		}
	return changed;
}

int
bsp_position_draw(const struct bsp_image *image, uint64_t seed,
    uint64_t index, uint32_t number, size_t *row, size_t *col,
    struct bsp_error *e)
{
	struct bsp_random random;
	size_t i;

	if (bsp_foreground_check(image, e))
		return -1;
	bsp_random_start(&random, seed, BSP_DRAW_POSITION, number, index);
	i = bsp_foreground_draw(image, &random);
	*row = i / image->cols;
	*col = i % image->cols;
	return 0;
}
