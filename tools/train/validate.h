/*
 * How well a model finds anomalies in images that it was not trained on.
 */
#ifndef VALIDATE_H
#define VALIDATE_H

#include "gallery.h"
#include "../cli/model-file.h"

struct validation {
	struct gallery healthy;
	struct bsp_image *anomalous; /* [healthy.count] */
	struct bsp_image *label;
	struct bsp_ranking ranking;
	struct bsp_curve curve;
};

struct validation_result {
	double ap;    /* mean over images of |x^ - x|, x anomalous */
	double error; /* mean of |x^ - x|, x healthy */
};

/*
 * Read healthy images and put a disk into each, at a place and of an intensity
 * of 0 to 1 drawn from the seed: the same ones at every validation.
 */
void validation_read(struct validation *v, const char *path, uint64_t seed);

/* Reconstruct both and score. */
struct validation_result validation_run(struct validation *v,
    struct bsp_model *model);

#endif
