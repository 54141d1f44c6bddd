/*
 * Which curve of a plane is nearest to another curve: see blindspot.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "interval.h"

/* The plane as curve k over one axis sees it. */
struct view {
	const double *along, *across; /* the axis of the curve, and the other */
	size_t points, curves;
	size_t step, stride; /* from one point, and one curve, to the next */
};

static struct view
view_along(const struct bsp_plane *plane, enum bsp_axis over)
{
	if (over == BSP_OVER_X)
		return (struct view){plane->x, plane->y, plane->rows,
		    plane->cols, plane->cols, 1};
	return (struct view){plane->y, plane->x, plane->cols, plane->rows, 1,
	    plane->cols};
}

/* Add |difference| at x to the sum of each curve of the plane. */
static void
add_point(const struct view *view, const double *value, double x, double here,
    double *sum)
{
	double t = 0, there;
	size_t i = 0, k;

	while (i + 2 < view->points && x > view->along[i + 1])
		i++;
	if (view->points > 1)
		t = (x - view->along[i]) /
		    (view->along[i + 1] - view->along[i]);
	for (k = 0; k < view->curves; k++) {
		const double *v = value + k * view->stride + i * view->step;

		/* On a point its neighbour does not matter, defined or not. */
		there = t < 1 ? (1 - t) * v[0] : 0;
		if (t > 0)
			there += t * v[view->step];
		sum[k] += fabs(there - here);
	}
}

int
bsp_plane_match(const struct bsp_plane *plane, enum bsp_axis over,
    const double *x, const double *value, size_t n, struct bsp_match *match,
    struct bsp_error *e)
{
	struct view view = view_along(plane, over);
	double *sum;
	size_t i, k;

	*match = (struct bsp_match){.value = (double)NAN,
	    .difference = (double)NAN, .index = SIZE_MAX};
	if (bsp_plane_check(plane, 0, e))
		return -1;
	for (i = 0; i < n; i++) {
		if (isnan(value[i]))
			continue;
		if (!isfinite(value[i]))
			return bsp_error_set(e, BSP_DATA, "point %zu: %g, "
			    "expected a finite number or NaN", i, value[i]);
		if (!(x[i] >= view.along[0] &&
		    x[i] <= view.along[view.points - 1]))
			return bsp_error_set(e, BSP_DATA, "%.9g is not within "
			    "the plane's range, %.9g to %.9g", x[i],
			    view.along[0], view.along[view.points - 1]);
	}
	sum = calloc(view.curves, sizeof *sum);
	if (sum == NULL)
		return bsp_error_system(e, ENOMEM, "%zu curves", view.curves);
	for (i = 0; i < n; i++) {
		if (isnan(value[i]))
			continue;
		add_point(&view, plane->value, x[i], value[i], sum);
		match->points++;
	}
	for (k = 0; match->points > 0 && k < view.curves; k++) {
		if (isnan(sum[k]) || (match->index != SIZE_MAX &&
		    sum[k] >= sum[match->index]))
			continue;
		match->index = k;
		match->value = view.across[k];
		match->difference = sum[k] / (double)match->points;
	}
	free(sum);
	return 0;
}
