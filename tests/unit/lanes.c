/*
 * Eight anomalies side by side, on every path of this processor, against the
 * same anomalies one by one, and these against the ranking of whole images: the
 * same bits.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/sweep/sweep.h"
#include "tap.h"
#include "words.h"

#define MOST 6000 /* pixels of a background */
#define PATCH 5000

static struct bsp_error e;
static struct bsp_background background;
static struct bsp_lanes lanes;
static struct bsp_keys positive, negative;
static struct bsp_curve curve;
static struct bsp_ranking ranking;
static struct bsp_image map, label;
static uint32_t scratch[2 * PATCH];

static float
uniform(void)
{
	return (float)(word() >> 8) / 16777216;
}

/* Scores of many kinds: ties, full buckets, all octaves, below 0. */
static float
draw(int pattern)
{
	switch (pattern) {
	case 0: return uniform();
	case 1: return (float)(word() % 8) / 8;
	case 2: return .5f + uniform() * 1e-4f;
	case 3: return ldexpf(uniform(), (int)(word() % 100) - 90);
	case 4: return uniform() - .5f;
	case 5: return word() % 4 ? 0 : uniform();
	case 6: return ldexpf(1 + uniform(), -140);
	default: return uniform() * 1e6f;
	}
}

static int
compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void
make_background(int pattern, size_t n)
{
	static float score[MOST];
	struct bsp_background *b = &background;
	size_t i;

	for (i = 0; i < n; i++)
		score[i] = draw(pattern);
	bsp_array_grow(&b->keys.key, &b->keys.capacity, n + 1,
	    sizeof *b->keys.key, &e);
	bsp_make_keys(score, b->keys.key, n);
	b->keys.count = n;
	b->repeats = 0;
	if (pattern == 5) { /* as the sweep does with its background */
		for (i = b->keys.count = 0; i < n; i++)
			if (score[i] == 0)
				b->repeats++;
			else
				b->keys.key[b->keys.count++] =
				    bsp_key_of(score[i]);
		b->same = bsp_key_of(0);
		for (i = 0; i < BSP_BUCKET_ROOM && b->repeats > 0; i++) {
			b->keys.key[b->keys.count++] = b->same;
			b->repeats--;
		}
	}
	b->sum = (struct bsp_sum){0};
	bsp_sum_add(&b->sum, score, n);
	bsp_background_prepare(b, &e);
	bsp_image_resize(&map, 1, n + lanes.pixels, &e);
	bsp_image_resize(&label, 1, n + lanes.pixels, &e);
	memcpy(map.data, score, n * sizeof *score);
	for (i = 0; i < n + lanes.pixels; i++)
		label.data[i] = i >= n;
}

/* |x - y| of eight x and ascending y. */
static void
make_lanes(int pattern, size_t n)
{
	static float y[PATCH];
	float x[BSP_LANES];
	size_t i, l;

	bsp_lanes_reserve(&lanes, n, &e);
	bsp_image_resize(&lanes.map, 1, n * BSP_LANES, &e);
	for (i = 0; i < n; i++)
		y[i] = draw(pattern);
	qsort(y, n, sizeof *y, compare);
	for (l = 0; l < BSP_LANES; l++)
		x[l] = l == 0 ? 0 : draw(pattern);
	for (i = 0; i < n; i++)
		for (l = 0; l < BSP_LANES; l++)
			lanes.map.data[i * BSP_LANES + l] =
			    fabsf(x[l] - y[i]);
}

/* Lane l by itself, and as one image with the background. */
static bool
reference(size_t l, size_t n, double *ap, double *mean)
{
	struct bsp_sum sum = background.sum;
	float *score = map.data + background.count;
	double auroc;
	size_t i;

	bsp_array_grow(&positive.key, &positive.capacity, n + 1,
	    sizeof *positive.key, &e);
	for (i = 0; i < n; i++)
		score[i] = lanes.map.data[i * BSP_LANES + l];
	bsp_make_keys(score, positive.key, n);
	positive.count = n;
	bsp_background_curve(&background, &positive, &negative, scratch,
	    &curve, &e);
	bsp_sum_add(&sum, score, n);
	*ap = bsp_average_precision(&curve);
	auroc = bsp_auroc(&curve);
	*mean = bsp_sum_mean(&sum);
	bsp_ranking_clear(&ranking);
	bsp_ranking_add(&ranking, &map, &label, NULL, &e);
	bsp_ranking_curve(&ranking, &curve, &e);
	return *ap == bsp_average_precision(&curve) && *mean == curve.mean &&
	    (auroc == bsp_auroc(&curve) || isnan(auroc));
}

static void
compare_paths(int pattern, int of_background, size_t n, size_t pixels)
{
	double ap[BSP_LANES], mean[BSP_LANES];
	double want_ap[BSP_LANES], want_mean[BSP_LANES];
	const struct bsp_lanes_path *path;
	bool whole = true;
	size_t l, i;

	make_lanes(pattern, n);
	make_background(of_background, pixels);
	for (l = 0; l < BSP_LANES; l++)
		whole = reference(l, n, &want_ap[l], &want_mean[l]) && whole;
	ok(whole, "%zu pixels of pattern %d, %zu of %d: one by one as whole "
	    "images", n, pattern, pixels, of_background);
	for (i = 0; (path = bsp_lanes_path(i)) != NULL; i++) {
		memset(ap, 0xFF, sizeof ap);
		memset(mean, 0xFF, sizeof mean);
		ok(bsp_lanes_score(path, &lanes, &background, ap, mean) &&
		    memcmp(ap, want_ap, sizeof ap) == 0 &&
		    memcmp(mean, want_mean, sizeof mean) == 0, "%s",
		    bsp_lanes_name(path));
	}
}

/* Ties of rounding that a bit below the unit of fixed sums decides. */
static void
fixed_sums(void)
{
	static const struct {
		float x[3];
		double sum;
	} sums[] = {
		{{1, 0x1p-53f, 0}, 1},
		{{1, 0x1p-53f, 0x1p-100f}, 1 + 0x1p-52},
		{{1, 0x1p-53f, -0x1p-100f}, 1},
		{{-1, -0x1p-53f, 0}, -1},
		{{-1, -0x1p-53f, -0x1p-100f}, -1 - 0x1p-52},
		{{-1, -0x1p-53f, 0x1p-149f}, -1},
		{{1 + 0x1p-23f, -1, 0x1p-76f}, 0x1p-23 + 0x1p-76},
		{{0x1p40f, 0x1p-13f, 0x1p-149f}, 0x1p40 + 0x1p-12},
	};
	struct bsp_fixed fixed;
	struct bsp_sum sum;
	double value = 0;
	size_t i;

	for (i = 0; i < sizeof sums / sizeof sums[0]; i++) {
		sum = (struct bsp_sum){0};
		bsp_sum_add(&sum, sums[i].x, 3);
		ok(bsp_sum_fix(&sum, &fixed) &&
		    (!bsp_fixed_value(&fixed, &value) ||
		    value == sums[i].sum) &&
		    bsp_sum_value(&sum) == sums[i].sum, "fixed sum %zu", i);
	}
	sum = (struct bsp_sum){0};
	bsp_sum_add(&sum, (const float[]){0x1p-100f}, 1);
	ok(bsp_sum_fix(&sum, &fixed) && !bsp_fixed_value(&fixed, &value),
	    "a fixed sum without bits");
	sum = (struct bsp_sum){0};
	bsp_sum_add(&sum, (const float[]){0x1p120f}, 1);
	ok(!bsp_sum_fix(&sum, &fixed), "a sum that does not fit");
}

/* Scores with their greatest in the middle are refused. */
static void
not_two_runs(void)
{
	double ap[BSP_LANES], mean[BSP_LANES];
	const struct bsp_lanes_path *path;
	size_t i, l, lane;

	for (i = 0; (path = bsp_lanes_path(i)) != NULL; i++)
		for (lane = 0; lane < BSP_LANES; lane++) {
			make_lanes(0, 100);
			make_background(0, 100);
			for (l = 0; l < 50; l++)
				lanes.map.data[(25 + l) * BSP_LANES + lane] =
				    (float)(l < 25 ? l : 50 - l);
			ok(!bsp_lanes_score(path, &lanes, &background, ap,
			    mean), "%s: not two runs in lane %zu",
			    bsp_lanes_name(path), lane);
		}
}

static void
refused(void)
{
	struct bsp_lanes none = {0};

	ok(bsp_lanes_reserve(&none, 0, &e) == -1 && e.status == BSP_DATA,
	    "an empty patch");
	ok(bsp_lanes_reserve(&none, SIZE_MAX, &e) == -1 &&
	    e.status == BSP_DATA, "a patch that is too large");
}

int
main(void)
{
	static const size_t sizes[] = {1, 2, 3, 7, 300, PATCH};
	static const size_t backgrounds[] = {0, 1, 15, 2000, MOST};
	int pattern, other;
	size_t i;

	for (pattern = 0; pattern < 8; pattern++)
		for (other = 0; other < 8; other++)
			for (i = 0; i < 6; i++)
				compare_paths(pattern, other, sizes[i],
				    backgrounds[(i + (size_t)other) % 5]);
	fixed_sums();
	not_two_runs();
	refused();
	bsp_background_free(&background);
	bsp_lanes_free(&lanes);
	bsp_ranking_free(&ranking);
	bsp_curve_free(&curve);
	bsp_image_free(&map);
	bsp_image_free(&label);
	free(positive.key);
	return done();
}
