/*
 * How often a replicate of the bootstrap draws each unit: a subject with all
 * its units, or each unit for itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"

int
bsp_draws_make(struct bsp_draws *draws, size_t units,
    const struct bsp_resampling *how, struct bsp_error *e)
{
	size_t groups = how->group == NULL ? units : how->groups, i;
	uint32_t *number;

	draws->units = units;
	draws->subject = malloc((units + 1) * sizeof *draws->subject);
	draws->count = calloc(groups + 1, sizeof *draws->count);
	if (draws->subject == NULL || draws->count == NULL ||
	    units >= UINT32_MAX) {
		bsp_draws_free(draws);
		return bsp_error_system(e, ENOMEM, "the subjects of %zu units",
		    units);
	}
	/* Number those that have a unit, in their order. */
	number = draws->count;
	for (i = 0; i < units; i++)
		number[how->group == NULL ? i : how->group[i]] = 1;
	for (i = draws->subjects = 0; i < groups; i++)
		if (number[i] != 0)
			number[i] = (uint32_t)draws->subjects++;
	for (i = 0; i < units; i++)
		draws->subject[i] = number[how->group == NULL ? i :
		    how->group[i]];
	return 0;
}

const uint32_t *
bsp_draws_subjects(const struct bsp_draws *draws, uint64_t seed,
    uint64_t index)
{
	struct bsp_random random;
	size_t i;

	memset(draws->count, 0, draws->subjects * sizeof *draws->count);
	bsp_random_start(&random, seed, BSP_DRAW_BOOTSTRAP, 0, index);
	for (i = 0; i < draws->subjects; i++)
		draws->count[bsp_random_below(&random, draws->subjects)]++;
	return draws->count;
}

void
bsp_draws_units(const struct bsp_draws *draws, uint64_t seed, uint64_t index,
    uint32_t *weight)
{
	const uint32_t *count = bsp_draws_subjects(draws, seed, index);
	size_t i;

	for (i = 0; i < draws->units; i++)
		weight[i] = count[draws->subject[i]];
}

void
bsp_draws_free(struct bsp_draws *draws)
{
	free(draws->subject);
	free(draws->count);
	*draws = (struct bsp_draws){0};
}
