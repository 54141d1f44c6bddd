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

int
bsp_regions_add(struct bsp_regions *regions, const struct bsp_scored *in,
    size_t positives, struct bsp_error *e)
{
	struct bsp_grid grid = bsp_grid_of(in);
	size_t n = bsp_image_size(in->map), i, count;
	uint32_t *component, number;
	uint8_t *inside;

	/* Every labelled sample could be a region of its own. */
	if (bsp_array_grow(&regions->word, &regions->capacity,
	    regions->count + positives + 1, sizeof *regions->word, e) ||
	    bsp_array_grow(&regions->size, &regions->sizes_capacity,
	    regions->regions + positives + 1, sizeof *regions->size, e))
		return -1;
	inside = malloc(n);
	component = malloc(n * sizeof *component);
	if (inside == NULL || component == NULL) {
		free(inside);
		free(component);
		return bsp_error_system(e, ENOMEM, "regions of %zu x %zu",
		    in->map->cols, in->map->rows);
	}
	bsp_mark_lesions(in, inside);
	count = bsp_components(&grid, inside, component);
	for (i = 0; i < count; i++)
		regions->size[regions->regions + i] = 0;
	for (i = 0; i < n; i++) {
		if (component[i] == BSP_NO_COMPONENT)
			continue;
		number = (uint32_t)regions->regions + component[i];
		regions->size[number]++;
		regions->word[regions->count++] =
		    (uint64_t)bsp_key_of(in->map->data[i]) << 32 | number;
	}
	regions->regions += count;
	free(inside);
	free(component);
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
