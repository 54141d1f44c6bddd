/*
 * Indexes of streams: see index.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"

enum { IMAGE, SUBJECT, VOLUME, SLICE, SOURCE, ROW_MM, COL_MM, SLICE_MM };

static const char *const columns[] = {"image", "subject", "?volume", "?slice",
    "?file", "?row_mm", "?col_mm", "?slice_mm", NULL};

static _Noreturn void
die(const struct index *index, struct bsp_error *e)
{
	e->stream = index->name;
	cli_die(e);
}

static _Noreturn void
die_of_memory(const struct index *index)
{
	struct bsp_error e;

	bsp_error_system(&e, ENOMEM, "%zu rows", index->rows);
	die(index, &e);
}

/* ------------------------------------------------------------------- facts */

/* A line above the rows: "axis coronal", "axes stored", "size 256". */
static void
take_fact(void *with, const char *text)
{
	struct index *index = with;
	struct bsp_error e;

	if (strncmp(text, "axis ", 5) == 0 &&
	    strlen(text + 5) < sizeof index->axis) {
		strcpy(index->axis, text + 5);
	} else if (strncmp(text, "axes ", 5) == 0) {
		index->stored = strcmp(text + 5, "stored") == 0;
	} else if (strncmp(text, "size ", 5) == 0) {
		if (bsp_count_parse(text + 5, &index->size, &e))
			index->size = 0;
	} else {
		return;
	}
	index->visitor->fact(index->visitor->with, text);
}

/* -------------------------------------------------------------------- rows */

/* A copy of a text; rows that have the same one after another share it. */
static const char *
keep(const struct index *index, const char *text, const char *before)
{
	char *copy;

	if (text == NULL || (before != NULL && strcmp(text, before) == 0))
		return text == NULL ? NULL : before;
	copy = strdup(text);
	if (copy == NULL)
		die_of_memory(index);
	return copy;
}

static double
read_mm(const struct tsv *tsv, size_t i)
{
	const char *text = tsv_text(tsv, i);
	struct bsp_error e;
	double mm;

	if (text == NULL || strcmp(text, "nan") == 0)
		return (double)NAN;
	if (bsp_number_parse(text, &mm, &e))
		tsv_bad(tsv, e.text, "", "a distance in mm, or nan");
	if (mm <= 0)
		tsv_bad(tsv, "a distance of ", text, "more than 0 mm, or nan");
	return mm;
}

/* What must stand in the row that was read last. */
static void
check_row(const struct tsv *tsv, const struct index_row *before,
    uint64_t image)
{
	char detail[64];

	if (tsv->crlf)
		tsv_bad(tsv, "it ends with a carriage return", "",
		    "lines that end with a newline alone, as dos2unix makes "
		    "them");
	if (*tsv_text(tsv, SUBJECT) == '\0')
		tsv_bad(tsv, "an empty subject", "",
		    "the name of the image's subject");
	if (before == NULL || before->image < image)
		return;
	snprintf(detail, sizeof detail, before->image == image ?
	    "%llu" : "%llu after image %llu", (unsigned long long)image,
	    (unsigned long long)before->image);
	tsv_bad(tsv, before->image == image ? "two rows for image " : "image ",
	    detail, "a row an image, in the order of the stream");
}

static void
add_row(struct index *index, const struct tsv *tsv)
{
	struct index_row *grown, *row, *before;
	const struct index_row none = {0};
	size_t i;

	if (index->rows == index->capacity) {
		index->capacity = 2 * index->capacity + 64;
		grown = realloc(index->row, index->capacity * sizeof *grown);
		if (grown == NULL)
			die_of_memory(index);
		index->row = grown;
	}
	row = &index->row[index->rows];
	before = index->rows > 0 ? row - 1 : NULL;
	*row = none;
	row->image = tsv_count(tsv, IMAGE, 0);
	check_row(tsv, before, row->image);
	row->subject = keep(index, tsv_text(tsv, SUBJECT),
	    before != NULL ? before->subject : NULL);
	row->volume = keep(index, tsv_text(tsv, VOLUME),
	    before != NULL ? before->volume : NULL);
	row->file = keep(index, tsv_text(tsv, SOURCE),
	    before != NULL ? before->file : NULL);
	row->slice = tsv_count(tsv, SLICE, UINT64_MAX);
	for (i = 0; i < 3; i++) {
		row->mm[i] = read_mm(tsv, ROW_MM + i);
		index->has_mm = index->has_mm && row->mm[i] > 0;
	}
	index->rows++;
}

/* --------------------------------------------------------------- numbering */

static int
by_subject(const void *a, const void *b)
{
	const struct index_row *const *p = a, *const *q = b;

	return strcmp((*p)->subject, (*q)->subject);
}

/* By subject and volume, and those by image. */
static int
by_volume(const void *a, const void *b)
{
	const struct index_row *const *p = a, *const *q = b;
	int order = by_subject(a, b);

	if (order == 0)
		order = strcmp((*p)->volume, (*q)->volume);
	return order != 0 ? order : ((*p)->unit > (*q)->unit) -
	    ((*p)->unit < (*q)->unit);
}

/* Give equal subjects equal numbers. */
static void
number_subjects(struct index *index, struct index_row **sorted)
{
	size_t i;

	qsort(sorted, index->rows, sizeof *sorted, by_subject);
	for (i = 0; i < index->rows; i++) {
		if (i == 0 || by_subject(&sorted[i - 1], &sorted[i]) != 0)
			index->groups++;
		sorted[i]->group = index->groups - 1;
	}
}

/* Number the volumes, none of which may begin twice. */
static void
number_volumes(struct index *index, struct index_row **sorted)
{
	struct index_row *row = index->row;
	struct bsp_error e;
	size_t i;

	for (i = 0; i < index->rows; i++) {
		if (i == 0 || row[i].group != row[i - 1].group ||
		    strcmp(row[i].volume, row[i - 1].volume) != 0)
			index->units++;
		row[i].unit = index->units - 1;
	}
	qsort(sorted, index->rows, sizeof *sorted, by_volume);
	for (i = 1; i < index->rows; i++) {
		if (sorted[i]->group != sorted[i - 1]->group ||
		    sorted[i]->unit == sorted[i - 1]->unit ||
		    strcmp(sorted[i]->volume, sorted[i - 1]->volume) != 0)
			continue;
		bsp_error_set(&e, BSP_DATA, "image %llu is of volume %.64s of "
		    "subject %.64s, which ended before, expected the images "
		    "of a volume together",
		    (unsigned long long)sorted[i]->image, sorted[i]->volume,
		    sorted[i]->subject);
		die(index, &e);
	}
}

static void
number(struct index *index)
{
	struct index_row **sorted = malloc(index->rows * sizeof *sorted);
	size_t i;

	if (sorted == NULL)
		die_of_memory(index);
	for (i = 0; i < index->rows; i++)
		sorted[i] = &index->row[i];
	number_subjects(index, sorted);
	if (index->row[0].volume != NULL)
		number_volumes(index, sorted);
	free(sorted);
}

/* ------------------------------------------------------------------ public */

void
index_read_with(struct index *index, const char *path,
    const struct index_visitor *visitor)
{
	struct tsv tsv;

	*index = (struct index){.has_mm = true, .visitor = visitor};
	tsv_open_any(&tsv, path, take_fact, index);
	index->name = tsv.name;
	if (tsv.fields == 1 && strchr(tsv.field[0], ',') != NULL)
		tsv_bad(&tsv, "commas between the columns", "",
		    "tabs between them");
	tsv_find(&tsv, columns);
	visitor->header(visitor->with, &tsv);
	while (tsv_next(&tsv)) {
		add_row(index, &tsv);
		visitor->row(visitor->with, &tsv);
	}
	tsv_close(&tsv);
	index->has_slices = index->rows > 0 &&
	    index->row[0].slice != UINT64_MAX;
	index->has_mm = index->has_mm && index->rows > 0;
	if (index->rows > 0)
		number(index);
}

static void
see_nothing(void *with, const struct tsv *tsv)
{
	(void)with;
	(void)tsv;
}

static void
hear_nothing(void *with, const char *text)
{
	(void)with;
	(void)text;
}

void
index_read(struct index *index, const char *path)
{
	static const struct index_visitor nobody = {see_nothing, see_nothing,
	    hear_nothing, NULL};

	index_read_with(index, path, &nobody);
}

void
index_read_volumes(struct index *index, const char *path)
{
	struct bsp_error e;

	index_read(index, path);
	if (index->units > 0 || index->rows == 0)
		return;
	bsp_error_set(&e, BSP_DATA, "no column volume, expected the volume of "
	    "each image");
	e.stream = index->name;
	cli_die(&e);
}

static int
by_image(const void *a, const void *b)
{
	const struct index_row *p = a, *q = b;

	return (p->image > q->image) - (p->image < q->image);
}

const struct index_row *
index_get(const struct index *index, uint64_t image)
{
	struct index_row key = {.image = image};
	const struct index_row *found;
	struct bsp_error e;

	found = index->rows == 0 ? NULL : bsearch(&key, index->row,
	    index->rows, sizeof key, by_image);
	if (found == NULL) {
		bsp_error_set(&e, BSP_DATA, "no row for image %llu, expected "
		    "a row for each image of the stream",
		    (unsigned long long)image);
		die(index, &e);
	}
	return found;
}

void
index_check_end(const struct index *index, uint64_t end)
{
	struct bsp_error e;

	if (index->rows == 0 || index->row[index->rows - 1].image < end)
		return;
	bsp_error_set(&e, BSP_DATA, "a row for image %llu, but the stream ends "
	    "after %llu images, expected a row for each image and no more "
	    "(--first-index says that the stream is a piece of a longer one)",
	    (unsigned long long)index->row[index->rows - 1].image,
	    (unsigned long long)end);
	die(index, &e);
}
