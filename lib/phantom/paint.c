/*
 * Disks, and curves as rows of disks.
 */
#include <math.h>

#include "phantom.h"

/* Samples [*first, *end) of the canvas within reach of centre. */
static void
span(double centre, double reach, size_t side, size_t *first, size_t *end)
{
	double lo = ceil(centre - reach), hi = floor(centre + reach) + 1;

	*first = lo > 0 ? (size_t)lo : 0;
	*end = hi < 0 ? 0 : hi < (double)side ? (size_t)hi : side;
}

void
bsp_paint_disk(struct canvas *canvas, struct point centre, double radius,
    float value, float depth)
{
	struct point at = bsp_canvas_sample(canvas, centre);
	double reach = radius * canvas->scale, dy, square;
	size_t r, c, i, top, bottom, left, right;

	span(at.y, reach, canvas->side, &top, &bottom);
	for (r = top; r < bottom; r++) {
		dy = (double)r - at.y;
		square = reach * reach - dy * dy;
		if (square < 0)
			continue;
		span(at.x, sqrt(square), canvas->side, &left, &right);
		for (c = left; c < right; c++) {
			i = r * canvas->side + c;
			if (canvas->depth[i] >= depth)
				canvas->value[i] = value;
		}
	}
}

static double
apart(struct point a, struct point b)
{
	return sqrt((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y));
}

static double
bezier(double a, double b, double c, double t)
{
	return (1 - t) * (1 - t) * a + 2 * t * (1 - t) * b + t * t * c;
}

void
bsp_paint_curve(struct canvas *canvas, const struct curve *curve, float depth)
{
	const struct point *at = curve->at;
	const double *radius = curve->radius;
	double length = apart(at[0], at[1]) + apart(at[1], at[2]);
	double narrow = fmin(radius[0], fmin(radius[1], radius[2])), t;
	size_t i, steps;

	/* Close enough for a smooth edge: a fifth of the least radius. */
	steps = (size_t)(length / fmax(narrow / 5, .5 / canvas->scale)) + 1;
	for (i = 0; i <= steps; i++) {
		t = (double)i / (double)steps;
		bsp_paint_disk(canvas, (struct point){
		    bezier(at[0].x, at[1].x, at[2].x, t),
		    bezier(at[0].y, at[1].y, at[2].y, t)},
		    bezier(radius[0], radius[1], radius[2], t), curve->value,
		    depth);
	}
}
