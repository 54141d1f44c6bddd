/*
 * What the files about curves and planes of AP share.
 */
#ifndef BSP_INTERVAL_H
#define BSP_INTERVAL_H

#include "../base/base.h"

/* Fail (BSP_DATA) unless there are values, finite and ascending; the name is
 * that of one of them. */
int bsp_axis_check(const char *name, const double *at, size_t n,
    struct bsp_error *e);

/* The same for both axes of a plane, whose values may not be infinite. */
int bsp_plane_check(const struct bsp_plane *plane, double below,
    struct bsp_error *e);

/*
 * Where the line from height a at low to height b at high is 0, a and b being
 * on different sides of 0 or one of them on it: never outside of low to high.
 */
double bsp_crossing(double low, double high, double a, double b);

#endif
