/*
 * Thresholds of a sweep, set on the maps of its own images before any anomaly
 * is put into them.
 */
#ifndef THRESHOLDS_H
#define THRESHOLDS_H

#include "batch.h"

/*
 * Set the thresholds of every degradation and residual that the grid's shard
 * has, at the rates of grid->point, in the sweep, whose points are counted.
 * Reads all images, more than once, and leaves the source at its beginning.
 * Their maps are held for as many degradations at once as half of the memory
 * has room for, at least one.
 */
void thresholds_set(struct bsp_sweep *sweep, const struct grid *grid,
    struct source *source, uint64_t memory, uint64_t threads,
    uint64_t first_index);

#endif
