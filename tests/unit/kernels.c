/*
 * The hot loops against slow and obvious versions, bit for bit, with guards
 * around what they may touch.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/kernels/kernels.h"
#include "tap.h"
#include "words.h"

#define GUARD 16


static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t
draw(int pattern, size_t i)
{
	switch (pattern) {
	case 0: return word();
	case 1: return 0x3F000000 + word() % 5;     /* heavy ties */
	case 2: return 7;                           /* all equal */
	case 3: return (uint32_t)i;                 /* sorted */
	case 4: return UINT32_MAX - (uint32_t)i;    /* reversed */
	default: return word() % 2 ? 0 : UINT32_MAX; /* the extremes */
	}
}

static bool
sorts(size_t n, int pattern, bool in_place)
{
	uint32_t *keys = malloc((n + 2 * GUARD) * sizeof *keys);
	uint32_t *scratch = malloc((n + 2 * GUARD) * sizeof *keys);
	uint32_t *expected = malloc((n + 1) * sizeof *keys);
	bool good = true;
	size_t i;

	for (i = 0; i < n + 2 * GUARD; i++)
		keys[i] = scratch[i] = 0xA5A5A5A5;
	for (i = 0; i < n; i++)
		expected[i] = keys[GUARD + i] = draw(pattern, i);
	qsort(expected, n, sizeof *expected, compare);
	bsp_sort_u32(keys + GUARD, in_place ? NULL : scratch + GUARD, n);
	good = memcmp(keys + GUARD, expected, n * sizeof *keys) == 0;
	for (i = 0; i < GUARD; i++)
		good &= keys[i] == 0xA5A5A5A5 && scratch[i] == 0xA5A5A5A5 &&
		    keys[GUARD + n + i] == 0xA5A5A5A5 &&
		    scratch[GUARD + n + i] == 0xA5A5A5A5;
	free(keys);
	free(scratch);
	free(expected);
	return good;
}

static void
sorting(void)
{
	static const size_t sizes[] = {0, 1, 2, 3, 47, 48, 49, 50, 255, 256,
	    257, 1245, 65536, 100003};
	int pattern, in_place;
	bool good;
	size_t s;

	for (in_place = 0; in_place < 2; in_place++)
		for (pattern = 0; pattern < 6; pattern++) {
			good = true;
			for (s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
				good &= sorts(sizes[s], pattern, in_place);
			ok(good, "sort %s, pattern %d",
			    in_place ? "in place" : "with scratch", pattern);
		}
}

/* Sample i of ... c b a | a b c ... | c b a ..., by walking there. */
static size_t
walk(long i, long n)
{
	while (i < 0 || i >= n)
		i = i < 0 ? -1 - i : 2 * n - 1 - i;
	return (size_t)i;
}

static void
convolve_slowly(const float *from, float *to, long rows, long cols,
    const double *weight, long radius)
{
	float *middle = malloc((size_t)(rows * cols) * sizeof *middle);
	long r, c, k;
	double sum;

	for (r = 0; r < rows; r++)
		for (c = 0; c < cols; c++) {
			sum = (double)from[r * cols + c] * weight[0];
			for (k = radius; k > 0; k--)
				sum += ((double)from[walk(r - k, rows) *
				    (size_t)cols + (size_t)c] +
				    (double)from[walk(r + k, rows) *
				    (size_t)cols + (size_t)c]) * weight[k];
			middle[r * cols + c] = (float)sum;
		}
	for (r = 0; r < rows; r++)
		for (c = 0; c < cols; c++) {
			sum = (double)middle[r * cols + c] * weight[0];
			for (k = radius; k > 0; k--)
				sum += ((double)middle[r * cols +
				    (long)walk(c - k, cols)] +
				    (double)middle[r * cols +
				    (long)walk(c + k, cols)]) * weight[k];
			to[r * cols + c] = (float)sum;
		}
	free(middle);
}

static bool
convolves(size_t rows, size_t cols, size_t radius, bool in_place)
{
	size_t n = rows * cols, i, k;
	float *from = malloc((n + 2 * GUARD) * sizeof *from);
	float *to = malloc((n + 2 * GUARD) * sizeof *to);
	float *expected = malloc(n * sizeof *expected);
	double *weight = malloc((radius + 1) * sizeof *weight);
	struct bsp_error e;
	bool good;

	for (i = 0; i < n + 2 * GUARD; i++) {
		from[i] = (float)word() * 0x1p-32f * (i % 7 ? 1 : -900);
		to[i] = 12345;
	}
	for (k = 0; k <= radius; k++)
		weight[k] = 1 / (1.5 + (double)(k * k));
	convolve_slowly(from + GUARD, expected, (long)rows, (long)cols,
	    weight, (long)radius);
	if (in_place)
		memcpy(to + GUARD, from + GUARD, n * sizeof *to);
	good = bsp_convolve(in_place ? to + GUARD : from + GUARD, to + GUARD,
	    rows, cols, weight, radius, &e) == 0 &&
	    memcmp(to + GUARD, expected, n * sizeof *to) == 0;
	for (i = 0; i < GUARD; i++)
		good &= to[i] == 12345 && to[GUARD + n + i] == 12345;
	free(from);
	free(to);
	free(expected);
	free(weight);
	return good;
}

static void
convolution(void)
{
	static const size_t sizes[][2] = {{1, 1}, {1, 2}, {2, 1}, {1, 100},
	    {100, 1}, {7, 5}, {31, 33}, {32, 32}, {33, 65}, {64, 31}, {3, 200}};
	static const size_t radii[] = {1, 2, 3, 4, 10, 20, 81};
	size_t i, k;
	bool good;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		good = true;
		for (k = 0; k < sizeof radii / sizeof radii[0]; k++)
			good &= convolves(sizes[i][0], sizes[i][1], radii[k],
			    k % 2);
		ok(good, "convolve %zu x %zu, every radius, to the bit",
		    sizes[i][1], sizes[i][0]);
	}
}

/* The key in the middle of a window, by sorting it. */
static float
middle_of(const float *from, size_t rows, size_t cols, size_t row, size_t col,
    size_t radius, uint32_t *window)
{
	ptrdiff_t reach = (ptrdiff_t)radius, i, k;
	size_t n = 0;

	for (i = -reach; i <= reach; i++)
		for (k = -reach; k <= reach; k++)
			window[n++] = bsp_key_of(from[cols * bsp_reflect(
			    (ptrdiff_t)row + i, rows) + bsp_reflect(
			    (ptrdiff_t)col + k, cols)]);
	qsort(window, n, sizeof *window, compare);
	return bsp_score_of(window[n / 2]);
}

#define RADIUS_MOST 13

static bool
finds_medians(size_t rows, size_t cols, size_t radius, int pattern)
{
	static uint32_t window[(2 * RADIUS_MOST + 1) * (2 * RADIUS_MOST + 1)];
	size_t n = rows * cols, i;
	float *from = calloc(n, sizeof *from), *to, expected;
	struct bsp_error e;
	uint32_t key;
	bool good;

	to = malloc((n + 2 * GUARD) * sizeof *to);
	for (i = 0; i < n + 2 * GUARD; i++)
		to[i] = 12345;
	for (i = 0; i < n; i++) {
		key = draw(pattern, i);
		from[i] = pattern == 1 ? bsp_score_of(key) : pattern == 5 ?
		    key == 0 ? -FLT_MAX : FLT_MAX : pattern == 2 ? -0.f :
		    (float)(int32_t)key * 1e-3f;
	}
	good = bsp_median(from, to + GUARD, rows, cols, radius, &e) == 0;
	for (i = 0; i < n; i++) {
		expected = middle_of(from, rows, cols, i / cols, i % cols,
		    radius, window);
		good &= memcmp(&expected, &to[GUARD + i],
		    sizeof expected) == 0;
	}
	for (i = 0; i < GUARD; i++)
		good &= to[i] == 12345 && to[GUARD + n + i] == 12345;
	free(from);
	free(to);
	return good;
}

static void
medians(void)
{
	static const size_t sizes[][2] = {{1, 1}, {1, 9}, {9, 1}, {2, 3},
	    {7, 8}, {17, 33}};
	static const size_t radii[] = {0, 1, 2, 3, 4, 7, RADIUS_MOST};
	size_t i, k;
	int pattern;
	bool good;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		good = true;
		for (k = 0; k < sizeof radii / sizeof radii[0]; k++)
			for (pattern = 0; pattern < 6; pattern++)
				good &= finds_medians(sizes[i][0],
				    sizes[i][1], radii[k], pattern);
		ok(good, "medians of %zu x %zu, every radius, to the bit",
		    sizes[i][1], sizes[i][0]);
	}
}

/* What is numbered by 32 bits refuses more, before it touches anything. */
static void
numbering(void)
{
	static const size_t sizes[][2] = {{65536, 65536}, {1, 4294967296},
	    {4294967296, 1}, {SIZE_MAX, SIZE_MAX}};
	struct bsp_error e;
	size_t i;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		e = (struct bsp_error){.status = BSP_OK};
		ok(bsp_nearest_seed(NULL, 0, sizes[i][0], sizes[i][1], NULL,
		    NULL, &e) == -1 && e.status == BSP_DATA,
		    "no distances in %zu x %zu", sizes[i][1], sizes[i][0]);
		e = (struct bsp_error){.status = BSP_OK};
		ok(bsp_poisson(NULL, NULL, NULL, sizes[i][0], sizes[i][1],
		    &e) == -1 && e.status == BSP_DATA,
		    "no system of %zu x %zu", sizes[i][1], sizes[i][0]);
	}
}

int
main(void)
{
	sorting();
	convolution();
	medians();
	numbering();
	return done();
}
