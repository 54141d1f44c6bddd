/*
 * What the anomalies of a grid change in one image.
 */
#include <errno.h>
#include <stdlib.h>

#include "sweep.h"

/* One pixel that one cell changes or covers. */
struct change {
	uint32_t at;
	float value;
	uint8_t label;
};

/* The changes of all cells, one cell after another. */
struct changes {
	struct change *change;
	size_t count, capacity;
	size_t *end; /* [cells] */
};

/* Anomalies an image. */
static size_t
count_of(const struct bsp_sweep *sweep)
{
	return sweep->count > 0 ? sweep->count : 1;
}

/* What the cells of a grid are put in by. */
struct cells {
	const struct bsp_sweep *sweep;
	size_t count;                  /* anomalies a cell */
	const struct bsp_place *place; /* [count] the same in all */
	struct changes *changes;
	size_t done;
};

/* Every cell is the image's first anomalies. */
static int
begin_cell(void *with, size_t i, struct bsp_inject_job *job, double *params,
    struct bsp_error *e)
{
	const struct cells *cells = with;

	(void)e;
	bsp_spec_cell(&cells->sweep->inject, i / cells->count, params);
	job->number = (uint32_t)(i % cells->count);
	job->row = cells->place[job->number].row;
	job->col = cells->place[job->number].col;
	return 0;
}

#define BLOCK 64 /* pixels compared at once; most are as they were */

/* Does a pixel differ from the healthy one, or have a label? */
BSP_CLONES static bool
differ(const float *image, const float *healthy, const float *label, size_t n)
{
	uint32_t a, b, different = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(&a, &image[i], sizeof a);
		memcpy(&b, &healthy[i], sizeof b);
		different |= (a ^ b) | (label[i] != 0);
	}
	return different != 0;
}

/* Record what the cell changed in n pixels, and undo it. */
static int
take_block(struct changes *changes, const float *healthy, size_t begin,
    size_t n, struct bsp_image *image, struct bsp_image *label,
    struct bsp_error *e)
{
	struct change *change;
	size_t i;

	if (bsp_array_grow(&changes->change, &changes->capacity,
	    changes->count + n, sizeof *changes->change, e))
		return -1;
	for (i = begin; i < begin + n; i++) {
		if (label->data[i] == 0 && memcmp(&image->data[i],
		    &healthy[i], sizeof *healthy) == 0)
			continue;
		change = &changes->change[changes->count++];
		change->at = (uint32_t)i;
		change->value = image->data[i];
		change->label = label->data[i] != 0;
		image->data[i] = healthy[i];
		label->data[i] = 0;
	}
	return 0;
}

static int
take_changes(void *with, const struct bsp_inject_job *job,
    const double *params, struct bsp_image *image, struct bsp_image *label,
    struct bsp_error *e)
{
	struct cells *cells = with;
	const float *healthy = job->healthy->data;
	size_t i, size, n = bsp_image_size(job->healthy);

	(void)params;
	if (job->number + 1 < cells->count)
		return 0;
	for (i = 0; i < n; i += size) {
		size = n - i < BLOCK ? n - i : BLOCK;
		if (differ(image->data + i, healthy + i, label->data + i,
		    size) && take_block(cells->changes, healthy, i, size,
		    image, label, e))
			return -1;
	}
	cells->changes->end[cells->done++] = cells->changes->count;
	return 0;
}

static int
find_changes(const struct bsp_sweep *sweep, const struct bsp_inject_job *job,
    const struct bsp_place *place, struct changes *changes,
    struct bsp_error *e)
{
	struct cells cells = {.sweep = sweep, .count = count_of(sweep),
	    .place = place, .changes = changes};
	double params[BSP_PARAMS_MAX];
	struct bsp_inject_run run = {
		.kind = sweep->inject.kind,
		.params = params,
		.count = bsp_spec_cells(&sweep->inject) * cells.count,
		.before = begin_cell,
		.after = take_changes,
		.with = &cells,
	};
	struct bsp_image image = {0}, label = {0};
	int result;

	bsp_spec_cell(&sweep->inject, 0, params);
	result = bsp_inject_image(&run, job, &image, &label, e);
	bsp_image_free(&image);
	bsp_image_free(&label);
	return result;
}

/* Where the anomalies lie: as given, or drawn into place[]. */
static int
find_places(const struct bsp_sweep *sweep, const struct bsp_sweep_image *in,
    const struct bsp_image *healthy, struct bsp_place *place,
    struct bsp_error *e)
{
	size_t i, n = count_of(sweep);

	for (i = 0; i < n; i++) {
		if (in->place != NULL)
			place[i] = in->place[i];
		else if (bsp_position_draw(healthy, sweep->seed, in->index,
		    (uint32_t)i, &place[i].row, &place[i].col, e))
			return -1;
	}
	return 0;
}

/* Number the changed pixels in order; place[] says which each pixel is. */
static int
number_pixels(const struct changes *changes, struct bsp_patch *patch,
    uint32_t *place, size_t pixels, struct bsp_error *e)
{
	size_t i;

	memset(place, 0, pixels * sizeof *place);
	for (i = 0; i < changes->count; i++)
		place[changes->change[i].at] = 1;
	for (i = patch->pixels = 0; i < pixels; i++)
		patch->pixels += place[i];
	patch->at = malloc((patch->pixels + 1) * sizeof *patch->at);
	if (patch->at == NULL)
		return bsp_error_system(e, ENOMEM, "a patch of %zu pixels",
		    patch->pixels);
	for (i = patch->pixels = 0; i < pixels; i++)
		if (place[i]) {
			patch->at[patch->pixels] = (uint32_t)i;
			place[i] = (uint32_t)patch->pixels++;
		}
	return 0;
}

static bool
is_uniform(const struct bsp_patch *patch, size_t cell)
{
	const float *value = patch->value + cell * patch->pixels;
	size_t i;

	for (i = 1; i < patch->pixels; i++)
		if (value[i] != value[0])
			return false;
	return patch->pixels > 0 && patch->covered[cell] == patch->pixels;
}

static int
fill_patch(const struct changes *changes, const struct bsp_image *healthy,
    const uint32_t *place, struct bsp_patch *patch, struct bsp_error *e)
{
	size_t cell, i, k = 0, n = patch->pixels, all = patch->cells * n + 1;
	const struct change *change;

	patch->value = malloc(all * sizeof *patch->value);
	patch->label = calloc(all, sizeof *patch->label);
	if (patch->value == NULL || patch->label == NULL)
		return bsp_error_system(e, ENOMEM,
		    "%zu patches of %zu pixels", patch->cells, n);
	for (cell = 0; cell < patch->cells; cell++) {
		for (i = 0; i < n; i++)
			patch->value[cell * n + i] =
			    healthy->data[patch->at[i]];
		patch->covered[cell] = 0;
		for (; k < changes->end[cell]; k++) {
			change = &changes->change[k];
			i = cell * n + place[change->at];
			patch->value[i] = change->value;
			patch->label[i] = change->label;
			patch->covered[cell] += change->label;
		}
		patch->uniform[cell] = is_uniform(patch, cell);
	}
	return 0;
}

/* What anomalies are put into: outside the mask all is as background. */
static int
mask_healthy(const struct bsp_image *healthy, const struct bsp_image *within,
    struct bsp_image *masked, const struct bsp_image **seen,
    struct bsp_error *e)
{
	*seen = within == NULL ? healthy : masked;
	return within != NULL && (bsp_image_copy(masked, healthy, e) ||
	    bsp_mask_apply(within, masked, e)) ? -1 : 0;
}

int
bsp_patch_make(const struct bsp_sweep *sweep,
    const struct bsp_image *healthy, const struct bsp_sweep_image *in,
    struct bsp_patch *patch, struct bsp_error *e)
{
	struct bsp_inject_job job = {.seed = sweep->seed, .index = in->index,
	    .donor = in->donor, .shape = in->shape};
	struct bsp_image masked = {0};
	size_t cells = bsp_spec_cells(&sweep->inject);
	size_t pixels = bsp_image_size(healthy);
	struct changes changes = {0};
	struct bsp_place *centre;
	uint32_t *place;
	int result = -1;

	*patch = (struct bsp_patch){.cells = cells};
	place = malloc(pixels * sizeof *place);
	centre = malloc(count_of(sweep) * sizeof *centre);
	changes.end = malloc(cells * sizeof *changes.end);
	patch->covered = malloc(cells * sizeof *patch->covered);
	patch->uniform = malloc(cells * sizeof *patch->uniform);
	if (place == NULL || centre == NULL || changes.end == NULL || patch->covered == NULL ||
	    patch->uniform == NULL)
		bsp_error_system(e, ENOMEM, "a patch of %zu cells", cells);
	else if (mask_healthy(healthy, in->within, &masked, &job.healthy,
	    e) == 0 &&
	    find_places(sweep, in, job.healthy, centre, e) == 0 &&
	    find_changes(sweep, &job, centre, &changes, e) == 0 &&
	    number_pixels(&changes, patch, place, pixels, e) == 0)
		result = fill_patch(&changes, healthy, place, patch, e);
	bsp_image_free(&masked);
	free(place);
	free(centre);
	free(changes.end);
	free(changes.change);
	if (result != 0)
		bsp_patch_free(patch);
	return result;
}

void
bsp_patch_put(const struct bsp_patch *patch, size_t cell,
    struct bsp_image *image, struct bsp_image *label)
{
	size_t i, k = cell * patch->pixels;

	for (i = 0; i < patch->pixels; i++, k++) {
		image->data[patch->at[i]] = patch->value[k];
		if (label != NULL)
			label->data[patch->at[i]] = patch->label[k];
	}
}

void
bsp_patch_free(struct bsp_patch *patch)
{
	free(patch->at);
	free(patch->value);
	free(patch->label);
	free(patch->covered);
	free(patch->uniform);
	*patch = (struct bsp_patch){0};
}
