/*
 * Lesions found against false regions, at every threshold: the free-response
 * operating characteristic (FROC).  Pixels come in from the highest down and
 * join the regions beside them, so that all thresholds cost one sort and one
 * pass of union-find.  Where regions of any size count, peaks.c is faster.
 * Source: Bunch et al. 1977; the mean over seven rates: Setio et al., Medical
 * Image Analysis 2017 (LUNA16).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "score.h"

/* Of a sample. */
enum { MARKED = 1, PRESENT = 2 };

/*
 * Regions of the pixels so far.  The grid has a border one sample wide, which
 * is never in, so that every sample has all its neighbours.  Neighbours that
 * touch each other are of one region already, so that of them one is joined;
 * those that share a face come first, because they touch most others.
 */
struct forest {
	uint8_t *state;   /* of each sample */
	uint32_t *parent; /* of those that are in */
	uint32_t *size;   /* of a root's region, capped; LESION is a flag */
	struct bsp_near near;
	uint32_t least;   /* pixels of a region that counts */
	int64_t alarms;   /* false regions */
};

#define LESION ((uint32_t)1 << 31)
#define SIZE_MOST (LESION - 1)

/* A region of so many pixels is false: it has no lesion, which would be a flag
 * above any size. */
static bool
is_false(const struct forest *forest, uint32_t size)
{
	return size >= forest->least && size < LESION;
}

/* The region of root a, of that size, becomes one with that of root b. */
static uint32_t
join(struct forest *forest, uint32_t a, uint32_t b)
{
	uint32_t p = forest->size[a], q = forest->size[b], sum, larger;

	sum = (p & SIZE_MOST) + (q & SIZE_MOST);
	sum = (sum < SIZE_MOST ? sum : SIZE_MOST) | ((p | q) & LESION);
	larger = (p & SIZE_MOST) < (q & SIZE_MOST) ? b : a;
	forest->parent[a] = forest->parent[b] = larger;
	forest->size[larger] = sum;
	forest->alarms += is_false(forest, sum) - is_false(forest, p) -
	    is_false(forest, q);
	return larger;
}

/* Which neighbours are in, as bits. */
static uint32_t
present(const struct forest *forest, uint32_t i)
{
	const uint8_t *state = forest->state + i;
	uint32_t bits = 0;
	size_t k;

	for (k = 0; k < forest->near.count; k++)
		bits |= (uint32_t)(state[forest->near.step[k]] / PRESENT) << k;
	return bits;
}

static void
enter(struct forest *forest, uint32_t i)
{
	uint32_t own = i, other, left = present(forest, i);
	int k;

	forest->parent[i] = i;
	forest->size[i] = 1 | (forest->state[i] & MARKED ? LESION : 0);
	forest->state[i] |= PRESENT;
	forest->alarms += is_false(forest, forest->size[i]);
	while (left != 0) {
		k = __builtin_ctz(left);
		other = bsp_root(forest->parent, (uint32_t)((ptrdiff_t)i +
		    forest->near.step[k]));
		if (other != own)
			own = join(forest, own, other);
		left &= ~forest->near.touched[k];
	}
}

/* Steps to neighbours, those that share a face first. */
static size_t
list_steps(int deep, int step[26][3])
{
	int far, s, r, c;
	size_t n = 0;

	for (far = 1; far <= 3; far++)
		for (s = -deep; s <= deep; s++)
			for (r = -1; r <= 1; r++)
				for (c = -1; c <= 1; c++) {
					if (s * s + r * r + c * c != far)
						continue;
					step[n][0] = s;
					step[n][1] = r;
					step[n++][2] = c;
				}
	return n;
}

static bool
touch(const int a[3], const int b[3])
{
	return abs(a[0] - b[0]) <= 1 && abs(a[1] - b[1]) <= 1 &&
	    abs(a[2] - b[2]) <= 1;
}

size_t
bsp_near_of(const struct bsp_grid *grid, struct bsp_near *near)
{
	size_t cols = grid->cols + 2, slice = (grid->rows + 2) * cols, k, l;
	/* Slices of an image that is one have no neighbours. */
	int deep = grid->slices > 1 ? 1 : 0, step[26][3];

	near->count = list_steps(deep, step);
	for (k = 0; k < near->count; k++) {
		near->step[k] = step[k][0] * (ptrdiff_t)slice +
		    step[k][1] * (ptrdiff_t)cols + step[k][2];
		near->touched[k] = 0;
		for (l = 0; l < near->count; l++)
			if (touch(step[k], step[l]))
				near->touched[k] |= (uint32_t)1 << l;
	}
	near->first = (deep ? slice : 0) + cols + 1;
	return (grid->slices + 2 * (size_t)deep) * slice;
}

/* The samples that count as words of key and place in the bordered grid. */
static size_t
list_samples(const struct bsp_scored *in, const struct bsp_grid *grid,
    uint64_t *word)
{
	size_t cols = grid->cols + 2, slice = (grid->rows + 2) * cols;
	size_t border = grid->slices > 1 ? slice : 0;
	size_t s, r, c, i = 0, n = 0;

	for (s = 0; s < grid->slices; s++)
		for (r = 0; r < grid->rows; r++)
			for (c = 0; c < grid->cols; c++, i++)
				if (in->within == NULL ||
				    in->within->data[i] != 0)
					word[n++] = (uint64_t)bsp_key_of(
					    in->map->data[i]) << 32 |
					    (border + s * slice +
					    (r + 1) * cols + c + 1);
	return n;
}

/* The lesions' samples among them. */
static void
mark(const struct bsp_scored *in, const struct bsp_grid *grid,
    uint8_t *state)
{
	size_t cols = grid->cols + 2, slice = (grid->rows + 2) * cols;
	size_t border = grid->slices > 1 ? slice : 0;
	size_t s, r, c, i = 0;

	for (s = 0; s < grid->slices; s++)
		for (r = 0; r < grid->rows; r++)
			for (c = 0; c < grid->cols; c++, i++)
				state[border + s * slice + (r + 1) * cols +
				    c + 1] = in->label->data[i] != 0 ?
				    MARKED : 0;
}

int
bsp_froc_note(struct bsp_froc *froc, uint32_t key, uint32_t unit,
    int64_t change, struct bsp_error *e)
{
	if (change == 0)
		return 0;
	if (bsp_array_grow(&froc->event, &froc->capacity, froc->events + 1,
	    sizeof *froc->event, e))
		return -1;
	froc->event[froc->events++] = (struct bsp_froc_event){key, unit,
	    (int32_t)change};
	return 0;
}

/* Let the samples in, and note where the number of false regions changes. */
static int
let_in(struct bsp_froc *froc, struct forest *forest, const uint64_t *word,
    size_t n, uint32_t unit, struct bsp_error *e)
{
	int64_t before = 0;
	uint32_t key;

	while (n > 0) {
		key = (uint32_t)(word[n - 1] >> 32);
		for (; n > 0 && word[n - 1] >> 32 == key; n--)
			enter(forest, (uint32_t)word[n - 1]);
		if (bsp_froc_note(froc, key, unit, forest->alarms - before, e))
			return -1;
		before = forest->alarms;
	}
	return 0;
}

int
bsp_froc_add(struct bsp_froc *froc, const struct bsp_scored *in, size_t unit,
    size_t min_region, struct bsp_error *e)
{
	if (min_region <= 1 && bsp_image_size(in->map) <= BSP_PEAKS_MOST)
		return bsp_froc_add_peaks(froc, in, unit, e);
	return bsp_froc_add_pixels(froc, in, unit, min_region, e);
}

int
bsp_froc_add_pixels(struct bsp_froc *froc, const struct bsp_scored *in,
    size_t unit, size_t min_region, struct bsp_error *e)
{
	struct bsp_grid grid = bsp_grid_of(in);
	size_t n = bsp_image_size(in->map), padded;
	struct forest forest = {.alarms = 0};
	uint64_t *word = NULL, *scratch = NULL;
	int result = -1;

	padded = bsp_near_of(&grid, &forest.near);
	forest.least = min_region < 1 ? 1 : min_region < SIZE_MOST ?
	    (uint32_t)min_region : SIZE_MOST;
	if (padded > UINT32_MAX || unit >= UINT32_MAX)
		return bsp_error_set(e, BSP_DATA, "%zu pixels, expected "
		    "fewer than 2^32 in one image or volume", n);
	word = malloc(n * sizeof *word);
	scratch = malloc(n * sizeof *scratch);
	forest.state = calloc(padded, 1);
	if (word == NULL || scratch == NULL || forest.state == NULL) {
		bsp_error_system(e, ENOMEM, "the regions of %zu pixels", n);
		goto out;
	}
	n = list_samples(in, &grid, word);
	mark(in, &grid, forest.state);
	bsp_sort_u64(word, scratch, n);
	free(scratch);
	scratch = NULL;
	forest.parent = malloc(padded * sizeof *forest.parent);
	forest.size = malloc(padded * sizeof *forest.size);
	if (forest.parent == NULL || forest.size == NULL) {
		bsp_error_system(e, ENOMEM, "the regions of %zu pixels", n);
		goto out;
	}
	result = let_in(froc, &forest, word, n, (uint32_t)unit, e);
out:
	free(word);
	free(scratch);
	free(forest.state);
	free(forest.parent);
	free(forest.size);
	return result;
}

void
bsp_froc_free(struct bsp_froc *froc)
{
	free(froc->event);
	free(froc->lesion);
	*froc = (struct bsp_froc){0};
}

/* ---------------------------------------------------------------- all units */

static int
descending(const void *a, const void *b)
{
	const struct bsp_froc_lesion *p = a, *q = b;

	return (p->key < q->key) - (p->key > q->key);
}

int
bsp_froc_finish(struct bsp_froc *froc, const struct bsp_lesions *lesions,
    size_t units, struct bsp_error *e)
{
	size_t n = froc->events, i;
	uint64_t *word = malloc((2 * n + 1) * sizeof *word);
	struct bsp_froc_event *sorted = malloc((n + 1) * sizeof *sorted);

	froc->lesion = malloc((lesions->count + 1) * sizeof *froc->lesion);
	if (word == NULL || sorted == NULL || froc->lesion == NULL ||
	    n > UINT32_MAX) {
		free(word);
		free(sorted);
		return bsp_error_system(e, ENOMEM, "%zu changes of regions",
		    n);
	}
	for (i = 0; i < n; i++)
		word[i] = (uint64_t)froc->event[i].key << 32 | i;
	bsp_sort_u64(word, word + n, n);
	for (i = 0; i < n; i++)
		sorted[i] = froc->event[(uint32_t)word[n - 1 - i]];
	free(word);
	free(froc->event);
	froc->event = sorted;
	froc->capacity = n;
	froc->lesions = lesions->count;
	froc->units = units;
	for (i = 0; i < lesions->count; i++)
		froc->lesion[i] = (struct bsp_froc_lesion){
		    bsp_key_of((float)lesions->lesion[i].most),
		    (uint32_t)lesions->lesion[i].unit};
	qsort(froc->lesion, froc->lesions, sizeof *froc->lesion, descending);
	return 0;
}

/* A walk down the thresholds; weight[unit], or NULL: each once. */
struct walk {
	const struct bsp_froc *froc;
	const uint32_t *weight;
	size_t event, lesion; /* the next */
	int64_t alarms;
	uint64_t found;
	uint32_t key;
};

/* Go to the next threshold where something changes; false at the end. */
static bool
step(struct walk *walk)
{
	const struct bsp_froc *froc = walk->froc;
	const struct bsp_froc_event *event = froc->event;
	const struct bsp_froc_lesion *lesion = froc->lesion;
	bool more = walk->event < froc->events;

	if (!more && walk->lesion == froc->lesions)
		return false;
	walk->key = more ? event[walk->event].key : 0;
	if (walk->lesion < froc->lesions &&
	    (!more || lesion[walk->lesion].key > walk->key))
		walk->key = lesion[walk->lesion].key;
	for (; walk->event < froc->events &&
	    event[walk->event].key == walk->key; walk->event++)
		walk->alarms += (int64_t)event[walk->event].change *
		    (walk->weight == NULL ? 1 :
		    walk->weight[event[walk->event].unit]);
	for (; walk->lesion < froc->lesions &&
	    lesion[walk->lesion].key == walk->key; walk->lesion++)
		walk->found += walk->weight == NULL ? 1 :
		    walk->weight[lesion[walk->lesion].unit];
	return true;
}

static const double rates[] = {.125, .25, .5, 1, 2, 4, 8};

#define RATES (sizeof rates / sizeof rates[0])

/* The mean sensitivity at the rates, of so many units and lesions. */
static double
value(const struct bsp_froc *froc, const uint32_t *weight, uint64_t units,
    uint64_t lesions)
{
	struct walk walk = {.froc = froc, .weight = weight};
	uint64_t found[RATES] = {0}, sum = 0;
	size_t first = 0, k;

	if (units == 0 || lesions == 0)
		return (double)NAN;
	while (first < RATES && step(&walk)) {
		while (first < RATES && (double)walk.alarms >
		    rates[first] * (double)units)
			first++;
		for (k = first; k < RATES; k++)
			found[k] = walk.found;
	}
	for (k = 0; k < RATES; k++)
		sum += found[k];
	return (double)sum / (double)(RATES * lesions);
}

double
bsp_froc_value(const struct bsp_froc *froc)
{
	return value(froc, NULL, froc->units, froc->lesions);
}

int
bsp_froc_curve(const struct bsp_froc *froc, bsp_froc_point_fn *put,
    void *with, struct bsp_error *e)
{
	struct walk walk = {.froc = froc};

	while (step(&walk))
		if (put(with, (double)bsp_score_of(walk.key),
		    (uint64_t)walk.alarms, walk.found, e))
			return -1;
	return 0;
}

/* One replicate's value: how often each unit was drawn, with its lesions. */
static double
replicate(const struct bsp_froc *froc, const uint32_t *lesions,
    const uint32_t *weight)
{
	uint64_t units = 0, all = 0;
	size_t i;

	for (i = 0; i < froc->units; i++) {
		units += weight[i];
		all += (uint64_t)weight[i] * lesions[i];
	}
	return value(froc, weight, units, all);
}

static int
bootstrap(const struct bsp_froc *froc, const struct bsp_draws *draws,
    const struct bsp_resampling *how, struct bsp_summary *out,
    struct bsp_error *e)
{
	uint32_t *lesions = calloc(froc->units + 1, sizeof *lesions);
	uint32_t *weight = malloc((froc->units + 1) * sizeof *weight);
	double *values = malloc(how->replicates * sizeof *values);
	size_t i, n = 0;

	if (lesions == NULL || weight == NULL || values == NULL) {
		free(lesions);
		free(weight);
		free(values);
		return bsp_error_system(e, ENOMEM,
		    "a bootstrap of %zu replicates", how->replicates);
	}
	for (i = 0; i < froc->lesions; i++)
		lesions[froc->lesion[i].unit]++;
	for (i = 0; i < how->replicates; i++) {
		bsp_draws_units(draws, how->seed, i, weight);
		values[n] = replicate(froc, lesions, weight);
		/* Without lesions it has nothing to tell. */
		n += isnan(values[n]) ? (size_t)0 : (size_t)1;
	}
	bsp_interval_of(values, n, draws->subjects, how, out);
	free(lesions);
	free(weight);
	free(values);
	return 0;
}

int
bsp_froc_summarize(const struct bsp_froc *froc,
    const struct bsp_resampling *how, struct bsp_summary *out,
    struct bsp_error *e)
{
	struct bsp_draws draws;
	int result = 0;

	if (bsp_draws_make(&draws, froc->units, how, e))
		return -1;
	*out = (struct bsp_summary){.mean = bsp_froc_value(froc),
	    .sd = (double)NAN, .ci_low = (double)NAN, .ci_high = (double)NAN,
	    .n = froc->units, .subjects = draws.subjects};
	out->undefined = isnan(out->mean) ? (size_t)1 : 0;
	if (how->replicates > 0 && draws.subjects > 1 && !isnan(out->mean))
		result = bootstrap(froc, &draws, how, out, e);
	bsp_draws_free(&draws);
	return result;
}
