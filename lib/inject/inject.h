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

#endif
