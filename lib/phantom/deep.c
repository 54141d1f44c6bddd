/*
 * Ventricles, deep nuclei and the fissure between the hemispheres.
 */
#include "phantom.h"

#define FLUID .015f
#define SPREAD .010 /* sd of a place, in shares of the half-axes */

enum sides { MIDDLE, BOTH };

/* Places in shares of the half-axes, radii in pixels; painted in this order. */
static const struct {
	enum sides sides;
	struct curve curve;
} structures[] = {
	/* putamen, pallidum */
	{BOTH, {{{.28, -.28}, {.46, -.08}, {.35, .17}}, {2.5, 9, 2}, .355f}},
	{BOTH, {{{.24, -.12}, {.33, -.03}, {.27, .09}}, {1.5, 6, 1.5}, .385f}},
	/* caudate nucleus, thalamus */
	{BOTH, {{{.13, -.13}, {.15, -.22}, {.21, -.31}}, {2, 7, 4}, .355f}},
	{BOTH, {{{.09, -.03}, {.15, .08}, {.19, .20}}, {4, 14, 5}, .385f}},
	/* lateral ventricle: frontal horn, atrium with choroid plexus */
	{BOTH, {{{.045, -.09}, {.05, -.28}, {.17, -.39}}, {1.5, 5, 1.5},
	    FLUID}},
	{BOTH, {{{.19, .27}, {.30, .31}, {.30, .50}}, {2, 6, 1}, FLUID}},
	{BOTH, {{{.22, .285}, {.26, .31}, {.275, .36}}, {1, 1.8, 1}, .33f}},
	/* third ventricle, longitudinal fissure */
	{MIDDLE, {{{0, -.03}, {0, .08}, {0, .19}}, {.9, 1.6, 1.1}, FLUID}},
	{MIDDLE, {{{0, -1.05}, {0, -.7}, {0, -.46}}, {1.2, .8, .8}, FLUID}},
	{MIDDLE, {{{0, 1.05}, {0, .7}, {0, .43}}, {1.2, .8, .8}, FLUID}},
};

static void
paint(struct canvas *canvas, struct bsp_random *random, struct curve curve,
    double side, double swelling)
{
	double wide = 1 + .10 * bsp_phantom_between(random, -1, 1);
	size_t k;

	for (k = 0; k < 3; k++) {
		curve.at[k].x = canvas->head.across * (side * curve.at[k].x +
		    SPREAD * bsp_random_normal(random) * (side != 0 ? 1 : .3));
		curve.at[k].y = canvas->head.along * (curve.at[k].y +
		    SPREAD * bsp_random_normal(random));
		curve.radius[k] *= wide * swelling;
	}
	bsp_paint_curve(canvas, &curve, 0);
}

void
bsp_deep_draw(struct canvas *canvas)
{
	struct bsp_random random;
	double swelling;
	size_t i;

	bsp_phantom_start(&random, &canvas->draw, PART_DEEP);
	swelling = bsp_phantom_between(&random, .7, 1.4);
	for (i = 0; i < sizeof structures / sizeof *structures; i++) {
		double wide = structures[i].curve.value <= FLUID ? swelling : 1;

		if (structures[i].sides == MIDDLE) {
			paint(canvas, &random, structures[i].curve, 0, 1);
			continue;
		}
		paint(canvas, &random, structures[i].curve, -1, wide);
		paint(canvas, &random, structures[i].curve, 1, wide);
	}
}
