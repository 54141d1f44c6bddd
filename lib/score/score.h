/*
 * What the parts of the score stage share.
 */
#ifndef BSP_SCORE_H
#define BSP_SCORE_H

#include "../base/base.h"

/*
 * Find the 8-connected regions of the labelled pixels, positives of them, and
 * gather their scores.
 */
int bsp_regions_add(struct bsp_regions *regions, const struct bsp_image *map,
    const struct bsp_image *label, const struct bsp_image *within,
    size_t positives, struct bsp_error *e);

/* Sort them and find the mean share of the regions that each step finds. */
int bsp_regions_find(struct bsp_regions *regions, struct bsp_curve *curve,
    struct bsp_error *e);

/* The share that an interval leaves on each side. */
double bsp_ci_level(const struct bsp_resampling *how);

/* Sort n replicates' values of a bootstrap, and find the interval. */
void bsp_interval_of(double *value, size_t n, size_t subjects,
    const struct bsp_resampling *how, struct bsp_summary *out);

/* Keep an interval, if there is one, within the range of the value. */
void bsp_interval_clip(struct bsp_summary *summary, double low, double high);

/* For qsort: doubles in ascending order. */
int bsp_compare_doubles(const void *a, const void *b);

#endif
