/*
 * Quantiles: worked by hand, and what is none.  tests/oracle/quantile.py
 * compares them with numpy's.
 */
#include <math.h>
#include <string.h>

#include "../../lib/blindspot.h"
#include "tap.h"

static const double five[] = {1, 2, 4, 8, 16};

static void
is(double found, double expected, const char *what)
{
	ok(isnan(expected) ? isnan(found) :
	    memcmp(&found, &expected, sizeof found) == 0,
	    "%s: %.17g, expected %.17g", what, found, expected);
}

/* Which places are asked for, in order. */
struct asked {
	size_t count, place[3];
};

static double
ask(void *with, size_t i)
{
	struct asked *asked = with;

	if (asked->count < 3)
		asked->place[asked->count] = i;
	asked->count++;
	return five[i];
}

static void
try_order(void)
{
	struct asked one = {0}, two = {0}, last = {0}, none = {0};

	is(bsp_quantile_of(ask, &one, 5, .75), 8, "at a value");
	ok(one.count == 1 && one.place[0] == 3, "which alone is asked for");
	is(bsp_quantile_of(ask, &two, 5, .375), 3, "between two");
	ok(two.count == 2 && two.place[0] == 1 && two.place[1] == 2,
	    "the lower first");
	is(bsp_quantile_of(ask, &last, 5, 1), 16, "the last");
	ok(last.count == 1 && last.place[0] == 4, "and nothing beyond it");
	is(bsp_quantile_of(ask, &none, 0, .5), NAN, "of none");
	is(bsp_quantile_of(ask, &none, 5, 1.5), NAN, "beyond the last");
	ok(none.count == 0, "for which nothing is asked");
}

int
main(void)
{
	static const double broken[] = {1, 2, NAN};

	is(bsp_quantile(five, 5, 0), 1, "the least");
	is(bsp_quantile(five, 5, 1), 16, "the greatest");
	is(bsp_quantile(five, 5, .5), 4, "the median of five");
	is(bsp_quantile(five, 4, .5), 3, "the median of four");
	is(bsp_quantile(five, 5, .125), 1.5, "half way");
	is(bsp_quantile(five, 5, .9375), 14, "three quarters of the way");
	is(bsp_quantile(five, 2, .25), 1.25, "of two");
	is(bsp_quantile(five, 1, 0), 1, "of one, the least");
	is(bsp_quantile(five, 1, .3), 1, "of one, any");
	is(bsp_quantile(five, 1, 1), 1, "of one, the greatest");
	is(bsp_quantile(five, 0, .5), NAN, "of none");
	is(bsp_quantile(NULL, 0, 0), NAN, "of nowhere");
	is(bsp_quantile(five, 5, -1e-300), NAN, "below 0");
	is(bsp_quantile(five, 5, nextafter(1, 2)), NAN, "above 1");
	is(bsp_quantile(five, 5, NAN), NAN, "at NaN");
	is(bsp_quantile(five, 5, INFINITY), NAN, "at infinity");
	is(bsp_quantile(five, 5, -INFINITY), NAN, "at - infinity");
	is(bsp_quantile(five, 5, -0.), 1, "at -0");
	is(bsp_quantile(broken, 3, .75), NAN, "beside a NaN");
	is(bsp_quantile(broken, 3, .25), 1.5, "away from one");
	try_order();
	return done();
}
