/*
 * Blind intervals, areas, matches and contours of cases worked by hand.
 */
#include <math.h>
#include <string.h>

#include "../../lib/blindspot.h"
#include "tap.h"

#define N (double)NAN
#define D(...) (const double[]){__VA_ARGS__}

static struct bsp_error e;
static struct bsp_interval at[8];
static struct bsp_blind blind;

static bool
near(double a, double b)
{
	return fabs(a - b) < 1e-15;
}

static bool
is(size_t k, double low, double high, bool cut_low, bool cut_high)
{
	return near(at[k].low, low) && near(at[k].high, high) &&
	    at[k].cut_low == cut_low && at[k].cut_high == cut_high;
}

static void
curves(void)
{
	/* Crossings at .25 and .75 by similar triangles. */
	ok(bsp_blind_curve(D(0, .5, 1), D(1, 0, 1), 3, .5, at, &blind, &e) == 0
	    && blind.intervals == 1 && is(0, .25, .75, false, false) &&
	    at[0].first == .5 && at[0].last == .5 && at[0].least == 0 &&
	    at[0].at == .5 && blind.share == .5 && blind.mean == .5,
	    "a valley");
	/* From 1 at 0 to 0 at 1 to 1 at 3: crossings at .75 and 1.5 of .25;
	 * trapezia 1/2 and 1, over 3. */
	bsp_blind_curve(D(0, 1, 3), D(1, 0, 1), 3, .25, at, &blind, &e);
	ok(is(0, .75, 1.5, false, false) && near(blind.share, .25) &&
	    near(blind.mean, .5), "points that are not evenly spaced");
	bsp_blind_curve(D(0, 1, 2, 3, 4), D(.2, .6, .1, .3, .7), 5, .5, at,
	    &blind, &e);
	/* .2 to .6: at .75; .6 to .1: at 1.2; .3 to .7: at 3.5. */
	ok(blind.intervals == 2 && is(0, 0, .75, true, false) &&
	    is(1, 1.2, 3.5, false, false) && at[1].first == 2 &&
	    at[1].last == 3 && at[1].least == .1 && at[1].at == 2 &&
	    near(blind.share, 3.05 / 4) && blind.least == .1 &&
	    blind.at == 2, "two intervals with a recovery between them");
	bsp_blind_curve(D(0, 1, 2), D(.1, .1, .2), 3, .5, at, &blind, &e);
	ok(blind.intervals == 1 && is(0, 0, 2, true, true) &&
	    blind.share == 1 && at[0].at == 0,
	    "all of it, cut at both ends; of equals the first is the least");
	bsp_blind_curve(D(0, 1, 2), D(.9, .5, .6), 3, .5, at, &blind, &e);
	ok(blind.intervals == 0 && blind.share == 0 && blind.least == .5 &&
	    blind.at == 1, "at the level is not below it");
	bsp_blind_curve(D(0, 1, 2), D(.4, .5, .4), 3, .5, at, &blind, &e);
	ok(blind.intervals == 2 && is(0, 0, 1, true, false) &&
	    is(1, 1, 2, false, true) && blind.share == 1,
	    "a point at the level parts two intervals that touch");
	bsp_blind_curve(D(0, 1, 2, 3), D(.5, .5, .4, .5), 4, .5, at, &blind,
	    &e);
	ok(blind.intervals == 1 && is(0, 1, 3, false, false),
	    "a flat part at the level belongs to none; ends are exact");
	bsp_blind_curve(D(.05, .21), D(.4, .5), 2, .5, at, &blind, &e);
	ok(at[0].high == .21, "a crossing on a point is that point");
	bsp_blind_curve(D(0, 1), D(.1, .2), 2, 0, at, &blind, &e);
	ok(blind.intervals == 0, "nothing is below 0");
	ok(bsp_blind_curve(D(0, 1), D(-1, 1), 2, 0, NULL, &blind, &e) == 0 &&
	    blind.intervals == 1 && blind.share == .5,
	    "any value, and no room for intervals");
}

static void
undefined(void)
{
	/* Steps 0 to 1, of which .75 is below, and 3 to 4, none. */
	bsp_blind_curve(D(0, 1, 2, 3, 4), D(.9, .1, N, .6, .8), 5, .7, at,
	    &blind, &e);
	ok(blind.intervals == 2 && is(0, .25, 1, false, true) &&
	    is(1, 3, 3.5, true, false) && blind.points == 4 &&
	    blind.undefined == 1 && near(blind.share, 1.25 / 2),
	    "an undefined point cuts the curve, and its length");
	bsp_blind_curve(D(0, 1, 2), D(N, .1, N), 3, .5, at, &blind, &e);
	ok(blind.intervals == 1 && is(0, 1, 1, true, true) &&
	    blind.share == 1 && blind.mean == .1,
	    "a point by itself has no width");
	bsp_blind_curve(D(0, 1, 2), D(.2, N, .8), 3, .5, at, &blind, &e);
	ok(blind.intervals == 1 && blind.share == .5 && blind.mean == .5,
	    "points without neighbours are counted");
	bsp_blind_curve(D(.5), D(.7), 1, .5, at, &blind, &e);
	ok(blind.intervals == 0 && blind.share == 0 && blind.mean == .7,
	    "a curve of one point");
	bsp_blind_curve(D(0, 1), D(N, N), 2, .5, at, &blind, &e);
	ok(blind.intervals == 0 && isnan(blind.share) && isnan(blind.mean) &&
	    isnan(blind.least) && isnan(blind.at) && blind.points == 0 &&
	    blind.undefined == 2, "nothing is defined");
}

static bool
fails(int r, enum bsp_status status, const char *text)
{
	return r == -1 && e.status == status && strstr(e.text, text) != NULL;
}

static void
errors(void)
{
	struct bsp_plane plane = {2, 2, D(0, 1), D(0, 0), D(0, 0, 0, 0)};
	struct bsp_blind_area area;
	struct bsp_contour contour = {.lines = 0};
	struct bsp_match match;

	ok(fails(bsp_blind_curve(NULL, NULL, 0, .5, at, &blind, &e), BSP_DATA,
	    "no point"), "no points");
	ok(fails(bsp_blind_curve(D(0, 1, 1), D(0, 0, 0), 3, .5, at, &blind,
	    &e), BSP_DATA, "point 2: 1 after 1"), "equal x");
	ok(fails(bsp_blind_curve(D(0, 2, 1), D(0, 0, 0), 3, .5, at, &blind,
	    &e), BSP_DATA, "point 2: 1 after 2"), "x that descends");
	ok(fails(bsp_blind_curve(D(0, N), D(0, 0), 2, .5, at, &blind, &e),
	    BSP_DATA, "point 1: nan"), "x that is undefined");
	ok(fails(bsp_blind_curve(D(0, 1), D(0, -INFINITY), 2, .5, at, &blind,
	    &e), BSP_DATA, "point 1: -inf"), "an infinite value");
	ok(fails(bsp_blind_curve(D(0), D(0), 1, N, at, &blind, &e), BSP_USAGE,
	    "level is nan"), "a level that is undefined");
	ok(fails(bsp_blind_area(&plane, .5, &area, &e), BSP_DATA,
	    "column 1: 0 after 0"), "an area over equal y");
	ok(fails(bsp_plane_contour(&plane, .5, &contour, &e), BSP_DATA,
	    "column 1"), "a contour over equal y");
	ok(fails(bsp_plane_match(&plane, BSP_OVER_X, D(0), D(0), 1, &match,
	    &e), BSP_DATA, "column 1"), "a match over equal y");
	plane.y = D(0, 1);
	plane.value = D(0, 0, 0, INFINITY);
	ok(fails(bsp_blind_area(&plane, .5, &area, &e), BSP_DATA,
	    "row 1, column 1: inf"), "an infinite value in a plane");
	plane.value = D(0, 0, 0, 0);
	ok(fails(bsp_plane_match(&plane, BSP_OVER_X, D(0, 1.5), D(0, 0), 2,
	    &match, &e), BSP_DATA, "1.5 is not within the plane's range, 0 to "
	    "1"), "a curve that leaves the plane");
	ok(bsp_plane_match(&plane, BSP_OVER_X, D(0, 1.5), D(0, N), 2, &match,
	    &e) == 0 && match.points == 1, "unless it is undefined there");
	plane.rows = 0;
	ok(fails(bsp_blind_area(&plane, .5, &area, &e), BSP_DATA, "no row"),
	    "a plane without rows");
	bsp_contour_free(&contour);
}

static void
areas(void)
{
	/* Rows are x = 0, 1, 3; columns y = 0, 1, 5. */
	struct bsp_plane plane = {3, 3, D(0, 1, 3), D(0, 1, 5),
	    D(1, .2, .9, 0, .2, N, 1, .2, .1)};
	struct bsp_blind_area area;

	bsp_blind_area(&plane, .5, &area, &e);
	/*
	 * Below: of column 0, 1, 0, 1: .5 + 1 = 1.5 of 3; of column 1 all 3; of
	 * column 2 nothing is a step.  Weights .5, 2.5, 2:
	 * (.75 + 7.5) / (1.5 + 7.5).
	 */
	ok(near(area.area, 8.25 / 9) && area.points == 8 &&
	    area.undefined == 1 && area.least == 0 && area.least_x == 1 &&
	    area.least_y == 0, "an area by hand, not evenly spaced");
	/* Means 1.5 / 3 and .2: (.5 * 1.5 + 2.5 * .6) / 9. */
	ok(near(area.mean, 2.25 / 9), "its mean");
	plane = (struct bsp_plane){2, 2, D(0, 1), D(0, 4), D(.6, .4, .3, .2)};
	bsp_blind_area(&plane, .5, &area, &e);
	ok(near(area.area, (2. / 3 + 1) / 2) && near(area.mean, .375),
	    "from 1/3 to 1 at one end, everywhere at the other");
	plane = (struct bsp_plane){1, 3, D(0), D(0, 1, 3), D(.2, .9, .2)};
	bsp_blind_area(&plane, .5, &area, &e);
	ok(near(area.area, .5), "one x: .5 and 1 of the weights .5, 1.5, 1");
	plane = (struct bsp_plane){2, 1, D(0, 1), D(7), D(0, 1)};
	bsp_blind_area(&plane, .25, &area, &e);
	ok(area.area == .25 && area.least_y == 7, "one y: that of the curve");
	plane.value = D(N, N);
	bsp_blind_area(&plane, .25, &area, &e);
	ok(isnan(area.area) && isnan(area.mean) && isnan(area.least) &&
	    area.undefined == 2, "nothing is defined");
}

static void
matches(void)
{
	/* AP = (x + y) / 10 over x 0, 1, 2 and y 0, 4. */
	struct bsp_plane plane = {3, 2, D(0, 1, 2), D(0, 4),
	    D(0, .4, .1, .5, .2, .6)};
	struct bsp_match match;

	bsp_plane_match(&plane, BSP_OVER_X, D(0, 1, 1.5), D(.41, .5, .55), 3,
	    &match, &e);
	ok(match.index == 1 && match.value == 4 && match.points == 3 &&
	    near(match.difference, .01 / 3), "the nearest y, between points");
	bsp_plane_match(&plane, BSP_OVER_Y, D(2, 4, 0), D(.31, N, .11), 3,
	    &match, &e);
	/* Of x = 1: .3 and .1. */
	ok(match.index == 1 && match.value == 1 && match.points == 2 &&
	    near(match.difference, .01), "the nearest x, in any order");
	bsp_plane_match(&plane, BSP_OVER_X, D(0), D(.2), 1, &match, &e);
	ok(match.index == 0 && near(match.difference, .2),
	    "of equals the first");
	bsp_plane_match(&plane, BSP_OVER_X, D(0), D(N), 1, &match, &e);
	ok(match.points == 0 && match.index == SIZE_MAX && isnan(match.value),
	    "a curve without points");
	plane.value = D(0, .4, N, .5, .2, .6);
	bsp_plane_match(&plane, BSP_OVER_X, D(0, 2), D(0, .2), 2, &match, &e);
	ok(match.index == 0 && match.difference == 0,
	    "an undefined point that is not needed");
	bsp_plane_match(&plane, BSP_OVER_X, D(0, .5), D(0, .2), 2, &match,
	    &e);
	ok(match.index == 1, "one that is needed: no candidate");
	plane.value = D(N, N, .1, .5, .2, .6);
	bsp_plane_match(&plane, BSP_OVER_X, D(0), D(.2), 1, &match, &e);
	ok(match.points == 1 && match.index == SIZE_MAX, "no candidates");
}

static bool
has(const struct bsp_contour *c, size_t k, double x, double y)
{
	return near(c->point[k].x, x) && near(c->point[k].y, y);
}

static void
contours(void)
{
	struct bsp_plane plane = {2, 2, D(0, 1), D(0, 2), D(0, 1, 1, 1)};
	struct bsp_contour c = {.lines = 0};

	bsp_plane_contour(&plane, .25, &c, &e);
	ok(c.lines == 1 && c.points == 2 && c.start[1] == 2 &&
	    has(&c, 0, .25, 0) && has(&c, 1, 0, .5),
	    "around a corner, with it on the left");
	/* Saddle (0 * 0 - 1 * 1) / (0 + 0 - 1 - 1) = .5. */
	plane.value = D(0, 1, 1, 0);
	bsp_plane_contour(&plane, .6, &c, &e);
	ok(c.lines == 2 && has(&c, 0, .6, 0) && has(&c, 1, 1, .8) &&
	    has(&c, 2, .4, 2) && has(&c, 3, 0, 1.2),
	    "a saddle below: what is below hangs together");
	bsp_plane_contour(&plane, .4, &c, &e);
	ok(c.lines == 2 && has(&c, 0, .4, 0) && has(&c, 1, 0, .8) &&
	    has(&c, 2, .6, 2) && has(&c, 3, 1, 1.2), "a saddle above");
	bsp_plane_contour(&plane, 0, &c, &e);
	ok(c.lines == 0 && c.points == 0, "nothing below");
	bsp_plane_contour(&plane, 2, &c, &e);
	ok(c.lines == 0, "all below");
	plane.value = D(0, 1, N, 1);
	bsp_plane_contour(&plane, .5, &c, &e);
	ok(c.lines == 0, "an undefined corner");
	/* A hole in the middle of 3 x 3: closed, its first point again. */
	plane = (struct bsp_plane){3, 3, D(0, 1, 2), D(0, 1, 2),
	    D(1, 1, 1, 1, 0, 1, 1, 1, 1)};
	bsp_plane_contour(&plane, .5, &c, &e);
	ok(c.lines == 1 && c.points == 5 && has(&c, 0, c.point[4].x,
	    c.point[4].y), "a closed line");
	/* Counterclockwise: its area is positive, .5 of a square on its tip. */
	{
		double area = 0;
		size_t k;

		for (k = 0; k + 1 < c.points; k++)
			area += (c.point[k].x * c.point[k + 1].y -
			    c.point[k + 1].x * c.point[k].y) / 2;
		ok(near(area, .5), "around what is below, on the left");
	}
	plane.value = D(1, 1, 1, 1, 0, 1, 1, 1, 1);
	bsp_plane_contour(&plane, 1, &c, &e);
	ok(c.lines == 1 && c.points == 5, "through points at the level");
	plane.value = D(0, 0, 0, 0, 1, 0, 0, 0, 0);
	bsp_plane_contour(&plane, 1, &c, &e);
	ok(c.lines == 0, "a point at the level amid all below is no line");
	plane = (struct bsp_plane){3, 1, D(0, 1, 2), D(0), D(0, 1, 0)};
	bsp_plane_contour(&plane, .5, &c, &e);
	ok(c.lines == 0, "a curve has no contour");
	bsp_contour_free(&c);
	ok(c.start == NULL && c.lines == 0, "freed");
}

int
main(void)
{
	curves();
	undefined();
	errors();
	areas();
	matches();
	contours();
	return done();
}
