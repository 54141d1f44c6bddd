/*
 * Images of a sweep: see batch.h.
 */
#include <errno.h>
#include <omp.h>
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

	batch->capacity = old == 0 ? 16 : 2 * old;
	batch->image = grow(batch->image, batch->capacity,
	    sizeof *batch->image);
	batch->donor = grow(batch->donor, batch->capacity,
	    sizeof *batch->donor);
	batch->shape = grow(batch->shape, batch->capacity,
	    sizeof *batch->shape);
	for (i = old; i < batch->capacity; i++)
		batch->image[i] = batch->donor[i] = batch->shape[i] =
		    (struct bsp_image){0};
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
	for (batch->count = 0; !batch->last && used < batch->memory;
	    batch->count++) {
		if (batch->count == batch->capacity)
			reserve(batch);
		if (!source_next(source, &batch->image[batch->count],
		    batch->recon == NULL ? NULL :
		    &batch->recon[batch->count * batch->recons_each],
		    &batch->donor[batch->count],
		    &batch->shape[batch->count])) {
			batch->last = true;
			break;
		}
		used += (2 + batch->recons_each) * sizeof(float) *
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

/*
 * Into how many pieces the pairs of an image are cut: few images are not to
 * leave threads idle.  The short way wants whole degradations.
 */
static size_t
count_pieces(const struct batch *batch, size_t *unit)
{
	const struct grid *grid = batch->grid;
	bool short_way = bsp_sweep_is_local(grid->sweep);
	size_t wanted = 8 * (size_t)omp_get_max_threads(), units, pieces;

	*unit = short_way ? grid->injects : 1;
	units = (grid->end - grid->begin + *unit - 1) / *unit;
	pieces = wanted / batch->count + 1;
	return pieces < units ? pieces : units;
}

/* What a thread found wrong: the first piece in order counts. */
struct failure {
	size_t piece;
	struct bsp_error error;
};

static void
run_piece(struct batch *batch, size_t image, size_t begin, size_t end,
    struct bsp_error *e, bool *failed)
{
	const struct grid *grid = batch->grid;
	size_t each = grid->residuals * grid->sweep->metrics;
	struct bsp_sweep_image in = {
		.image = &batch->image[image],
		.donor = batch->donor[image].data != NULL ?
		    &batch->donor[image] : NULL,
		.shape = batch->shape[image].data != NULL ?
		    &batch->shape[image] : NULL,
		.recon = batch->recons_each == 0 ? NULL :
		    &batch->recon[image * batch->recons_each],
		.index = batch->first + image,
	};
	double *values = batch->values + (image * (grid->end - grid->begin) +
	    begin - grid->begin) * each;
	size_t *anomalous = begin == grid->begin ? batch->anomalous +
	    image * grid->injects : NULL;

	*failed = bsp_sweep_run(grid->sweep, &in, begin, end, values,
	    anomalous, e) != 0;
}

/*
 * Values that do not go with each other, or with a window, are refused only
 * where they are used, in a text that begins with the parameter's name; say in
 * which option that is.
 */
static void
blame_option(const struct bsp_sweep *sweep, const struct bsp_error *e)
{
	static const char *const option[] = {"inject", "degrade", "residual"};
	const struct bsp_kind *kind[] = {sweep->inject.kind,
	    sweep->degrade.kind, sweep->residual.kind};
	size_t k, i, n;
	const char *name;

	for (k = 0; k < 3; k++)
		for (i = 0; kind[k] != NULL && i < bsp_kind_params(kind[k]);
		    i++) {
			name = bsp_kind_param(kind[k], i)->name;
			n = strlen(name);
			if (strncmp(e->text, name, n) == 0 &&
			    e->text[n] == ':')
				cli_usage("--%s: %s: %s", option[k],
				    kind[k]->name, e->text);
		}
}

/* The error of the earliest piece, blamed on its image. */
static _Noreturn void
die_of(const struct batch *batch, const struct source *source,
    const struct failure *failure, size_t pieces)
{
	struct bsp_error e = failure->error;
	size_t image = failure->piece / pieces;

	if (e.status == BSP_USAGE)
		blame_option(batch->grid->sweep, &e);
	if (e.status == BSP_DATA && e.stream == NULL)
		bsp_reader_blame(source->images, &e);
	e.image = (int64_t)(source->count - batch->count + image);
	cli_die(&e);
}

void
batch_run(struct batch *batch, const struct source *source,
    struct progress *progress)
{
	const struct grid *grid = batch->grid;
	size_t unit, pieces = count_pieces(batch, &unit);
	size_t units = (grid->end - grid->begin + unit - 1) / unit;
	size_t n = batch->count * pieces, done = 0, i;
	uint64_t cells = grid_cells(grid), before;
	struct failure failure = {.piece = n};

	before = (source->count - batch->count) * cells;
#pragma omp parallel for schedule(dynamic, 1)
	for (i = 0; i < n; i++) {
		size_t piece = i % pieces;
		size_t begin = grid->begin + piece * units / pieces * unit;
		size_t end = grid->begin + (piece + 1) * units / pieces * unit;
		struct bsp_error e = {0};
		bool failed = false, late;

		if (end > grid->end)
			end = grid->end;
#pragma omp critical
		late = i > failure.piece;
		if (!late)
			run_piece(batch, i / pieces, begin, end, &e, &failed);
#pragma omp critical
		{
			done += end - begin;
			if (failed && i < failure.piece)
				failure = (struct failure){i, e};
			progress_show(progress, before +
			    done * grid->residuals,
			    batch->last ? source->count * cells : 0);
		}
	}
	if (failure.piece < n)
		die_of(batch, source, &failure, pieces);
}
