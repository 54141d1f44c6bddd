/*
 * The kinds of residual, one file a kind or family of kinds.  Each is
 * described in its row of the table (residual.c) and in residual(1).
 */
#ifndef BSP_RESIDUAL_H
#define BSP_RESIDUAL_H

#include "../base/base.h"

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

#endif
