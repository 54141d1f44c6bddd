/*
 * The normal and Student's distribution, of which intervals need a few values:
 * series with terms of one sign, and quantiles by halving, so that the bits
 * are the same everywhere.
 * Source: Abramowitz and Stegun 1964, 26.2.11, 26.2.14, 26.7.3 to 26.7.5.
 */
#include <math.h>

#include "base.h"

#define ROOT_TWO_PI 2.5066282746310005024
#define HALF_PI 1.5707963267948966192

/* What lies beyond x >= 3: a continued fraction from its end. */
static double
upper_tail(double x)
{
	double below = x;
	int k;

	for (k = 200; k > 0; k--)
		below = x + k / below;
	return bsp_exp(-x * x / 2) / ROOT_TWO_PI / below;
}

/* What lies between 0 and x: a series. */
static double
from_zero(double x)
{
	double term = x, sum = x;
	int k;

	for (k = 3; term > sum * 1e-18; k += 2) {
		term *= x * x / k;
		sum += term;
	}
	return bsp_exp(-x * x / 2) / ROOT_TWO_PI * sum;
}

double
bsp_normal_cdf(double x)
{
	double size = fabs(x), half;

	if (isnan(x))
		return x;
	if (size >= 3)
		return x < 0 ? upper_tail(size) : 1 - upper_tail(size);
	half = from_zero(size);
	return x < 0 ? .5 - half : .5 + half;
}

/* Halve [low, high] until no number lies between; rises is true above. */
static double
halve(bool (*above)(double x, double p, size_t freedom), double p,
    size_t freedom, double low, double high)
{
	double middle = (low + high) / 2;

	while (middle > low && middle < high) {
		if (above(middle, p, freedom))
			high = middle;
		else
			low = middle;
		middle = (low + high) / 2;
	}
	return middle;
}

/* Is less than p left beyond x? */
static bool
is_above_normal(double x, double p, size_t freedom)
{
	(void)freedom;
	return bsp_normal_cdf(-x) < p;
}

/* The quantile above 0, by what lies beyond it. */
static double
normal_beyond(double p)
{
	return halve(is_above_normal, p, 0, 0, 40);
}

/*
 * The probability that |T| is at most sqrt(freedom) tan(angle): a finite sum of
 * powers of the cosine.
 */
static double
within_angle(double angle, size_t freedom)
{
	double c = bsp_cos(angle), s = bsp_sin(angle), term, sum;
	size_t k, odd = freedom % 2;

	if (freedom == 1)
		return angle / HALF_PI;
	term = sum = odd ? c : 1;
	for (k = 2 + odd; k + 2 <= freedom; k += 2) {
		term *= (double)(k - 1) / (double)k * c * c;
		sum += term;
	}
	return odd ? (angle + s * sum) / HALF_PI : s * sum;
}

static bool
is_above_student(double angle, double p, size_t freedom)
{
	return 1 - within_angle(angle, freedom) < 2 * p;
}

#define FREEDOM_MANY 1000

/* An expansion about the normal quantile z: error below z^11/freedom^5. */
static double
expand(double z, double freedom)
{
	double q = z * z, n = 1 / freedom;

	return z + z * n * ((q + 1) / 4 +
	    n * (((5 * q + 16) * q + 3) / 96 +
	    n * ((((3 * q + 19) * q + 17) * q - 15) / 384 +
	    n * ((((79 * q + 776) * q + 1482) * q - 1920) * q - 945) /
	    92160)));
}

double
bsp_student_quantile(double p, size_t freedom)
{
	double angle;

	if (!(p > 0 && p < 1) || freedom == 0)
		return (double)NAN;
	if (p > .5)
		return -bsp_student_quantile(1 - p, freedom);
	if (p == .5)
		return 0;
	if (freedom > FREEDOM_MANY)
		return -expand(normal_beyond(p), (double)freedom);
	angle = halve(is_above_student, p, freedom, 0, HALF_PI);
	return -sqrt((double)freedom) * bsp_sin(angle) / bsp_cos(angle);
}

double
bsp_expanded_level(double level, size_t n)
{
	if (n < 2)
		return (double)NAN;
	return bsp_normal_cdf(sqrt((double)n / (double)(n - 1)) *
	    bsp_student_quantile(level, n - 1));
}
