/*
 * Eight anomalies of one image and reconstruction, side by side.
 *
 * An anomaly of constant intensity, as a disk is, differs from the next of its
 * grid by that intensity alone.  Its average precision and its mean residual
 * take the same steps as those of the next, so that eight of them fit into the
 * lanes of vectors: lane l of a row belongs to anomaly l, and everything here is
 * an array of rows, one for each pixel of the patch:
 *
 *	map     the scores, in the order of the pixels' reconstructions
 *	key     the same as integers of the same order
 *	sorted  the keys of each lane from the greatest to the least
 *	below   how many pixels of the background score below each of them
 *
 * merge: the scores |x - y| of a constant x fall as y grows up to x and rise
 * from there, so that the keys of each lane are two runs which are greatest at
 * both ends of the column.  The greater of the two ends is the next key.  Which
 * it is differs from lane to lane: vectors select it without a branch.  A
 * residual that has other runs gives keys that are out of order, which is
 * noticed; then the caller ranks these anomalies one by one.
 *
 * find: background.c has put the background into buckets that are half of a
 * cache line: how many keys come before it, and the low halves of the keys
 * that are in it.  The upper half of a key says which bucket; one comparison
 * of all low halves at once and a count of bits say how many of them are
 * below.  Full buckets flag their number, and are looked up in a list.
 *
 * precision: with the i-th greatest key, i pixels of the patch are found, and
 * as many of the background as are not below.  The sum
 *
 *	sum over distinct keys of (tp - tp before) tp / (tp + fp)
 *
 * is made by every lane in its order.  A key that the next one equals ends no
 * step: its term is masked to 0, which changes no bit of the sum.  Counts are
 * below 2^53, so that doubles hold them exactly.
 *
 * sum: scores are split into multiples of 2^-30 and of 2^-72, both summed
 * exactly, and added to what bsp_sum_fix makes of the background's.  A lane
 * where they do not fit takes bsp_sum_add.
 *
 * The reference is the plain way of one anomaly, bsp_background_curve with
 * bsp_average_precision and bsp_sum_mean: the same bits.  tests/unit/lanes.c
 * compares every path that this processor has with it.  Processors without any
 * take the plain way.
 */
#include <errno.h>
#include <stdlib.h>

#include "sweep.h"

struct bsp_lanes_path {
	const char *name;
	void (*sum)(const float *map, size_t n, double *high, double *low,
	    bool *fits);
	bool (*merge)(const struct bsp_background *b, const uint32_t *key,
	    size_t n, uint32_t *sorted, uint32_t *below);
	void (*precision)(const struct bsp_background *b, const uint32_t *key,
	    uint32_t *below, size_t n, double *ap);
};

#if defined(__x86_64__) && !defined(BSP_NO_CLONES)

#include <immintrin.h>

/* The keys of a row whose buckets refer to the list. */
static void
find_listed(const struct bsp_background *b, const uint32_t *key,
    uint32_t *below)
{
	size_t l;

	for (l = 0; l < BSP_LANES; l++)
		if (below[l] & BSP_BUCKET_LISTED)
			below[l] = bsp_background_below(b, key[l]);
}

/* As BSP_CLONES: an instruction set that the user chose stays. */
#ifdef __SSE3__
#define FOR(set)
#else
#define FOR(set) __attribute__((target(set)))
#endif

#if !defined(__SSE3__) || (defined(__AVX2__) && defined(__POPCNT__))
#define WIDTH 4
#define NAME(word) word ## _4
#define TARGET FOR("avx2,popcnt")
#include "lanes-passes.h"
#define AVX2 {"AVX2", sum_4, merge_4, precision_4},
#else
#define AVX2
#endif

#if !defined(__SSE3__) || (defined(__AVX512F__) && defined(__AVX512VL__) && \
    defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512CD__))
#define WIDTH 8
#define NAME(word) word ## _8
#define TARGET FOR("arch=x86-64-v4")
#include "lanes-passes.h"
#define AVX512 {"AVX-512", sum_8, merge_8, precision_8},
#else
#define AVX512
#endif

static bool
has_avx2(void)
{
	return __builtin_cpu_supports("avx2") &&
	    __builtin_cpu_supports("popcnt");
}

static bool
has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") &&
	    __builtin_cpu_supports("avx512vl") &&
	    __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512cd");
}

const struct bsp_lanes_path *
bsp_lanes_path(size_t i)
{
	static const struct bsp_lanes_path path[] = {
		AVX512 AVX2 {.name = NULL},
	};
	bool has[] = {has_avx512(), has_avx2()};
	const struct bsp_lanes_path *p;

	for (p = path; p->name != NULL; p++)
		if (has[strcmp(p->name, "AVX2") == 0] && i-- == 0)
			return p;
	return NULL;
}

#else

const struct bsp_lanes_path *
bsp_lanes_path(size_t i)
{
	(void)i;
	return NULL;
}

#endif

const char *
bsp_lanes_name(const struct bsp_lanes_path *path)
{
	return path->name;
}

#define MARGIN 2 /* rows that are fetched before and after the keys */
#define MOST ((size_t)1 << 27) /* pixels, whose places a gather can hold */

int
bsp_lanes_reserve(struct bsp_lanes *lanes, size_t pixels, struct bsp_error *e)
{
	size_t n = (pixels + 2 * MARGIN) * BSP_LANES;

	if (pixels == 0 || pixels > MOST)
		return bsp_error_set(e, BSP_DATA,
		    "found a patch of %zu pixels, expected 1 to %zu", pixels,
		    MOST);
	if (bsp_image_resize(&lanes->input, 1, pixels * BSP_LANES, e) ||
	    bsp_image_resize(&lanes->recon, 1, pixels * BSP_LANES, e) ||
	    bsp_array_grow(&lanes->key, &lanes->keys, n, sizeof *lanes->key,
	    e) || bsp_array_grow(&lanes->sorted, &lanes->sorteds, n,
	    sizeof *lanes->sorted, e) || bsp_array_grow(&lanes->below,
	    &lanes->belows, n, sizeof *lanes->below, e))
		return -1;
	lanes->pixels = pixels;
	return 0;
}

void
bsp_lanes_free(struct bsp_lanes *lanes)
{
	bsp_image_free(&lanes->input);
	bsp_image_free(&lanes->recon);
	bsp_image_free(&lanes->map);
	free(lanes->key);
	free(lanes->sorted);
	free(lanes->below);
	*lanes = (struct bsp_lanes){0};
}

#define SUMMED 4096 /* rows at once */

/* The mean of the background and one lane, any finite scores. */
static double
mean_of_lane(const struct bsp_lanes *lanes, const struct bsp_background *b,
    size_t lane)
{
	struct bsp_sum sum = b->sum;
	float score[SUMMED];
	size_t i, k, size, n = lanes->pixels;

	for (i = 0; i < n; i += size) {
		size = n - i < SUMMED ? n - i : SUMMED;
		for (k = 0; k < size; k++)
			score[k] = lanes->map.data[(i + k) * BSP_LANES + lane];
		bsp_sum_add(&sum, score, size);
	}
	return bsp_sum_mean(&sum);
}

static void
find_means(const struct bsp_lanes_path *path, const struct bsp_lanes *lanes,
    const struct bsp_background *b, double *mean)
{
	double high[BSP_LANES], low[BSP_LANES];
	struct bsp_fixed total[BSP_LANES];
	bool fits[BSP_LANES], all[BSP_LANES];
	size_t i, l, size, n = lanes->pixels;

	for (l = 0; l < BSP_LANES; l++) {
		total[l] = b->fixed;
		all[l] = b->fits;
	}
	for (i = 0; i < n; i += size) {
		size = n - i < SUMMED ? n - i : SUMMED;
		path->sum(lanes->map.data + i * BSP_LANES, size, high, low,
		    fits);
		for (l = 0; l < BSP_LANES; l++) {
			all[l] = all[l] && fits[l];
			if (all[l])
				bsp_fixed_add(&total[l], high[l], low[l]);
		}
	}
	for (l = 0; l < BSP_LANES; l++)
		mean[l] = all[l] && bsp_fixed_value(&total[l], &mean[l]) ?
		    mean[l] / (double)(b->sum.count + n) :
		    mean_of_lane(lanes, b, l);
}

bool
bsp_lanes_score(const struct bsp_lanes_path *path, struct bsp_lanes *lanes,
    const struct bsp_background *b, double *ap, double *mean)
{
	size_t n = lanes->pixels, margin = MARGIN * BSP_LANES;
	uint32_t *key = lanes->key + margin;

	memset(lanes->key, 0, margin * sizeof *key);
	memset(key + n * BSP_LANES, 0, margin * sizeof *key);
	bsp_make_keys(lanes->map.data, key, n * BSP_LANES);
	if (!path->merge(b, key, n, lanes->sorted, lanes->below))
		return false;
	/* Below all keys: the last one ends a step. */
	memset(lanes->sorted + n * BSP_LANES, 0, BSP_LANES * sizeof *key);
	path->precision(b, lanes->sorted, lanes->below, n, ap);
	find_means(path, lanes, b, mean);
	return true;
}
