/*
 * Portable math against long double libm, exact sums against integers, numbers
 * as text, ranges and specs.
 */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/blindspot.h"
#include "tap.h"

static uint64_t state = 88172645463325252u;

/* Xorshift (Marsaglia 2003): not our own generator. */
static uint64_t
word(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static double
uniform(double lo, double hi)
{
	return lo + (hi - lo) * (double)(word() >> 11) * 0x1p-53;
}

/* The error of y against the exact value, in units in y's last place. */
static double
ulps(double y, long double exact)
{
	double near = (double)exact, unit;

	if (isinf(near) || near == 0)
		return y == near ? 0 : 1e9;
	unit = fabs(nextafter(near, INFINITY) - near);
	return (double)fabsl(((long double)y - exact) / unit);
}

typedef double unary(double);
typedef long double unary_exact(long double);

static void
accuracy(const char *name, unary *f, unary_exact *exact, double lo, double hi,
    bool logarithmic)
{
	double worst = 0, at = 0, x, error;
	int i;

	for (i = 0; i < 300000; i++) {
		x = logarithmic ? ldexp(uniform(1, 2), (int)uniform(lo, hi)) :
		    uniform(lo, hi);
		error = ulps(f(x), exact(x));
		if (error > worst) {
			worst = error;
			at = x;
		}
	}
	ok(worst < 1, "%s is within an ulp on %g to %g: %.4f at %.17g", name,
	    lo, hi, worst, at);
}

static void
near_multiples(void)
{
	double worst = 0, x, error;
	int n;

	for (n = -60000; n <= 60000; n += 7) {
		x = (double)(n * 1.57079632679489661923132169163975144L);
		error = fmax(ulps(bsp_sin(x), sinl(x)),
		    ulps(bsp_cos(x), cosl(x)));
		worst = fmax(worst, error);
	}
	ok(worst < 1, "sin and cos near multiples of pi/2: %.4f ulp", worst);
}

static void
powers(void)
{
	double worst = 0, x, y, error, at_x = 0, at_y = 0;
	int i;

	for (i = 0; i < 300000; i++) {
		x = ldexp(uniform(1, 2), (int)uniform(-40, 40));
		if (i % 3 == 0)
			x = 1 + uniform(-1e-3, 1e-3);
		y = uniform(-700, 700) / fmax(fabs(log(x)), 1e-2);
		error = ulps(bsp_pow(x, y), powl(x, y));
		if (error > worst) {
			worst = error;
			at_x = x;
			at_y = y;
		}
	}
	ok(worst < 1, "pow is within an ulp: %.4f at %.17g, %.17g", worst,
	    at_x, at_y);
}

static bool
same(double a, double b)
{
	return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

/* Values that C's Annex F prescribes; libm keeps to it. */
static void
special_values(void)
{
	static const double v[] = {0, -0., 1, -1, 2, -2, 3, -3, .5, -.5, 1e300,
	    -1e300, 1e-300, 5e-324, INFINITY, -INFINITY, NAN, 4503599627370497.,
	    1e17};
	size_t i, j, n = sizeof v / sizeof v[0];
	bool good = true;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			if (!same(bsp_pow(v[i], v[j]), pow(v[i], v[j])) &&
			    ulps(bsp_pow(v[i], v[j]), powl(v[i], v[j])) >= 1) {
				good = false;
				printf("# pow(%g, %g) = %g, expected %g\n",
				    v[i], v[j], bsp_pow(v[i], v[j]),
				    pow(v[i], v[j]));
			}
	ok(good, "pow of special values");
	ok(same(bsp_exp(INFINITY), INFINITY) && same(bsp_exp(-INFINITY), 0) &&
	    isnan(bsp_exp(NAN)) && bsp_exp(0) == 1 && bsp_exp(-0.) == 1 &&
	    same(bsp_exp(1000), INFINITY) && same(bsp_exp(-1000), 0),
	    "exp of special values");
	ok(same(bsp_log(0), -INFINITY) && same(bsp_log(-0.), -INFINITY) &&
	    isnan(bsp_log(-1)) && isnan(bsp_log(NAN)) && bsp_log(1) == 0 &&
	    same(bsp_log(INFINITY), INFINITY), "log of special values");
	ok(same(bsp_sin(-0.), -0.) && bsp_cos(0) == 1 &&
	    isnan(bsp_sin(INFINITY)) && isnan(bsp_cos(NAN)) &&
	    isnan(bsp_sin(1.1e5)) && isnan(bsp_cos(-1.1e5)),
	    "sin and cos of special values");
	ok(ulps(bsp_exp(-745.1), expl((long double)-745.1)) < 1 &&
	    ulps(bsp_exp(-708.5), expl((long double)-708.5)) < 1 &&
	    ulps(bsp_exp(709.78), expl((long double)709.78)) < 1,
	    "exp near underflow and overflow");
	ok(ulps(bsp_log(5e-324), logl((long double)5e-324)) < 1,
	    "log of the least subnormal");
}

/* ------------------------------------------------------------------- sums */

static double
sum_of(const float *x, size_t n)
{
	struct bsp_sum sum = {0};

	bsp_sum_add(&sum, x, n);
	return bsp_sum_value(&sum);
}

static void
sums(void)
{
	/* Multiples of 2^-40 below 2^20: their sum fits a 64-bit integer. */
	enum { N = 4097 };
	static float x[N];
	struct bsp_sum parts = {0};
	int64_t exact = 0, k;
	float big = 0x1p127f, tiny = 0x1p-149f;
	int i;

	for (i = 0; i < N; i++) {
		k = (int64_t)(word() & 0xFFFFFF) << (word() % 24);
		k = word() & 1 ? k : -k;
		x[i] = (float)((double)k * 0x1p-40);
		exact += k;
	}
	ok(sum_of(x, N) == (double)exact * 0x1p-40,
	    "a sum equals the integers'");
	for (i = 0; i < N; i += 17)
		bsp_sum_add(&parts, x + i, (size_t)(N - i < 17 ? N - i : 17));
	ok(bsp_sum_value(&parts) == sum_of(x, N) && parts.count == N,
	    "in pieces too");
	ok(sum_of((float[]){big, tiny, -big}, 3) == 0x1p-149,
	    "nothing is lost beside 2^127");
	ok(sum_of((float[]){-big, -tiny, big}, 3) == -0x1p-149,
	    "nor below 0");
	ok(sum_of((float[]){big, big, big}, 3) == 3 * 0x1p127,
	    "beyond float's range");
	ok(sum_of(NULL, 0) == 0, "of nothing is 0");
	/* 2^53 + 1 is a tie: to even, down; 2^53 + 3: up to 2^53 + 4. */
	ok(sum_of((float[]){0x1p53f, 1}, 2) == 0x1p53,
	    "a tie rounds to even, down");
	ok(sum_of((float[]){0x1p53f, 3}, 2) == 0x1p53 + 4,
	    "a tie rounds to even, up");
	ok(sum_of((float[]){0x1p53f, 1, tiny}, 3) == 0x1p53 + 2,
	    "more than a tie rounds up");
	ok(sum_of((float[]){-0x1p53f, -1, -tiny}, 3) == -(0x1p53 + 2),
	    "and so below 0");
	ok(isnan(bsp_sum_mean(&(struct bsp_sum){0})),
	    "the mean of nothing is NaN");
}

/* ---------------------------------------------------------------- numbers */

static void
numbers(void)
{
	static const char *const good[] = {"0", "-0", "1", "+1.5", ".5", "5.",
	    "1e3", "1E-3", "-2.5e+10", "0.1", "1e-400", "123456789012345678"};
	static const char *const bad[] = {"", " 1", "1 ", "1x", "0x10", "inf",
	    "nan", "-inf", "1e", "1e+", ".", "-", "+", "--1", "1,5", "1e999",
	    "1.2.3", "e5", "1_000"};
	static const char *const bad_counts[] = {"", "-1", "+1", "1.0", "1e3",
	    "18446744073709551616", "0x1", " 1", "1 ", "99999999999999999999"};
	struct bsp_error e;
	char text[BSP_NUMBER_SIZE];
	uint64_t n, bits;
	bool passed = true;
	double v;
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		passed &= bsp_number_parse(good[i], &v, &e) == 0 &&
		    v == strtod(good[i], NULL);
	ok(passed, "numbers are read as strtod does");
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(bsp_number_parse(bad[i], &v, &e) == -1 &&
		    e.status == BSP_USAGE, "'%s' is not a number", bad[i]);
	ok(bsp_count_parse("18446744073709551615", &n, &e) == 0 &&
	    n == UINT64_MAX, "2^64 - 1 is a count");
	for (i = 0; i < sizeof bad_counts / sizeof bad_counts[0]; i++)
		ok(bsp_count_parse(bad_counts[i], &n, &e) == -1,
		    "'%s' is not a count", bad_counts[i]);
	passed = true;
	for (i = 0; i < 20000; i++) {
		bits = word();
		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		passed &= strtod(bsp_number_format(text, v), NULL) == v;
	}
	ok(passed, "what is written reads back exactly");
	ok(strcmp(bsp_number_format(text, 0.1), "0.1") == 0 &&
	    strcmp(bsp_number_format(text, 1.0 / 3), "0.3333333333333333") ==
	    0 && strcmp(bsp_number_format(text, 100), "100") == 0 &&
	    strcmp(bsp_number_format(text, NAN), "nan") == 0 &&
	    strcmp(bsp_number_format(text, -INFINITY), "-inf") == 0,
	    "and is the shortest");
}

static void
locales(void)
{
	static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8",
	    "de_DE", "nl_NL.UTF-8"};
	char text[BSP_NUMBER_SIZE];
	struct bsp_error e;
	double v = 0;
	size_t i;

	for (i = 0; i < 4; i++)
		if (setlocale(LC_ALL, names[i]) != NULL)
			break;
	ok(strcmp(bsp_number_format(text, 1.5), "1.5") == 0 &&
	    bsp_number_parse("2.5", &v, &e) == 0 && v == 2.5,
	    "numbers ignore the locale (%s)", setlocale(LC_ALL, NULL));
	setlocale(LC_ALL, "C");
}

static void
ranges(void)
{
	static const char *const bad[] = {"0:1", "0:1:1", "0:1:0", "0:1:2:3",
	    ":", "::", "0:1:x", "0:1:2.5", "0::3", "x", "0:1:-3", "0:1:2000000",
	    "", "1:2:3:"};
	struct bsp_range r;
	struct bsp_error e;
	char text[32];
	bool passed;
	size_t i;

	passed = bsp_range_parse("0:5:100", &r, &e) == 0 && r.n == 100;
	for (i = 0; i < 100; i++) {
		snprintf(text, sizeof text, "%.9g", 5 * (double)i / 99);
		passed &= bsp_range_point(&r, i) == strtod(text, NULL);
	}
	ok(passed, "0:5:100 gives the points %%.9g of 5i/99");
	ok(bsp_range_parse("1:-1:3", &r, &e) == 0 &&
	    bsp_range_point(&r, 0) == 1 && bsp_range_point(&r, 1) == 0 &&
	    bsp_range_point(&r, 2) == -1, "ranges may descend");
	ok(bsp_range_parse("0.1234567891", &r, &e) == 0 && r.n == 1 &&
	    bsp_range_point(&r, 0) == 0.1234567891,
	    "a single value is kept as it is");
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(bsp_range_parse(bad[i], &r, &e) == -1 &&
		    e.status == BSP_USAGE, "'%s' is no range", bad[i]);
}

static void
specs(void)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{"disc", "'disk'"}, {"", "unknown kind"},
		{"disk:radius", "key=value"}, {"disk:", "key=value"},
		{"disk:radios=3", "'radius'"}, {"disk:radius=", "empty"},
		{"disk:radius=0", "above 0"}, {"disk:radius=-1", "range"},
		{"disk:radius=1,radius=2", "twice"},
		{"disk:radius=1,", "key=value"}, {"disk:,", "key=value"},
		{"disk:radius=0:5:3", "above 0"},
		{"disk:radius=1x", "after the number"},
		{"disk:intensity=nan", "not a number"},
		{"disk:=3", "unknown parameter"}, {"disk radius=3", "unknown"},
	};
	struct bsp_spec spec;
	struct bsp_error e;
	size_t i;

	ok(bsp_spec_parse(bsp_inject_kinds,
	    "disk:intensity=0:1:3,radius=5:7:2", &spec, &e) == 0 &&
	    spec.swept_count == 2 && spec.swept[0] == 1 &&
	    spec.swept[1] == 0 && spec.range[1].n == 3 &&
	    spec.range[0].lo == 5, "a spec keeps its order");
	ok(bsp_spec_parse(bsp_inject_kinds, "disk", &spec, &e) == 0 &&
	    spec.swept_count == 0 && spec.range[0].lo == 20 &&
	    spec.range[1].lo == 0.5, "a bare kind has its defaults");
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		e.text[0] = '\0';
		ok(bsp_spec_parse(bsp_inject_kinds, bad[i].text, &spec,
		    &e) == -1 && e.status == BSP_USAGE &&
		    strstr(e.text, bad[i].message) != NULL,
		    "bad spec '%s': %s", bad[i].text, e.text);
	}
	ok(bsp_spec_parse(bsp_degrade_kinds, "none:sigma=1", &spec, &e) == -1,
	    "a kind without parameters takes none");
}

static void
distances(void)
{
	ok(bsp_edit_distance("kitten", "sitting") == 3, "kitten, sitting: 3");
	ok(bsp_edit_distance("", "abc") == 3, "nothing, abc: 3");
	ok(bsp_edit_distance("sigma", "sigam") == 1, "a swap is 1");
	ok(bsp_edit_distance("abs", "abs") == 0, "equal words: 0");
}

int
main(void)
{
	accuracy("exp", bsp_exp, expl, -708, 709, false);
	accuracy("exp", bsp_exp, expl, -1, 1, false);
	accuracy("exp", bsp_exp, expl, -60, -20, true);
	accuracy("log", bsp_log, logl, -1074, 1023, true);
	accuracy("log", bsp_log, logl, .5, 2, false);
	accuracy("log", bsp_log, logl, .9999, 1.0001, false);
	accuracy("sin", bsp_sin, sinl, -1e5, 1e5, false);
	accuracy("sin", bsp_sin, sinl, -7, 7, false);
	accuracy("sin", bsp_sin, sinl, -100, 0, true);
	accuracy("cos", bsp_cos, cosl, -1e5, 1e5, false);
	accuracy("cos", bsp_cos, cosl, -7, 7, false);
	near_multiples();
	powers();
	special_values();
	sums();
	numbers();
	locales();
	ranges();
	specs();
	distances();
	return done();
}
