/*
 * Quantiles.
 * Source: Hyndman, Fan, "Sample quantiles in statistical packages", 1996; the
 * rounding is numpy's.
 */
#include <math.h>

#include "base.h"

/*
 * A part of the way from one value to the next, from the nearer of them, so
 * that rounding never leads beyond either.
 */
static double
between(double below, double above, double part)
{
	double step = above - below;

	return part < .5 ? below + step * part : above - step * (1 - part);
}

double
bsp_quantile_of(bsp_ordered_fn *value, void *with, size_t n, double q)
{
	double at, below, above;
	size_t i;

	if (n == 0 || !(q >= 0 && q <= 1))
		return (double)NAN;
	at = q * (double)(n - 1);
	i = (size_t)at;
	below = value(with, i);
	if (i + 1 == n || at <= (double)i)
		return below;
	above = value(with, i + 1);
	return between(below, above, at - (double)i);
}

static double
ordered(void *with, size_t i)
{
	const double *const *sorted = with;

	return (*sorted)[i];
}

double
bsp_quantile(const double *sorted, size_t n, double q)
{
	return bsp_quantile_of(ordered, &sorted, n, q);
}
