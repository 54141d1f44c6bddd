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

/* For qsort: doubles in ascending order. */
int bsp_compare_doubles(const void *a, const void *b);

#endif
