/*
 * Thresholds from healthy maps: see thresholds.h.
 *
 * A threshold is that of all pixels of all images, 4 bytes each, under one
 * degradation and residual.  So the images are read several times, each time
 * for some degradations.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "../cli/threads.h"
#include "thresholds.h"

struct run {
	struct bsp_sweep *sweep;
	const struct grid *grid;
	struct batch *batch;
	double *threshold;           /* the sweep's */
	size_t pixels, largest;      /* that count; of an image */
	size_t first, degrades;      /* of those held at once */
	struct bsp_healthy *healthy; /* [degrades][residuals] */
	pthread_mutex_t lock;        /* of healthy */
};

/* What is held of one degradation while its maps are added. */
struct adding {
	struct run *run;
	struct bsp_healthy *healthy; /* [residuals] */
	const struct bsp_image *within;
};

static void *
take(void *memory, size_t pixels)
{
	struct bsp_error e;

	if (memory == NULL) {
		bsp_error_system(&e, ENOMEM, "maps of %zu healthy pixels",
		    pixels);
		cli_die(&e);
	}
	return memory;
}

/* Read all to the end: how many pixels there are. */
static void
count_pixels(struct run *run, struct source *source)
{
	struct progress progress;
	size_t i, k, n;

	progress_begin(&progress, "images");
	while (batch_read(run->batch, source)) {
		for (i = 0; i < run->batch->count; i++) {
			n = bsp_image_size(&run->batch->image[i]);
			run->largest = n > run->largest ? n : run->largest;
			for (k = 0; k < n; k++)
				run->pixels += source->within.path == NULL ||
				    run->batch->within[i].data[k] != 0;
		}
		progress_show(&progress, source->count, 0);
	}
	progress_end(&progress);
}

/* Any order will do: they are sorted. */
static int
add_map(void *with, size_t residual, const struct bsp_image *map,
    struct bsp_error *e)
{
	struct adding *adding = with;
	int result;

	pthread_mutex_lock(&adding->run->lock);
	result = bsp_healthy_add(&adding->healthy[residual], map,
	    adding->within, e);
	pthread_mutex_unlock(&adding->run->lock);
	return result;
}

/* One image under one degradation. */
static int
add_image(void *with, size_t piece, struct bsp_error *e)
{
	struct run *run = with;
	size_t degrade = piece % run->degrades;
	struct bsp_sweep_image image = batch_image(run->batch,
	    piece / run->degrades);
	struct adding adding = {.run = run,
	    .healthy = run->healthy + degrade * run->grid->residuals,
	    .within = image.within};

	return bsp_sweep_healthy(run->sweep, &image, run->first + degrade,
	    add_map, &adding, e);
}

/* Sort the scores of one degradation and residual. */
static int
find(void *with, size_t cell, struct bsp_error *e)
{
	struct run *run = with;
	size_t points = run->sweep->points, k;
	double *to = run->threshold + (run->first * run->grid->residuals +
	    cell) * points;
	struct bsp_threshold threshold;

	for (k = 0; k < points; k++) {
		if (bsp_healthy_threshold(&run->healthy[cell],
		    run->grid->point[k].value, &threshold, e))
			return -1;
		to[k] = threshold.value;
	}
	return 0;
}

/* The degradations that are held at once, from the images' first to last. */
static void
run_some(struct run *run, struct source *source, uint64_t threads)
{
	size_t cells = run->degrades * run->grid->residuals, i, n;
	struct bsp_error e = {0};

	for (i = 0; i < cells; i++) {
		run->healthy[i].keys.capacity = run->pixels + run->largest;
		run->healthy[i].keys.key = take(malloc((run->pixels +
		    run->largest) * sizeof *run->healthy[i].keys.key),
		    run->pixels);
	}
	while (batch_read(run->batch, source)) {
		n = run->batch->count * run->degrades;
		i = cli_at_once(threads, n, add_image, run, &e);
		if (i < n) {
			e.image = (int64_t)(i / run->degrades);
			batch_die(run->batch, source, &e);
		}
	}
	if (cli_at_once(threads, cells, find, run, &e) < cells)
		cli_die(&e);
	for (i = 0; i < cells; i++)
		bsp_healthy_free(&run->healthy[i]);
}

void
thresholds_set(struct bsp_sweep *sweep, const struct grid *grid,
    struct source *source, uint64_t memory, uint64_t threads,
    uint64_t first_index)
{
	struct grid none = *grid;
	struct batch batch = {.grid = &none, .memory = memory / 2 + 1};
	struct run run = {.sweep = sweep, .grid = grid, .batch = &batch};
	size_t end = grid->end == grid->begin ? 0 :
	    (grid->end - 1) / grid->injects + 1, at_once;
	uint64_t images;

	none.end = none.begin; /* nothing is scored */
	pthread_mutex_init(&run.lock, NULL);
	count_pixels(&run, source);
	run.threshold = take(calloc(grid->degrades * grid->residuals *
	    sweep->points, sizeof *run.threshold), run.pixels);
	at_once = (size_t)(memory / 2 / (sizeof(uint32_t) * grid->residuals *
	    (run.pixels + 1)));
	at_once = at_once > 0 ? at_once : 1;
	run.healthy = take(calloc((at_once < end ? at_once : end + 1) *
	    grid->residuals, sizeof *run.healthy), run.pixels);
	images = source->count;
	for (run.first = grid->begin / grid->injects; run.first < end &&
	    images > 0; run.first += run.degrades) {
		run.degrades = end - run.first < at_once ? end - run.first :
		    at_once;
		source_again(source, false);
		batch_rewind(&batch, first_index);
		run_some(&run, source, threads);
	}
	source_again(source, true);
	sweep->threshold = run.threshold;
	free(run.healthy);
	batch_free(&batch);
	pthread_mutex_destroy(&run.lock);
}
