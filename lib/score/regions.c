/*
 * Connected regions of labels, and how much of each is found: AUPRO.
 * Source: Bergmann, Batzner, Fauser, Sattlegger, Steger, "The MVTec anomaly
 * detection dataset", 2021.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../kernels/kernels.h"
#include "score.h"

/* The first of the samples joined to sample i; paths are halved on the way. */
static uint32_t
root(uint32_t *parent, uint32_t i)
{
	while (parent[i] != i) {
		parent[i] = parent[parent[i]];
		i = parent[i];
	}
	return i;
}

static void
join(uint32_t *parent, uint32_t a, uint32_t b)
{
	a = root(parent, a);
	b = root(parent, b);
	if (a < b)
		parent[b] = a;
	else
		parent[a] = b;
}

static bool
is_labelled(const struct bsp_image *label, const struct bsp_image *within,
    size_t i)
{
	return label->data[i] != 0 && (within == NULL || within->data[i] != 0);
}

/* Join each labelled sample to its labelled neighbours before it. */
static void
join_neighbours(const struct bsp_image *label,
    const struct bsp_image *within, uint32_t *parent)
{
	size_t cols = label->cols, r, c, i;

	for (r = i = 0; r < label->rows; r++)
		for (c = 0; c < cols; c++, i++) {
			parent[i] = (uint32_t)i;
			if (!is_labelled(label, within, i))
				continue;
			if (c > 0 && is_labelled(label, within, i - 1))
				join(parent, (uint32_t)i, (uint32_t)i - 1);
			if (r == 0)
				continue;
			if (is_labelled(label, within, i - cols))
				join(parent, (uint32_t)i,
				    (uint32_t)(i - cols));
			if (c > 0 && is_labelled(label, within, i - cols - 1))
				join(parent, (uint32_t)i,
				    (uint32_t)(i - cols - 1));
			if (c + 1 < cols &&
			    is_labelled(label, within, i - cols + 1))
				join(parent, (uint32_t)i,
				    (uint32_t)(i - cols + 1));
		}
}

int
bsp_regions_add(struct bsp_regions *regions, const struct bsp_image *map,
    const struct bsp_image *label, const struct bsp_image *within,
    size_t positives, struct bsp_error *e)
{
	size_t n = bsp_image_size(map), i, number;
	uint32_t *parent;

	/* Every labelled sample could be a region of its own. */
	if (bsp_array_grow(&regions->word, &regions->capacity,
	    regions->count + positives + 1, sizeof *regions->word, e) ||
	    bsp_array_grow(&regions->size, &regions->sizes_capacity,
	    regions->regions + positives + 1, sizeof *regions->size, e))
		return -1;
	parent = malloc(2 * n * sizeof *parent);
	if (parent == NULL)
		return bsp_error_system(e, ENOMEM, "regions of %zu x %zu",
		    map->cols, map->rows);
	join_neighbours(label, within, parent);
	for (i = 0; i < n; i++) {
		if (!is_labelled(label, within, i))
			continue;
		number = root(parent, (uint32_t)i);
		if (number == i) {
			parent[n + i] = (uint32_t)regions->regions;
			regions->size[regions->regions++] = 0;
		}
		number = parent[n + number];
		regions->size[number]++;
		regions->word[regions->count++] =
		    (uint64_t)bsp_key_of(map->data[i]) << 32 | number;
	}
	free(parent);
	return 0;
}

int
bsp_regions_find(struct bsp_regions *regions, struct bsp_curve *curve,
    struct bsp_error *e)
{
	size_t n = regions->count, step = 0;
	double found = 0;
	uint64_t *scratch;

	curve->regions = regions->regions;
	if (bsp_array_grow(&curve->found, &curve->found_capacity,
	    curve->count + 1, sizeof *curve->found, e))
		return -1;
	scratch = malloc((n + 1) * sizeof *scratch);
	if (scratch == NULL)
		return bsp_error_system(e, ENOMEM, "%zu labelled pixels", n);
	bsp_sort_u64(regions->word, scratch, n);
	free(scratch);
	while (n > 0) {
		n--;
		found += 1 / (double)regions->size[(uint32_t)regions->word[n]];
		if (n == 0 || regions->word[n - 1] >> 32 !=
		    regions->word[n] >> 32)
			curve->found[step++] = found /
			    (double)regions->regions;
	}
	return 0;
}

#define FPR_MOST .3

/* The area of a trapezoid's part that lies before FPR_MOST. */
static double
area(double from, double to, double low, double high)
{
	double end = to < FPR_MOST ? to : FPR_MOST;

	if (!(end > from))
		return 0;
	high = low + (high - low) * (end - from) / (to - from);
	return (end - from) * (low + high) / 2;
}

double
bsp_aupro(const struct bsp_curve *curve)
{
	double n = (double)curve->negatives, sum = 0, at = 0, found = 0;
	const struct bsp_step *step;
	size_t i;

	if (curve->regions == 0 || curve->negatives == 0)
		return (double)NAN;
	for (i = 0; i < curve->count; i++) {
		step = &curve->steps[i];
		sum += area(at, (double)step->fp_above / n, found, found);
		sum += area((double)step->fp_above / n, (double)step->fp / n,
		    found, curve->found[i]);
		at = (double)step->fp / n;
		found = curve->found[i];
	}
	sum += area(at, 1, found, found);
	return sum < FPR_MOST ? sum / FPR_MOST : 1; /* not more by rounding */
}
