/*
 * Shards of a sweep's table: see merge.h.
 *
 * Every shard's rows are in the order of the whole, so the whole is a merge.
 * What the shards say above and beneath their rows must agree.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "grid.h"
#include "merge.h"
#include "../cli/table.h"

#define LINES 64

/* One stage's swept parameters, as their values are printed. */
struct axis {
	size_t points, last; /* last: where the value before was found */
	char **text;
};

struct shard {
	struct tsv tsv;
	char *line[LINES]; /* what it says, in order; shard left out */
	size_t lines, above; /* above: before the header */
	bool open;
	uint64_t key;        /* of its row */
};

static struct {
	struct axis axis[3 * BSP_PARAMS_MAX];
	size_t axes;
	size_t cells;
	size_t image_column; /* 0: a table of means */
	uint64_t first_image;
	bool has_first;
} whole;

static void *
take(void *memory)
{
	struct bsp_error e;

	if (memory == NULL) {
		bsp_error_system(&e, ENOMEM, "shards");
		cli_die(&e);
	}
	return memory;
}

static void
note_comment(void *with, const char *text)
{
	struct shard *shard = with;

	if (strncmp(text, "shard ", 6) == 0)
		return;
	if (shard->lines == LINES)
		tsv_bad(&shard->tsv, "too many comments", "",
		    "a table of anom-sweep");
	shard->line[shard->lines++] = take(strdup(text));
}

/* The text of a fact among the shard's lines, or NULL. */
static const char *
find_fact(const struct shard *shard, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; i < shard->lines; i++)
		if (strncmp(shard->line[i], name, n) == 0 &&
		    shard->line[i][n] == ' ')
			return shard->line[i] + n + 1;
	return NULL;
}

/* --------------------------------------------------------------- the grid */

static void
add_axes(const struct shard *shard, const char *stage,
    const struct bsp_kind *kinds)
{
	const char *text = find_fact(shard, stage);
	const struct bsp_range *range;
	struct bsp_spec spec;
	struct bsp_error e;
	char number[BSP_NUMBER_SIZE];
	struct axis *axis;
	size_t i, k;

	if (text == NULL)
		return; /* reconstructions from elsewhere */
	if (bsp_spec_parse(kinds, text, &spec, &e)) {
		if (e.status == BSP_SYSTEM)
			cli_die(&e);
		tsv_bad(&shard->tsv, stage, " is not a spec", e.text);
	}
	for (i = 0; i < spec.swept_count; i++) {
		range = &spec.range[spec.swept[i]];
		axis = &whole.axis[whole.axes++];
		axis->points = range->n;
		axis->text = take(calloc(range->n, sizeof *axis->text));
		for (k = 0; k < range->n; k++)
			axis->text[k] = take(strdup(bsp_number_format(number,
			    bsp_range_point(range, k))));
		if (whole.cells > BSP_CELLS_MAX / range->n)
			tsv_bad(&shard->tsv, stage, " has too many values",
			    "a grid of anom-sweep");
		whole.cells *= range->n;
	}
}

/* Several residuals are one axis, of their names. */
static void
add_residuals(const struct shard *shard)
{
	static struct bsp_spec spec[CLI_LIST_MAX];
	struct bsp_sweep sweep = {.residual = spec};
	const char *twice;
	struct axis *axis;
	struct bsp_error e;
	size_t i;

	for (i = 0; i < shard->lines; i++) {
		if (strncmp(shard->line[i], "residual ", 9) != 0)
			continue;
		if (sweep.residuals == CLI_LIST_MAX)
			tsv_bad(&shard->tsv, "too many residuals", "",
			    "a table of anom-sweep");
		if (bsp_spec_parse(bsp_residual_kinds, shard->line[i] + 9,
		    &spec[sweep.residuals++], &e))
			tsv_bad(&shard->tsv, "residual", " is not a spec",
			    e.text);
	}
	if (sweep.residuals == 1) {
		add_axes(shard, "residual", bsp_residual_kinds);
		return;
	}
	axis = &whole.axis[whole.axes++];
	axis->points = bsp_sweep_residuals(&sweep);
	if (axis->points > BSP_CELLS_MAX / whole.cells)
		tsv_bad(&shard->tsv, "residual", " has too many values",
		    "a grid of anom-sweep");
	whole.cells *= axis->points;
	axis->text = grid_labels(&sweep, &twice);
	if (twice != NULL)
		tsv_bad(&shard->tsv, "two residuals ", twice, "each once");
}

static void
learn_grid(const struct shard *shard)
{
	const struct tsv *tsv = &shard->tsv;

	if (find_fact(shard, "blindspot") == NULL ||
	    find_fact(shard, "inject") == NULL ||
	    find_fact(shard, "residual") == NULL)
		tsv_bad(tsv, "no # inject and # residual above the header", "",
		    "a table of anom-sweep");
	whole.cells = 1;
	add_axes(shard, "inject", bsp_inject_kinds);
	add_axes(shard, "degrade", bsp_degrade_kinds);
	add_residuals(shard);
	if (tsv->fields <= whole.axes)
		tsv_bad(tsv, "too few columns", "", "those of its grid");
	if (strcmp(tsv->field[whole.axes], "image") == 0)
		whole.image_column = whole.axes;
}

/* --------------------------------------------------------------- the rows */

static size_t
find_point(const struct tsv *tsv, struct axis *axis, const char *text)
{
	size_t i, k;

	for (i = 0; i < axis->points; i++) {
		k = (axis->last + i) % axis->points;
		if (strcmp(axis->text[k], text) == 0) {
			axis->last = k;
			return k;
		}
	}
	tsv_bad(tsv, text, " is no value of the grid", "one of its points");
}

/* The place of a row in the whole: its image, then its cell. */
static uint64_t
key_of(const struct tsv *tsv)
{
	uint64_t cell = 0, image;
	struct bsp_error e;
	size_t i;

	for (i = 0; i < whole.axes; i++)
		cell = cell * whole.axis[i].points +
		    find_point(tsv, &whole.axis[i], tsv->field[i]);
	if (whole.image_column == 0)
		return cell;
	if (bsp_count_parse(tsv->field[whole.image_column], &image, &e))
		tsv_bad(tsv, "the image: ", e.text, "a whole number");
	if (!whole.has_first) {
		whole.has_first = true;
		whole.first_image = image;
	}
	if (image < whole.first_image)
		tsv_bad(tsv, "another first image than the other shards", "",
		    "the same images");
	return (image - whole.first_image) * whole.cells + cell;
}

static void
advance(struct shard *shard)
{
	uint64_t before = shard->key;

	if (!tsv_next(&shard->tsv)) {
		shard->open = false;
		return;
	}
	shard->key = key_of(&shard->tsv);
	if (shard->key <= before && before != UINT64_MAX)
		tsv_bad(&shard->tsv, "a row out of order", "",
		    "the rows as anom-sweep wrote them");
}

static void
print_row(FILE *file, const struct tsv *tsv)
{
	size_t i;

	for (i = 0; i < tsv->fields; i++)
		cli_print(file, "%s%s", i > 0 ? "\t" : "", tsv->field[i]);
	cli_print(file, "\n");
}

static struct shard *
least(struct shard *shard, size_t n)
{
	struct shard *first = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (shard[i].open && (first == NULL ||
		    shard[i].key < first->key))
			first = &shard[i];
	return first;
}

static _Noreturn void
die_missing(uint64_t cell)
{
	struct bsp_error e;

	bsp_error_set(&e, BSP_DATA, "row %llu of the whole table is in none "
	    "of the shards, expected every cell once",
	    (unsigned long long)cell);
	cli_die(&e);
}

/* -------------------------------------------------------------- the shards */

/* Are two lines of provenance the same but for paths and splitting? */
static bool
agree(const char *a, const char *b)
{
	static const char name[] = "anom-sweep ";

	return strcmp(a, b) == 0 || (strncmp(a, name, sizeof name - 1) == 0 &&
	    strncmp(b, name, sizeof name - 1) == 0);
}

static void
check_agreement(const struct shard *a, const struct shard *b)
{
	size_t i;

	for (i = 0; i < a->lines && i < b->lines; i++)
		if (!agree(a->line[i], b->line[i]))
			tsv_bad(&b->tsv, "not a shard of the same table: ",
			    b->line[i], a->line[i]);
	if (a->lines != b->lines)
		tsv_bad(&b->tsv, "not a shard of the same table: it says ",
		    a->lines > b->lines ? "less" : "more",
		    "the same lines above and beneath");
}

/* What a table of images ends with says that it is whole. */
static void
check_closed(const struct shard *shard)
{
	size_t i;

	for (i = shard->above; i < shard->lines; i++)
		if (strncmp(shard->line[i], "images ", 7) == 0)
			return;
	if (whole.image_column > 0)
		tsv_bad(&shard->tsv, "the table ends without '# images' "
		    "beneath its rows", "", "a whole table: this one is cut");
}

static void
open_shards(const char *const *path, size_t n, struct shard *shard)
{
	size_t i, f;

	for (i = 0; i < n; i++) {
		tsv_open_any(&shard[i].tsv, path[i], note_comment, &shard[i]);
		shard[i].above = shard[i].lines;
		shard[i].open = true;
		shard[i].key = UINT64_MAX;
		if (i == 0)
			learn_grid(&shard[0]);
		check_agreement(&shard[0], &shard[i]);
		if (shard[i].tsv.fields != shard[0].tsv.fields)
			tsv_bad(&shard[i].tsv, "not a shard of the same "
			    "table: other columns", "", "the same columns");
		for (f = 0; i > 0 && f < shard[0].tsv.fields; f++)
			if (strcmp(shard[i].tsv.field[f],
			    shard[0].tsv.field[f]) != 0)
				tsv_bad(&shard[i].tsv, "not a shard of the "
				    "same table: column ",
				    shard[i].tsv.field[f],
				    shard[0].tsv.field[f]);
	}
}

static void
print_lines(FILE *file, const struct shard *shard, size_t begin, size_t end)
{
	size_t i;

	for (i = begin; i < end; i++)
		cli_print(file, "# %s\n", shard->line[i]);
}

/* All shards are open at once; where the limit forbids it, opening says so. */
static void
allow_files(size_t n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur >= n + 64)
		return;
	limit.rlim_cur = limit.rlim_max < n + 64 ? limit.rlim_max : n + 64;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void
merge_tables(const char *const *path, size_t n)
{
	FILE *file = cli_table(NULL);
	struct shard *shard = take(calloc(n, sizeof *shard)), *next;
	uint64_t expected = 0;
	size_t i;

	allow_files(n);
	open_shards(path, n, shard);
	print_lines(file, shard, 0, shard->above);
	print_row(file, &shard->tsv);
	for (i = 0; i < n; i++)
		advance(&shard[i]);
	for (; (next = least(shard, n)) != NULL; advance(next)) {
		if (next->key < expected)
			tsv_bad(&next->tsv, "a cell that another shard has "
			    "too", "", "every cell once");
		if (next->key > expected)
			die_missing(expected);
		print_row(file, &next->tsv);
		expected++;
	}
	for (i = 0; i < n; i++)
		check_closed(&shard[i]);
	for (i = 1; i < n; i++)
		check_agreement(&shard[0], &shard[i]);
	if (expected % whole.cells != 0 || expected == 0)
		die_missing(expected);
	print_lines(file, shard, shard->above, shard->lines);
}
