/*
 * score-compare: tables of scores of the same images or volumes, each against
 * the first.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/index.h"
#include "cli/interval.h"
#include "cli/table.h"

static const char *groups_path, *interval_text;
static uint64_t bootstrap = 1000, permutations = 10000, seed;
static const char *margin_text;
static double margin = (double)NAN;
static bool json, grouped; /* by subject */

static const struct cli_option options[] = {
	{"groups", "TSV", "resample by subject: columns image and subject",
	    CLI_INPUT, &groups_path, 0, 0},
	{"bootstrap", "B", "replicates for the interval, 0 for none "
	    "(default 1000)", CLI_COUNT, &bootstrap, 0, 10000000},
	INTERVAL_OPTION(interval_text),
	{"permutations", "N", "sign flips that are drawn where all are more "
	    "(default 10000)", CLI_COUNT, &permutations, 1, 10000000},
	{"margin", "D", "say whether the difference lies within D of 0, by "
	    "two one-sided tests", CLI_TEXT, &margin_text, 0, 0},
	{"seed", "N", "seed of what is drawn (default 0)", CLI_COUNT, &seed,
	    0, UINT64_MAX},
	CLI_STRICT_OPTION,
	TABLE_DIGITS_OPTION,
	{"json", NULL, "write JSON instead of TSV", CLI_FLAG, &json, 0, 0},
	{.name = NULL},
};

#define TABLES_MAX 16

static const struct cli_program program = {
	.name = "score-compare",
	.summary = "Compare two methods on the same images, metric by metric.",
	.operands = "A.tsv B.tsv [C.tsv...]",
	.options = options,
	.least = 2,
	.most = TABLES_MAX,
	.output = CLI_TABLE,
	.examples = {
		"score --per-image map.pfm mask.pgm > a.tsv; score "
		    "--per-image recon.pfm mask.pgm > b.tsv; "
		    "score-compare a.tsv b.tsv",
		"score --per-image map.pfm mask.pgm > a.tsv; score "
		    "--per-image recon.pfm mask.pgm | "
		    "score-compare --bootstrap 0 a.tsv -",
	},
	.cites = "hesterberg2015bootstrap cochran1977sampling "
	    "good2005permutation holm1979simple "
	    "schuirmann1987comparison",
};

/* ----------------------------------------------------------------- reading */

/* Names of columns that are no metrics: they must agree. */
static const char *const keys[] = {"image", "pixels", "anomalous"};

enum { IMAGE, PIXELS, ANOMALOUS, KEYS };

/* Score writes no metric with a longer name. */
#define LABEL_MAX 79

/* A table as it is read: a row an image, a value a metric. */
struct scores {
	const char *name;
	const struct bsp_metric *metric[BSP_METRICS_MAX];
	char *label[BSP_METRICS_MAX]; /* as the table calls it */
	size_t metrics;
	size_t column[BSP_METRICS_MAX];
	size_t key[KEYS]; /* SIZE_MAX: absent */
	size_t volume;    /* of tables of volumes; SIZE_MAX */
	size_t subject;   /* of those, and of images that have one */
	char *masks, *within;   /* fingerprints; NULL: not told */
	size_t rows, capacity;
	struct row {
		uint64_t key[KEYS];
		char *volume, *subject; /* NULL: no such column */
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

/* A copy of a text, or death. */
static char *
copy(const char *text)
{
	char *made = strdup(text);
	struct bsp_error e;

	if (made == NULL) {
		bsp_error_system(&e, ENOMEM, "the text of a table");
		cli_die(&e);
	}
	return made;
}

/* By the name of this release, and with its threshold. */
static void
add_column(struct scores *scores, const struct tsv *tsv,
    const struct bsp_metric *metric, size_t column)
{
	const char *label = strchr(tsv->field[column], '@') != NULL ?
	    tsv->field[column] : metric->name;
	size_t m;

	if (strlen(label) > LABEL_MAX)
		tsv_bad(tsv, "a metric with too long a name", "",
		    "a table that score --per-image or --per-volume wrote");
	for (m = 0; m < scores->metrics; m++)
		if (strcmp(scores->label[m], label) == 0)
			tsv_bad(tsv, "the header has two columns of ", label,
			    "one");
	if (scores->metrics == BSP_METRICS_MAX)
		tsv_bad(tsv, "too many metrics", "", "at most 48");
	scores->label[m] = copy(label);
	scores->metric[m] = metric;
	scores->column[m] = column;
	scores->metrics++;
}

/* What the table tells of its streams, above the rows or beneath them. */
static void
take_fact(void *with, const char *text)
{
	struct scores *scores = with;

	if (strncmp(text, "masks ", 6) == 0) {
		free(scores->masks);
		scores->masks = copy(text + 6);
	} else if (strncmp(text, "within ", 7) == 0) {
		free(scores->within);
		scores->within = copy(text + 7);
	}
}

/* Which columns are keys and which are metrics; others are left alone. */
static void
find_columns(struct scores *scores, const struct tsv *tsv)
{
	const struct bsp_metric *m;
	size_t f, k;

	for (k = 0; k < KEYS; k++)
		scores->key[k] = SIZE_MAX;
	scores->volume = scores->subject = SIZE_MAX;
	for (f = 0; f < tsv->fields; f++) {
		for (k = 0; k < KEYS; k++)
			if (strcmp(tsv->field[f], keys[k]) == 0)
				scores->key[k] = f;
		if (strcmp(tsv->field[f], "volume") == 0)
			scores->volume = f;
		if (strcmp(tsv->field[f], "subject") == 0)
			scores->subject = f;
		m = bsp_metric_find(tsv->field[f]);
		if (m != NULL)
			add_column(scores, tsv, m, f);
	}
	if (scores->key[IMAGE] == SIZE_MAX && (scores->volume == SIZE_MAX ||
	    scores->subject == SIZE_MAX))
		tsv_bad(tsv, "the header has no column ", "image",
		    "a table that score --per-image or --per-volume wrote");
	if (scores->key[IMAGE] != SIZE_MAX)
		scores->volume = SIZE_MAX;
	if (scores->metrics == 0)
		tsv_bad(tsv, "the header has no metric", "",
		    "a table that score --per-image or --per-volume wrote");
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
	row->volume = row->subject = NULL;
	if (scores->volume != SIZE_MAX)
		row->volume = copy(tsv->field[scores->volume]);
	if (scores->subject != SIZE_MAX)
		row->subject = copy(tsv->field[scores->subject]);
	for (m = 0; m < scores->metrics; m++) {
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
	int order;

	if (p->volume != NULL && q->volume != NULL) {
		order = strcmp(p->subject, q->subject);
		return order != 0 ? order : strcmp(p->volume, q->volume);
	}
	return (p->key[IMAGE] > q->key[IMAGE]) -
	    (p->key[IMAGE] < q->key[IMAGE]);
}

static void
read_scores(struct scores *scores, const char *path)
{
	struct tsv tsv;
	size_t i;

	*scores = (struct scores){.rows = 0};
	tsv_open_any(&tsv, path, take_fact, scores);
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
			die_of(scores->name, scores->volume == SIZE_MAX ?
			    "an image has two rows, expected one" :
			    "a volume has two rows, expected one");
}

/* Die where a fact of both tables differs. */
static void
check_fact(const struct scores *a, const struct scores *b, const char *what,
    const char *of_a, const char *of_b)
{
	struct bsp_error e;

	if (of_a == NULL || of_b == NULL || strcmp(of_a, of_b) == 0)
		return;
	bsp_error_set(&e, BSP_DATA, "%s: %s, expected the %s of %s: the "
	    "tables are of different %s", what, of_b, of_a, a->name, what);
	e.stream = b->name;
	cli_die(&e);
}

/* Both must be of images or of volumes, and of the same ones. */
static void
check_volumes(const struct scores *a, const struct scores *b)
{
	struct bsp_error e;
	size_t i;

	if ((a->volume == SIZE_MAX) != (b->volume == SIZE_MAX)) {
		bsp_error_set(&e, BSP_DATA, "a table of %s, expected one of "
		    "%s as %s", b->volume == SIZE_MAX ? "images" : "volumes",
		    a->volume == SIZE_MAX ? "images" : "volumes", a->name);
		e.stream = b->name;
		cli_die(&e);
	}
	for (i = 0; a->volume != SIZE_MAX && i < a->rows && i < b->rows; i++)
		if (by_image(&a->row[i], &b->row[i]) != 0) {
			bsp_error_set(&e, BSP_DATA, "volume %.64s of subject "
			    "%.64s, expected %.64s of %.64s of %s: the tables "
			    "are of different volumes", b->row[i].volume,
			    b->row[i].subject, a->row[i].volume,
			    a->row[i].subject, a->name);
			e.stream = b->name;
			cli_die(&e);
		}
}

/* Where both say the subjects of images, and these matter. */
static void
check_subjects(const struct scores *a, const struct scores *b)
{
	struct bsp_error e;
	size_t i;

	if (groups_path != NULL || a->subject == SIZE_MAX ||
	    b->subject == SIZE_MAX)
		return;
	for (i = 0; i < a->rows; i++) {
		if (strcmp(a->row[i].subject, b->row[i].subject) == 0)
			continue;
		bsp_error_set(&e, BSP_DATA, "subject %.64s, expected the "
		    "%.64s of %s: the tables are of different subjects",
		    b->row[i].subject, a->row[i].subject, a->name);
		e.stream = b->name;
		e.image = (int64_t)a->row[i].key[IMAGE];
		cli_die(&e);
	}
}

/* Both must be of the same images. */
static void
check_pair(const struct scores *a, const struct scores *b)
{
	struct bsp_error e;
	size_t i, k;

	check_fact(a, b, "masks", a->masks, b->masks);
	check_fact(a, b, "within", a->within, b->within);
	check_volumes(a, b);
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

static int
by_subject(const void *a, const void *b)
{
	const struct row *const *p = a, *const *q = b;

	return strcmp((*p)->subject, (*q)->subject);
}

/* Give equal subjects equal numbers; how many there are. */
static size_t
number_subjects(const struct scores *scores, size_t *group)
{
	const struct row **sorted = malloc(scores->rows * sizeof *sorted);
	size_t i, groups = 0;
	struct bsp_error e;

	if (sorted == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu images", scores->rows);
		cli_die(&e);
	}
	for (i = 0; i < scores->rows; i++)
		sorted[i] = &scores->row[i];
	qsort(sorted, scores->rows, sizeof *sorted, by_subject);
	if (*sorted[0]->subject == '\0')
		die_of(scores->name, "an empty subject, expected the name of "
		    "each one's subject");
	for (i = 0; i < scores->rows; i++) {
		if (i == 0 || by_subject(&sorted[i - 1], &sorted[i]) != 0)
			groups++;
		group[sorted[i] - scores->row] = groups - 1;
	}
	free(sorted);
	return groups;
}

/* Numbers that the images' subjects have; NULL: each is its own. */
static size_t *
find_groups(const struct scores *scores, struct index *index)
{
	struct bsp_error e;
	size_t *group, i;

	if (groups_path != NULL && scores->volume != SIZE_MAX)
		cli_usage("--groups is of images; tables of volumes say the "
		    "subject, expected no --groups");
	if (groups_path == NULL && scores->subject == SIZE_MAX)
		return NULL;
	if (groups_path != NULL)
		index_read(index, groups_path);
	group = malloc(scores->rows * sizeof *group);
	if (group == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu images", scores->rows);
		cli_die(&e);
	}
	if (groups_path == NULL)
		index->groups = number_subjects(scores, group);
	for (i = 0; i < scores->rows && groups_path != NULL; i++)
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

/* A metric of two tables. */
struct comparison {
	const struct scores *a, *b;
	const char *label;
	const struct bsp_metric *metric;
};

/* Add each metric that both tables have; how many there are then. */
static size_t
compare(const struct scores *a, const struct scores *b,
    const struct bsp_resampling *how, struct comparison *c,
    struct bsp_paired *paired, size_t n)
{
	double *first, *second;
	size_t ma, mb, before = n;
	struct bsp_error e;

	for (ma = 0; ma < a->metrics; ma++)
		for (mb = 0; mb < b->metrics; mb++) {
			if (strcmp(a->label[ma], b->label[mb]) != 0)
				continue;
			c[n] = (struct comparison){a, b, a->label[ma],
			    a->metric[ma]};
			first = take_values(a, ma);
			second = take_values(b, mb);
			if (bsp_compare_paired(first, second, a->rows,
			    a->metric[ma], how, permutations, &paired[n], &e))
				cli_die(&e);
			free(first);
			free(second);
			n++;
		}
	if (n == before)
		die_of(b->name, "no metric of the first table, expected at "
		    "least one in both");
	return n;
}

/* Does the difference lie within the margin, by both one-sided bounds? */
static bool
is_equivalent(const struct bsp_paired *p)
{
	return p->one_low > -margin && p->one_high < margin;
}

/* Add to the text what there is room for. */
__attribute__((format(printf, 3, 4))) static void
add(char *text, size_t size, const char *format, ...)
{
	size_t n = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + n, size - n, format, arguments);
	va_end(arguments);
}

/* The difference as a sentence. */
static void
say(const struct comparison *c, const struct bsp_paired *p, char *text,
    size_t size)
{
	const char *unit = grouped ? "subjects" : "images";

	*text = '\0';
	if (p->units == 0) {
		add(text, size, "%s: no %s where both are defined",
		    c->label, unit);
		return;
	}
	add(text, size, "%s: %.3f against %.3f, a difference of "
	    "%+.3f", c->label, p->mean_a, p->mean_b, p->difference.mean);
	if (!isnan(p->difference.ci_low))
		add(text, size, " (95 %% interval %+.3f to %+.3f)",
		    p->difference.ci_low, p->difference.ci_high);
	add(text, size, ", p = %.2g after Holm's correction, %zu %s",
	    p->p_holm, p->units, unit);
	if (!isnan(margin) && !isnan(p->one_low))
		add(text, size, "; %s within a margin of %g",
		    is_equivalent(p) ? "equivalent" :
		    "not shown to be equivalent", margin);
}

static void
write_comparison(struct table *table, const struct comparison *c,
    const struct bsp_paired *p)
{
	char text[LABEL_MAX + 512];

	table_text(table, c->label);
	table_number(table, p->mean_a);
	table_number(table, p->mean_b);
	table_number(table, p->difference.mean);
	table_number(table, p->difference.ci_low);
	table_number(table, p->difference.ci_high);
	table_number(table, p->p);
	table_number(table, p->p_holm);
	table_number(table, p->p_min);
	table_count(table, p->units);
	table_count(table, p->wins);
	table_count(table, p->ties);
	table_count(table, p->losses);
	table_count(table, p->difference.n);
	table_count(table, p->difference.undefined);
	table_text(table, c->a->name);
	table_text(table, c->b->name);
	if (!isnan(margin)) {
		table_number(table, p->one_low);
		table_number(table, p->one_high);
		table_number(table, isnan(p->one_low) ? (double)NAN :
		    is_equivalent(p));
	}
	say(c, p, text, sizeof text);
	table_text(table, text);
}

static void
write_table(FILE *file, const struct comparison *c,
    const struct bsp_paired *paired, size_t n)
{
	static const char *columns[24] = {"metric", "mean_a", "mean_b",
	    "difference", "ci_low", "ci_high", "p", "p_holm", "p_min",
	    "units", "wins", "ties", "losses", "n", "n_undefined", "a", "b"};
	const struct bsp_summary **all = malloc(n * sizeof *all);
	char digits[BSP_NUMBER_SIZE];
	struct table_fact facts[3] = {{NULL, NULL}};
	struct table table;
	size_t i, k = 17;

	if (!isnan(margin)) {
		columns[k++] = "one_low";
		columns[k++] = "one_high";
		columns[k++] = "equivalent";
	}
	columns[k] = "words";
	facts[0] = (struct table_fact){"seed", table_digits(digits, seed)};
	if (!grouped)
		facts[1] = (struct table_fact){"groups", INDEX_NO_GROUPS};
	table_begin(&table, file, json, cli_command_line(NULL), facts,
	    columns);
	for (i = 0; i < n; i++) {
		write_comparison(&table, &c[i], &paired[i]);
		if (all != NULL)
			all[i] = &paired[i].difference;
	}
	table_end(&table);
	if (all != NULL)
		interval_warn(all, n, grouped);
	free(all);
}

static void
check_request(void)
{
	struct bsp_error e;

	if (margin_text == NULL)
		return;
	if (bsp_number_parse(margin_text, &margin, &e))
		cli_usage("--margin: %s", e.text);
	if (!(margin > 0))
		cli_usage("--margin: found %s, expected a difference above 0",
		    margin_text);
}

#define COMPARISONS_MAX (BSP_METRICS_MAX * TABLES_MAX)

int
main(int argc, char **argv)
{
	static struct comparison comparison[COMPARISONS_MAX];
	static struct bsp_paired paired[COMPARISONS_MAX];
	static struct scores scores[TABLES_MAX];
	struct bsp_resampling how;
	struct cli_command command;
	struct index index = {0};
	enum bsp_ci ci;
	struct bsp_error e;
	size_t *group, n = 0, told = 0, i;
	FILE *file;

	cli_parse(&program, argc, argv, &command);
	ci = interval_parse(interval_text);
	check_request();
	file = cli_table(NULL);
	for (i = 0; i < command.operands; i++)
		read_scores(&scores[i], command.operand[i]);
	for (i = 1; i < command.operands; i++)
		check_pair(&scores[0], &scores[i]);
	/* The first table that says the subjects says them for all. */
	while (told + 1 < command.operands && scores[told].subject == SIZE_MAX)
		told++;
	for (i = told + 1; i < command.operands; i++)
		check_subjects(&scores[told], &scores[i]);
	group = find_groups(&scores[told], &index);
	grouped = group != NULL;
	how = (struct bsp_resampling){.group = group, .groups = index.groups,
	    .replicates = bootstrap, .seed = seed, .ci = ci};
	for (i = 1; i < command.operands; i++)
		n = compare(&scores[0], &scores[i], &how, comparison, paired,
		    n);
	if (bsp_compare_adjust(paired, n, &e))
		cli_die(&e);
	write_table(file, comparison, paired, n);
	free(group);
	for (i = 0; i < command.operands; i++)
		free(scores[i].row);
	return cli_finish(false);
}
