/*
 * Positions from a table: see positions.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "positions.h"

struct position {
	uint64_t image, number, row, col;
};

enum { IMAGE, ROW, COL, ANOMALY };

static int
compare(const void *a, const void *b)
{
	const struct position *p = a, *q = b;

	if (p->image != q->image)
		return p->image < q->image ? -1 : 1;
	return (p->number > q->number) - (p->number < q->number);
}

static _Noreturn void
die(const struct positions *positions, struct bsp_error *e)
{
	e->stream = positions->name;
	cli_die(e);
}

static void
add(struct positions *positions, const struct position *position)
{
	struct position *grown;

	if (positions->count == positions->capacity) {
		positions->capacity = 2 * positions->capacity + 64;
		grown = realloc(positions->at,
		    positions->capacity * sizeof *grown);
		if (grown == NULL) {
			struct bsp_error e;

			bsp_error_system(&e, ENOMEM, "%zu positions",
			    positions->count);
			die(positions, &e);
		}
		positions->at = grown;
	}
	positions->at[positions->count++] = *position;
}

/* Every row must be of an anomaly that is made, and the only one of it. */
static void
check_rows(struct positions *positions, uint64_t count)
{
	const struct position *at = positions->at;
	struct bsp_error e;
	size_t i;

	for (i = 0; i < positions->count; i++) {
		if (i > 0 && compare(&at[i - 1], &at[i]) == 0)
			bsp_error_set(&e, BSP_DATA, "two rows for image %llu, "
			    "anomaly %llu, expected one",
			    (unsigned long long)at[i].image,
			    (unsigned long long)at[i].number);
		else if (at[i].number >= count)
			bsp_error_set(&e, BSP_DATA, "a row for image %llu, "
			    "anomaly %llu, expected anomalies below %llu "
			    "(--count)", (unsigned long long)at[i].image,
			    (unsigned long long)at[i].number,
			    (unsigned long long)count);
		else
			continue;
		die(positions, &e);
	}
}

void
positions_read(struct positions *positions, const char *path, uint64_t count)
{
	static const char *const columns[] = {"image", "row", "col",
	    "?anomaly", NULL};
	struct position position;
	struct tsv tsv;

	*positions = (struct positions){.name = path};
	tsv_open(&tsv, path, columns);
	while (tsv_next(&tsv)) {
		position.image = tsv_count(&tsv, IMAGE, 0);
		position.number = tsv_count(&tsv, ANOMALY, 0);
		position.row = tsv_count(&tsv, ROW, 0);
		position.col = tsv_count(&tsv, COL, 0);
		add(positions, &position);
	}
	tsv_close(&tsv);
	if (positions->count == 0)
		return;
	qsort(positions->at, positions->count, sizeof *positions->at,
	    compare);
	check_rows(positions, count);
}

/* Where the anomaly lies, or -1. */
static int
find(const struct positions *positions, uint64_t index, uint64_t number,
    const struct bsp_image *image, struct bsp_place *place,
    struct bsp_error *e)
{
	struct position key = {.image = index, .number = number}, *found;

	found = positions->count == 0 ? NULL : bsearch(&key, positions->at,
	    positions->count, sizeof key, compare);
	if (found == NULL)
		bsp_error_set(e, BSP_DATA,
		    "no row for image %llu, anomaly %llu",
		    (unsigned long long)index, (unsigned long long)number);
	else if (found->row >= image->rows || found->col >= image->cols)
		bsp_error_set(e, BSP_DATA,
		    "image %llu: row %llu, column %llu lies outside the image, "
		    "expected rows below %zu and columns below %zu",
		    (unsigned long long)index,
		    (unsigned long long)found->row,
		    (unsigned long long)found->col, image->rows, image->cols);
	else {
		*place = (struct bsp_place){(size_t)found->row,
		    (size_t)found->col};
		return 0;
	}
	e->stream = positions->name;
	return -1;
}

void
positions_get(struct positions *positions, uint64_t index, uint64_t number,
    const struct bsp_image *image, size_t *row, size_t *col)
{
	struct bsp_place place;
	struct bsp_error e;

	if (find(positions, index, number, image, &place, &e))
		cli_die(&e);
	*row = place.row;
	*col = place.col;
}

int
positions_places(const struct positions *positions, uint64_t index,
    const struct bsp_image *image, size_t count, struct bsp_place *place,
    struct bsp_error *e)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (find(positions, index, i, image, &place[i], e))
			return -1;
	return 0;
}

const char *
positions_fingerprint(const struct positions *positions,
    char text[TABLE_IMAGES_SIZE])
{
	struct bsp_hash hash = {0};

	bsp_hash_add(&hash, positions->at,
	    positions->count * sizeof *positions->at);
	return table_images(text, positions->count, &hash);
}

void
positions_check_end(const struct positions *positions, uint64_t end)
{
	struct bsp_error e;

	if (positions->count == 0 ||
	    positions->at[positions->count - 1].image < end)
		return;
	bsp_error_set(&e, BSP_DATA,
	    "a row for image %llu, but the stream ends after %llu images "
	    "(--first-index says that the stream is a piece of a longer one)",
	    (unsigned long long)positions->at[positions->count - 1].image,
	    (unsigned long long)end);
	die(positions, &e);
}
