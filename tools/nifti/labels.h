/*
 * Label volumes: whole numbers, each the name of something, never scaled.
 */
#ifndef LABELS_H
#define LABELS_H

#include "nifti.h"

/* Labels that were asked for. */
struct labels {
	int64_t *value;
	size_t count;
};

/* Read "1,4"; usage errors say what is wrong with it. */
int labels_parse(const char *text, struct labels *labels,
    struct bsp_error *e);

bool labels_have(const struct labels *labels, double label);

/* How a voxel becomes a label. */
struct labels_how {
	double threshold;    /* at least this much is 1, less is 0; NaN: round */
};

/*
 * Set label[i], one a voxel, to the whole number that voxel i holds, give or
 * take 1e-3, as a scaled header leaves it; other values are bad data.  NaN,
 * where the volume was allowed to have it, is 0.
 */
int labels_of(const struct volume *volume, const struct labels_how *how,
    double *label, struct bsp_error *e);

#endif
