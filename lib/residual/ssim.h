/*
 * Structural similarity, for the residuals that are made of it.
 */
#ifndef BSP_RESIDUAL_SSIM_H
#define BSP_RESIDUAL_SSIM_H

#include "../kernels/kernels.h"
#include "residual.h"

/* The window, what steadies the ratios, the range of the samples. */
struct bsp_ssim {
	double sigma, k1, k2, range;
};

#define BSP_SSIM_DEFAULTS(sigma) {(sigma), .01, .03, 1}

/* The radius of the window of a sigma is floor(3.5 sigma + .5). */
#define BSP_SSIM_RADIUS(sigma) ((size_t)(3.5 * (sigma) + .5))

/*
 * to[i] is the structural similarity of p and q, rows x cols each, in the
 * Gaussian window around sample i; border half-sample symmetric, population
 * moments in double.
 */
int bsp_ssim(const float *p, const float *q, size_t rows, size_t cols,
    const struct bsp_ssim *ssim, double *to, struct bsp_error *e);

#endif
