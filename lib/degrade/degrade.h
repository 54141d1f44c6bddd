/*
 * The kinds of degradation, one file a kind or family of kinds.  Each is
 * described in its row of the table (degrade.c) and in recon-degrade(1).
 */
#ifndef BSP_DEGRADE_H
#define BSP_DEGRADE_H

#include "../base/base.h"

bsp_degrade_fn bsp_degrade_none;

extern const struct bsp_param bsp_blur_params[];
bsp_degrade_fn bsp_degrade_blur;

#endif
