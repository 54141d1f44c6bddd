/*
 * Contrast-limited adaptive histogram equalisation: each tile's histogram is
 * clipped and equalised, and a sample is mapped by the four tiles around it.
 * Source: Zuiderveld, "Contrast limited adaptive histogram equalization",
 * Graphics Gems IV, 1994; levels, tiles and clipping as
 * skimage.exposure.equalize_adapthist, but that levels are not truncated to
 * integers on the way.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kernels.h"

#define LEVELS 16384 /* that samples are rounded to */

struct tiles {
	size_t rows, cols;     /* of the image */
	size_t height, width;  /* of a tile */
	size_t down, across;   /* how many tiles */
	size_t bins;
	double *map;           /* [down][across][bins] */
};

/* Sample i of the continuation (d c b | a b c d | c b a). */
static size_t
mirror(size_t i, size_t n)
{
	size_t period = n > 1 ? 2 * (n - 1) : 1;

	i %= period;
	return i < n ? i : period - i;
}

/* The bin of each sample: its level between the least and the greatest. */
static void
find_bins(const float *x, size_t n, size_t bins, uint16_t *bin)
{
	double low = (double)x[0], high = low, level;
	size_t i, size = 1 + LEVELS / bins;

	for (i = 1; i < n; i++) {
		low = (double)x[i] < low ? (double)x[i] : low;
		high = (double)x[i] > high ? (double)x[i] : high;
	}
	for (i = 0; i < n; i++) {
		level = high > low ? rint(((double)x[i] - low) /
		    (high - low) * (LEVELS - 1)) : 0;
		bin[i] = (uint16_t)((size_t)level / size);
	}
}

static int64_t
count_open(const int64_t *count, size_t bins, int64_t limit)
{
	int64_t open = 0;
	size_t i;

	for (i = 0; i < bins; i++)
		open += count[i] < limit;
	return open;
}

/* One count for each open bin of those from first on, a step apart. */
static int64_t
raise_some(int64_t *count, size_t bins, int64_t limit, size_t first,
    size_t step)
{
	int64_t raised = 0;
	size_t i;

	for (i = first; i < bins; i += step)
		if (count[i] < limit) {
			count[i]++;
			raised++;
		}
	return raised;
}

/* Cut what is above the limit; how much that was. */
static int64_t
cut(int64_t *count, size_t bins, int64_t limit)
{
	int64_t excess = 0;
	size_t i;

	for (i = 0; i < bins; i++)
		if (count[i] > limit) {
			excess += count[i] - limit;
			count[i] = limit;
		}
	return excess;
}

/*
 * An even share for each bin that has room for it; then all that are within a
 * share of the limit are filled.  What is left of the excess, below 0 where
 * that took more than there was.
 */
static int64_t
share_evenly(int64_t *count, size_t bins, int64_t limit, int64_t excess)
{
	int64_t each = excess / (int64_t)bins;
	size_t i;

	for (i = 0; i < bins; i++) {
		if (count[i] < limit - each) {
			count[i] += each;
			excess -= each;
		}
		if (count[i] >= limit - each) {
			excess -= limit - count[i];
			count[i] = limit;
		}
	}
	return excess;
}

/*
 * Cut a histogram at the limit and share out what was cut: evenly in whole
 * counts, then the rest one by one, spread over the bins that have room.
 */
static void
clip(int64_t *count, size_t bins, int64_t limit)
{
	int64_t excess, raised, all, step;
	size_t i;

	excess = share_evenly(count, bins, limit, cut(count, bins, limit));
	do {
		all = 0;
		for (i = 0; i < bins && excess > 0; i++) {
			step = count_open(count, bins, limit) / excess;
			raised = raise_some(count, bins, limit, i,
			    step > 1 ? (size_t)step : 1);
			excess -= raised;
			all += raised;
		}
	} while (excess > 0 && all > 0);
}

/* The equalising map of one tile. */
static void
map_tile(const struct tiles *t, const uint16_t *bin, size_t row, size_t col,
    double limit, int64_t *count, double *map)
{
	double size = (double)(t->height * t->width), sum = 0;
	size_t r, c, i;

	memset(count, 0, t->bins * sizeof *count);
	for (r = 0; r < t->height; r++)
		for (c = 0; c < t->width; c++)
			count[bin[t->cols * mirror(row * t->height + r,
			    t->rows) + mirror(col * t->width + c,
			    t->cols)]]++;
	limit = floor(limit * size);
	clip(count, t->bins, limit > 1 ? (int64_t)limit : 1);
	for (i = 0; i < t->bins; i++) {
		sum += (double)count[i];
		map[i] = sum < size ? sum / size : 1;
	}
}

/* Between which two of n tiles a sample lies, and how near to the second. */
static double
between(size_t i, size_t tile, size_t n, size_t *first, size_t *second)
{
	size_t at = i + tile / 2;

	*second = at / tile < n ? at / tile : n - 1;
	*first = at / tile > 0 ? at / tile - 1 : 0;
	*first = *first < n ? *first : n - 1;
	return (double)(at % tile) / (double)tile;
}

static double
map_sample(const struct tiles *t, size_t bin, size_t r, size_t c)
{
	size_t above, below, left, right;
	double v = between(r, t->height, t->down, &above, &below);
	double u = between(c, t->width, t->across, &left, &right);
	const double *map = t->map + bin;

	return (1 - v) * ((1 - u) * map[(above * t->across + left) * t->bins] +
	    u * map[(above * t->across + right) * t->bins]) +
	    v * ((1 - u) * map[(below * t->across + left) * t->bins] +
	    u * map[(below * t->across + right) * t->bins]);
}

/* From 0 to 1. */
static void
stretch(float *x, size_t n)
{
	float low = x[0], high = x[0];
	size_t i;

	for (i = 1; i < n; i++) {
		low = x[i] < low ? x[i] : low;
		high = x[i] > high ? x[i] : high;
	}
	for (i = 0; i < n; i++)
		x[i] = high > low ? (x[i] - low) / (high - low) : 0;
}

int
bsp_clahe(const float *from, float *to, size_t rows, size_t cols,
    size_t tiles, size_t bins, double limit, struct bsp_error *e)
{
	struct tiles t = {.rows = rows, .cols = cols, .bins = bins,
	    .height = rows / tiles > 0 ? rows / tiles : 1,
	    .width = cols / tiles > 0 ? cols / tiles : 1};
	size_t n = rows * cols, r, c;
	uint16_t *bin = malloc(n * sizeof *bin);
	int64_t *count;

	t.down = (rows + t.height - 1) / t.height;
	t.across = (cols + t.width - 1) / t.width;
	t.map = malloc(t.down * t.across * bins * sizeof *t.map);
	count = malloc(bins * sizeof *count);
	if (bin == NULL || t.map == NULL || count == NULL) {
		free(count);
		free(bin);
		free(t.map);
		return bsp_error_system(e, ENOMEM, "%zu x %zu histograms",
		    t.across, t.down);
	}
	find_bins(from, n, bins, bin);
	for (r = 0; r < t.down; r++)
		for (c = 0; c < t.across; c++)
			map_tile(&t, bin, r, c, limit, count, t.map +
			    (r * t.across + c) * bins);
	for (r = 0; r < rows; r++)
		for (c = 0; c < cols; c++)
			to[r * cols + c] = (float)map_sample(&t,
			    bin[r * cols + c], r, c);
	stretch(to, n);
	free(count);
	free(bin);
	free(t.map);
	return 0;
}
