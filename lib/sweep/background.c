/*
 * Ranking a few changed pixels against many unchanged ones.
 */
#include <errno.h>
#include <stdlib.h>

#include "sweep.h"

/*
 * The keys of floats are finely spaced logarithms.  The index covers the
 * greatest 2^(BUCKET_BITS + SHIFT) of them, 8 octaves of scores; the rest is
 * in bucket 0.
 */
#define BUCKET_BITS 14
#define BUCKETS ((size_t)1 << BUCKET_BITS)
#define SHIFT 12

#define FEW 8 /* keys of a bucket that are compared all at once */

static size_t
bucket_of(const struct bsp_background *b, uint32_t key)
{
	size_t bucket = key < b->floor ? 0 : (key - b->floor) >> SHIFT;

	return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

int
bsp_background_prepare(struct bsp_background *b, struct bsp_error *e)
{
	size_t n = b->keys.count, bucket, i;
	uint32_t top, span = (uint32_t)BUCKETS << SHIFT;

	if (bsp_array_grow(&b->keys.key, &b->keys.capacity, n + FEW,
	    sizeof *b->keys.key, e) || bsp_array_grow(&b->scratch.key,
	    &b->scratch.capacity, n, sizeof *b->scratch.key, e))
		return -1;
	bsp_sort_u32(b->keys.key, b->scratch.key, n);
	if (b->start == NULL)
		b->start = malloc((BUCKETS + 1) * sizeof *b->start);
	if (b->start == NULL)
		return bsp_error_system(e, ENOMEM, "an index of scores");
	top = n > 0 ? b->keys.key[n - 1] : 0;
	b->floor = top >= span ? top - span + 1 : 0;
	/* The first key of each bucket, or of the next one that has any. */
	for (bucket = 0; bucket <= BUCKETS; bucket++)
		b->start[bucket] = (uint32_t)n;
	for (i = n; i-- > 0; )
		b->start[bucket_of(b, b->keys.key[i])] = (uint32_t)i;
	for (bucket = BUCKETS; bucket-- > 0; )
		if (b->start[bucket] > b->start[bucket + 1])
			b->start[bucket] = b->start[bucket + 1];
	/* What is compared beyond the last key is above everything. */
	for (i = 0; i < FEW; i++)
		b->keys.key[n + i] = UINT32_MAX;
	return 0;
}

void
bsp_background_free(struct bsp_background *b)
{
	free(b->keys.key);
	free(b->scratch.key);
	free(b->start);
	*b = (struct bsp_background){0};
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

/* How many background keys are below, and how many not above, a value. */
struct place {
	uint32_t below, not_above;
};

typedef uint32_t few_keys __attribute__((vector_size(FEW * 4)));
typedef int32_t few_flags __attribute__((vector_size(FEW * 4)));

/* How many of the next FEW keys are below v. */
static inline __attribute__((always_inline)) uint32_t
count_below(const uint32_t *key, uint32_t v)
{
	const few_keys zero = {0};
	few_keys keys;
	few_flags below;

	memcpy(&keys, key, sizeof keys);
	below = (few_flags)(keys < zero + v);
	below += __builtin_shufflevector(below, below, 4, 5, 6, 7, 0, 1, 2, 3);
	below += __builtin_shufflevector(below, below, 2, 3, 0, 1, 6, 7, 4, 5);
	return (uint32_t)-(below[0] + below[1]);
}

BSP_CLONES static void
find_places(const struct bsp_background *b, const uint32_t *value, size_t n,
    struct place *place)
{
	uint32_t below, start, end, v;
	const uint32_t *key;
	size_t i, bucket;

	for (i = 0; i < n; i++) {
		v = value[i];
		bucket = bucket_of(b, v);
		start = b->start[bucket];
		end = b->start[bucket + 1];
		key = b->keys.key + start;
		/* Keys of the buckets after it are above v, and not counted. */
		below = count_below(key, v);
		if (below == FEW)
			below = (uint32_t)lower_bound(key, end - start, v);
		place[i].below = start + below;
		/* Ties are few; what follows the last key is above all. */
		if (key[below] == v)
			below = (uint32_t)lower_bound(key, end - start,
			    v + 1);
		place[i].not_above = start + below;
	}
}

int
bsp_background_curve(const struct bsp_background *b,
    struct bsp_keys *positive, struct bsp_keys *negative, uint32_t *scratch,
    struct bsp_curve *curve, struct bsp_error *e)
{
	size_t p = positive->count, n = negative->count;
	size_t negatives = b->keys.count + n;
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
