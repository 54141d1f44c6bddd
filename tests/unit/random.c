/*
 * The random numbers against the published vectors of Random123 1.09
 * (kat_vectors, philox4x32 10), and the distributions built on them.
 */
#include <math.h>
#include <string.h>

#include "../../lib/blindspot.h"
#include "tap.h"

static void
known_answers(void)
{
	static const struct {
		const char *name;
		uint32_t counter[4], key[2], expected[4];
	} vectors[] = {
		{"zeros", {0, 0, 0, 0}, {0, 0},
		    {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{"ones", {~0u, ~0u, ~0u, ~0u}, {~0u, ~0u},
		    {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{"digits of pi", {0x243f6a88, 0x85a308d3, 0x13198a2e,
		    0x03707344}, {0xa4093822, 0x299f31d0},
		    {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	};
	uint32_t out[4];
	size_t i;

	for (i = 0; i < 3; i++) {
		bsp_philox(vectors[i].counter, vectors[i].key, out);
		ok(memcmp(out, vectors[i].expected, sizeof out) == 0,
		    "philox: known answer for %s", vectors[i].name);
	}
}

/* The words of a sequence are those of counters {0,...}, {1,...}, ... */
static void
counter_layout(void)
{
	uint64_t seed = 0x0123456789abcdef, index = 0xfedcba9876543210;
	uint32_t key[2] = {0x89abcdef, 0x01234567};
	uint32_t counter[4] = {0, 2u << 24 | 5, 0x76543210, 0xfedcba98};
	uint32_t block[4], words = 0;
	struct bsp_random random;
	bool same = true;

	bsp_random_start(&random, seed, BSP_DRAW_ANOMALY, 5, index);
	for (; counter[0] < 3; counter[0]++) {
		bsp_philox(counter, key, block);
		for (words = 0; words < 4; words++)
			same &= bsp_random_u32(&random) == block[words];
	}
	ok(same, "a sequence is keyed by seed, purpose, number and index");
}

/* Chi-squared of counts against equal expectations. */
static double
chi_squared(const unsigned *count, size_t n, double expected)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += (count[i] - expected) * (count[i] - expected) /
		    expected;
	return sum;
}

static void
pairs(void)
{
	struct bsp_random one, two;
	double pair[2], many[301], products = 0, squares = 0, sum = 0;
	bool same = true;
	size_t n, k;
	int i;

	bsp_random_start(&one, 1, BSP_DRAW_DEGRADE, 0, 0);
	bsp_random_start(&two, 1, BSP_DRAW_DEGRADE, 0, 0);
	for (i = 0; i < 100000; i++) {
		bsp_random_normals(&one, pair, 2);
		same &= pair[0] == bsp_random_normal(&two);
		products += pair[0] * pair[1];
		squares += pair[1] * pair[1];
		sum += pair[1];
	}
	ok(same, "the first of a pair is what normal gives");
	ok(fabs(sum / 1e5) < 4 / sqrt(1e5) &&
	    fabs(squares / 1e5 - 1) < 4 * sqrt(2 / 1e5),
	    "the second is normal too");
	ok(fabs(products / 1e5) < 4 / sqrt(1e5), "they do not correlate");
	for (same = true, n = 1; n <= 301; n += 60) {
		bsp_random_start(&one, 1, BSP_DRAW_DEGRADE, 0, n);
		bsp_random_start(&two, 1, BSP_DRAW_DEGRADE, 0, n);
		bsp_random_normals(&one, many, n);
		for (k = 0; k < n; k += 2) {
			bsp_random_normals(&two, pair, 2);
			same &= many[k] == pair[0] &&
			    (k + 1 == n || many[k + 1] == pair[1]);
		}
		same &= bsp_random_u32(&one) == bsp_random_u32(&two);
	}
	ok(same, "many at once are what pairs are, an odd one at the end too");
}

/* The formula of Box and Muller, by the library's own functions. */
static void
box_muller(void)
{
	const double two_pi = 6.283185307179586476925;
	struct bsp_random one, two;
	double z[2], radius, angle, worst = 0, off;
	int i;

	bsp_random_start(&one, 7, BSP_DRAW_DEGRADE, 0, 0);
	bsp_random_start(&two, 7, BSP_DRAW_DEGRADE, 0, 0);
	for (i = 0; i < 200000; i++) {
		bsp_random_normals(&one, z, 2);
		radius = sqrt(-2 * bsp_log(1 - bsp_random_uniform(&two)));
		angle = two_pi * bsp_random_uniform(&two);
		off = fabs(z[0] - radius * bsp_cos(angle)) / fmax(1, radius);
		worst = off > worst ? off : worst;
		off = fabs(z[1] - radius * bsp_sin(angle)) / fmax(1, radius);
		worst = off > worst ? off : worst;
	}
	ok(worst <= 1e-15, "normal deviates are Box and Muller's: %.1e off",
	    worst);
}

static void
distributions(void)
{
	unsigned count[7] = {0}, tenth[10] = {0};
	double sum = 0, squares = 0, cubes = 0, x;
	struct bsp_random random;
	bool inside = true;
	uint64_t k, big = (uint64_t)3 << 62;
	int i, lower = 0;

	bsp_random_start(&random, 1, BSP_DRAW_POSITION, 0, 0);
	for (i = 0; i < 70000; i++) {
		k = bsp_random_below(&random, 7);
		inside &= k < 7;
		count[k % 7]++;
	}
	ok(inside, "below(7) stays below 7");
	/* 22.46 is the 99.9 % point of chi-squared with 6 degrees. */
	ok(chi_squared(count, 7, 10000) < 22.46, "below(7) is uniform");
	ok(bsp_random_below(&random, 1) == 0, "below(1) is 0");
	/* Modulo alone would put half of the draws into the lower third. */
	for (i = 0; i < 3000; i++)
		lower += bsp_random_below(&random, big) < big / 3;
	ok(lower > 900 && lower < 1100, "below(3 2^62) has no bias: "
	    "%d of 3000 in the lower third", lower);

	inside = true;
	for (i = 0; i < 100000; i++) {
		x = bsp_random_uniform(&random);
		inside &= x >= 0 && x < 1 && x * 0x1p53 ==
		    floor(x * 0x1p53);
		tenth[(int)(10 * x) % 10]++;
	}
	ok(inside, "uniform lies in [0,1), in steps of 2^-53");
	/* 27.88: the 99.9 % point with 9 degrees. */
	ok(chi_squared(tenth, 10, 10000) < 27.88, "uniform is uniform");

	for (i = 0; i < 100000; i++) {
		x = bsp_random_normal(&random);
		sum += x;
		squares += x * x;
		cubes += x * x * x;
	}
	/* Four standard errors. */
	ok(fabs(sum / 1e5) < 4 / sqrt(1e5), "normal has mean 0");
	ok(fabs(squares / 1e5 - 1) < 4 * sqrt(2 / 1e5),
	    "normal has variance 1");
	ok(fabs(cubes / 1e5) < 4 * sqrt(15 / 1e5), "normal is symmetric");
	pairs();
	box_muller();
}

static void
positions(void)
{
	float samples[12] = {0, .5f, -1, .1f, 0, 1, 2, 0, 0, 0, .3f, 0};
	struct bsp_image image = {3, 4, samples, 12}, empty = image;
	float nothing[12] = {0};
	unsigned count[12] = {0}, foreground[5];
	static const size_t where[5] = {1, 3, 5, 6, 10};
	struct bsp_error e = {0};
	size_t row, col, r2, c2, i;
	bool same = true;

	for (i = 0; i < 50000; i++) {
		bsp_position_draw(&image, 3, i, 0, &row, &col, &e);
		count[row * 4 + col]++;
	}
	for (i = 0; i < 5; i++)
		foreground[i] = count[where[i]];
	/* 18.47: the 99.9 % point with 4 degrees. */
	ok(chi_squared(foreground, 5, 10000) < 18.47,
	    "positions are uniform over the foreground");
	ok(foreground[0] + foreground[1] + foreground[2] + foreground[3] +
	    foreground[4] == 50000, "and never outside it");
	for (i = 0; i < 12; i++) /* another intensity, the same foreground */
		samples[i] *= 2;
	for (i = 0; i < 50; i++) {
		bsp_position_draw(&image, 3, i, 0, &row, &col, &e);
		samples[1] = 9;
		bsp_position_draw(&image, 3, i, 0, &r2, &c2, &e);
		same &= row == r2 && col == c2;
	}
	ok(same, "and depend on the foreground's shape alone");
	empty.data = nothing;
	ok(bsp_position_draw(&empty, 0, 0, 0, &row, &col, &e) == -1 &&
	    e.status == BSP_DATA, "no foreground is an error");
}

int
main(void)
{
	known_answers();
	counter_layout();
	distributions();
	positions();
	return done();
}
