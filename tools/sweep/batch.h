/*
 * Images of a sweep held at once and run in parallel.
 */
#ifndef BATCH_H
#define BATCH_H

#include "grid.h"
#include "../cli/progress.h"
#include "source.h"

struct batch {
	const struct grid *grid;
	uint64_t memory;          /* bytes to hold at most, but for one image */
	size_t threads;           /* 0: one a processor */
	uint64_t first;           /* index of the first image */
	size_t count, capacity;
	size_t recons_each;       /* 0: none */
	struct bsp_image *image;  /* [capacity] */
	struct bsp_image *recon;  /* [capacity][recons_each] */
	/* [capacity], empty if there are none */
	struct bsp_image *donor, *shape, *within;
	struct bsp_place *place;  /* [capacity][anomalies], or NULL: drawn */
	double *values;           /* [count][cells][metrics] */
	size_t *anomalous;        /* [count][injects] */
	bool has_places;
	bool last;                /* the stream has ended */
};

/* Read as many images as memory allows, at least one; false if none is left. */
bool batch_read(struct batch *batch, struct source *source);

/* The i-th image with all that belongs to it. */
struct bsp_sweep_image batch_image(const struct batch *batch, size_t i);

/* Die of an error in an image, e->image counting from the batch's first. */
_Noreturn void batch_die(const struct batch *batch,
    const struct source *source, struct bsp_error *e);

/* Begin again, with an image of that index. */
void batch_rewind(struct batch *batch, uint64_t first);

void batch_free(struct batch *batch);

/* Run them in parallel; dies of the first error in image order. */
void batch_run(struct batch *batch, const struct source *source,
    struct progress *progress);

#endif
