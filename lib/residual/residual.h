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

#endif
