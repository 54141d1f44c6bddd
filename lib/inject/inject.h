/*
 * The kinds of anomaly, one file a kind or family of kinds.  Each is described
 * in its row of the table (inject.c) and in anom-inject(1).
 */
#ifndef BSP_INJECT_H
#define BSP_INJECT_H

#include "../base/base.h"

extern const struct bsp_param bsp_disk_params[];
bsp_inject_fn bsp_inject_disk;

extern const struct bsp_param bsp_deform_params[];
bsp_inject_fn bsp_inject_source;
bsp_inject_fn bsp_inject_sink;
bsp_inject_fn bsp_inject_shuffle;

/* A blended sample that changes by more is anomalous. */
#define BSP_VISIBLE (1 / 255.)

extern const struct bsp_param bsp_coarse_noise_params[];
bsp_inject_fn bsp_inject_coarse_noise;

extern const struct bsp_param bsp_cutpaste_params[];
bsp_inject_fn bsp_inject_cutpaste;

extern const struct bsp_param bsp_sprites_params[];
bsp_inject_fn bsp_inject_sprites;

#endif
