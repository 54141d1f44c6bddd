/*
 * The blind spot of a curve and of a plane of average precision: where it is
 * below a level, how much of the range that is, and how deep.  The definitions
 * are in blindspot.h.
 */
#include <math.h>

#include "interval.h"

int
bsp_axis_check(const char *name, const double *at, size_t n,
    struct bsp_error *e)
{
	size_t i;

	if (n == 0)
		return bsp_error_set(e, BSP_DATA, "no %s, expected at least "
		    "one", name);
	for (i = 0; i < n; i++) {
		if (!isfinite(at[i]))
			return bsp_error_set(e, BSP_DATA, "%s %zu: %g, "
			    "expected a finite number", name, i, at[i]);
		if (i > 0 && !(at[i] > at[i - 1]))
			return bsp_error_set(e, BSP_DATA, "%s %zu: %.17g "
			    "after %.17g, expected ascending values", name, i,
			    at[i], at[i - 1]);
	}
	return 0;
}

static int
check_level(double below, struct bsp_error *e)
{
	if (isfinite(below))
		return 0;
	return bsp_error_set(e, BSP_USAGE, "the level is %g, expected a "
	    "finite number", below);
}

int
bsp_plane_check(const struct bsp_plane *plane, double below,
    struct bsp_error *e)
{
	size_t i, j;
	double v;

	if (check_level(below, e) ||
	    bsp_axis_check("row", plane->x, plane->rows, e) ||
	    bsp_axis_check("column", plane->y, plane->cols, e))
		return -1;
	for (i = 0; i < plane->rows; i++)
		for (j = 0; j < plane->cols; j++) {
			v = plane->value[i * plane->cols + j];
			if (isinf(v))
				return bsp_error_set(e, BSP_DATA, "row %zu, "
				    "column %zu: %g, expected a finite number "
				    "or NaN", i, j, v);
		}
	return 0;
}

double
bsp_crossing(double low, double high, double a, double b)
{
	if (b == 0)
		return high; /* exactly, whatever the division rounds to */
	return bsp_clip(low + a / (a - b) * (high - low), low, high);
}

/* The share of a step below 0, of a line from height a to height b. */
static double
part_below(double a, double b)
{
	if (a >= 0 && b >= 0)
		return 0;
	if (a < 0 && b < 0)
		return 1;
	return a < b ? a / (a - b) : b / (b - a);
}

/* -------------------------------------------------------------- measures */

/*
 * What curves come to.  A curve without a step, that is without two defined
 * points side by side, is measured by its points alone.
 */
struct measure {
	double length, below, sum;      /* of the steps; sum: of the value */
	double points, low_points, point_sum;
};

/* Measure one curve, whose points lie stride apart. */
static struct measure
measure_curve(const double *x, const double *value, size_t n, size_t stride,
    double below)
{
	struct measure m = {0};
	double a, b, dx;
	size_t i;

	for (i = 0; i < n; i++) {
		a = value[i * stride];
		if (isnan(a))
			continue;
		m.points++;
		m.low_points += a < below;
		m.point_sum += a;
		if (i + 1 == n || isnan(value[(i + 1) * stride]))
			continue;
		b = value[(i + 1) * stride];
		dx = x[i + 1] - x[i];
		m.length += dx;
		m.below += part_below(a - below, b - below) * dx;
		m.sum += (a + b) / 2 * dx;
	}
	return m;
}

static void
add_measure(struct measure *to, const struct measure *m, double weight)
{
	to->length += weight * m->length;
	to->below += weight * m->below;
	to->sum += weight * m->sum;
	to->points += weight * m->points;
	to->low_points += weight * m->low_points;
	to->point_sum += weight * m->point_sum;
}

static double
share_of(const struct measure *m)
{
	return m->length > 0 ? m->below / m->length :
	    m->low_points / m->points;
}

static double
mean_of(const struct measure *m)
{
	return m->length > 0 ? m->sum / m->length : m->point_sum / m->points;
}

/* ------------------------------------------------------------- intervals */

/* The interval that begins with point i, the first one below. */
static void
begin_interval(const double *x, const double *value, size_t i, double below,
    struct bsp_interval *interval)
{
	*interval = (struct bsp_interval){.low = x[i], .first = x[i],
	    .least = value[i], .at = x[i]};
	interval->cut_low = i == 0 || isnan(value[i - 1]);
	if (!interval->cut_low)
		interval->low = bsp_crossing(x[i - 1], x[i],
		    value[i - 1] - below, value[i] - below);
}

/* Point i is the last one below. */
static void
end_interval(const double *x, const double *value, size_t n, size_t i,
    double below, struct bsp_interval *interval)
{
	interval->high = interval->last = x[i];
	interval->cut_high = i + 1 == n || isnan(value[i + 1]);
	if (!interval->cut_high)
		interval->high = bsp_crossing(x[i], x[i + 1],
		    value[i] - below, value[i + 1] - below);
}

static size_t
find_intervals(const double *x, const double *value, size_t n, double below,
    struct bsp_interval *interval)
{
	struct bsp_interval now;
	size_t i, count = 0;

	for (i = 0; i < n; i++) {
		if (!(value[i] < below))
			continue;
		begin_interval(x, value, i, below, &now);
		for (; i + 1 < n && value[i + 1] < below; i++)
			if (value[i + 1] < now.least) {
				now.least = value[i + 1];
				now.at = x[i + 1];
			}
		end_interval(x, value, n, i, below, &now);
		if (interval != NULL)
			interval[count] = now;
		count++;
	}
	return count;
}

int
bsp_blind_curve(const double *x, const double *value, size_t n, double below,
    struct bsp_interval *interval, struct bsp_blind *blind,
    struct bsp_error *e)
{
	struct measure m;
	size_t i;

	if (check_level(below, e) || bsp_axis_check("point", x, n, e))
		return -1;
	*blind = (struct bsp_blind){.least = (double)NAN, .at = (double)NAN};
	for (i = 0; i < n; i++) {
		if (isinf(value[i]))
			return bsp_error_set(e, BSP_DATA, "point %zu: %g, "
			    "expected a finite number or NaN", i, value[i]);
		if (isnan(value[i])) {
			blind->undefined++;
		} else if (!(value[i] >= blind->least)) {
			blind->least = value[i];
			blind->at = x[i];
		}
	}
	blind->points = n - blind->undefined;
	m = measure_curve(x, value, n, 1, below);
	blind->share = share_of(&m);
	blind->mean = mean_of(&m);
	blind->intervals = find_intervals(x, value, n, below, interval);
	return 0;
}

/* ------------------------------------------------------------------- area */

/* The first of the least values, by column and then by row. */
static void
find_least(const struct bsp_plane *plane, struct bsp_blind_area *area)
{
	size_t i, j;
	double v;

	area->least = area->least_x = area->least_y = (double)NAN;
	for (j = 0; j < plane->cols; j++)
		for (i = 0; i < plane->rows; i++) {
			v = plane->value[i * plane->cols + j];
			if (isnan(v)) {
				area->undefined++;
			} else if (!(v >= area->least)) {
				area->least = v;
				area->least_x = plane->x[i];
				area->least_y = plane->y[j];
			}
		}
	area->points = plane->rows * plane->cols - area->undefined;
}

int
bsp_blind_area(const struct bsp_plane *plane, double below,
    struct bsp_blind_area *area, struct bsp_error *e)
{
	struct measure column, sum = {0};
	const double *y = plane->y;
	size_t j, n = plane->cols;
	double weight;

	if (bsp_plane_check(plane, below, e))
		return -1;
	*area = (struct bsp_blind_area){.points = 0};
	find_least(plane, area);
	for (j = 0; j < n; j++) {
		column = measure_curve(plane->x, plane->value + j,
		    plane->rows, n, below);
		/* Of trapezia: half of the steps on either side. */
		weight = n == 1 ? 1 :
		    (y[j + 1 < n ? j + 1 : j] - y[j > 0 ? j - 1 : j]) / 2;
		add_measure(&sum, &column, weight);
	}
	area->area = share_of(&sum);
	area->mean = mean_of(&sum);
	return 0;
}
