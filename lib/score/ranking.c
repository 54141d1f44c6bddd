/*
 * From pixels to a ranking: scores become integer keys of the same order,
 * positives and negatives are sorted apart, and one walk down both gives the
 * thresholds that the metrics need.
 */
#include <stdlib.h>
#include <string.h>

#include "../kernels/kernels.h"
#include "score.h"

void
bsp_ranking_clear(struct bsp_ranking *ranking)
{
	ranking->positive.count = 0;
	ranking->negative.count = 0;
	ranking->regions.count = ranking->regions.regions = 0;
}

void
bsp_ranking_free(struct bsp_ranking *ranking)
{
	free(ranking->positive.key);
	free(ranking->negative.key);
	free(ranking->scratch.key);
	free(ranking->regions.word);
	free(ranking->regions.size);
	*ranking = (struct bsp_ranking){0};
}

void
bsp_curve_free(struct bsp_curve *curve)
{
	free(curve->steps);
	free(curve->found);
	*curve = (struct bsp_curve){0};
}

static int
reserve(struct bsp_keys *keys, size_t n, struct bsp_error *e)
{
	return bsp_array_grow(&keys->key, &keys->capacity, keys->count + n,
	    sizeof *keys->key, e);
}

BSP_CLONES static size_t
count_nonzero(const float *x, size_t n)
{
	size_t i, count = 0;

	for (i = 0; i < n; i++)
		count += x[i] != 0;
	return count;
}

/*
 * Add pixels of both classes, without branches: each key is put at both ends,
 * and stays at one.
 */
static void
add_mixed(struct bsp_keys *positive, struct bsp_keys *negative,
    const float *score, const float *label, const float *within, size_t n)
{
	uint32_t *p = positive->key + positive->count;
	uint32_t *q = negative->key + negative->count;
	bool anomalous, counted;
	size_t i;

	for (i = 0; i < n; i++) {
		anomalous = label[i] != 0;
		counted = within == NULL || within[i] != 0;
		*p = *q = bsp_key_of(score[i]);
		p += counted & anomalous;
		q += counted & !anomalous;
	}
	positive->count = (size_t)(p - positive->key);
	negative->count = (size_t)(q - negative->key);
}

#define BLOCK 64

int
bsp_ranking_add(struct bsp_ranking *ranking, const struct bsp_image *map,
    const struct bsp_image *label, const struct bsp_image *within,
    struct bsp_error *e)
{
	const struct bsp_scored in = {.map = map, .label = label,
	    .within = within};

	return bsp_ranking_add_unit(ranking, &in, e);
}

int
bsp_ranking_add_unit(struct bsp_ranking *ranking,
    const struct bsp_scored *in, struct bsp_error *e)
{
	const struct bsp_image *map = in->map, *label = in->label;
	const struct bsp_image *within = in->within;
	struct bsp_keys *positive = &ranking->positive;
	struct bsp_keys *negative = &ranking->negative;
	size_t i, size, n = bsp_image_size(map);
	size_t anomalies = count_nonzero(label->data, n);

	if (n > UINT32_MAX - (positive->count + negative->count))
		return bsp_error_set(e, BSP_DATA,
		    "more than %u pixels to rank together", UINT32_MAX);
	if (reserve(positive, anomalies + 1, e) ||
	    reserve(negative, n - anomalies + 1, e) ||
	    (ranking->by_region && bsp_regions_add(&ranking->regions, in,
	    anomalies, e)))
		return -1;
	/* Most blocks are normal throughout. */
	for (i = 0; i < n; i += size) {
		size = n - i < BLOCK ? n - i : BLOCK;
		if (within == NULL &&
		    count_nonzero(label->data + i, size) == 0) {
			bsp_make_keys(map->data + i,
			    negative->key + negative->count, size);
			negative->count += size;
		} else {
			add_mixed(positive, negative, map->data + i,
			    label->data + i,
			    within == NULL ? NULL : within->data + i, size);
		}
	}
	return 0;
}

#define CHUNK 4096

/* The exact sum does not depend on the order of its terms. */
static void
add_scores(struct bsp_sum *sum, const struct bsp_keys *keys)
{
	float score[CHUNK];
	size_t i, j, n;

	for (i = 0; i < keys->count; i += n) {
		n = keys->count - i < CHUNK ? keys->count - i : CHUNK;
		for (j = 0; j < n; j++)
			score[j] = bsp_score_of(keys->key[i + j]);
		bsp_sum_add(sum, score, n);
	}
}

#define SCRATCH_MAX ((size_t)1 << 22) /* keys; more are sorted in place */

static int
sort(struct bsp_ranking *ranking, struct bsp_keys *keys, struct bsp_error *e)
{
	struct bsp_keys *scratch = &ranking->scratch;
	bool small = keys->count <= SCRATCH_MAX;

	if (small && bsp_array_grow(&scratch->key, &scratch->capacity,
	    keys->count, sizeof *scratch->key, e))
		return -1;
	bsp_sort_u32(keys->key, small ? scratch->key : NULL, keys->count);
	return 0;
}

/* Where the run of equal keys that ends before key[end] begins. */
static size_t
run_begin(const uint32_t *key, size_t end)
{
	uint32_t value = key[end - 1];

	while (end > 0 && key[end - 1] == value)
		end--;
	return end;
}

static size_t
count_distinct(const struct bsp_keys *keys)
{
	size_t i, n = 0;

	for (i = keys->count; i > 0; i = run_begin(keys->key, i))
		n++;
	return n;
}

int
bsp_ranking_curve(struct bsp_ranking *ranking, struct bsp_curve *curve,
    struct bsp_error *e)
{
	const struct bsp_keys *positive = &ranking->positive;
	const struct bsp_keys *negative = &ranking->negative;
	size_t p = positive->count, n = negative->count;
	struct bsp_sum sum = {0};
	struct bsp_step *step;
	uint32_t value;

	add_scores(&sum, positive);
	add_scores(&sum, negative);
	if (sort(ranking, &ranking->positive, e) ||
	    sort(ranking, &ranking->negative, e) ||
	    bsp_array_grow(&curve->steps, &curve->capacity,
	    count_distinct(positive), sizeof *curve->steps, e))
		return -1;
	curve->positives = p;
	curve->negatives = n;
	curve->mean = bsp_sum_mean(&sum);
	/* p and n go down; what they have passed scores at or above. */
	for (step = curve->steps; p > 0; step++) {
		value = positive->key[p - 1];
		p = run_begin(positive->key, p);
		step->threshold = bsp_score_of(value);
		step->tp = (uint32_t)(positive->count - p);
		while (n > 0 && negative->key[n - 1] > value)
			n--;
		step->fp_above = (uint32_t)(negative->count - n);
		while (n > 0 && negative->key[n - 1] == value)
			n--;
		step->fp = (uint32_t)(negative->count - n);
	}
	curve->count = (size_t)(step - curve->steps);
	curve->regions = 0;
	return ranking->by_region ?
	    bsp_regions_find(&ranking->regions, curve, e) : 0;
}
