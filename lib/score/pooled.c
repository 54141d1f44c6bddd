/*
 * Intervals of metrics of all pixels together, by subject.  A replicate ranks
 * every pixel as often as its subject was drawn.  The ranking is the same each
 * time, so it is made once: at each threshold where an anomalous pixel lies, the
 * numbers of pixels of each subject are noted, and a replicate adds them up
 * with the subject's weight.  These are whole numbers, so that the curve is to
 * the bit that of the replicate's own pixels.  One sort of n pixels, then for
 * each replicate as much as there are notes: at most n, and at most twice the
 * thresholds times the subjects.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../kernels/kernels.h"
#include "score.h"

static int
add_words(struct bsp_words *words, uint64_t word, struct bsp_error *e)
{
	if (words->count == words->capacity && bsp_array_grow(&words->word,
	    &words->capacity, words->count + 1, sizeof *words->word, e))
		return -1;
	words->word[words->count++] = word;
	return 0;
}

/* The regions of a unit, and for each anomalous pixel which it is of. */
static int
add_regions(struct bsp_pooled *pooled, const struct bsp_scored *in,
    size_t unit, uint32_t **component, struct bsp_error *e)
{
	struct bsp_grid grid = bsp_grid_of(in);
	size_t n = bsp_image_size(in->map), count, i;
	uint8_t *inside = malloc(n);

	*component = malloc(n * sizeof **component);
	if (inside == NULL || *component == NULL) {
		free(inside);
		return bsp_error_system(e, ENOMEM, "regions of %zu pixels", n);
	}
	bsp_mark_lesions(in, inside);
	count = bsp_components(&grid, inside, *component);
	free(inside);
	if (bsp_array_grow(&pooled->region, &pooled->capacity,
	    pooled->regions + count, sizeof *pooled->region, e))
		return -1;
	for (i = 0; i < count; i++)
		pooled->region[pooled->regions + i] =
		    (struct bsp_pooled_region){(uint32_t)unit, 0};
	for (i = 0; i < n; i++)
		if ((*component)[i] != BSP_NO_COMPONENT) {
			(*component)[i] += (uint32_t)pooled->regions;
			pooled->region[(*component)[i]].size++;
		}
	pooled->regions += count;
	return 0;
}

int
bsp_pooled_add(struct bsp_pooled *pooled, const struct bsp_scored *in,
    size_t unit, struct bsp_error *e)
{
	size_t n = bsp_image_size(in->map), i;
	uint32_t *component = NULL, key;
	int result = 0;
	bool positive;

	if (add_regions(pooled, in, unit, &component, e) ||
	    bsp_array_grow(&pooled->sum, &pooled->sums, unit + 1,
	    sizeof *pooled->sum, e)) {
		free(component);
		return -1;
	}
	pooled->sum[unit] = (struct bsp_sum){0};
	for (i = 0; i < n && result == 0; i++) {
		if (in->within != NULL && in->within->data[i] == 0)
			continue;
		key = bsp_key_of(in->map->data[i]);
		positive = in->label->data[i] != 0;
		result = add_words(positive ? &pooled->positive :
		    &pooled->negative, (uint64_t)key << 32 |
		    (positive ? component[i] : (uint32_t)unit), e);
		bsp_sum_add(&pooled->sum[unit], &in->map->data[i], 1);
	}
	free(component);
	return result;
}

void
bsp_pooled_free(struct bsp_pooled *pooled)
{
	free(pooled->positive.word);
	free(pooled->negative.word);
	free(pooled->region);
	free(pooled->sum);
	*pooled = (struct bsp_pooled){0};
}

/* ------------------------------------------------------------------- notes */

/* So many pixels of a subject. */
struct note {
	uint32_t subject, count;
};

/* What is noted at a threshold: notes up to these, from the last one's on. */
struct level {
	uint32_t key;
	size_t positive, above, tied; /* ends, in notes[] */
	size_t region;                /* end, in pooled->positive, downwards */
};

struct notes {
	const struct bsp_pooled *pooled;
	const struct bsp_draws *draws;
	struct level *level;
	size_t levels;
	struct note *note;
	size_t count, capacity;
	uint32_t *counter; /* [subjects] room, 0 */
	uint32_t *touched; /* [subjects] room */
	uint64_t *pixels[2]; /* [subjects] normal, anomalous */
	uint64_t *regions;   /* [subjects] */
	struct bsp_sum *sum; /* [subjects] */
};

static uint32_t
subject_of(const struct notes *notes, uint64_t word, bool positive)
{
	uint32_t low = (uint32_t)word;

	return notes->draws->subject[positive ?
	    notes->pooled->region[low].unit : low];
}

/*
 * Note the words from place *at down, as long as their keys are at least
 * `least', by subject.
 */
static int
note_words(struct notes *notes, const struct bsp_words *words, size_t *at,
    uint64_t least, bool positive, struct bsp_error *e)
{
	size_t n = 0, k;
	uint32_t subject;

	for (; *at > 0 && words->word[*at - 1] >> 32 >= least; (*at)--) {
		subject = subject_of(notes, words->word[*at - 1], positive);
		if (notes->counter[subject]++ == 0)
			notes->touched[n++] = subject;
	}
	if (bsp_array_grow(&notes->note, &notes->capacity, notes->count + n,
	    sizeof *notes->note, e))
		return -1;
	for (k = 0; k < n; k++) {
		subject = notes->touched[k];
		notes->note[notes->count++] = (struct note){subject,
		    notes->counter[subject]};
		notes->pixels[positive][subject] += notes->counter[subject];
		notes->counter[subject] = 0;
	}
	return 0;
}

static size_t
count_levels(const struct bsp_words *words)
{
	size_t i, n = 0;

	for (i = 0; i < words->count; i++)
		n += i == 0 ||
		    words->word[i] >> 32 != words->word[i - 1] >> 32;
	return n;
}

static int
note_levels(struct notes *notes, struct bsp_error *e)
{
	const struct bsp_words *positive = &notes->pooled->positive;
	const struct bsp_words *negative = &notes->pooled->negative;
	size_t p = positive->count, n = negative->count, k;
	struct level *level;

	for (k = 0; k < notes->levels; k++) {
		level = &notes->level[k];
		level->key = (uint32_t)(positive->word[p - 1] >> 32);
		if (note_words(notes, positive, &p, level->key, true, e))
			return -1;
		level->positive = notes->count;
		level->region = p;
		if (note_words(notes, negative, &n, (uint64_t)level->key + 1,
		    false, e))
			return -1;
		level->above = notes->count;
		if (note_words(notes, negative, &n, level->key, false, e))
			return -1;
		level->tied = notes->count;
	}
	/* What is below the last counts among the normal pixels. */
	k = notes->count;
	if (note_words(notes, negative, &n, 0, false, e))
		return -1;
	notes->count = k;
	return 0;
}

static void
add_sum(struct bsp_sum *to, const struct bsp_sum *from, uint32_t weight)
{
	size_t i;

	for (i = 0; i < sizeof to->bin / sizeof to->bin[0]; i++)
		to->bin[i] += from->bin[i] * (int64_t)weight;
	to->count += from->count * weight;
}

/* What the subjects have in all. */
static void
total(struct notes *notes)
{
	const struct bsp_pooled *pooled = notes->pooled;
	const uint32_t *subject = notes->draws->subject;
	size_t i;

	for (i = 0; i < pooled->regions; i++)
		notes->regions[subject[pooled->region[i].unit]]++;
	for (i = 0; i < notes->draws->units; i++)
		add_sum(&notes->sum[subject[i]], &pooled->sum[i], 1);
}

static void
free_notes(struct notes *notes)
{
	free(notes->level);
	free(notes->note);
	free(notes->counter);
	free(notes->touched);
	free(notes->pixels[0]);
	free(notes->pixels[1]);
	free(notes->regions);
	free(notes->sum);
}

static int
make_notes(struct notes *notes, struct bsp_pooled *pooled,
    const struct bsp_draws *draws, struct bsp_error *e)
{
	size_t n = draws->subjects + 1;
	size_t most = pooled->negative.count > pooled->positive.count ?
	    pooled->negative.count : pooled->positive.count;
	uint64_t *scratch = malloc((most + 1) * sizeof *scratch);

	*notes = (struct notes){.pooled = pooled, .draws = draws};
	if (scratch == NULL)
		return bsp_error_system(e, ENOMEM, "%zu pixels", most);
	bsp_sort_u64(pooled->positive.word, scratch, pooled->positive.count);
	bsp_sort_u64(pooled->negative.word, scratch, pooled->negative.count);
	free(scratch);
	notes->levels = count_levels(&pooled->positive);
	notes->level = malloc((notes->levels + 1) * sizeof *notes->level);
	notes->counter = calloc(n, sizeof *notes->counter);
	notes->touched = calloc(n, sizeof *notes->touched);
	notes->pixels[0] = calloc(n, sizeof *notes->pixels[0]);
	notes->pixels[1] = calloc(n, sizeof *notes->pixels[1]);
	notes->regions = calloc(n, sizeof *notes->regions);
	notes->sum = calloc(n, sizeof *notes->sum);
	if (notes->level == NULL || notes->counter == NULL ||
	    notes->touched == NULL || notes->pixels[0] == NULL ||
	    notes->pixels[1] == NULL || notes->regions == NULL ||
	    notes->sum == NULL)
		return bsp_error_system(e, ENOMEM, "the pixels of %zu subjects",
		    n - 1);
	if (note_levels(notes, e))
		return -1;
	total(notes);
	return 0;
}

/* -------------------------------------------------------------- replicates */

static uint32_t
weigh(const struct notes *notes, const uint32_t *weight, size_t from,
    size_t to)
{
	uint32_t sum = 0;

	for (; from < to; from++)
		sum += notes->note[from].count *
		    weight[notes->note[from].subject];
	return sum;
}

/* The curve of a replicate, which has room for all levels. */
static int
fill_curve(const struct notes *notes, const uint32_t *weight,
    bool by_region, struct bsp_curve *curve, struct bsp_error *e)
{
	const struct bsp_pooled *pooled = notes->pooled;
	size_t subjects = notes->draws->subjects, i, k, from = 0;
	size_t p = pooled->positive.count;
	const struct bsp_pooled_region *region;
	uint32_t tp = 0, fp = 0, gained, above;
	struct bsp_sum sum = {0};
	double found = 0;

	curve->positives = curve->negatives = curve->count = 0;
	curve->regions = 0;
	for (i = 0; i < subjects; i++) {
		curve->positives += weight[i] * notes->pixels[1][i];
		curve->negatives += weight[i] * notes->pixels[0][i];
		if (by_region)
			curve->regions += weight[i] * notes->regions[i];
		if (weight[i] > 0)
			add_sum(&sum, &notes->sum[i], weight[i]);
	}
	/* The large subjects may have been drawn often. */
	if (curve->positives + curve->negatives > UINT32_MAX)
		return bsp_error_set(e, BSP_DATA, "a replicate has %llu "
		    "pixels, expected at most %u to rank together",
		    (unsigned long long)(curve->positives + curve->negatives),
		    UINT32_MAX);
	curve->mean = bsp_sum_mean(&sum);
	for (k = 0; k < notes->levels; k++) {
		const struct level *level = &notes->level[k];

		gained = weigh(notes, weight, from, level->positive);
		above = fp + weigh(notes, weight, level->positive,
		    level->above);
		fp = above + weigh(notes, weight, level->above, level->tied);
		from = level->tied;
		for (; by_region && p > level->region; p--) {
			region = &pooled->region[(uint32_t)
			    pooled->positive.word[p - 1]];
			found += (double)weight[notes->draws->subject[
			    region->unit]] / (double)region->size;
		}
		if (gained == 0)
			continue;
		tp += gained;
		curve->steps[curve->count] = (struct bsp_step){
		    bsp_score_of(level->key), tp, fp, above};
		if (by_region)
			curve->found[curve->count] = found /
			    (double)curve->regions;
		curve->count++;
	}
	return 0;
}

/* values[metric][replicate], of which count[metric] are defined. */
static int
replicate(const struct notes *notes,
    const struct bsp_evaluation *evaluation, const uint32_t *weight,
    struct bsp_curve *curve, double *values, size_t replicates, size_t *count,
    struct bsp_error *e)
{
	struct bsp_counts counts;
	size_t m, i;
	double value;

	if (fill_curve(notes, weight, bsp_evaluation_has(evaluation,
	    BSP_OF_REGIONS), curve, e))
		return -1;
	for (m = 0; m < evaluation->metrics; m++) {
		if (evaluation->metric[m]->scope == BSP_AT_THRESHOLD) {
			counts = (struct bsp_counts){0};
			for (i = 0; i < evaluation->images; i++)
				bsp_counts_add(&counts, &evaluation->counts[
				    i * evaluation->points +
				    evaluation->at[m]],
				    weight[notes->draws->subject[i]]);
			value = evaluation->metric[m]->at(&counts);
		} else {
			value = evaluation->metric[m]->value(curve);
		}
		if (!isnan(value))
			values[m * replicates + count[m]++] = value;
	}
	return 0;
}

int
bsp_pooled_summarize(struct bsp_evaluation *evaluation,
    const struct bsp_resampling *how, struct bsp_summary *summary,
    struct bsp_error *e)
{
	size_t replicates = how->replicates, count[BSP_METRICS_MAX] = {0};
	double *values = malloc((evaluation->metrics * replicates + 1) *
	    sizeof *values);
	struct bsp_curve curve = {0};
	struct bsp_draws draws;
	struct notes notes;
	size_t i, m;
	int result = -1;

	if (values == NULL)
		return bsp_error_system(e, ENOMEM,
		    "a bootstrap of %zu replicates", replicates);
	if (bsp_draws_make(&draws, evaluation->images, how, e)) {
		free(values);
		return -1;
	}
	for (m = 0; m < evaluation->metrics; m++)
		summary[m] = (struct bsp_summary){
		    .mean = evaluation->all.value[m], .sd = (double)NAN,
		    .ci_low = (double)NAN, .ci_high = (double)NAN,
		    .n = evaluation->images, .subjects = draws.subjects,
		    .undefined = isnan(evaluation->all.value[m]) ?
		    (size_t)1 : 0};
	if (make_notes(&notes, &evaluation->kept, &draws, e) ||
	    bsp_array_grow(&curve.steps, &curve.capacity, notes.levels + 1,
	    sizeof *curve.steps, e) ||
	    bsp_array_grow(&curve.found, &curve.found_capacity,
	    notes.levels + 1, sizeof *curve.found, e))
		goto out;
	for (i = 0; i < replicates && draws.subjects > 1; i++)
		if (replicate(&notes, evaluation, bsp_draws_subjects(&draws,
		    how->seed, i), &curve, values, replicates, count, e))
			goto out;
	for (m = 0; m < evaluation->metrics; m++)
		if (count[m] > 0)
			bsp_interval_of(values + m * replicates, count[m],
			    draws.subjects, how, &summary[m]);
	result = 0;
out:
	free_notes(&notes);
	bsp_curve_free(&curve);
	bsp_draws_free(&draws);
	free(values);
	return result;
}
