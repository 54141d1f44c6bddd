/*
 * Units: images, or the volumes of an index.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"

static _Noreturn void
die_of_memory(size_t n)
{
	struct bsp_error e;

	bsp_error_system(&e, ENOMEM, "%zu units", n);
	cli_die(&e);
}

static const struct index_row *
row_of(const struct units *units, const struct index *index, uint64_t image)
{
	return index_get(index, units->first_index + image);
}

/* The stream may be a piece of a longer one, but not of a volume. */
static void
check_whole(const struct units *units, const struct index_row *inside,
    const struct index_row *outside)
{
	struct bsp_error e;

	if (inside->unit != outside->unit)
		return;
	bsp_error_set(&e, BSP_DATA, "the stream %s within volume %.64s of "
	    "subject %.64s, expected all its images: image %llu is of it too",
	    outside < inside ? "begins" : "ends", inside->volume,
	    inside->subject, (unsigned long long)outside->image);
	e.stream = units->volumes->name;
	cli_die(&e);
}

void
units_end(const struct units *units, uint64_t images)
{
	const struct index *volumes = units->volumes;
	const struct index_row *row;

	if (volumes == NULL || images == 0)
		return;
	row = row_of(units, volumes, images - 1);
	if (row + 1 < volumes->row + volumes->rows)
		check_whole(units, row, row + 1);
}

bool
units_next(struct units *units, uint64_t image)
{
	const struct index_row *row;
	struct unit *grown;

	if (units->volumes != NULL) {
		row = row_of(units, units->volumes, image);
		if (image == 0 && row > units->volumes->row)
			check_whole(units, row, row - 1);
		if (image > 0 && row->unit == row_of(units, units->volumes,
		    image - 1)->unit) {
			units->unit[units->count - 1].count++;
			return false;
		}
	}
	if (units->count == units->capacity) {
		units->capacity = 2 * units->capacity + 64;
		grown = realloc(units->unit, units->capacity * sizeof *grown);
		if (grown == NULL)
			die_of_memory(units->count);
		units->unit = grown;
	}
	units->unit[units->count++] = (struct unit){image, 1};
	return true;
}

size_t *
units_groups(const struct units *units)
{
	size_t *group = malloc((units->count + 1) * sizeof *group), i;
	const struct index_row *row, *first;
	struct bsp_error e;
	uint64_t k;

	if (group == NULL)
		die_of_memory(units->count);
	for (i = 0; i < units->count; i++) {
		first = row_of(units, units->groups, units->unit[i].first);
		for (k = 1; k < units->unit[i].count; k++) {
			row = row_of(units, units->groups,
			    units->unit[i].first + k);
			if (row->group == first->group)
				continue;
			bsp_error_set(&e, BSP_DATA, "image %llu is of subject "
			    "%.64s, expected the %.64s of the volume's other "
			    "images", (unsigned long long)row->image,
			    row->subject, first->subject);
			e.stream = units->groups->name;
			cli_die(&e);
		}
		group[i] = first->group;
	}
	return group;
}

const struct index_row *
units_row(const struct units *units, size_t unit)
{
	const struct index *index = units->names != NULL ? units->names :
	    units->volumes != NULL ? units->volumes : units->groups;

	return index == NULL ? NULL : row_of(units, index,
	    units->unit[unit].first);
}

const char *
units_name(const struct units *units, size_t unit, char text[BSP_NUMBER_SIZE])
{
	if (units->volumes != NULL)
		return row_of(units, units->volumes,
		    units->unit[unit].first)->volume;
	return table_digits(text, units->first_index + unit);
}
