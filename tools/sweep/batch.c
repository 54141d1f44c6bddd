/*
 * Images of a sweep: see batch.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"

static void *
grow(void *old, size_t n, size_t size)
{
	struct bsp_error e;
	void *new = NULL;

	if (n > 0 && n <= SIZE_MAX / size)
		new = realloc(old, n * size);
	if (new == NULL) {
		bsp_error_system(&e, ENOMEM, "a batch of %zu x %zu bytes", n,
		    size);
		cli_die(&e);
	}
	return new;
}

/* Room for twice as many images; the new ones are empty. */
static void
reserve(struct batch *batch)
{
	size_t old = batch->capacity, i, r = batch->recons_each;
	size_t anomalies = batch->grid->sweep->count;

	batch->capacity = old == 0 ? 16 : 2 * old;
	batch->image = grow(batch->image, batch->capacity,
	    sizeof *batch->image);
	batch->donor = grow(batch->donor, batch->capacity,
	    sizeof *batch->donor);
	batch->shape = grow(batch->shape, batch->capacity,
	    sizeof *batch->shape);
	batch->within = grow(batch->within, batch->capacity,
	    sizeof *batch->within);
	for (i = old; i < batch->capacity; i++)
		batch->image[i] = batch->donor[i] = batch->shape[i] =
		    batch->within[i] = (struct bsp_image){0};
	if (batch->has_places)
		batch->place = grow(batch->place, batch->capacity * anomalies,
		    sizeof *batch->place);
	if (r == 0)
		return;
	batch->recon = grow(batch->recon, batch->capacity * r,
	    sizeof *batch->recon);
	for (i = old * r; i < batch->capacity * r; i++)
		batch->recon[i] = (struct bsp_image){0};
}

bool
batch_read(struct batch *batch, struct source *source)
{
	const struct grid *grid = batch->grid;
	size_t results = grid_cells(grid) * grid->sweep->metrics;
	uint64_t used = 0;

	batch->first += batch->count;
	batch->recons_each = source->recons == NULL ? 0 : source->recons_each;
	batch->has_places = source->positions != NULL;
	for (batch->count = 0; !batch->last && used < batch->memory;
	    batch->count++) {
		if (batch->count == batch->capacity)
			reserve(batch);
		if (!source_next(source, &batch->image[batch->count],
		    batch->recon == NULL ? NULL :
		    &batch->recon[batch->count * batch->recons_each],
		    &batch->donor[batch->count],
		    &batch->shape[batch->count],
		    &batch->within[batch->count],
		    batch->place == NULL ? NULL :
		    &batch->place[batch->count * grid->sweep->count])) {
			batch->last = true;
			break;
		}
		used += (2 + (size_t)(source->within.path != NULL) +
		    batch->recons_each) * sizeof(float) *
		    bsp_image_size(&batch->image[batch->count]) +
		    results * sizeof(double);
	}
	if (batch->count == 0)
		return false;
	batch->values = grow(batch->values, batch->count * results + 1,
	    sizeof *batch->values);
	batch->anomalous = grow(batch->anomalous,
	    batch->count * grid->injects, sizeof *batch->anomalous);
	return true;
}

static void
blame_kind(const char *option, const struct bsp_kind *kind,
    const struct bsp_error *e)
{
	const char *name;
	size_t i, n;

	for (i = 0; kind != NULL && i < bsp_kind_params(kind); i++) {
		name = bsp_kind_param(kind, i)->name;
		n = strlen(name);
		if (strncmp(e->text, name, n) == 0 && e->text[n] == ':')
			cli_usage("--%s: %s: %s", option, kind->name, e->text);
	}
}

/*
 * Values that do not go with each other, or with a window, are refused only
 * where they are used, in a text that begins with the parameter's name; say in
 * which option that is.
 */
static void
blame_option(const struct bsp_sweep *sweep, const struct bsp_error *e)
{
	size_t i;

	blame_kind("inject", sweep->inject.kind, e);
	blame_kind("degrade", sweep->degrade.kind, e);
	for (i = 0; i < sweep->residuals; i++)
		blame_kind("residual", sweep->residual[i].kind, e);
}

/* The first error in order, blamed on its image. */
void
batch_die(const struct batch *batch, const struct source *source,
    struct bsp_error *e)
{
	int64_t image = e->image;

	if (e->status == BSP_USAGE)
		blame_option(batch->grid->sweep, e);
	if (e->status == BSP_DATA && e->stream == NULL)
		bsp_reader_blame(source->images, e);
	e->image = (int64_t)(source->count - batch->count) + image;
	cli_die(e);
}

/* What the progress line counts: cells, of so many where that is known. */
struct told {
	struct progress *progress;
	uint64_t before, total, residuals;
};

static void
tell(void *with, uint64_t pairs)
{
	const struct told *told = with;

	progress_show(told->progress, told->before + pairs * told->residuals,
	    told->total);
}

struct bsp_sweep_image
batch_image(const struct batch *batch, size_t i)
{
	const struct bsp_image *donor = &batch->donor[i];
	const struct bsp_image *shape = &batch->shape[i];
	const struct bsp_image *within = &batch->within[i];

	return (struct bsp_sweep_image){
		.image = &batch->image[i],
		.donor = donor->data != NULL ? donor : NULL,
		.shape = shape->data != NULL ? shape : NULL,
		.within = within->data != NULL ? within : NULL,
		.recon = batch->recons_each == 0 ? NULL :
		    &batch->recon[i * batch->recons_each],
		.place = batch->place == NULL ? NULL :
		    &batch->place[i * batch->grid->sweep->count],
		.index = batch->first + i,
	};
}

void
batch_rewind(struct batch *batch, uint64_t first)
{
	batch->first = first;
	batch->count = 0;
	batch->last = false;
}

void
batch_free(struct batch *batch)
{
	size_t i;

	for (i = 0; i < batch->capacity; i++) {
		bsp_image_free(&batch->image[i]);
		bsp_image_free(&batch->donor[i]);
		bsp_image_free(&batch->shape[i]);
		bsp_image_free(&batch->within[i]);
	}
	for (i = 0; i < batch->capacity * batch->recons_each; i++)
		bsp_image_free(&batch->recon[i]);
	free(batch->image);
	free(batch->donor);
	free(batch->shape);
	free(batch->within);
	free(batch->recon);
	free(batch->place);
	free(batch->values);
	free(batch->anomalous);
}

void
batch_run(struct batch *batch, const struct source *source,
    struct progress *progress)
{
	const struct grid *grid = batch->grid;
	uint64_t cells = grid_cells(grid);
	struct told told = {progress, (source->count - batch->count) * cells,
	    batch->last ? source->count * cells : 0, grid->residuals};
	struct bsp_sweep_image *image = grow(NULL, batch->count,
	    sizeof *image);
	struct bsp_sweep_batch run = {.sweep = grid->sweep, .image = image,
	    .images = batch->count, .begin = grid->begin, .end = grid->end,
	    .threads = batch->threads, .values = batch->values,
	    .anomalous = batch->anomalous, .progress = tell, .with = &told};
	struct bsp_error e = {0};
	size_t i;

	for (i = 0; i < batch->count; i++)
		image[i] = batch_image(batch, i);
	if (bsp_sweep_images(&run, &e))
		batch_die(batch, source, &e);
	free(image);
}
