/*
 * Elementary functions that give the same bits everywhere.  Each is a
 * reduction to a small argument, kept as an unevaluated sum hi + lo where one
 * double is not enough, and the first terms of a power series.  sqrt, ldexp,
 * frexp and rint are used: IEEE 754 makes them exact or correctly rounded.
 *
 * Sources: Dekker 1971 (exact products and sums), Cody and Waite 1980
 * (argument reduction).
 */
#include <math.h>

#include "base.h"

struct pair {
	double hi, lo; /* |lo| at most half a unit in the last place of hi */
};

/* a + b exactly. */
static struct pair
two_sum(double a, double b)
{
	double s = a + b, t = s - a;

	return (struct pair){s, (a - (s - t)) + (b - t)};
}

/* a + b exactly, where |a| >= |b| or a is 0. */
static struct pair
fast_two_sum(double a, double b)
{
	double s = a + b;

	return (struct pair){s, b - (s - a)};
}

/* a * b exactly, where neither is so large or small that halves overflow. */
static struct pair
two_product(double a, double b)
{
	const double split = 134217729; /* 2^27 + 1 */
	double p = a * b;
	double a1 = split * a, b1 = split * b, a2, b2;

	a1 = a1 - (a1 - a);
	b1 = b1 - (b1 - b);
	a2 = a - a1;
	b2 = b - b1;
	return (struct pair){p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2};
}

static struct pair
pair_product(struct pair a, struct pair b)
{
	struct pair p = two_product(a.hi, b.hi);

	return fast_two_sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

/* a + b, where |a| >= |b|. */
static struct pair
pair_sum(struct pair a, struct pair b)
{
	struct pair s = two_sum(a.hi, b.hi);

	return fast_two_sum(s.hi, s.lo + (a.lo + b.lo));
}

/* ln 2: the first part has 32 bits, so that its product with k is exact. */
#define LN2_1 0x1.62e42feep-1
#define LN2_2 0x1.a39ef35793c76p-33
#define LN2_3 0x1.cc01f97b57a08p-87

/* exp(x.hi + x.lo) for |x.hi| < 800. */
static double
exp_pair(struct pair x)
{
	double k = rint(x.hi * 1.44269504088896340736); /* 1 / ln 2 */
	struct pair r;
	double a, q;
	int i;

	r = two_sum(x.hi - k * LN2_1, -k * LN2_2);
	r = fast_two_sum(r.hi, r.lo + x.lo);
	/* |r| <= ln(2) / 2; the first term left out is below 2^-57. */
	a = r.hi;
	q = 1;
	for (i = 14; i >= 3; i--)
		q = 1 + q * a / i;
	q = a * a * 0.5 * q;
	r = (struct pair){1 + a, (a - ((1 + a) - 1)) + r.lo};
	return ldexp(r.hi + (r.lo + q), (int)k);
}

double
bsp_exp(double x)
{
	if (isnan(x))
		return x;
	if (x > 710)
		return (double)INFINITY;
	if (x < -746)
		return 0;
	return exp_pair((struct pair){x, 0});
}

/* log(x) for finite x > 0, with a relative error below 2^-63. */
static struct pair
log_pair(double x)
{
	const struct pair two_thirds = {0x1.5555555555555p-1,
	    0x1.5555555555555p-55};
	struct pair d, s, z, c, p, y;
	double m, f, tail;
	int i, k;

	m = frexp(x, &k);
	if (m < 0.70710678118654752440) {
		m *= 2;
		k--;
	}
	/* log m = 2 artanh s = 2s + s z (2/3 + 2/5 z + ...), s = f / (2 + f),
	 * z = s^2 <= .0295; the first term left out is below 2^-70. */
	f = m - 1;
	d = fast_two_sum(2, f);
	s.hi = f / d.hi;
	p = two_product(s.hi, d.hi);
	s.lo = (((f - p.hi) - p.lo) - s.hi * d.lo) / d.hi;
	s = fast_two_sum(s.hi, s.lo);
	z = pair_product(s, s);
	tail = 0;
	for (i = 27; i >= 5; i -= 2)
		tail = 2.0 / i + z.hi * tail;
	c = pair_sum(two_thirds, two_product(z.hi, tail));
	y = pair_product(pair_product(s, z), c);
	y = pair_sum((struct pair){2 * s.hi, 2 * s.lo}, y);
	p = fast_two_sum(k * LN2_1, k * LN2_2);
	p = fast_two_sum(p.hi, p.lo + k * LN2_3);
	return k == 0 ? y : pair_sum(p, y);
}

double
bsp_log(double x)
{
	struct pair y;

	if (isnan(x) || x < 0)
		return (double)NAN;
	if (x == 0)
		return -(double)INFINITY;
	if (isinf(x) || x == 1)
		return x == 1 ? 0 : x;
	y = log_pair(x);
	return y.hi + y.lo;
}

static bool
is_integer(double y)
{
	return rint(y) == y;
}

static bool
is_odd(double y)
{
	return fabs(y) < 0x1p53 && is_integer(y) && !is_integer(y / 2);
}

/* The cases of C's Annex F 10.4.4 that are not exp(y log x); true if one. */
static bool
pow_special(double x, double y, double *result)
{
	double magnitude;

	if (y == 0 || x == 1) {
		*result = 1;
		return true;
	}
	if (isnan(x) || isnan(y) || (x < 0 && !isinf(x) && !isinf(y) &&
	    !is_integer(y))) {
		*result = (double)NAN;
		return true;
	}
	if (isinf(y)) {
		magnitude = fabs(x);
		*result = magnitude == 1 ? 1 :
		    (magnitude > 1) == (y > 0) ? (double)INFINITY : 0;
		return true;
	}
	if (x == 0 || isinf(x)) {
		magnitude = (x == 0) == (y < 0) ? (double)INFINITY : 0;
		*result = is_odd(y) ? copysign(magnitude, x) : magnitude;
		return true;
	}
	return false;
}

double
bsp_pow(double x, double y)
{
	struct pair l, p;
	double result, sign;

	if (pow_special(x, y, &result))
		return result;
	sign = x < 0 && is_odd(y) ? -1 : 1;
	l = log_pair(fabs(x));
	if (l.hi == 0)
		return sign;
	if (fabs(y) > 800 / fabs(l.hi))
		return sign * ((y > 0) == (l.hi > 0) ? (double)INFINITY : 0);
	if (fabs(y) < 0x1p-70)
		return sign; /* and the exact product would underflow */
	p = two_product(y, l.hi);
	p = fast_two_sum(p.hi, p.lo + y * l.lo);
	if (p.hi > 710 || p.hi < -746)
		return sign * (p.hi > 0 ? (double)INFINITY : 0);
	return sign * exp_pair(p);
}

/* pi / 2 in parts of 33 bits and a rest: products with n < 2^17 are exact. */
#define PI_2_1 0x1.921fb544p+0
#define PI_2_2 0x1.0b4611a6p-34
#define PI_2_3 0x1.3198a2e0p-69
#define PI_2_4 0x1.b839a252049c1p-104

/* x = n pi/2 + r; returns n mod 4. */
static int
reduce(double x, struct pair *r)
{
	double n = rint(x * 0.63661977236758134308); /* 2 / pi */
	struct pair t;

	*r = two_sum(x - n * PI_2_1, -n * PI_2_2);
	t = two_sum(r->hi, -n * PI_2_3);
	*r = two_sum(t.hi, r->lo + t.lo - n * PI_2_4);
	return (int)((long)n & 3);
}

/* sin and cos of |r| <= pi/4; the first terms left out are below 2^-60. */
static double
sin_kernel(struct pair r)
{
	double z = r.hi * r.hi, t = 1;
	int i;

	for (i = 18; i >= 4; i -= 2)
		t = 1 - t * z / (i * (i + 1));
	/* sin r = r - r^3/6 (1 - r^2/20 (...)) */
	return r.hi + (r.lo * (1 - z / 2) - r.hi * z / 6 * t);
}

static double
cos_kernel(struct pair r)
{
	double z = r.hi * r.hi, t = 1, half = z / 2, w = 1 - half;
	int i;

	for (i = 18; i >= 6; i -= 2)
		t = 1 - t * z / ((i - 1) * i);
	/* cos r = 1 - r^2/2 + r^4/24 (1 - r^2/30 (...)) */
	return w + (((1 - w) - half) + (z * z / 24 * t - r.hi * r.lo));
}

double
bsp_sin(double x)
{
	struct pair r;
	int quadrant;
	double y;

	if (!(fabs(x) <= 1e5))
		return (double)NAN;
	if (x == 0)
		return x;
	quadrant = reduce(x, &r);
	y = quadrant & 1 ? cos_kernel(r) : sin_kernel(r);
	return quadrant & 2 ? -y : y;
}

double
bsp_cos(double x)
{
	struct pair r;
	int quadrant;
	double y;

	if (!(fabs(x) <= 1e5))
		return (double)NAN;
	quadrant = reduce(x, &r) + 1;
	y = quadrant & 1 ? cos_kernel(r) : sin_kernel(r);
	return quadrant & 2 ? -y : y;
}
