/*
 * The outline of the brain: an ellipse, slightly tilted and uneven.
 */
#include <math.h>

#include "phantom.h"

#define PIXELS 256
#define AREA .462  /* of the image */
#define RATIO 1.22 /* length over breadth */

void
bsp_head_draw(struct canvas *canvas)
{
	const double pi = 3.14159265358979323846;
	struct head *head = &canvas->head;
	struct bsp_random random;
	double ratio, tilt, middle = (double)canvas->side / 2 - .5;
	size_t k;

	bsp_phantom_start(&random, &canvas->draw, PART_HEAD);
	ratio = RATIO * (1 + .04 * bsp_phantom_between(&random, -1.5, 1.5));
	head->across = PIXELS * sqrt(AREA / (pi * ratio)) *
	    (1 + .01 * bsp_random_normal(&random));
	head->along = head->across * ratio;
	tilt = bsp_phantom_between(&random, -.05, .05);
	head->cosine = bsp_cos(tilt);
	head->sine = bsp_sin(tilt);
	head->centre.x = middle +
	    canvas->scale * bsp_phantom_between(&random, -2, 2);
	head->centre.y = middle +
	    canvas->scale * bsp_phantom_between(&random, -2, 2);
	for (k = 0; k < WOBBLES; k++) {
		head->wobble[k][0] = .0054 * bsp_random_normal(&random);
		head->wobble[k][1] = .0054 * bsp_random_normal(&random);
	}
	/* The back is wider than the front. */
	head->wobble[1][1] += .02;
}

double
bsp_head_reach(const struct head *head, struct point p)
{
	double far = sqrt(p.x * p.x + p.y * p.y) + 1e-9;
	double c = p.x / far, s = p.y / far;
	double u = c / head->across, v = s / head->along;
	double re = c, im = s, next, sum = 1;
	size_t k;

	/* re + i im = exp(i order angle) */
	for (k = 0; k < WOBBLES; k++) {
		next = re * c - im * s;
		im = re * s + im * c;
		re = next;
		sum += head->wobble[k][0] * re + head->wobble[k][1] * im;
	}
	return sum / sqrt(u * u + v * v);
}
