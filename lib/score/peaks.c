/*
 * False regions of any size at every threshold, from the peaks of a map.  Each
 * sample that is no peak has a higher neighbour, and belongs to the peak that
 * steps upwards lead to; samples of equal score are in the order of their
 * places.  What is found at a threshold are the peaks above it, joined at the
 * passes above it: samples whose higher neighbours do not touch each other.
 * Both are few beside the samples, and they alone are sorted.
 * Source: Carr, Snoeyink, Axen, "Computing contour trees in all dimensions",
 * 2003.
 */
#include <errno.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "score.h"

/* Of a sample where something may change: bits of neighbours, one of each group
 * that touch each other, none of a peak; and this, if a lesion begins there. */
#define LESION_BEGINS ((uint32_t)1 << 31)

struct spot {
	uint32_t place, higher;
};

/* What changes at a score: two peaks are joined, or one and itself: with FOUND
 * it appears, and without it is of a lesion. */
struct change {
	uint32_t a, b;
};

#define PEAK ((uint32_t)1 << 31)
#define FOUND ((uint32_t)1 << 30)

/* Of a region. */
enum { IS_FOUND = 1, IS_LESION = 2 };

struct relief {
	struct bsp_near near;
	uint32_t *key;   /* of each sample of the bordered grid; 0: none */
	uint32_t *up;    /* a higher neighbour, or PEAK and which */
	uint8_t *lesion; /* is it of a lesion? */
	uint32_t peaks;
	struct spot *spot;
	size_t spots, spot_capacity;
	uint64_t *word;  /* key and index of each change, ascending */
	struct change *change;
	size_t changes;
};

/* Copy keys and lesions of the samples that count into the bordered grid. */
static void
fill(const struct bsp_scored *in, const struct bsp_grid *grid,
    struct relief *relief)
{
	size_t cols = grid->cols + 2, at, s, r, c, i = 0;

	for (s = 0; s < grid->slices; s++)
		for (r = 0; r < grid->rows; r++) {
			at = relief->near.first + (s * (grid->rows + 2) + r) *
			    cols;
			bsp_make_keys(in->map->data + i, relief->key + at,
			    grid->cols);
			for (c = 0; c < grid->cols; c++, i++) {
				relief->lesion[at + c] =
				    in->label->data[i] != 0;
				if (in->within != NULL &&
				    in->within->data[i] == 0)
					relief->key[at + c] = 0;
			}
		}
}

/* Which neighbours of n samples in a row are higher, as bits. */
BSP_CLONES static void
find_higher(const struct bsp_near *near, const uint32_t *key, size_t n,
    uint32_t *higher)
{
	const uint32_t *other;
	size_t k, c;

	memset(higher, 0, n * sizeof *higher);
	for (k = 0; k < near->count; k++) {
		other = key + near->step[k];
		if (near->step[k] < 0)
			for (c = 0; c < n; c++)
				higher[c] |= (uint32_t)(other[c] >= key[c]) << k;
		else
			for (c = 0; c < n; c++)
				higher[c] |= (uint32_t)(other[c] > key[c]) << k;
	}
}

/* One of each group of neighbours that touch each other. */
static inline uint32_t
find_groups(const struct bsp_near *near, uint32_t higher)
{
	uint32_t groups = 0, next;
	int k;

	while (higher != 0) {
		k = __builtin_ctz(higher);
		groups |= (uint32_t)1 << k;
		next = near->touched[k] & higher;
		higher &= ~next;
		next &= next - 1; /* k, the lowest */
		while (next != 0 && higher != 0) {
			k = __builtin_ctz(next);
			next &= next - 1;
			next |= near->touched[k] & higher;
			higher &= ~near->touched[k];
		}
	}
	return groups;
}

/* A lesion's sample with a higher one beside it adds nothing to that. */
static bool
begins_lesion(const struct relief *relief, size_t i, uint32_t higher)
{
	if (!relief->lesion[i])
		return false;
	for (; higher != 0; higher &= higher - 1)
		if (relief->lesion[(ptrdiff_t)i + relief->near.step[
		    __builtin_ctz(higher)]])
			return false;
	return true;
}

static int
add_spot(struct relief *relief, size_t i, uint32_t higher,
    struct bsp_error *e)
{
	if (relief->spots == relief->spot_capacity &&
	    bsp_array_grow(&relief->spot, &relief->spot_capacity,
	    relief->spots + 1, sizeof *relief->spot, e))
		return -1;
	relief->spot[relief->spots++] = (struct spot){(uint32_t)i, higher};
	return 0;
}

/* Find the peaks and passes of n samples in a row, and the way up from all. */
static int
scan_row(struct relief *relief, size_t at, size_t n, uint32_t *higher,
    struct bsp_error *e)
{
	const struct bsp_near *near = &relief->near;
	uint32_t groups;
	size_t i, c;

	find_higher(near, relief->key + at, n, higher);
	for (c = 0; c < n; c++) {
		i = at + c;
		if (relief->key[i] == 0)
			continue;
		groups = find_groups(near, higher[c]);
		relief->up[i] = groups == 0 ? PEAK | relief->peaks++ :
		    (uint32_t)((ptrdiff_t)i +
		    near->step[__builtin_ctz(groups)]);
		if (begins_lesion(relief, i, higher[c]))
			groups |= LESION_BEGINS;
		else if (groups != 0 && (groups & (groups - 1)) == 0)
			continue;
		if (add_spot(relief, i, groups, e))
			return -1;
	}
	return 0;
}

static int
scan(struct relief *relief, const struct bsp_grid *grid, struct bsp_error *e)
{
	uint32_t *higher = malloc(grid->cols * sizeof *higher);
	size_t s, r, cols = grid->cols + 2;
	int result = 0;

	if (higher == NULL)
		return bsp_error_system(e, ENOMEM, "a row of %zu pixels",
		    grid->cols);
	for (s = 0; result == 0 && s < grid->slices; s++)
		for (r = 0; result == 0 && r < grid->rows; r++)
			result = scan_row(relief, relief->near.first +
			    (s * (grid->rows + 2) + r) * cols, grid->cols,
			    higher, e);
	free(higher);
	return result;
}

/* The peak of a sample; all on the way there know it then. */
static uint32_t
peak_of(uint32_t *up, uint32_t i)
{
	uint32_t peak = i, next;

	while (!(peak & PEAK))
		peak = up[peak];
	while (!((next = up[i]) & PEAK)) {
		up[i] = peak;
		i = next;
	}
	return peak & ~PEAK;
}

static void
add_change(struct relief *relief, uint32_t key, uint32_t a, uint32_t b)
{
	relief->word[relief->changes] = (uint64_t)key << 32 | relief->changes;
	relief->change[relief->changes++] = (struct change){a, b};
}

/* What changes at a spot, at most one for each group and one for a lesion. */
static void
add_changes(struct relief *relief, const struct spot *spot)
{
	uint32_t key = relief->key[spot->place], higher, other;
	uint32_t own = peak_of(relief->up, spot->place);

	if (spot->higher & LESION_BEGINS)
		add_change(relief, key, own, own);
	higher = spot->higher & ~LESION_BEGINS;
	if (higher == 0)
		add_change(relief, key, own, own | FOUND);
	for (higher &= higher - 1; higher != 0; higher &= higher - 1) {
		other = peak_of(relief->up, (uint32_t)((ptrdiff_t)spot->place +
		    relief->near.step[__builtin_ctz(higher)]));
		if (other != own)
			add_change(relief, key, own, other);
	}
}

/* Spots become changes in ascending order. */
static int
sort_changes(struct relief *relief, struct bsp_error *e)
{
	size_t most = 0, i;
	uint64_t *scratch;

	for (i = 0; i < relief->spots; i++)
		most += 1 + (size_t)__builtin_popcount(relief->spot[i].higher);
	relief->word = malloc((most + 1) * sizeof *relief->word);
	relief->change = malloc((most + 1) * sizeof *relief->change);
	if (relief->word == NULL || relief->change == NULL)
		return bsp_error_system(e, ENOMEM, "%zu changes of regions",
		    most);
	for (i = 0; i < relief->spots; i++)
		add_changes(relief, &relief->spot[i]);
	scratch = malloc((relief->changes + 1) * sizeof *scratch);
	if (scratch == NULL)
		return bsp_error_system(e, ENOMEM, "%zu changes of regions",
		    relief->changes);
	bsp_sort_u64(relief->word, scratch, relief->changes);
	free(scratch);
	return 0;
}

/* Make one change; by how much the number of false regions rises. */
static int64_t
make_change(const struct change *change, uint32_t *parent, uint8_t *state)
{
	uint32_t a = bsp_root(parent, change->a), b;
	int64_t before = state[a] == IS_FOUND;

	if ((change->b & ~FOUND) == change->a) {
		state[a] |= change->b & FOUND ? IS_FOUND : IS_LESION;
	} else {
		b = bsp_root(parent, change->b);
		if (a == b)
			return 0;
		before += state[b] == IS_FOUND;
		parent[b] = a;
		state[a] |= state[b];
	}
	return (state[a] == IS_FOUND) - before;
}

#define AHEAD 16 /* changes that are fetched before they are made */

/* Fetch a change, and the peaks of one that is nearer. */
static inline void
fetch(const struct relief *relief, size_t n, const uint32_t *parent)
{
	const struct change *nearer;

	if (n < 2 * AHEAD)
		return;
	nearer = &relief->change[(uint32_t)relief->word[n - AHEAD]];
	__builtin_prefetch(&relief->change[(uint32_t)
	    relief->word[n - 2 * AHEAD]]);
	__builtin_prefetch(&parent[nearer->a]);
	__builtin_prefetch(&parent[nearer->b & ~FOUND]);
}

/* Make all changes from the highest score down, and note their sums. */
static int
make_changes(struct bsp_froc *froc, const struct relief *relief,
    uint32_t unit, struct bsp_error *e)
{
	uint32_t *parent = malloc(relief->peaks * sizeof *parent + 1), key, i;
	uint8_t *state = calloc(relief->peaks + (size_t)1, 1);
	size_t n = relief->changes;
	int64_t sum;
	int result = 0;

	if (parent == NULL || state == NULL)
		result = bsp_error_system(e, ENOMEM, "%u peaks",
		    relief->peaks);
	for (i = 0; result == 0 && i < relief->peaks; i++)
		parent[i] = i;
	while (result == 0 && n > 0) {
		key = (uint32_t)(relief->word[n - 1] >> 32);
		for (sum = 0; n > 0 && relief->word[n - 1] >> 32 == key; n--) {
			fetch(relief, n, parent);
			sum += make_change(&relief->change[(uint32_t)
			    relief->word[n - 1]], parent, state);
		}
		result = bsp_froc_note(froc, key, unit, sum, e);
	}
	free(parent);
	free(state);
	return result;
}

int
bsp_froc_add_peaks(struct bsp_froc *froc, const struct bsp_scored *in,
    size_t unit, struct bsp_error *e)
{
	struct bsp_grid grid = bsp_grid_of(in);
	struct relief relief = {.peaks = 0};
	size_t padded = bsp_near_of(&grid, &relief.near);
	int result = -1;

	if (padded >= PEAK || unit >= UINT32_MAX)
		return bsp_froc_add_pixels(froc, in, unit, 1, e);
	relief.key = calloc(padded, sizeof *relief.key);
	relief.up = malloc(padded * sizeof *relief.up);
	relief.lesion = calloc(padded, 1);
	if (relief.key == NULL || relief.up == NULL || relief.lesion == NULL) {
		bsp_error_system(e, ENOMEM, "the regions of %zu pixels",
		    bsp_image_size(in->map));
		goto out;
	}
	fill(in, &grid, &relief);
	if (scan(&relief, &grid, e) || sort_changes(&relief, e))
		goto out;
	result = make_changes(froc, &relief, (uint32_t)unit, e);
out:
	free(relief.key);
	free(relief.up);
	free(relief.lesion);
	free(relief.spot);
	free(relief.word);
	free(relief.change);
	return result;
}
