/*
 * Ranking a few changed pixels against many unchanged ones.
 *
 * The unchanged ones are not sorted.  Their keys, which are finely spaced
 * logarithms of the scores, are put into buckets that cover the greatest 8
 * octaves.  A bucket is half of a cache line: how many keys come before it, and
 * the low halves of its own.  One load thus answers how many keys are below a
 * value.  Buckets that cannot hold their keys refer to a sorted list.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sweep.h"

#define BUCKETS (BSP_ABOVE / BSP_BUCKET_WIDTH + 1)
#define EMPTY INT16_MAX /* above every low half */

/* Where a key is in the buckets. */
static uint32_t
offset_of(const struct bsp_background *b, uint32_t key)
{
	uint32_t offset = key > b->base ? key - b->base : 0;

	return offset < BSP_ABOVE ? offset : BSP_ABOVE;
}

BSP_CLONES static uint32_t
find_top(const uint32_t *key, size_t n)
{
	uint32_t top = 0;
	size_t i;

	for (i = 0; i < n; i++)
		top = key[i] > top ? key[i] : top;
	return top;
}

static void
clear_buckets(struct bsp_background *b)
{
	struct bsp_bucket empty = {0};
	size_t i;

	for (i = 0; i <= BSP_BUCKET_ROOM; i++)
		empty.low[i] = EMPTY;
	for (i = 0; i < BUCKETS; i++)
		b->bucket[i] = empty;
}

/* Put keys into their buckets, or where they do not fit into the list. */
static void
fill_buckets(struct bsp_background *b)
{
	uint32_t first = b->base + BSP_BUCKET_WIDTH, key, offset;
	uint32_t *over = b->over.key, room;
	struct bsp_bucket *bucket;
	bool full;
	size_t i;

	for (i = 0; i < b->keys.count; i++) {
		key = b->keys.key[i];
		if (key < first) {
			*over++ = key;
			continue;
		}
		offset = key - b->base;
		bucket = &b->bucket[offset / BSP_BUCKET_WIDTH];
		room = bucket->before++;
		full = room >= BSP_BUCKET_ROOM;
		/* Without a branch: what does not fit is put into the list. */
		bucket->low[full ? BSP_BUCKET_ROOM : room] =
		    (int16_t)(offset % BSP_BUCKET_WIDTH);
		*over = key;
		over += full;
	}
	b->over.count = (size_t)(over - b->over.key);
}

/* Move what a bucket that is too small holds to the list. */
static void
spill(struct bsp_background *b, size_t i)
{
	struct bsp_bucket *bucket = &b->bucket[i];
	size_t k;

	for (k = 0; k < BSP_BUCKET_ROOM; k++)
		b->over.key[b->over.count++] = b->base +
		    (uint32_t)i * BSP_BUCKET_WIDTH + (uint16_t)bucket->low[k];
}

/* From how many keys a bucket has to how many come before it. */
static void
number_buckets(struct bsp_background *b, uint32_t below)
{
	struct bsp_bucket *bucket = b->bucket;
	uint32_t before = 0, listed = 0, n;
	size_t i;

	bucket->before = below;
	for (i = 0; i < BUCKETS; i++, bucket++) {
		n = bucket->before;
		bucket->before = before;
		before += n;
		if (n <= (i == 0 ? 0 : BSP_BUCKET_ROOM))
			continue;
		if (i > 0)
			spill(b, i);
		bucket->before |= BSP_BUCKET_LISTED;
		bucket->list.begin = listed;
		bucket->list.end = listed += n;
	}
}

/* The repeated key: in its bucket, which is too small then, or below all. */
static void
add_repeats(struct bsp_background *b, uint32_t *below)
{
	if (b->repeats == 0)
		return;
	if (b->same < b->base + BSP_BUCKET_WIDTH)
		*below += (uint32_t)b->repeats;
	else
		b->bucket[(b->same - b->base) / BSP_BUCKET_WIDTH].before +=
		    (uint32_t)b->repeats;
}

/* How many of n ascending keys are below the value. */
static size_t
lower_bound(const uint32_t *key, size_t n, uint32_t value)
{
	size_t begin = 0, middle;

	while (begin < n) {
		middle = begin + (n - begin) / 2;
		if (key[middle] < value)
			begin = middle + 1;
		else
			n = middle;
	}
	return begin;
}

/* Sort the list, and put the repeats where they belong. */
static void
sort_list(struct bsp_background *b)
{
	uint32_t *key = b->over.key;
	size_t n = b->over.count, at, i;

	bsp_sort_u32(key, b->scratch.key, n);
	if (b->repeats == 0)
		return;
	at = lower_bound(key, n, b->same);
	memmove(key + at + b->repeats, key + at, (n - at) * sizeof *key);
	for (i = at; i < at + b->repeats; i++)
		key[i] = b->same;
	b->over.count += b->repeats;
}

int
bsp_background_prepare(struct bsp_background *b, struct bsp_error *e)
{
	size_t n = b->keys.count + b->repeats, i;
	uint32_t top, below = 0;

	if (n >= BSP_BUCKET_LISTED)
		return bsp_error_set(e, BSP_DATA,
		    "more than %u pixels to rank together",
		    BSP_BUCKET_LISTED - 1);
	if (bsp_array_grow(&b->over.key, &b->over.capacity, n + 1,
	    sizeof *b->over.key, e) || bsp_array_grow(&b->scratch.key,
	    &b->scratch.capacity, n, sizeof *b->scratch.key, e))
		return -1;
	if (b->bucket == NULL)
		b->bucket = aligned_alloc(sizeof *b->bucket,
		    BUCKETS * sizeof *b->bucket);
	if (b->bucket == NULL)
		return bsp_error_system(e, ENOMEM, "an index of scores");
	top = find_top(b->keys.key, b->keys.count);
	b->base = top >= BSP_ABOVE ? top - BSP_ABOVE + 1 : 0;
	clear_buckets(b);
	fill_buckets(b);
	for (i = 0; i < b->over.count; i++)
		below += b->over.key[i] < b->base + BSP_BUCKET_WIDTH;
	add_repeats(b, &below);
	number_buckets(b, below);
	sort_list(b);
	b->count = n;
	b->fits = bsp_sum_fix(&b->sum, &b->fixed);
	return 0;
}

void
bsp_background_free(struct bsp_background *b)
{
	free(b->keys.key);
	free(b->over.key);
	free(b->scratch.key);
	free(b->bucket);
	*b = (struct bsp_background){0};
}

/* How many keys of the list are below a value. */
static uint32_t
count_listed(const struct bsp_background *b, const struct bsp_bucket *bucket,
    uint32_t value)
{
	uint32_t begin = bucket->list.begin, end = bucket->list.end;

	return (bucket->before & ~BSP_BUCKET_LISTED) + (uint32_t)lower_bound(
	    b->over.key + begin, end - begin, value);
}

uint32_t
bsp_background_below(const struct bsp_background *b, uint32_t value)
{
	uint32_t offset = offset_of(b, value), below;
	const struct bsp_bucket *bucket =
	    &b->bucket[offset / BSP_BUCKET_WIDTH];
	size_t i;

	if (bucket->before & BSP_BUCKET_LISTED)
		return count_listed(b, bucket, value);
	below = bucket->before;
	for (i = 0; i < BSP_BUCKET_ROOM; i++)
		below += bucket->low[i] < (int)(offset % BSP_BUCKET_WIDTH);
	return below;
}

/* How many background keys are below, and how many not above, a value. */
struct place {
	uint32_t below, not_above;
};

typedef int16_t halves __attribute__((vector_size(sizeof(struct bsp_bucket))));
typedef uint64_t words __attribute__((vector_size(sizeof(struct bsp_bucket))));

/*
 * How many of a bucket's halves are below a value, and 256 times how many are
 * not above it: the comparisons are -1 where they hold.
 */
static inline __attribute__((always_inline)) uint32_t
count_halves(const struct bsp_bucket *bucket, int16_t low)
{
	/* The first two are the number. */
	const halves one = {0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	halves have, count;
	words four;

	memcpy(&have, bucket, sizeof have);
	count = ((have < low) & one) + ((have <= low) & one) * 256;
	four = (words)count;
	return (uint32_t)((four[0] + four[1] + four[2] + four[3]) *
	    0x0001000100010001 >> 48);
}

BSP_CLONES static void
find_places(const struct bsp_background *b, const uint32_t *value, size_t n,
    struct place *place)
{
	const struct bsp_bucket *bucket;
	uint32_t offset, counts;
	size_t i;

	for (i = 0; i < n; i++) {
		offset = offset_of(b, value[i]);
		bucket = &b->bucket[offset / BSP_BUCKET_WIDTH];
		if (bucket->before & BSP_BUCKET_LISTED) {
			place[i].below = count_listed(b, bucket, value[i]);
			place[i].not_above = count_listed(b, bucket,
			    value[i] + 1);
			continue;
		}
		counts = count_halves(bucket,
		    (int16_t)(offset % BSP_BUCKET_WIDTH));
		place[i].below = bucket->before + counts % 256;
		place[i].not_above = bucket->before + counts / 256;
	}
}

int
bsp_background_curve(const struct bsp_background *b,
    struct bsp_keys *positive, struct bsp_keys *negative, uint32_t *scratch,
    struct bsp_curve *curve, struct bsp_error *e)
{
	size_t p = positive->count, n = negative->count;
	size_t negatives = b->count + n;
	struct bsp_step *step;
	struct place *place;
	uint32_t value;

	if (bsp_array_grow(&curve->steps, &curve->capacity, p + p / 2 + 1,
	    sizeof *curve->steps, e))
		return -1;
	bsp_sort_runs_u32(positive->key, scratch, p);
	bsp_sort_runs_u32(negative->key, scratch, n);
	place = (struct place *)scratch;
	find_places(b, positive->key, p, place);
	curve->positives = p;
	curve->negatives = negatives;
	for (step = curve->steps; p > 0; step++) {
		value = positive->key[--p];
		while (n > 0 && negative->key[n - 1] > value)
			n--;
		step->threshold = bsp_score_of(value);
		step->fp_above = (uint32_t)(negatives -
		    place[p].not_above - n);
		while (n > 0 && negative->key[n - 1] == value)
			n--;
		step->fp = (uint32_t)(negatives - place[p].below - n);
		while (p > 0 && positive->key[p - 1] == value)
			p--;
		step->tp = (uint32_t)(positive->count - p);
	}
	curve->count = (size_t)(step - curve->steps);
	return 0;
}

void
bsp_background_count(const struct bsp_background *b,
    const struct bsp_keys *positive, const struct bsp_keys *negative,
    double threshold, struct bsp_counts *counts)
{
	float least = (float)threshold;
	uint32_t key;

	/* The least score that is not below the threshold. */
	if ((double)least < threshold)
		least = nextafterf(least, INFINITY);
	key = bsp_key_of(least);
	*counts = (struct bsp_counts){
		.positives = positive->count,
		.negatives = b->count + negative->count,
		.tp = positive->count - lower_bound(positive->key,
		    positive->count, key),
		.fp = b->count - bsp_background_below(b, key) +
		    negative->count - lower_bound(negative->key,
		    negative->count, key),
		.units = 1,
	};
}
