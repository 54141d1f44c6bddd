/*
 * Intervals of every cell: see bands.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../cli/threads.h"
#include "bands.h"

#define PIECE 256 /* columns that a thread takes at once */

static _Noreturn void
die_of_memory(const struct bands *bands)
{
	struct bsp_error e;

	bsp_error_system(&e, ENOMEM, "%zu values of each of %zu images, which "
	    "intervals are made of", bands->cells * bands->metrics,
	    bands->images);
	cli_die(&e);
}

void
bands_begin(struct bands *bands, size_t cells, size_t metrics, size_t stride)
{
	bands->cells = cells;
	bands->metrics = metrics;
	bands->stride = stride;
	if (bands->wanted && bands->groups_path != NULL)
		index_read(&bands->groups, bands->groups_path);
}

void
bands_add(struct bands *bands, const double *values, size_t images)
{
	size_t columns = bands->cells * bands->metrics, i;
	double *to;

	if (!bands->wanted)
		return;
	if (bands->images + images > bands->capacity) {
		bands->capacity = 2 * (bands->images + images);
		to = realloc(bands->values, (bands->capacity * columns + 1) *
		    sizeof *to);
		if (to == NULL)
			die_of_memory(bands);
		bands->values = to;
	}
	to = bands->values + bands->images * columns;
	for (i = 0; i < images * bands->cells; i++)
		memcpy(to + i * bands->metrics, values + i * bands->stride,
		    bands->metrics * sizeof *to);
	bands->images += images;
}

static int
summarize(void *with, size_t piece, struct bsp_error *e)
{
	struct bands *bands = with;
	size_t columns = bands->cells * bands->metrics;
	size_t begin = piece * PIECE, n = columns - begin;

	return bsp_summarize_columns(bands->values + begin, bands->images,
	    columns, n < PIECE ? n : PIECE, &bands->how,
	    bands->summary + begin, e);
}

/* The subject of each image. */
static size_t *
number_groups(const struct bands *bands)
{
	size_t *group = malloc((bands->images + 1) * sizeof *group), i;

	if (group == NULL)
		die_of_memory(bands);
	for (i = 0; i < bands->images; i++)
		group[i] = index_get(&bands->groups,
		    bands->first_index + i)->group;
	index_check_end(&bands->groups, bands->first_index + bands->images);
	return group;
}

void
bands_finish(struct bands *bands, uint64_t threads)
{
	size_t columns = bands->cells * bands->metrics, i;
	size_t pieces = (columns + PIECE - 1) / PIECE, *group = NULL;
	const struct bsp_summary *fewest = NULL;
	struct bsp_error e = {0};

	if (!bands->wanted)
		return;
	if (bands->groups_path != NULL)
		bands->how.group = group = number_groups(bands);
	bands->how.groups = bands->groups.groups;
	bands->summary = malloc((columns + 1) * sizeof *bands->summary);
	if (bands->summary == NULL)
		die_of_memory(bands);
	if (cli_at_once(threads, pieces, summarize, bands, &e) < pieces)
		cli_die(&e);
	for (i = 0; i < columns; i++)
		if (!isnan(bands->summary[i].ci_low) && (fewest == NULL ||
		    bands->summary[i].subjects < fewest->subjects))
			fewest = &bands->summary[i];
	if (fewest != NULL)
		interval_warn(&fewest, 1, group != NULL);
	bands->how.group = NULL;
	free(group);
	free(bands->values);
	bands->values = NULL;
}
