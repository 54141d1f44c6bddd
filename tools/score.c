/*
 * score: how well anomaly-score maps find what the masks mark.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "groups.h"
#include "metrics.h"
#include "table.h"

#define ABSENT UINT64_MAX
#define DEFAULT_BOOTSTRAP 1000

static const char *metrics_text = "ap,auroc,dice,fpr95,mean_residual";
static const char *within_path, *groups_path;
static bool per_image, pooled, json;
static uint64_t bootstrap = ABSENT, seed, first_index;
static struct cli_list requirements;

static const struct cli_option options[] = {
	{"metrics", "LIST", "of ap, auroc, dice, dice_threshold, fpr95, "
	    "mean_residual (default ap,auroc,dice,fpr95,mean_residual)",
	    CLI_TEXT, &metrics_text, 0, 0},
	{"within", "STREAM", "score only the pixels of this mask stream",
	    CLI_INPUT, &within_path, 0, 0},
	{"groups", "TSV", "resample by subject: columns image and subject",
	    CLI_INPUT, &groups_path, 0, 0},
	{"per-image", NULL, "a row an image instead of the summary",
	    CLI_FLAG, &per_image, 0, 0},
	{"pooled", NULL, "score all pixels of all images together",
	    CLI_FLAG, &pooled, 0, 0},
	{"bootstrap", "B", "replicates for the interval, 0 for none "
	    "(default 1000)", CLI_COUNT, &bootstrap, 0, 10000000},
	{"seed", "N", "seed of the bootstrap (default 0)", CLI_COUNT, &seed,
	    0, UINT64_MAX},
	{"first-index", "N", "the first image's index in the whole stream "
	    "(default 0)", CLI_COUNT, &first_index, 0, UINT64_MAX - 1},
	{"require", "TEST", "exit 1 unless it holds: 'ap>=0.5', also <=, > "
	    "and <; may be given again", CLI_LIST, &requirements, 0, 0},
	{"json", NULL, "write JSON instead of TSV", CLI_FLAG, &json, 0, 0},
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "score",
	.summary = "Score anomaly maps against masks.",
	.operands = "RESIDUAL MASK",
	.options = options,
	.least = 2,
	.most = 2,
	.output = CLI_TABLE,
	.examples = {
		"residual abs anom.pfm recon.pfm | score - mask.pgm",
		"score --metrics ap --require 'ap>=0.5' map.pfm mask.pgm",
	},
};

/* The metrics asked for, and their values, an array over images each. */
static struct metric_list metrics;
static double *values[BSP_METRICS_MAX];

/* One --require: the metric's value must stand so to the bound. */
struct requirement {
	size_t metric;
	char relation[3];
	double bound;
};

static struct requirement requirement[CLI_LIST_MAX];

/* ------------------------------------------------------------- the request */

static void
parse_requirement(const char *text, struct requirement *r)
{
	size_t length = strcspn(text, "<>"), n;
	const char *bound = text + length;
	struct bsp_error e;

	r->metric = metrics_find(&metrics, text, length);
	if (*bound == '\0')
		cli_usage("--require: '%s' has no relation, expected >=, <=, > "
		    "or <, as in 'ap>=0.5'", text);
	if (r->metric == metrics.count)
		cli_usage("--require: '%.*s' is not one of the metrics asked "
		    "for, %s", (int)length, text, metrics_text);
	n = bound[1] == '=' ? 2 : 1;
	memcpy(r->relation, bound, n);
	r->relation[n] = '\0';
	if (bsp_number_parse(bound + n, &r->bound, &e))
		cli_usage("--require: %s", e.text);
}

static void
check_request(void)
{
	size_t i;

	metrics_parse(&metrics, metrics_text);
	for (i = 0; i < requirements.count; i++)
		parse_requirement(requirements.text[i], &requirement[i]);
	if (pooled && per_image)
		cli_usage("--pooled and --per-image exclude each other");
	if ((pooled || per_image) && bootstrap != ABSENT)
		cli_usage("--bootstrap goes with the summary over images, "
		    "expected neither --pooled nor --per-image");
	if ((pooled || per_image) && groups_path != NULL)
		cli_usage("--groups goes with the summary over images, "
		    "expected neither --pooled nor --per-image");
	if (bootstrap == ABSENT)
		bootstrap = DEFAULT_BOOTSTRAP;
}

static bool
holds(const struct requirement *r, double value)
{
	/* Every comparison with an undefined value (NaN) is false. */
	if (strcmp(r->relation, ">=") == 0)
		return value >= r->bound;
	if (strcmp(r->relation, "<=") == 0)
		return value <= r->bound;
	return r->relation[0] == '>' ? value > r->bound : value < r->bound;
}

/* ------------------------------------------------------------- the streams */

struct streams {
	struct bsp_reader *reader[3];
	struct bsp_image image[3], *images[3];
	size_t count;
};

static void
open_streams(struct streams *s, const struct cli_command *command)
{
	size_t i;

	s->reader[0] = cli_reader(command->operand[0], BSP_IMAGES);
	s->reader[1] = cli_reader(command->operand[1], BSP_MASKS);
	s->count = 2;
	if (within_path != NULL)
		s->reader[s->count++] = cli_reader(within_path, BSP_MASKS);
	for (i = 0; i < s->count; i++)
		s->images[i] = &s->image[i];
}

/* Read the next map with its masks into the ranking; false at the end. */
static bool
next_image(struct streams *s, struct bsp_ranking *ranking)
{
	struct bsp_error e = {0};
	int r = bsp_readers_next(s->reader, s->images, s->count, &e);

	if (r < 0 || (r == 1 && bsp_ranking_add(ranking, &s->image[0],
	    &s->image[1], s->count > 2 ? &s->image[2] : NULL, &e)))
		cli_die(&e);
	if (r == 0 && bsp_reader_count(s->reader[0]) == 0) {
		bsp_error_set(&e, BSP_DATA, "no images, expected at least "
		    "one");
		e.stream = "the input";
		cli_die(&e);
	}
	return r == 1;
}

/* ------------------------------------------------------------- the answers */

/* The table of pixels and metric values that --per-image writes. */
static void
begin_images(struct table *table, FILE *file)
{
	static const char *columns[4 + BSP_METRICS_MAX] = {"image", "pixels",
	    "anomalous"};
	size_t m;

	for (m = 0; m < metrics.count; m++)
		columns[3 + m] = metrics.metric[m]->name;
	table_begin(table, file, json, cli_command_line(NULL), NULL, columns);
}

static void
write_image(struct table *table, size_t image, const struct bsp_curve *curve)
{
	size_t m;

	table_count(table, first_index + image);
	table_count(table, curve->positives + curve->negatives);
	table_count(table, curve->positives);
	for (m = 0; m < metrics.count; m++)
		table_number(table, values[m][image]);
}

static void
add_values(size_t image, const struct bsp_curve *curve)
{
	static size_t capacity;
	struct bsp_error e;
	size_t m;

	if (image == capacity) {
		capacity = 2 * capacity + 256;
		for (m = 0; m < metrics.count; m++) {
			values[m] = realloc(values[m],
			    capacity * sizeof *values[m]);
			if (values[m] == NULL) {
				bsp_error_system(&e, ENOMEM, "%zu values",
				    capacity);
				cli_die(&e);
			}
		}
	}
	for (m = 0; m < metrics.count; m++)
		values[m][image] = metrics.metric[m]->value(curve);
}

static size_t *
read_groups(struct groups *groups, size_t images)
{
	struct bsp_error e;
	size_t *group, i;

	groups_read(groups, groups_path);
	group = malloc(images * sizeof *group);
	if (group == NULL) {
		bsp_error_system(&e, ENOMEM, "the subjects of %zu images",
		    images);
		cli_die(&e);
	}
	for (i = 0; i < images; i++)
		group[i] = groups_get(groups, first_index + i);
	return group;
}

/* One row a metric, over all images; result[] gets the means. */
static void
write_summary(FILE *file, size_t images, double *result)
{
	char digits[BSP_NUMBER_SIZE];
	struct table_fact facts[2] = {{NULL, NULL}};
	static const char *const columns[] = {"metric", "mean", "sd",
	    "ci_low", "ci_high", "n", "n_undefined", NULL};
	struct groups groups = {0};
	struct bsp_summary s;
	struct bsp_error e;
	struct table table;
	size_t *group = NULL, m;

	if (groups_path != NULL)
		group = read_groups(&groups, images);
	facts[0] = (struct table_fact){"seed", table_digits(digits, seed)};
	table_begin(&table, file, json, cli_command_line(NULL), facts,
	    columns);
	for (m = 0; m < metrics.count; m++) {
		if (bsp_summarize(values[m], images, group, groups.count,
		    bootstrap, seed, &s, &e))
			cli_die(&e);
		table_text(&table, metrics.metric[m]->name);
		table_number(&table, s.mean);
		table_number(&table, s.sd);
		table_number(&table, s.ci_low);
		table_number(&table, s.ci_high);
		table_count(&table, s.n);
		table_count(&table, s.undefined);
		result[m] = s.mean;
	}
	table_end(&table);
	free(group);
}

static void
write_pooled(FILE *file, const struct bsp_curve *curve, double *result)
{
	static const char *const columns[] = {"metric", "value", "pixels",
	    "anomalous", NULL};
	struct table table;
	size_t m;

	table_begin(&table, file, json, cli_command_line(NULL), NULL,
	    columns);
	for (m = 0; m < metrics.count; m++) {
		result[m] = metrics.metric[m]->value(curve);
		table_text(&table, metrics.metric[m]->name);
		table_number(&table, result[m]);
		table_count(&table, curve->positives + curve->negatives);
		table_count(&table, curve->positives);
	}
	table_end(&table);
}

/* The means over images without any summary table, for --require. */
static void
find_means(size_t images, double *result)
{
	struct bsp_summary s;
	struct bsp_error e;
	size_t m;

	for (m = 0; m < metrics.count; m++) {
		if (bsp_summarize(values[m], images, NULL, 0, 0, seed, &s,
		    &e))
			cli_die(&e);
		result[m] = s.mean;
	}
}

static void
score_pooled(struct streams *streams, FILE *file, double *result)
{
	struct bsp_ranking ranking = {0};
	struct bsp_curve curve = {0};
	struct bsp_error e;

	while (next_image(streams, &ranking))
		;
	if (bsp_ranking_curve(&ranking, &curve, &e))
		cli_die(&e);
	write_pooled(file, &curve, result);
}

static void
score_images(struct streams *streams, FILE *file, double *result)
{
	struct bsp_ranking ranking = {0};
	struct bsp_curve curve = {0};
	struct bsp_error e;
	struct table table;
	size_t images = 0;

	if (per_image)
		begin_images(&table, file);
	for (; next_image(streams, &ranking); bsp_ranking_clear(&ranking)) {
		if (bsp_ranking_curve(&ranking, &curve, &e))
			cli_die(&e);
		add_values(images, &curve);
		if (per_image)
			write_image(&table, images, &curve);
		images++;
	}
	if (per_image) {
		table_end(&table);
		find_means(images, result);
	} else {
		write_summary(file, images, result);
	}
}

int
main(int argc, char **argv)
{
	struct streams streams = {0};
	struct cli_command command;
	double result[BSP_METRICS_MAX];
	bool said_no = false;
	FILE *file;
	size_t i;

	cli_parse(&program, argc, argv, &command);
	check_request();
	file = cli_table(NULL);
	open_streams(&streams, &command);
	(pooled ? score_pooled : score_images)(&streams, file, result);
	for (i = 0; i < requirements.count; i++)
		if (!holds(&requirement[i], result[requirement[i].metric])) {
			said_no = true;
			cli_note("--require %s: no, it is %g",
			    requirements.text[i],
			    result[requirement[i].metric]);
		}
	return cli_finish(said_no);
}
