/*
 * Intensities of a volume as samples: background 0, foreground above 0.
 */
#ifndef INTENSITY_H
#define INTENSITY_H

#include "nifti.h"

enum normalize { MINMAX, NONE, PERCENTILE };

struct normalization {
	enum normalize how;
	double lo, hi;          /* percentiles */
	bool nan_is_zero;       /* NaN is 0; else it is background */
};

/* A volume's intensities, and what becomes of them. */
struct intensity {
	const struct volume *volume;
	const double *brain;    /* 0: background; NULL: not given */
	bool nan_is_zero;
	bool zero_is_background;
	double base, range;     /* value -> (value - base) / range */
	double least;           /* the least sample of the foreground */
	double constant;        /* the sample where range is 0 */
	bool clips;             /* to 1 at most, and 0 at least */
	/* What may be a mistake: */
	uint64_t lost;          /* voxels of the foreground that become 0 or
	                           less */
	bool bright_corners;    /* all eight hold one value, which is above 0 */
	double corner;          /* that value */
};

/*
 * Find how the intensities of a volume are scaled.  Background is what lies
 * outside the brain; without one, NaN and the voxels of exactly 0, where there
 * are any.
 *
 * Where no voxel is negative and no brain is given, the whole volume is scaled,
 * so that 0 stays 0.  Else the foreground alone is scaled, and its least value
 * becomes 2^-24, the step of a float32 below 1, rather than the background's 0.
 * Only where there is no background is the least value of all taken for it.
 */
int intensity_find(struct intensity *intensity, const struct volume *volume,
    const double *brain, const struct normalization *how,
    struct bsp_error *e);

/* The samples of n voxels, step apart, the first of number first. */
void intensity_samples(const struct intensity *intensity, size_t first,
    size_t step, size_t n, float *to);

#endif
