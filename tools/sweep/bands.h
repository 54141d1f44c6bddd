/*
 * Intervals of every cell of a sweep: of the same replicates in each.
 */
#ifndef BANDS_H
#define BANDS_H

#include "../cli/index.h"
#include "../cli/interval.h"

struct bands {
	bool wanted;
	struct bsp_resampling how;    /* but for the groups */
	const char *groups_path;      /* NULL: images are taken for subjects */
	uint64_t first_index;
	struct index groups;
	size_t cells, metrics;        /* of the cells, the first of stride */
	size_t stride;
	double *values;               /* [images][cells][metrics] */
	size_t images, capacity;
	struct bsp_summary *summary;  /* [cells][metrics] */
};

/* Begin; reads the groups. */
void bands_begin(struct bands *bands, size_t cells, size_t metrics,
    size_t stride);

/* Keep the values of images: values[images][cells][stride]. */
void bands_add(struct bands *bands, const double *values, size_t images);

/* All images are there: find the intervals, and warn of few subjects. */
void bands_finish(struct bands *bands, uint64_t threads);

#endif
