/*
 * The median of a square window.  Bit by bit from the highest: the median is
 * the greatest key that no more than half of the window's keys are below of.
 * All columns of a row are found at once, so that the loops are straight.
 */
#include <errno.h>
#include <stdlib.h>

#include "kernels.h"

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
median_row(const uint32_t *keys, size_t stride, size_t cols, size_t size,
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

int
bsp_median(const float *from, float *to, size_t rows, size_t cols,
    size_t radius, struct bsp_error *e)
{
	size_t stride = cols + 2 * radius, size = 2 * radius + 1, r, c;
	size_t padded = (rows + 2 * radius) * stride;
	uint32_t *keys = malloc((padded + 3 * cols) * sizeof *keys);
	uint32_t *value = keys + padded;

	if (keys == NULL)
		return bsp_error_system(e, ENOMEM, "medians of %zu x %zu",
		    cols, rows);
	for (r = 0; r < rows + 2 * radius; r++)
		for (c = 0; c < stride; c++)
			keys[r * stride + c] = bsp_key_of(from[cols *
			    bsp_reflect((ptrdiff_t)(r - radius), rows) +
			    bsp_reflect((ptrdiff_t)(c - radius), cols)]);
	for (r = 0; r < rows; r++) {
		median_row(keys + r * stride, stride, cols, size, value,
		    value + cols, value + 2 * cols);
		for (c = 0; c < cols; c++)
			to[r * cols + c] = bsp_score_of(value[c]);
	}
	free(keys);
	return 0;
}
