/*
 * One threshold: found on healthy maps, and what it finds in a unit.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "score.h"

/* ---------------------------------------------------- from healthy images */

int
bsp_healthy_add(struct bsp_healthy *healthy, const struct bsp_image *map,
    const struct bsp_image *within, struct bsp_error *e)
{
	struct bsp_keys *keys = &healthy->keys;
	size_t i, n = bsp_image_size(map);

	if (n > UINT32_MAX - keys->count)
		return bsp_error_set(e, BSP_DATA, "more than %u pixels of "
		    "healthy maps", UINT32_MAX);
	if (bsp_array_grow(&keys->key, &keys->capacity, keys->count + n,
	    sizeof *keys->key, e))
		return -1;
	for (i = 0; i < n; i++)
		if (within == NULL || within->data[i] != 0)
			keys->key[keys->count++] = bsp_key_of(map->data[i]);
	healthy->sorted = false;
	return 0;
}

/* Keys in place; a stack of scratch is not worth their memory. */
static void
sort(struct bsp_healthy *healthy)
{
	if (!healthy->sorted)
		bsp_sort_u32(healthy->keys.key, NULL, healthy->keys.count);
	healthy->sorted = true;
}

/*
 * Of n keys in ascending order, at most q n may lie at or above the threshold:
 * the first key of a run of equals from which no more do.
 */
int
bsp_healthy_threshold(struct bsp_healthy *healthy, double q,
    struct bsp_threshold *threshold, struct bsp_error *e)
{
	const uint32_t *key = healthy->keys.key;
	size_t n = healthy->keys.count, i, most;

	if (!(q > 0 && q < 1))
		return bsp_error_set(e, BSP_USAGE, "found a false-positive "
		    "rate of %g, expected one above 0 and below 1", q);
	if (n == 0)
		return bsp_error_set(e, BSP_DATA, "no healthy pixels, "
		    "expected some to set a threshold on");
	sort(healthy);
	/* The product may round below the whole number that q is a share of. */
	most = (size_t)(q * (double)n) + 1;
	while (most > 0 && (double)most / (double)n > q)
		most--;
	i = n - most;
	while (i < n && i > 0 && key[i - 1] == key[i])
		i++;
	*threshold = (struct bsp_threshold){
		.value = i < n ? (double)bsp_score_of(key[i]) :
		    (double)nextafterf(bsp_score_of(key[n - 1]), INFINITY),
		.fpr = (double)(n - i) / (double)n,
		.pixels = n,
		.low = (double)bsp_score_of(key[0]),
		.high = (double)bsp_score_of(key[n - 1]),
	};
	return 0;
}

void
bsp_healthy_free(struct bsp_healthy *healthy)
{
	free(healthy->keys.key);
	*healthy = (struct bsp_healthy){0};
}

/* --------------------------------------------------------------- of a unit */

/* The samples found, and how many of them are anomalous. */
static void
find(const struct bsp_scored *in, double threshold, uint8_t *found,
    struct bsp_counts *counts)
{
	size_t i, n = bsp_image_size(in->map);
	bool counted, anomalous;

	for (i = 0; i < n; i++) {
		counted = in->within == NULL || in->within->data[i] != 0;
		anomalous = in->label->data[i] != 0;
		found[i] = counted && (double)in->map->data[i] >= threshold;
		counts->tp += found[i] && anomalous;
		counts->fp += found[i] && !anomalous;
		counts->positives += counted && anomalous;
		counts->negatives += counted && !anomalous;
	}
}

/* Count the regions of what is found that no lesion touches. */
static int
count_false(const struct bsp_scored *in, const uint8_t *found,
    size_t min_region, struct bsp_counts *counts, struct bsp_error *e)
{
	struct bsp_grid grid = bsp_grid_of(in);
	size_t n = bsp_image_size(in->map), regions, i;
	uint32_t *component = malloc(n * sizeof *component), *size;

	if (component == NULL)
		return bsp_error_system(e, ENOMEM, "regions of %zu pixels", n);
	regions = bsp_components(&grid, found, component);
	size = calloc(regions + 1, sizeof *size);
	if (size == NULL) {
		free(component);
		return bsp_error_system(e, ENOMEM, "regions of %zu pixels", n);
	}
	for (i = 0; i < n; i++)
		if (component[i] != BSP_NO_COMPONENT &&
		    size[component[i]] != UINT32_MAX)
			size[component[i]]++;
	for (i = 0; i < n; i++)
		if (component[i] != BSP_NO_COMPONENT &&
		    in->label->data[i] != 0)
			size[component[i]] = 0;
	min_region = min_region > 0 ? min_region : 1;
	for (i = 0; i < regions; i++)
		counts->false_regions += size[i] >= min_region;
	free(component);
	free(size);
	return 0;
}

int
bsp_counts_of(const struct bsp_scored *in, double threshold,
    const struct bsp_lesion *lesion, size_t lesions, bool regions,
    size_t min_region, struct bsp_counts *counts, struct bsp_error *e)
{
	size_t n = bsp_image_size(in->map), i;
	uint8_t *found = malloc(n);
	int result = 0;

	*counts = (struct bsp_counts){.lesions = lesions, .units = 1};
	if (found == NULL)
		return bsp_error_system(e, ENOMEM, "%zu pixels", n);
	find(in, threshold, found, counts);
	for (i = 0; i < lesions; i++)
		counts->found += lesion[i].most >= threshold;
	if (regions)
		result = count_false(in, found, min_region, counts, e);
	free(found);
	return result;
}

void
bsp_counts_add(struct bsp_counts *to, const struct bsp_counts *from,
    uint32_t weight)
{
	to->tp += weight * from->tp;
	to->fp += weight * from->fp;
	to->positives += weight * from->positives;
	to->negatives += weight * from->negatives;
	to->lesions += weight * from->lesions;
	to->found += weight * from->found;
	to->false_regions += weight * from->false_regions;
	to->units += weight * from->units;
}

/* A share, or NaN of nothing. */
static double
share(uint64_t part, uint64_t whole)
{
	return whole == 0 ? (double)NAN : (double)part / (double)whole;
}

double
bsp_dice_at(const struct bsp_counts *counts)
{
	return counts->positives == 0 ? (double)NAN : share(2 * counts->tp,
	    counts->positives + counts->tp + counts->fp);
}

double
bsp_sensitivity_at(const struct bsp_counts *counts)
{
	return share(counts->tp, counts->positives);
}

double
bsp_precision_at(const struct bsp_counts *counts)
{
	return share(counts->tp, counts->tp + counts->fp);
}

double
bsp_fpr_at(const struct bsp_counts *counts)
{
	return share(counts->fp, counts->negatives);
}

double
bsp_lesion_sensitivity_at(const struct bsp_counts *counts)
{
	return share(counts->found, counts->lesions);
}

double
bsp_false_regions_at(const struct bsp_counts *counts)
{
	return share(counts->false_regions, counts->units);
}
