/*
 * What lies over the cortex: a dark rim with bright patches, and vessels.
 */
#include <math.h>

#include "phantom.h"

#define RIM 2.1
#define RIM_VALUE .012f
#define PATCH 1.7
#define PATCH_VALUE .76f
#define PATCH_ABOVE 1.175f /* 12 % of a standard normal */
#define VESSELS 47         /* on average */
#define DEEPEST 40
#define SULCUS_VALUE .02f  /* at most */

int
bsp_rim_draw(struct canvas *canvas, struct bsp_error *e)
{
	struct field *patches = canvas->field[0];
	size_t r, c, i;
	struct point p;

	if (bsp_field_smooth(patches, &canvas->draw, PART_RIM, 5, e))
		return -1;
	for (r = 0, i = 0; r < canvas->side; r++)
		for (c = 0; c < canvas->side; c++, i++) {
			if (canvas->depth[i] <= 0 ||
			    canvas->depth[i] > (float)RIM)
				continue;
			canvas->value[i] = RIM_VALUE;
			p = bsp_canvas_place(canvas, (double)r, (double)c);
			if (canvas->depth[i] <= (float)PATCH &&
			    bsp_field_at(patches, (float)p.x, (float)p.y) >
			    PATCH_ABOVE)
				canvas->value[i] = PATCH_VALUE;
		}
	return 0;
}

static uint64_t
poisson(struct bsp_random *random, double mean)
{
	double product = 1, least = bsp_exp(-mean);
	uint64_t n = 0;

	while ((product *= 1 - bsp_random_uniform(random)) > least)
		n++;
	return n;
}

/* A place near the surface, or in a sulcus but no ventricle. */
static struct point
vessel_place(const struct canvas *canvas, struct bsp_random *random)
{
	size_t r, c, i;

	do {
		r = (size_t)bsp_random_below(random, canvas->side);
		c = (size_t)bsp_random_below(random, canvas->side);
		i = r * canvas->side + c;
	} while (canvas->depth[i] <= 0 || canvas->depth[i] > DEEPEST ||
	    (canvas->depth[i] > 5 && canvas->value[i] > SULCUS_VALUE));
	return bsp_canvas_place(canvas, (double)r, (double)c);
}

void
bsp_vessels_draw(struct canvas *canvas)
{
	const double pi = 3.14159265358979323846;
	struct bsp_random random;
	struct curve curve;
	double length, angle, radius;
	uint64_t n;
	size_t k;

	bsp_phantom_start(&random, &canvas->draw, PART_VESSELS);
	for (n = poisson(&random, VESSELS); n > 0; n--) {
		curve.at[0] = vessel_place(canvas, &random);
		/* Gamma(2, 3) */
		length = -3 * bsp_log(1 - bsp_random_uniform(&random)) -
		    3 * bsp_log(1 - bsp_random_uniform(&random));
		angle = bsp_phantom_between(&random, 0, 2 * pi);
		radius = .55 * bsp_phantom_between(&random, .6, 1.3);
		curve.value = (float)bsp_phantom_between(&random, .56, .94);
		for (k = 1; k < 3; k++) {
			curve.at[k].x = curve.at[k - 1].x +
			    .5 * length * bsp_cos(angle);
			curve.at[k].y = curve.at[k - 1].y +
			    .5 * length * bsp_sin(angle);
			angle += bsp_phantom_between(&random, -1, 1);
		}
		for (k = 0; k < 3; k++)
			curve.radius[k] = radius;
		bsp_paint_curve(canvas, &curve, 1e-6f);
	}
}
