/*
 * Out-of-distribution scores of whole images, from their histograms.
 * Source: Frolova, Vasiliuk, Belyaev, Shirokikh, "Solving sample-level
 * out-of-distribution detection on 3D medical images", 2022.
 */
#ifndef OOD_H
#define OOD_H

#include "cli.h"

#define OOD_BINS 500

/* A Gaussian fitted to the principal components of histograms. */
struct ood {
	size_t components;
	double *mean;     /* [OOD_BINS] */
	double *axis;     /* [components][OOD_BINS] */
	double *variance; /* [components], ridge included */
};

/*
 * The density histogram of an image: its samples clipped to their percentiles
 * .5 and 99.5, scaled to 0 to 1.
 */
int ood_histogram(const struct bsp_image *image, double *histogram,
    struct bsp_error *e);

/*
 * Fit to n histograms: as many components as explain .9999 of the variance,
 * and a ridge of 1e-6 times the largest of their variances.  Fails (BSP_DATA)
 * on fewer than two histograms, or all alike.
 */
int ood_fit(const double *histograms, size_t n, struct ood *ood,
    struct bsp_error *e);

/* The squared Mahalanobis distance of a histogram from those fitted. */
double ood_distance(const struct ood *ood, const double *histogram);

void ood_free(struct ood *ood);

#endif
