/*
 * Random shapes: see shape.h.
 */
#include <math.h>

#include "shape.h"

#define LEAST .06 /* sides in shares of the image's */
#define MOST .8
#define SHEAR .2

static const double pi = 3.14159265358979323846;

/* A place relative to the centre, before turn and shear. */
static void
local(const struct bsp_shape *s, double down, double right, double *v,
    double *u)
{
	*v = s->cosine * down - s->sine * right;
	*u = s->cosine * right + s->sine * down - s->shear * *v;
}

static bool
holds(const struct bsp_shape *s, double v, double u)
{
	double y = 2 * v / s->height, x = 2 * u / s->width;

	return s->ellipse ? x * x + y * y < 1 : fabs(x) < 1 && fabs(y) < 1;
}

bool
bsp_shape_holds(const struct bsp_shape *s, double row, double col)
{
	double v, u;

	local(s, row - s->row, col - s->col, &v, &u);
	return holds(s, v, u);
}

static double
draw_side(struct bsp_random *random, double side)
{
	double share = .03 + bsp_random_gamma(random, 2, .1);

	share = share < LEAST ? LEAST : share > MOST ? MOST : share;
	return share * side;
}

/* At least half of its samples, those off the image too, are foreground? */
static bool
fits(const struct bsp_inject_job *job, const struct bsp_shape *s,
    ptrdiff_t reach)
{
	const struct bsp_image *image = job->healthy;
	ptrdiff_t row = (ptrdiff_t)s->row, col = (ptrdiff_t)s->col, r, c;
	size_t all = 0, inside = 0;

	for (r = row - reach; r <= row + reach; r++)
		for (c = col - reach; c <= col + reach; c++) {
			if (!bsp_shape_holds(s, (double)r, (double)c))
				continue;
			all++;
			inside += r >= 0 && r < (ptrdiff_t)image->rows &&
			    c >= 0 && c < (ptrdiff_t)image->cols &&
			    image->data[(size_t)r * image->cols +
			    (size_t)c] > 0;
		}
	return 2 * inside >= all;
}

/* What lies within reach of a centre among n samples. */
static void
crop(double centre, size_t reach, size_t n, size_t *begin, size_t *end)
{
	size_t at = (size_t)centre;

	*begin = at > reach ? at - reach : 0;
	*end = reach < n - 1 - at ? at + reach + 1 : n;
}

bool
bsp_shape_draw(const struct bsp_inject_job *job, struct bsp_random *random,
    int i, struct bsp_shape *s)
{
	size_t rows = job->healthy->rows, cols = job->healthy->cols;
	size_t reach, at = job->row * cols + job->col;
	double side = (double)(rows < cols ? rows : cols), far;

	if (i >= BSP_TRIES / 2)
		at = bsp_foreground_draw(job->healthy, random);
	s->row = (double)(at / cols);
	s->col = (double)(at % cols);
	s->ellipse = bsp_random_below(random, 2) == 1;
	s->height = draw_side(random, side);
	s->width = draw_side(random, side);
	s->shear = SHEAR * bsp_random_normal(random);
	s->angle = pi * (bsp_random_uniform(random) - .5);
	s->cosine = bsp_cos(s->angle);
	s->sine = bsp_sin(s->angle);
	far = s->height / 2 * (1 + fabs(s->shear)) + s->width / 2;
	reach = (size_t)ceil(far);
	crop(s->row, reach, rows, &s->row_begin, &s->row_end);
	crop(s->col, reach, cols, &s->col_begin, &s->col_end);
	return fits(job, s, (ptrdiff_t)reach);
}

void
bsp_shape_place(const struct bsp_shape *s, struct bsp_random *random,
    double *row, double *col)
{
	double a = bsp_random_uniform(random), b = bsp_random_uniform(random);
	double v, u;

	if (s->ellipse) {
		v = s->height / 2 * sqrt(a) * bsp_sin(2 * pi * b);
		u = s->width / 2 * sqrt(a) * bsp_cos(2 * pi * b);
	} else {
		v = s->height * (a - .5);
		u = s->width * (b - .5);
	}
	u += s->shear * v;
	*row = s->row + s->cosine * v + s->sine * u;
	*col = s->col + s->cosine * u - s->sine * v;
}

/* How far at + t by, t >= 0, stays within half of a side. */
static double
slab(double at, double by, double side)
{
	if (by == 0)
		return HUGE_VAL;
	return (by > 0 ? side / 2 - at : side / 2 + at) / fabs(by);
}

double
bsp_shape_edge(const struct bsp_shape *s, double row, double col, double down,
    double right)
{
	double v, u, y, x, a, b, c;

	local(s, row - s->row, col - s->col, &v, &u);
	local(s, down, right, &y, &x);
	if (!s->ellipse) {
		a = slab(v, y, s->height);
		b = slab(u, x, s->width);
		return a < b ? a : b;
	}
	v *= 2 / s->height;
	y *= 2 / s->height;
	u *= 2 / s->width;
	x *= 2 / s->width;
	a = x * x + y * y;
	b = u * x + v * y;
	c = u * u + v * v - 1;
	return (sqrt(b * b - a * c) - b) / a;
}

void
bsp_shape_tell(const struct bsp_inject_job *job, const struct bsp_shape *s,
    size_t first)
{
	bsp_tell(job, first, s->row);
	bsp_tell(job, first + 1, s->col);
	bsp_tell(job, first + 2, s->ellipse);
	bsp_tell(job, first + 3, s->height);
	bsp_tell(job, first + 4, s->width);
	bsp_tell(job, first + 5, s->shear);
	bsp_tell(job, first + 6, s->angle);
}
