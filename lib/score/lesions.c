/*
 * The lesions of a unit, an image or a volume: the connected regions of its
 * mask, what each measures and how high it scores.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"

struct bsp_grid
bsp_grid_of(const struct bsp_scored *in)
{
	size_t slices = in->slices > 0 ? in->slices : 1;

	return (struct bsp_grid){slices, in->map->rows / slices,
	    in->map->cols};
}

void
bsp_mark_lesions(const struct bsp_scored *in, uint8_t *inside)
{
	size_t i, n = bsp_image_size(in->map);

	for (i = 0; i < n; i++)
		inside[i] = in->label->data[i] != 0 &&
		    (in->within == NULL || in->within->data[i] != 0);
}

/* Add a sample to what is gathered of its lesion. */
static void
gather(struct bsp_lesion *lesion, const size_t place[3], double score,
    double intensity)
{
	size_t k;

	for (k = 0; k < 3; k++) {
		lesion->place[k] += (double)place[k];
		if (lesion->size == 0 || place[k] < lesion->first[k])
			lesion->first[k] = place[k];
		if (lesion->size == 0 || place[k] > lesion->last[k])
			lesion->last[k] = place[k];
	}
	if (lesion->size == 0 || score > lesion->most)
		lesion->most = score;
	lesion->mean += score;
	lesion->intensity += intensity;
	lesion->size++;
}

#define RING 3 /* pixels that the surroundings reach */

/* Is the sample tissue beside a lesion, and not yet of this ring? */
static bool
is_tissue(const struct bsp_scored *in, const uint8_t *inside,
    const uint32_t *ring, uint32_t number, size_t i)
{
	return !inside[i] && ring[i] != number && in->intensity->data[i] > 0 &&
	    (in->within == NULL || in->within->data[i] != 0);
}

/* Add the tissue around one sample. */
static void
add_ring(const struct bsp_scored *in, const struct bsp_grid *grid,
    const uint8_t *inside, uint32_t *ring, uint32_t number,
    const size_t place[3], double *sum, size_t *count)
{
	size_t r = place[1] < RING ? 0 : place[1] - RING, c, i;
	size_t left = place[2] < RING ? 0 : place[2] - RING;

	for (; r < grid->rows && r <= place[1] + RING; r++)
		for (c = left; c < grid->cols && c <= place[2] + RING; c++) {
			i = (place[0] * grid->rows + r) * grid->cols + c;
			if (!is_tissue(in, inside, ring, number, i))
				continue;
			ring[i] = number;
			*sum += (double)in->intensity->data[i];
			(*count)++;
		}
}

/* The mean of a lesion over that of the tissue around it, slice by slice. */
static double
contrast_of(const struct bsp_scored *in, const struct bsp_grid *grid,
    const uint8_t *inside, const uint32_t *component, uint32_t *ring,
    uint32_t number, const struct bsp_lesion *lesion)
{
	double sum = 0;
	size_t place[3], count = 0, i;

	for (place[0] = lesion->first[0]; place[0] <= lesion->last[0];
	    place[0]++)
		for (place[1] = lesion->first[1]; place[1] <= lesion->last[1];
		    place[1]++)
			for (place[2] = lesion->first[2];
			    place[2] <= lesion->last[2]; place[2]++) {
				i = (place[0] * grid->rows + place[1]) *
				    grid->cols + place[2];
				if (component[i] == number)
					add_ring(in, grid, inside, ring,
					    number, place, &sum, &count);
			}
	return count == 0 ? (double)NAN :
	    lesion->intensity - sum / (double)count;
}

static void
gather_all(const struct bsp_scored *in, const struct bsp_grid *grid,
    const uint32_t *component, struct bsp_lesion *lesion)
{
	size_t place[3], i = 0;

	for (place[0] = 0; place[0] < grid->slices; place[0]++)
		for (place[1] = 0; place[1] < grid->rows; place[1]++)
			for (place[2] = 0; place[2] < grid->cols;
			    place[2]++, i++)
				if (component[i] != BSP_NO_COMPONENT)
					gather(&lesion[component[i]], place,
					    (double)in->map->data[i],
					    in->intensity == NULL ?
					    (double)NAN :
					    (double)in->intensity->data[i]);
}

static void
finish(const struct bsp_scored *in, const struct bsp_grid *grid,
    const uint8_t *inside, const uint32_t *component, uint32_t *ring,
    struct bsp_lesion *lesion, size_t count)
{
	size_t i, k;

	for (i = 0; i < count; i++) {
		for (k = 0; k < 3; k++)
			lesion[i].place[k] /= (double)lesion[i].size;
		lesion[i].mean /= (double)lesion[i].size;
		lesion[i].intensity /= (double)lesion[i].size;
		lesion[i].contrast = (double)NAN;
	}
	if (in->intensity == NULL)
		return;
	memset(ring, 0xFF, bsp_image_size(in->map) * sizeof *ring);
	for (i = 0; i < count; i++)
		lesion[i].contrast = contrast_of(in, grid, inside, component,
		    ring, (uint32_t)i, &lesion[i]);
}

int
bsp_lesions_add(struct bsp_lesions *lesions, const struct bsp_scored *in,
    size_t unit, size_t *count, struct bsp_error *e)
{
	struct bsp_grid grid = bsp_grid_of(in);
	size_t n = bsp_image_size(in->map), i;
	uint8_t *inside = malloc(n);
	uint32_t *component = malloc(n * sizeof *component);
	uint32_t *ring = in->intensity == NULL ? NULL :
	    malloc(n * sizeof *ring);
	struct bsp_lesion *lesion;
	int result = -1;

	if (inside == NULL || component == NULL ||
	    (ring == NULL && in->intensity != NULL)) {
		bsp_error_system(e, ENOMEM, "regions of %zu pixels", n);
		goto out;
	}
	bsp_mark_lesions(in, inside);
	*count = bsp_components(&grid, inside, component);
	if (bsp_array_grow(&lesions->lesion, &lesions->capacity,
	    lesions->count + *count, sizeof *lesion, e))
		goto out;
	lesion = lesions->lesion + lesions->count;
	for (i = 0; i < *count; i++)
		lesion[i] = (struct bsp_lesion){.unit = unit};
	gather_all(in, &grid, component, lesion);
	finish(in, &grid, inside, component, ring, lesion, *count);
	lesions->count += *count;
	result = 0;
out:
	free(inside);
	free(component);
	free(ring);
	return result;
}

void
bsp_lesions_free(struct bsp_lesions *lesions)
{
	free(lesions->lesion);
	*lesions = (struct bsp_lesions){0};
}
