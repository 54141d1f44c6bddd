/*
 * The kinds of degradation, one file a kind or family of kinds.  Each is
 * described in its row of the table (degrade.c) and in recon-degrade(1).
 */
#ifndef BSP_DEGRADE_H
#define BSP_DEGRADE_H

#include "../base/kind.h"

bsp_degrade_fn bsp_degrade_none;

extern const struct bsp_param bsp_blur_params[];
bsp_degrade_fn bsp_degrade_blur;

extern const struct bsp_param bsp_noise_params[];
bsp_degrade_fn bsp_degrade_noise, bsp_degrade_rician;

extern const struct bsp_param bsp_downsample_params[], bsp_shift_params[];
bsp_degrade_fn bsp_degrade_downsample, bsp_degrade_shift;

extern const struct bsp_param bsp_quantize_params[], bsp_gamma_params[];
extern const struct bsp_param bsp_bias_field_params[];
bsp_degrade_fn bsp_degrade_quantize, bsp_degrade_gamma;
bsp_degrade_fn bsp_degrade_bias_field;

extern const struct bsp_param bsp_median_params[];
bsp_degrade_fn bsp_degrade_median;

extern const struct bsp_param bsp_lowpass_params[];
bsp_degrade_fn bsp_degrade_lowpass;

bsp_degrade_fn bsp_degrade_inpaint;

#endif
