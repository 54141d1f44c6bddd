/*
 * Radix sorts of 32-bit keys.
 */
#include <string.h>

#include "kernels.h"

#define DIGIT_BITS 11
#define DIGITS (1 << DIGIT_BITS)
#define PASSES 3

static size_t
digit(uint32_t key, int pass)
{
	return key >> pass * DIGIT_BITS & (DIGITS - 1);
}

/* Least significant digit first: each pass is stable. */
static void
sort_with_scratch(uint32_t *keys, uint32_t *scratch, size_t n)
{
	size_t count[PASSES][DIGITS] = {{0}}, i, next, here;
	uint32_t *from = keys, *to = scratch, *spare;
	int pass;

	for (i = 0; i < n; i++)
		for (pass = 0; pass < PASSES; pass++)
			count[pass][digit(keys[i], pass)]++;
	for (pass = 0; pass < PASSES; pass++) {
		if (count[pass][digit(keys[0], pass)] == n)
			continue; /* all the same */
		for (i = next = 0; i < DIGITS; i++) {
			here = count[pass][i];
			count[pass][i] = next;
			next += here;
		}
		for (i = 0; i < n; i++)
			to[count[pass][digit(from[i], pass)]++] = from[i];
		spare = from;
		from = to;
		to = spare;
	}
	if (from != keys)
		memcpy(keys, from, n * sizeof *keys);
}

/* The same passes over the upper half of each word. */
void
bsp_sort_u64(uint64_t *words, uint64_t *scratch, size_t n)
{
	size_t count[DIGITS], i, next, here;
	uint64_t *from = words, *to = scratch, *spare;
	int pass;

	for (pass = 0; pass < PASSES; pass++) {
		memset(count, 0, sizeof count);
		for (i = 0; i < n; i++)
			count[digit((uint32_t)(from[i] >> 32), pass)]++;
		for (i = next = 0; i < DIGITS; i++) {
			here = count[i];
			count[i] = next;
			next += here;
		}
		for (i = 0; i < n; i++)
			to[count[digit((uint32_t)(from[i] >> 32),
			    pass)]++] = from[i];
		spare = from;
		from = to;
		to = spare;
	}
	memcpy(words, from, n * sizeof *words);
}

#define FEW 48 /* where insertion is faster */

static void
sort_few(uint32_t *keys, size_t n)
{
	uint32_t key;
	size_t i, j;

	for (i = 1; i < n; i++) {
		key = keys[i];
		for (j = i; j > 0 && keys[j - 1] > key; j--)
			keys[j] = keys[j - 1];
		keys[j] = key;
	}
}

/*
 * Most significant byte first, each key swapped straight to its bucket.
 * Source: McIlroy, Bostic, McIlroy, "Engineering radix sort", 1993.
 */
static void
sort_in_place(uint32_t *keys, size_t n, int shift)
{
	size_t end[256] = {0}, next[256], i, b, begin;
	uint32_t key, spare;

	if (n <= FEW) {
		sort_few(keys, n);
		return;
	}
	for (i = 0; i < n; i++)
		end[keys[i] >> shift & 0xFF]++;
	for (b = begin = 0; b < 256; b++) {
		next[b] = begin;
		begin += end[b];
		end[b] = begin;
	}
	for (b = 0; b < 256; b++)
		while (next[b] < end[b]) {
			key = keys[next[b]];
			for (i = key >> shift & 0xFF; i != b;
			    i = key >> shift & 0xFF) {
				spare = keys[next[i]];
				keys[next[i]++] = key;
				key = spare;
			}
			keys[next[b]++] = key;
		}
	if (shift == 0)
		return;
	for (b = begin = 0; b < 256; begin = end[b++])
		sort_in_place(keys + begin, end[b] - begin, shift - 8);
}

/*
 * Half of a residual map may be one value, that of the background, and its
 * corner is background.  Keys equal to the first are set aside and put back in
 * their place.
 */
static void
sort_around_first(uint32_t *keys, uint32_t *scratch, size_t n)
{
	uint32_t first = keys[0];
	size_t i, rest = 0, below = 0, equal;

	for (i = 0; i < n; i++) {
		scratch[rest] = keys[i];
		rest += keys[i] != first;
		below += keys[i] < first;
	}
	equal = n - rest;
	if (rest > FEW)
		sort_with_scratch(scratch, keys, rest);
	else
		sort_few(scratch, rest);
	memcpy(keys, scratch, below * sizeof *keys);
	for (i = 0; i < equal; i++)
		keys[below + i] = first;
	memcpy(keys + below + equal, scratch + below,
	    (rest - below) * sizeof *keys);
}

void
bsp_sort_u32(uint32_t *keys, uint32_t *scratch, size_t n)
{
	if (n <= FEW)
		sort_few(keys, n);
	else if (scratch != NULL)
		sort_around_first(keys, scratch, n);
	else
		sort_in_place(keys, n, 24);
}

/* Where the monotone run that begins at keys[0] ends. */
static size_t
run_end(const uint32_t *keys, size_t n, bool *descends)
{
	size_t i = 1;

	while (i < n && keys[i] == keys[0])
		i++;
	*descends = i < n && keys[i] < keys[0];
	if (*descends)
		while (i < n && keys[i] <= keys[i - 1])
			i++;
	else
		while (i < n && keys[i] >= keys[i - 1])
			i++;
	return i;
}

static void
reverse(uint32_t *keys, size_t n)
{
	uint32_t spare;
	size_t i;

	for (i = 0; i < n / 2; i++) {
		spare = keys[i];
		keys[i] = keys[n - 1 - i];
		keys[n - 1 - i] = spare;
	}
}

/* Merge ascending keys[0, middle) and keys[middle, n), without branches. */
static void
merge(uint32_t *keys, uint32_t *scratch, size_t middle, size_t n)
{
	size_t i = 0, j = middle, k;
	bool right;

	for (k = 0; i < middle && j < n; k++) {
		right = keys[j] < keys[i];
		scratch[k] = right ? keys[j] : keys[i];
		j += right;
		i += !right;
	}
	memcpy(scratch + k, keys + i, (middle - i) * sizeof *keys);
	memcpy(keys, scratch, (k + middle - i) * sizeof *keys);
}

void
bsp_sort_runs_u32(uint32_t *keys, uint32_t *scratch, size_t n)
{
	bool first_descends, second_descends = false;
	size_t first, second;

	if (n == 0)
		return;
	first = run_end(keys, n, &first_descends);
	second = first == n ? 0 : run_end(keys + first, n - first,
	    &second_descends);
	if (first + second < n) {
		bsp_sort_u32(keys, scratch, n);
		return;
	}
	if (first_descends)
		reverse(keys, first);
	if (second_descends)
		reverse(keys + first, second);
	merge(keys, scratch, first, n);
}
