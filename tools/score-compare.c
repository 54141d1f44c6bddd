/*
 * score-compare: two tables of per-image scores against each other.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/index.h"
#include "cli/interval.h"
#include "cli/metrics.h"
#include "cli/table.h"

static const char *groups_path, *interval_text;
static uint64_t bootstrap = 1000, permutations = 10000, seed;
static bool json;

static const struct cli_option options[] = {
	{"groups", "TSV", "resample by subject: columns image and subject",
	    CLI_INPUT, &groups_path, 0, 0},
	{"bootstrap", "B", "replicates for the interval, 0 for none "
	    "(default 1000)", CLI_COUNT, &bootstrap, 0, 10000000},
	INTERVAL_OPTION(interval_text),
	{"permutations", "N", "sign flips that are drawn where all are more "
	    "(default 10000)", CLI_COUNT, &permutations, 1, 10000000},
	{"seed", "N", "seed of what is drawn (default 0)", CLI_COUNT, &seed,
	    0, UINT64_MAX},
	CLI_STRICT_OPTION,
	{"json", NULL, "write JSON instead of TSV", CLI_FLAG, &json, 0, 0},
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "score-compare",
	.summary = "Compare two methods on the same images, metric by metric.",
	.operands = "A.tsv B.tsv",
	.options = options,
	.least = 2,
	.most = 2,
	.output = CLI_TABLE,
	.examples = {
		"score --per-image map.pfm mask.pgm > a.tsv; score "
		    "--per-image recon.pfm mask.pgm > b.tsv; "
		    "score-compare a.tsv b.tsv",
		"score --per-image map.pfm mask.pgm > a.tsv; score "
		    "--per-image recon.pfm mask.pgm | "
		    "score-compare --bootstrap 0 a.tsv -",
	},
};

/* ----------------------------------------------------------------- reading */

/* Names of columns that are no metrics: they must agree. */
static const char *const keys[] = {"image", "pixels", "anomalous"};

enum { IMAGE, PIXELS, ANOMALOUS, KEYS };

/* A table as it is read: a row an image, a value a metric. */
struct scores {
	const char *name;
	struct metric_list metrics;
	size_t column[BSP_METRICS_MAX];
	size_t key[KEYS]; /* SIZE_MAX: absent */
	size_t rows, capacity;
	struct row {
		uint64_t key[KEYS];
		double value[BSP_METRICS_MAX];
	} *row;
};

static _Noreturn void
die_of(const char *name, const char *text)
{
	struct bsp_error e;

	bsp_error_set(&e, BSP_DATA, "%s", text);
	e.stream = name;
	cli_die(&e);
}

/* Which columns are keys and which are metrics; others are left alone. */
static void
find_columns(struct scores *scores, const struct tsv *tsv)
{
	const struct bsp_metric *m;
	size_t f, k;

	for (k = 0; k < KEYS; k++)
		scores->key[k] = SIZE_MAX;
	for (f = 0; f < tsv->fields; f++) {
		for (k = 0; k < KEYS; k++)
			if (strcmp(tsv->field[f], keys[k]) == 0)
				scores->key[k] = f;
		m = bsp_metric_find(tsv->field[f]);
		if (m == NULL)
			continue;
		if (metrics_find(&scores->metrics, m->name, strlen(m->name)) <
		    scores->metrics.count)
			tsv_bad(tsv, "the header has two columns of ",
			    m->name, "one");
		scores->column[scores->metrics.count] = f;
		scores->metrics.metric[scores->metrics.count++] = m;
	}
	if (scores->key[IMAGE] == SIZE_MAX)
		tsv_bad(tsv, "the header has no column ", "image",
		    "a table that score --per-image wrote");
	if (scores->metrics.count == 0)
		tsv_bad(tsv, "the header has no metric", "",
		    "a table that score --per-image wrote");
}

static void
read_row(struct scores *scores, struct tsv *tsv)
{
	struct bsp_error e;
	struct row *row;
	size_t k, m;

	if (scores->rows == scores->capacity) {
		scores->capacity = 2 * scores->capacity + 64;
		scores->row = realloc(scores->row,
		    scores->capacity * sizeof *scores->row);
		if (scores->row == NULL) {
			bsp_error_system(&e, ENOMEM, "%zu rows",
			    scores->rows);
			cli_die(&e);
		}
	}
	row = &scores->row[scores->rows++];
	for (k = 0; k < KEYS; k++) {
		row->key[k] = 0;
		if (scores->key[k] != SIZE_MAX && bsp_count_parse(
		    tsv->field[scores->key[k]], &row->key[k], &e))
			tsv_bad(tsv, e.text, "", "a whole number");
	}
	for (m = 0; m < scores->metrics.count; m++) {
		const char *text = tsv->field[scores->column[m]];

		if (strcmp(text, "nan") == 0)
			row->value[m] = (double)NAN;
		else if (bsp_number_parse(text, &row->value[m], &e))
			tsv_bad(tsv, e.text, "", "a number or nan");
	}
}

static int
by_image(const void *a, const void *b)
{
	const struct row *p = a, *q = b;

	return (p->key[IMAGE] > q->key[IMAGE]) -
	    (p->key[IMAGE] < q->key[IMAGE]);
}

static void
read_scores(struct scores *scores, const char *path)
{
	struct tsv tsv;
	size_t i;

	*scores = (struct scores){.rows = 0};
	tsv_open_any(&tsv, path, NULL, NULL);
	scores->name = tsv.name;
	find_columns(scores, &tsv);
	while (tsv_next(&tsv))
		read_row(scores, &tsv);
	tsv_close(&tsv);
	if (scores->rows == 0)
		die_of(scores->name, "no rows, expected one for each image");
	qsort(scores->row, scores->rows, sizeof *scores->row, by_image);
	for (i = 1; i < scores->rows; i++)
		if (by_image(&scores->row[i - 1], &scores->row[i]) == 0)
			die_of(scores->name, "an image has two rows, expected "
			    "one");
}

/* Both must be of the same images. */
static void
check_pair(const struct scores *a, const struct scores *b)
{
	struct bsp_error e;
	size_t i, k;

	for (i = 0; i < a->rows && i < b->rows; i++)
		for (k = 0; k < KEYS; k++) {
			if (a->key[k] == SIZE_MAX || b->key[k] == SIZE_MAX ||
			    a->row[i].key[k] == b->row[i].key[k])
				continue;
			bsp_error_set(&e, BSP_DATA, "%s %llu, expected the "
			    "%llu of %s: the tables are of different images",
			    keys[k], (unsigned long long)b->row[i].key[k],
			    (unsigned long long)a->row[i].key[k], a->name);
			e.stream = b->name;
			e.image = (int64_t)a->row[i].key[IMAGE];
			cli_die(&e);
		}
	if (a->rows == b->rows)
		return;
	bsp_error_set(&e, BSP_DATA, "%zu images, expected the %zu of %s",
	    b->rows, a->rows, a->name);
	e.stream = b->name;
	cli_die(&e);
}

/* -------------------------------------------------------------- comparing */

/* Numbers that the images' subjects have; NULL: each is its own. */
static size_t *
find_groups(const struct scores *scores, struct index *index)
{
	struct bsp_error e;
	size_t *group, i;

	if (groups_path == NULL)
		return NULL;
	index_read(index, groups_path);
	group = malloc(scores->rows * sizeof *group);
	if (group == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu images", scores->rows);
		cli_die(&e);
	}
	for (i = 0; i < scores->rows; i++)
		group[i] = index_get(index, scores->row[i].key[IMAGE])->group;
	return group;
}

/* A metric's values, in the order of the images. */
static double *
take_values(const struct scores *scores, size_t metric)
{
	double *value = malloc(scores->rows * sizeof *value);
	struct bsp_error e;
	size_t i;

	if (value == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu images", scores->rows);
		cli_die(&e);
	}
	for (i = 0; i < scores->rows; i++)
		value[i] = scores->row[i].value[metric];
	return value;
}

/* Each metric of both tables; how many there are. */
static size_t
compare(const struct scores *a, const struct scores *b,
    const struct bsp_resampling *how, const struct bsp_metric **metric,
    struct bsp_paired *paired)
{
	double *first, *second;
	struct bsp_error e;
	size_t ma, mb, n = 0;

	for (ma = 0; ma < a->metrics.count; ma++)
		for (mb = 0; mb < b->metrics.count; mb++) {
			if (a->metrics.metric[ma] != b->metrics.metric[mb])
				continue;
			metric[n] = a->metrics.metric[ma];
			first = take_values(a, ma);
			second = take_values(b, mb);
			if (bsp_compare_paired(first, second, a->rows,
			    metric[n], how, permutations,
			    &paired[n], &e))
				cli_die(&e);
			free(first);
			free(second);
			n++;
		}
	if (n == 0)
		die_of(b->name, "no metric of the first table, expected at "
		    "least one in both");
	if (bsp_compare_adjust(paired, n, &e))
		cli_die(&e);
	return n;
}

static void
write_table(FILE *file, const struct bsp_metric *const *metric,
    const struct bsp_paired *c, size_t n)
{
	static const char *const columns[] = {"metric", "mean_a", "mean_b",
	    "difference", "ci_low", "ci_high", "p", "p_holm", "p_min",
	    "units", "wins", "ties", "losses", "n", "n_undefined",
	    NULL};
	const struct bsp_summary *all[BSP_METRICS_MAX];
	char digits[BSP_NUMBER_SIZE];
	struct table_fact facts[3] = {{NULL, NULL}};
	struct table table;
	size_t i;

	facts[0] = (struct table_fact){"seed", table_digits(digits, seed)};
	if (groups_path == NULL)
		facts[1] = (struct table_fact){"groups", INDEX_NO_GROUPS};
	table_begin(&table, file, json, cli_command_line(NULL), facts,
	    columns);
	for (i = 0; i < n; i++) {
		table_text(&table, metric[i]->name);
		table_number(&table, c[i].mean_a);
		table_number(&table, c[i].mean_b);
		table_number(&table, c[i].difference.mean);
		table_number(&table, c[i].difference.ci_low);
		table_number(&table, c[i].difference.ci_high);
		table_number(&table, c[i].p);
		table_number(&table, c[i].p_holm);
		table_number(&table, c[i].p_min);
		table_count(&table, c[i].units);
		table_count(&table, c[i].wins);
		table_count(&table, c[i].ties);
		table_count(&table, c[i].losses);
		table_count(&table, c[i].difference.n);
		table_count(&table, c[i].difference.undefined);
		all[i] = &c[i].difference;
	}
	table_end(&table);
	interval_warn(all, n, groups_path != NULL);
}

int
main(int argc, char **argv)
{
	const struct bsp_metric *metric[BSP_METRICS_MAX];
	struct bsp_paired paired[BSP_METRICS_MAX];
	struct bsp_resampling how;
	struct cli_command command;
	struct index index = {0};
	struct scores a, b;
	size_t *group, n;
	FILE *file;

	cli_parse(&program, argc, argv, &command);
	how.ci = interval_parse(interval_text);
	file = cli_table(NULL);
	read_scores(&a, command.operand[0]);
	read_scores(&b, command.operand[1]);
	check_pair(&a, &b);
	group = find_groups(&a, &index);
	how = (struct bsp_resampling){.group = group, .groups = index.groups,
	    .replicates = bootstrap, .seed = seed,
	    .ci = how.ci};
	n = compare(&a, &b, &how, metric, paired);
	write_table(file, metric, paired, n);
	free(group);
	free(a.row);
	free(b.row);
	return cli_finish(false);
}
