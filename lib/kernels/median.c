/*
 * The median of a square window.  Of a small one by elimination, for several
 * columns of a row at once, so that the loops are straight: of any half of its
 * keys and two more, neither the least nor the greatest is the median.  Of a
 * large one from a histogram that moves with it over the image, to and fro.
 * Sources: Huang, Yang, Tang, "A fast two-dimensional median filtering
 * algorithm", 1979; coarser histograms beside it: Alparone, Cappellini, Garzelli,
 * "A coarse-to-fine algorithm for fast median filtering of image data with a
 * huge number of levels", 1994.
 */
#include <errno.h>
#include <stdlib.h>

#include "kernels.h"

#define BLOCK 8        /* columns that are found at once by elimination */
#define ELIMINATED 5   /* the widest window for which that is faster */
#define KEPT (ELIMINATED * ELIMINATED / 2 + 2)

typedef int32_t lanes __attribute__((vector_size(BLOCK * sizeof(int32_t)),
    may_alias));

/* Put the lesser of two keys first, in every lane. */
static inline __attribute__((always_inline)) void
sort_pair(lanes *a, lanes *b)
{
	lanes x = *a, y = *b, swap = (x ^ y) & (x > y);

	*a = x ^ swap;
	*b = y ^ swap;
}

/* Bring the least of n keys to the first place and the greatest to the last. */
static inline __attribute__((always_inline)) void
part_extremes(lanes *kept, size_t n)
{
	size_t i;

	for (i = 0; i < n / 2; i++)
		sort_pair(&kept[i], &kept[n - 1 - i]);
	for (i = 1; i < (n + 1) / 2; i++)
		sort_pair(&kept[0], &kept[i]);
	for (i = n / 2; i + 1 < n; i++)
		sort_pair(&kept[i], &kept[n - 1]);
}

/* A block of keys, as signed numbers in the same order. */
static inline __attribute__((always_inline)) void
load(lanes *x, const uint32_t *keys)
{
	memcpy(x, keys, sizeof *x);
	*x ^= INT32_MIN;
}

/* The medians of a block of windows, the first of which begins at keys. */
BSP_CLONES static void
median_block(const uint32_t *keys, size_t stride, size_t size,
    uint32_t median[BLOCK])
{
	size_t n = size * size, have = n / 2 + 2, i;
	lanes kept[KEPT], found;

	for (i = 0; i < have && i < n; i++)
		load(&kept[i], keys + i / size * stride + i % size);
	/* Both extremes go; the next key takes the first one's place. */
	for (; i < n; i++, have--) {
		part_extremes(kept, have);
		load(&kept[0], keys + i / size * stride + i % size);
	}
	if (n > 1)
		part_extremes(kept, 3);
	found = kept[n > 1 ? 1 : 0] ^ INT32_MIN;
	memcpy(median, &found, sizeof found);
}

/* Medians by elimination, of keys with a margin around the image. */
static void
median_rows(const uint32_t *keys, float *to, size_t rows, size_t cols,
    size_t size)
{
	size_t stride = cols + size - 1, r, c, i, n;
	uint32_t block[BLOCK];

	for (r = 0; r < rows; r++)
		for (c = 0; c < cols; c += BLOCK) {
			n = cols - c < BLOCK ? cols - c : BLOCK;
			median_block(keys + r * stride + c, stride, size,
			    block);
			for (i = 0; i < n; i++)
				to[r * cols + c + i] = bsp_score_of(block[i]);
		}
}

#define STEP 5 /* log2 of the bins that one of the next histogram holds */

/* Of the ranks of a window's keys: each bin, and sums of 32 and of 1024. */
struct histogram {
	uint32_t *fine, *middle, *coarse;
	size_t at;    /* the coarse bin of the last median */
	size_t below; /* how many ranks are in those before it */
};

/* Count n ranks that are step apart, or with -1 take them out. */
static void
count(struct histogram *h, const uint32_t *rank, size_t step, size_t n,
    uint32_t by)
{
	size_t i, below = 0, coarse;
	uint32_t at;

	for (i = 0; i < n; i++) {
		at = rank[i * step];
		coarse = at >> 2 * STEP;
		h->fine[at] += by;
		h->middle[at >> STEP] += by;
		h->coarse[coarse] += by;
		below += coarse < h->at;
	}
	h->below += by == 1 ? below : 0 - below;
}

/* The rank that half of those in the window are below of. */
static size_t
find_median(struct histogram *h, size_t half)
{
	size_t below, at;

	while (h->below > half)
		h->below -= h->coarse[--h->at];
	while (h->below + h->coarse[h->at] <= half)
		h->below += h->coarse[h->at++];
	below = h->below;
	for (at = h->at << STEP; below + h->middle[at] <= half; at++)
		below += h->middle[at];
	for (at <<= STEP; below + h->fine[at] <= half; at++)
		below += h->fine[at];
	return at;
}

/*
 * Replace the keys of a padded image by their ranks among all that differ, and
 * list those in word; how many there are.
 */
static size_t
rank_keys(uint32_t *keys, size_t n, uint64_t *word, uint64_t *scratch)
{
	size_t i, ranks = 0;
	uint32_t key;

	for (i = 0; i < n; i++)
		word[i] = (uint64_t)keys[i] << 32 | i;
	bsp_sort_u64(word, scratch, n);
	for (i = 0; i < n; i++) {
		key = (uint32_t)(word[i] >> 32);
		if (i == 0 || key != word[ranks - 1])
			ranks++;
		keys[(uint32_t)word[i]] = (uint32_t)(ranks - 1);
		word[ranks - 1] = key;
	}
	return ranks;
}

/* To the right along a row, to the left along the next. */
static void
move_window(struct histogram *h, const uint32_t *rank, const uint64_t *key,
    float *to, size_t rows, size_t cols, size_t size)
{
	size_t stride = cols + size - 1, r, i, c = 0;
	const uint32_t *row = rank;

	for (r = 0; r < size; r++)
		count(h, rank + r * stride, 1, size, 1);
	for (r = 0; r < rows; r++, row += stride) {
		if (r > 0) {
			count(h, row - stride + c, 1, size, UINT32_MAX);
			count(h, row + (size - 1) * stride + c, 1, size, 1);
		}
		for (i = 0; i < cols; i++) {
			if (i > 0 && r % 2 == 0) {
				count(h, row + c, stride, size, UINT32_MAX);
				count(h, row + c++ + size, stride, size, 1);
			} else if (i > 0) {
				count(h, row + --c + size, stride, size,
				    UINT32_MAX);
				count(h, row + c, stride, size, 1);
			}
			to[r * cols + c] = bsp_score_of((uint32_t)key[
			    find_median(h, size * size / 2)]);
		}
	}
}

static int
median_wide(uint32_t *keys, float *to, size_t rows, size_t cols, size_t size,
    struct bsp_error *e)
{
	size_t n = (rows + size - 1) * (cols + size - 1), ranks, middle;
	uint64_t *word = malloc(2 * n * sizeof *word);
	struct histogram h = {.at = 0};
	int result = -1;

	if (n > UINT32_MAX) {
		bsp_error_set(e, BSP_DATA, "%zu x %zu with its margin, "
		    "expected fewer than 2^32 samples", cols, rows);
		goto out;
	}
	if (word == NULL)
		goto out_of_memory;
	ranks = rank_keys(keys, n, word, word + n);
	middle = (ranks >> STEP) + 1;
	h.fine = calloc(ranks + middle + (middle >> STEP) + 1,
	    sizeof *h.fine);
	if (h.fine == NULL)
		goto out_of_memory;
	h.middle = h.fine + ranks;
	h.coarse = h.middle + middle;
	move_window(&h, keys, word, to, rows, cols, size);
	result = 0;
	goto out;
out_of_memory:
	bsp_error_system(e, ENOMEM, "medians of %zu x %zu", cols, rows);
out:
	free(h.fine);
	free(word);
	return result;
}

int
bsp_median(const float *from, float *to, size_t rows, size_t cols,
    size_t radius, struct bsp_error *e)
{
	size_t stride = cols + 2 * radius, size = 2 * radius + 1, r, c;
	/* A block of windows may reach beyond the last of them. */
	uint32_t *keys = calloc((rows + 2 * radius) * stride + BLOCK,
	    sizeof *keys);
	int result = 0;

	if (keys == NULL)
		return bsp_error_system(e, ENOMEM, "medians of %zu x %zu",
		    cols, rows);
	for (r = 0; r < rows + 2 * radius; r++)
		for (c = 0; c < stride; c++)
			keys[r * stride + c] = bsp_key_of(from[cols *
			    bsp_reflect((ptrdiff_t)(r - radius), rows) +
			    bsp_reflect((ptrdiff_t)(c - radius), cols)]);
	if (size > ELIMINATED)
		result = median_wide(keys, to, rows, cols, size, e);
	else
		median_rows(keys, to, rows, cols, size);
	free(keys);
	return result;
}
