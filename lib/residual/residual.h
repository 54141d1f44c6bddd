/*
 * The kinds of residual, one file a kind or family of kinds.  Each is
 * described in its row of the table (residual.c) and in residual(1).
 */
#ifndef BSP_RESIDUAL_H
#define BSP_RESIDUAL_H

#include "../base/kind.h"

bsp_residual_fn bsp_residual_abs;
bsp_residual_fn bsp_residual_square;
bsp_residual_fn bsp_residual_signed;
bsp_residual_fn bsp_residual_positive;
bsp_residual_fn bsp_residual_negative;

extern const struct bsp_param bsp_ssim_params[];
bsp_residual_fn bsp_residual_ssim;
bsp_residual_fn bsp_residual_ssim_luminance;
bsp_residual_fn bsp_residual_ssim_contrast;
bsp_residual_fn bsp_residual_ssim_structure;

extern const struct bsp_param bsp_gradient_params[];
bsp_residual_fn bsp_residual_gradient;

bsp_reach_fn bsp_ssim_reach, bsp_gradient_reach;

bsp_residual_fn bsp_residual_ssim_ensemble;

extern const struct bsp_param bsp_mahalanobis_params[];
bsp_residual_fn bsp_residual_mahalanobis, bsp_residual_mahalanobis_diagonal;

extern const struct bsp_param bsp_clahe_params[];
bsp_residual_fn bsp_residual_clahe_abs;

bsp_residual_fn bsp_residual_zscore, bsp_residual_equalized;

/* Fail (BSP_DATA) where an image has not the size of the model. */
int bsp_pixel_stats_check_size(const struct bsp_pixel_stats *stats,
    const struct bsp_image *image, struct bsp_error *e);

extern const struct bsp_param bsp_gmm_params[];
bsp_residual_fn bsp_residual_gmm;

/* What every kind can do to its map, after its own parameters. */
extern const struct bsp_param bsp_map_options[];

#endif
