/*
 * The table of anomalies, where an anomaly lies, and how anomalies are put into
 * an image.
 */
#include <string.h>

#include "inject.h"

const struct bsp_kind bsp_inject_kinds[] = {
	{
		.name = "disk",
		.summary = "a disk of constant intensity",
		.source = "Meissen et al., MIDL 2022, experiment 1",
		.inputs = 1,
		.params = bsp_disk_params,
		.apply = BSP_INJECT(bsp_inject_disk),
	},
	{
		.name = "source",
		.summary = "a disk whose texture is pushed away from its centre",
		.source = "Meissen et al., MIDL 2022, experiment 2",
		.inputs = 1,
		.params = bsp_deform_params,
		.apply = BSP_INJECT(bsp_inject_source),
	},
	{
		.name = "sink",
		.summary = "a disk whose texture is pulled towards its centre",
		.source = "Meissen et al., MIDL 2022, experiment 2",
		.inputs = 1,
		.params = bsp_deform_params,
		.apply = BSP_INJECT(bsp_inject_sink),
	},
	{
		.name = "shuffle",
		.summary = "a disk whose samples are permuted",
		.source = "Meissen et al., MIDL 2022, experiment 2",
		.inputs = 1,
		.params = bsp_deform_params,
		.apply = BSP_INJECT(bsp_inject_shuffle),
	},
	{
		.name = "sprites",
		.summary = "three ellipses: dark, medium, bright",
		.source = "Bercea et al., 2023 (PHANES, RA)",
		.inputs = 1,
		.params = bsp_sprites_params,
		.drawn = bsp_sprites_drawn,
		.apply = BSP_INJECT(bsp_inject_sprites),
	},
	{
		.name = "coarse-noise",
		.summary = "coarse noise over the whole foreground",
		.source = "Kascenas et al., 2022 (DAE)",
		.inputs = 1,
		.params = bsp_coarse_noise_params,
		.drawn = bsp_coarse_noise_drawn,
		.apply = BSP_INJECT(bsp_inject_coarse_noise),
	},
	{
		.name = "cutpaste",
		.summary = "a rectangle copied from elsewhere in the image",
		.source = "Li et al., 2021",
		.inputs = 1,
		.params = bsp_cutpaste_params,
		.drawn = bsp_cutpaste_drawn,
		.apply = BSP_INJECT(bsp_inject_cutpaste,
		    .check = bsp_cutpaste_check),
	},
	{
		.name = "lesion",
		.summary = "a shape from a given mask, of one intensity or blended",
		.source = "outlines of real lesions",
		.inputs = 1,
		.needs = BSP_SHAPE,
		.params = bsp_lesion_params,
		.apply = BSP_INJECT(bsp_inject_lesion),
	},
	{
		.name = "smooth-intensity",
		.summary = "a random shape, brighter or darker towards its middle",
		.source = "Baugh et al., MICCAI 2023 (Many tasks)",
		.inputs = 1,
		.drawn = bsp_smooth_drawn,
		.apply = BSP_INJECT(bsp_inject_smooth_intensity),
	},
	{
		.name = "bend-sink",
		.summary = "a random shape whose texture is pulled towards a point",
		.source = "Baugh et al., MICCAI 2023 (Many tasks)",
		.inputs = 1,
		.drawn = bsp_bend_drawn,
		.apply = BSP_INJECT(bsp_inject_bend_sink),
	},
	{
		.name = "bend-source",
		.summary = "a random shape whose texture is pushed away from a point",
		.source = "Baugh et al., MICCAI 2023 (Many tasks)",
		.inputs = 1,
		.drawn = bsp_bend_drawn,
		.apply = BSP_INJECT(bsp_inject_bend_source),
	},
	{
		.name = "fpi",
		.summary = "a square mixed with the same square of a donor image",
		.source = "Tan et al., 2020",
		.inputs = 1,
		.needs = BSP_DONOR,
		.drawn = bsp_foreign_drawn,
		.apply = BSP_INJECT(bsp_inject_fpi),
	},
	{
		.name = "pii",
		.summary = "a square of a donor image blended in without a seam",
		.source = "Tan et al., MICCAI 2021",
		.inputs = 1,
		.needs = BSP_DONOR,
		.drawn = bsp_foreign_drawn,
		.apply = BSP_INJECT(bsp_inject_pii),
	},
	{
		.name = "nsa",
		.summary = "a rescaled patch of a donor image, cloned without a seam",
		.source = "Schlueter et al., ECCV 2022",
		.inputs = 1,
		.needs = BSP_DONOR,
		.drawn = bsp_nsa_drawn,
		.apply = BSP_INJECT(bsp_inject_nsa),
	},
	{
		.name = "perlin",
		.summary = "patches of Perlin noise, mixed with noise or a donor image",
		.source = "Zavrtanik et al., ICCV 2021 (DRAEM)",
		.inputs = 1,
		.needs = BSP_MAY_DONOR,
		.params = bsp_perlin_params,
		.drawn = bsp_perlin_drawn,
		.apply = BSP_INJECT(bsp_inject_perlin),
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

/* The kind, its parameters, and what the job is to bring. */
static int
check_job(const struct bsp_kind *kind, const struct bsp_inject_job *job,
    const double *params, struct bsp_error *e)
{
	if (!BSP_KIND_IS(kind, inject))
		return bsp_kind_refuse(kind, "a kind of anomaly", e);
	if (job == NULL)
		return bsp_kind_lacks(kind, "job", e);
	if (bsp_params_check(kind, params, e) ||
	    bsp_input_check(kind, "healthy image", job->healthy, NULL, e))
		return -1;
	if (((kind->needs & BSP_DONOR) != 0 ||
	    ((kind->needs & BSP_MAY_DONOR) != 0 && job->donor != NULL)) &&
	    bsp_input_check(kind, "donor", job->donor, job->healthy, e))
		return -1;
	if ((kind->needs & BSP_SHAPE) != 0 &&
	    bsp_input_check(kind, "shape", job->shape, NULL, e))
		return -1;
	return bsp_foreground_check(job->healthy, e);
}

/* What is written is there and nothing that is read. */
static int
check_output(const struct bsp_kind *kind, const struct bsp_inject_job *job,
    const struct bsp_image *image, const struct bsp_image *label,
    struct bsp_error *e)
{
	const struct bsp_image *read[] = {job->healthy, job->donor,
	    job->shape};
	size_t i;

	if (image == NULL || label == NULL)
		return bsp_kind_lacks(kind, image == NULL ? "image" : "label",
		    e);
	for (i = 0; i < sizeof read / sizeof read[0]; i++)
		if (bsp_apart_check(kind, image, read[i], e) ||
		    bsp_apart_check(kind, label, read[i], e))
			return -1;
	return bsp_apart_check(kind, label, image, e);
}

/* Where the anomaly is to lie, and which it is. */
static int
check_place(const struct bsp_inject_job *job, struct bsp_error *e)
{
	const struct bsp_image *image = job->healthy;

	if (job->row >= image->rows || job->col >= image->cols)
		return bsp_error_set(e, BSP_USAGE, "row %zu, column %zu lies "
		    "outside the image, expected rows below %zu and columns "
		    "below %zu", job->row, job->col, image->rows,
		    image->cols);
	return bsp_draw_number_check(job->number, e);
}

int
bsp_inject(const struct bsp_kind *kind, const struct bsp_inject_job *job,
    const double *params, struct bsp_image *image, struct bsp_image *label,
    struct bsp_error *e)
{
	if (check_job(kind, job, params, e) || check_place(job, e) ||
	    check_output(kind, job, image, label, e) ||
	    bsp_image_check(kind, "image", image, job->healthy, e) ||
	    bsp_image_check(kind, "label", label, job->healthy, e))
		return -1;
	return kind->apply->inject(job, params, image, label, e);
}

/* The healthy image, and nothing labelled. */
static int
begin(const struct bsp_image *healthy, struct bsp_image *image,
    struct bsp_image *label, struct bsp_error *e)
{
	if (bsp_image_copy(image, healthy, e) ||
	    bsp_image_resize(label, healthy->rows, healthy->cols, e))
		return -1;
	memset(label->data, 0, bsp_image_size(label) * sizeof *label->data);
	return 0;
}

/*
 * Put anomaly i of the run.  The job's images were checked, once for all; what
 * may change from one to the next is checked here.
 */
static int
put(const struct bsp_inject_run *run, size_t i, struct bsp_inject_job *job,
    double *params, struct bsp_image *image, struct bsp_image *label,
    struct bsp_error *e)
{
	job->number = (uint32_t)i;
	if (run->before != NULL) {
		if (run->before(run->with, i, job, params, e) ||
		    bsp_params_check(run->kind, params, e))
			return -1;
	} else if (bsp_position_draw(job->healthy, job->seed, job->index,
	    job->number, &job->row, &job->col, e)) {
		return -1;
	}
	if (check_place(job, e) ||
	    run->kind->apply->inject(job, params, image, label, e))
		return -1;
	return run->after == NULL ? 0 :
	    run->after(run->with, job, params, image, label, e);
}

int
bsp_inject_image(const struct bsp_inject_run *run,
    const struct bsp_inject_job *given, struct bsp_image *image,
    struct bsp_image *label, struct bsp_error *e)
{
	struct bsp_inject_job job;
	double params[BSP_PARAMS_MAX] = {0};
	size_t i;

	if (run == NULL)
		return bsp_kind_refuse(NULL, "a kind of anomaly", e);
	if (check_job(run->kind, given, run->params, e) ||
	    check_output(run->kind, given, image, label, e) ||
	    begin(given->healthy, image, label, e))
		return -1;
	job = *given;
	if (run->params != NULL)
		memcpy(params, run->params,
		    bsp_kind_params(run->kind) * sizeof *params);
	for (i = 0; i < run->count; i++)
		if (put(run, i, &job, params, image, label, e))
			return -1;
	return 0;
}
