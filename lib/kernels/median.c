/*
 * The median of a square window, for several columns of a row at once, so that
 * the loops are straight.  Of a small window by elimination: of any half of its
 * keys and two more, neither the least nor the greatest is the median.  Of a
 * large one bit by bit from the highest: the median is the greatest key that no
 * more than half of the window's keys are below of.
 */
#include <errno.h>
#include <stdlib.h>

#include "kernels.h"

#define BLOCK 8        /* columns that are found at once by elimination */
#define ELIMINATED 9   /* the widest window for which that is faster */
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

/* below[c]: how many keys of the window around column c are below value[c]. */
BSP_CLONES static void
count_below(const uint32_t *keys, size_t stride, size_t cols, size_t size,
    const uint32_t *value, uint32_t *below)
{
	const uint32_t *key;
	size_t r, k, c;

	memset(below, 0, cols * sizeof *below);
	for (r = 0; r < size; r++)
		for (k = 0; k < size; k++) {
			key = keys + r * stride + k;
			for (c = 0; c < cols; c++)
				below[c] += key[c] < value[c];
		}
}

static void
median_row_by_bits(const uint32_t *keys, size_t stride, size_t cols, size_t size,
    uint32_t *value, uint32_t *trial, uint32_t *below)
{
	uint32_t bit, half = (uint32_t)(size * size / 2);
	size_t c;

	memset(value, 0, cols * sizeof *value);
	for (bit = 0x80000000; bit > 0; bit >>= 1) {
		for (c = 0; c < cols; c++)
			trial[c] = value[c] | bit;
		count_below(keys, stride, cols, size, trial, below);
		for (c = 0; c < cols; c++)
			value[c] = below[c] <= half ? trial[c] : value[c];
	}
}

static void
median_row(const uint32_t *keys, size_t stride, size_t cols, size_t size,
    uint32_t *value)
{
	uint32_t block[BLOCK];
	size_t c, n;

	if (size > ELIMINATED) {
		median_row_by_bits(keys, stride, cols, size, value,
		    value + cols, value + 2 * cols);
		return;
	}
	for (c = 0; c < cols; c += BLOCK) {
		n = cols - c < BLOCK ? cols - c : BLOCK;
		median_block(keys + c, stride, size, block);
		memcpy(value + c, block, n * sizeof *block);
	}
}

int
bsp_median(const float *from, float *to, size_t rows, size_t cols,
    size_t radius, struct bsp_error *e)
{
	size_t stride = cols + 2 * radius, size = 2 * radius + 1, r, c;
	size_t padded = (rows + 2 * radius) * stride;
	/* A block of windows may reach beyond the last of them. */
	uint32_t *keys = calloc(padded + BLOCK + 3 * cols, sizeof *keys);
	uint32_t *value;

	if (keys == NULL)
		return bsp_error_system(e, ENOMEM, "medians of %zu x %zu",
		    cols, rows);
	value = keys + padded + BLOCK;
	for (r = 0; r < rows + 2 * radius; r++)
		for (c = 0; c < stride; c++)
			keys[r * stride + c] = bsp_key_of(from[cols *
			    bsp_reflect((ptrdiff_t)(r - radius), rows) +
			    bsp_reflect((ptrdiff_t)(c - radius), cols)]);
	for (r = 0; r < rows; r++) {
		median_row(keys + r * stride, stride, cols, size, value);
		for (c = 0; c < cols; c++)
			to[r * cols + c] = bsp_score_of(value[c]);
	}
	free(keys);
	return 0;
}
