/*
 * Normal deviates, many at a time: the logarithm, sine and cosine of Box and
 * Muller written without branches, so that they are vectors' work.
 * Source: Box and Muller, Annals of Mathematical Statistics 1958.
 */
#include <math.h>

#include "vector-math.h"

#define PAIRS 64 /* made at once */

#define TWO_PI 0x1.921fb54442d18p+2

/* sin r and cos r of |r| <= pi/4, by their series. */
static inline double
sin_kernel(double r)
{
	double z = r * r, t;

	t = 1 - z * (1. / (16 * 17));
	t = 1 - z * (1. / (14 * 15)) * t;
	t = 1 - z * (1. / (12 * 13)) * t;
	t = 1 - z * (1. / (10 * 11)) * t;
	t = 1 - z * (1. / (8 * 9)) * t;
	t = 1 - z * (1. / (6 * 7)) * t;
	t = 1 - z * (1. / (4 * 5)) * t;
	return r - r * (z * (1. / 6) * t);
}

static inline double
cos_kernel(double r)
{
	double z = r * r, t;

	t = 1 - z * (1. / (15 * 16));
	t = 1 - z * (1. / (13 * 14)) * t;
	t = 1 - z * (1. / (11 * 12)) * t;
	t = 1 - z * (1. / (9 * 10)) * t;
	t = 1 - z * (1. / (7 * 8)) * t;
	t = 1 - z * (1. / (5 * 6)) * t;
	t = 1 - z * (1. / (3 * 4)) * t;
	return 1 - z * .5 * t;
}

/*
 * u in (0, 1] and v in [0, 1) become sqrt(-2 log u) cos(2 pi v) and the same
 * with the sine.
 */
BSP_CLONES static void
transform(double *u, double *v, size_t n)
{
	double radius[PAIRS], shifted, r, s, c;
	uint64_t quarter, swap, sines, cosines;
	size_t i;

	for (i = 0; i < n; i++)
		radius[i] = -2 * bsp_log_kernel(u[i]);
	for (i = 0; i < n; i++)
		radius[i] = sqrt(radius[i]);
	for (i = 0; i < n; i++) {
		shifted = 4 * v[i] + BSP_ROUND;
		quarter = bsp_bits_of(shifted);
		r = (v[i] - .25 * (shifted - BSP_ROUND)) * TWO_PI;
		s = sin_kernel(r);
		c = cos_kernel(r);
		/* Each quarter of a turn: (c, s) becomes (-s, c). */
		swap = 0 - (quarter & 1);
		sines = (bsp_bits_of(c) & swap) | (bsp_bits_of(s) & ~swap);
		cosines = (bsp_bits_of(s) & swap) | (bsp_bits_of(c) & ~swap);
		u[i] = radius[i] *
		    bsp_double_of(cosines ^ ((quarter + 1) & 2) << 62);
		v[i] = radius[i] * bsp_double_of(sines ^ (quarter & 2) << 62);
	}
}

void
bsp_random_normals(struct bsp_random *random, double *z, size_t n)
{
	double u[PAIRS], v[PAIRS];
	size_t i, k, pairs;

	for (i = 0; i < n; i += 2 * pairs) {
		pairs = (n - i + 1) / 2 < PAIRS ? (n - i + 1) / 2 : PAIRS;
		for (k = 0; k < pairs; k++) {
			/* 1 - u lies in (0, 1], where log is finite. */
			u[k] = 1 - bsp_random_uniform(random);
			v[k] = bsp_random_uniform(random);
		}
		transform(u, v, pairs);
		for (k = 0; k < pairs; k++) {
			z[i + 2 * k] = u[k];
			if (i + 2 * k + 1 < n)
				z[i + 2 * k + 1] = v[k];
		}
	}
}

double
bsp_random_normal(struct bsp_random *random)
{
	double z;

	bsp_random_normals(random, &z, 1);
	return z;
}
