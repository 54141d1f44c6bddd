/*
 * score: how well anomaly-score maps find what the masks mark.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/groups.h"
#include "cli/metrics.h"
#include "cli/table.h"
#include "cli/values.h"

#define ABSENT UINT64_MAX
#define DEFAULT_BOOTSTRAP 1000

static const char *metrics_text = "ap,auroc,dice,fpr95,mean_residual";
static const char *within_path, *groups_path, *rule_text;
static bool per_image, pooled, json;
static uint64_t bootstrap = ABSENT, seed, first_index;
static struct cli_list requirements;

static const struct cli_option options[] = {
	{"metrics", "LIST", "(default ap,auroc,dice,fpr95,mean_residual)",
	    CLI_METRICS, &metrics_text, 0, BSP_OF_IMAGES},
	{"image-score", "mean|max|std|top:Q", "of an image; top:Q is the mean "
	    "of the highest share Q (default mean)", CLI_TEXT,
	    &rule_text, 0, 0},
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

static struct metric_list metrics;
static struct values values = {.metrics = &metrics};

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
parse_rule(void)
{
	static const char *const names[] = {
		[BSP_RULE_MEAN] = "mean", [BSP_RULE_MAX] = "max",
		[BSP_RULE_STD] = "std",
	};
	struct bsp_error e;
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(rule_text, names[i]) == 0) {
			values.rule = (enum bsp_image_rule)i;
			return;
		}
	values.rule = BSP_RULE_TOP;
	if (strncmp(rule_text, "top:", 4) != 0 ||
	    bsp_number_parse(rule_text + 4, &values.share, &e) ||
	    !(values.share > 0 && values.share <= 1))
		cli_usage("--image-score: found '%s', expected mean, max, std "
		    "or top:Q with Q above 0 and at most 1, as in top:0.01",
		    rule_text);
}

/* Metrics of images do not go with one value of all pixels. */
static void
check_metrics(void)
{
	const struct bsp_metric *metric;
	size_t m;

	metrics_parse(&metrics, metrics_text);
	for (m = 0; m < metrics.count && pooled; m++) {
		metric = metrics.metric[m];
		if (metric->scope == BSP_OF_STREAM ||
		    metric->scope == BSP_OF_IMAGES)
			cli_usage("--pooled: %s is of images, expected "
			    "metrics of pixels", metric->name);
	}
	if (rule_text != NULL && !metrics_of(&metrics, BSP_OF_IMAGES))
		cli_usage("--image-score goes with image_auroc and image_ap, "
		    "expected one of them in --metrics");
	if (rule_text == NULL)
		rule_text = "mean";
	parse_rule();
}

static void
check_request(void)
{
	size_t i;

	check_metrics();
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

/* The table that --per-image writes. */
static void
begin_images(struct table *table, FILE *file)
{
	static const char *columns[5 + BSP_METRICS_MAX] = {"image", "pixels",
	    "anomalous"};
	const struct table_fact facts[2] = {{"image-score", rule_text},
	    {NULL, NULL}};
	bool of_images = metrics_of(&metrics, BSP_OF_IMAGES);
	size_t m, n = 3;

	for (m = 0; m < metrics.count; m++)
		if (metrics.metric[m]->scope != BSP_OF_IMAGES)
			columns[n++] = metrics.metric[m]->name;
	if (of_images)
		columns[n] = "image_score";
	table_begin(table, file, json, cli_command_line(NULL),
	    of_images ? facts : NULL, columns);
}

static void
write_image(struct table *table, size_t image)
{
	const struct image_values *v = &values.image[image];
	size_t m;

	table_count(table, first_index + image);
	table_count(table, v->pixels);
	table_count(table, v->anomalous);
	for (m = 0; m < metrics.count; m++)
		if (metrics.metric[m]->scope != BSP_OF_IMAGES)
			table_number(table, v->metric[m]);
	if (metrics_of(&metrics, BSP_OF_IMAGES))
		table_number(table, v->score);
}

static size_t *
read_groups(struct groups *groups)
{
	size_t images = values.images, *group, i;
	struct bsp_error e;

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
write_summary(FILE *file, double *result)
{
	char digits[BSP_NUMBER_SIZE];
	struct table_fact facts[3] = {{NULL, NULL}};
	static const char *const columns[] = {"metric", "mean", "sd",
	    "ci_low", "ci_high", "n", "n_undefined", NULL};
	struct bsp_summary summary[BSP_METRICS_MAX];
	struct groups groups = {0};
	struct table table;
	size_t *group = NULL, m;

	if (groups_path != NULL)
		group = read_groups(&groups);
	facts[0] = (struct table_fact){"seed", table_digits(digits, seed)};
	if (metrics_of(&metrics, BSP_OF_IMAGES))
		facts[1] = (struct table_fact){"image-score", rule_text};
	values_summarize(&values, group, groups.count, bootstrap, seed,
	    summary);
	table_begin(&table, file, json, cli_command_line(NULL), facts,
	    columns);
	for (m = 0; m < metrics.count; m++) {
		table_text(&table, metrics.metric[m]->name);
		table_number(&table, summary[m].mean);
		table_number(&table, summary[m].sd);
		table_number(&table, summary[m].ci_low);
		table_number(&table, summary[m].ci_high);
		table_count(&table, summary[m].n);
		table_count(&table, summary[m].undefined);
		result[m] = summary[m].mean;
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
find_means(double *result)
{
	struct bsp_summary summary[BSP_METRICS_MAX];
	size_t m;

	values_summarize(&values, NULL, 0, 0, seed, summary);
	for (m = 0; m < metrics.count; m++)
		result[m] = summary[m].mean;
}

static void
score_pooled(struct streams *streams, FILE *file, double *result)
{
	struct bsp_ranking ranking = {
	    .by_region = metrics_of(&metrics, BSP_OF_REGIONS)};
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
	struct bsp_ranking ranking = {
	    .by_region = metrics_of(&metrics, BSP_OF_REGIONS)};
	bool at_end = metrics_of(&metrics, BSP_OF_STREAM);
	struct bsp_curve curve = {0};
	struct bsp_error e;
	struct table table;
	size_t i;

	if (per_image)
		begin_images(&table, file);
	for (; next_image(streams, &ranking); bsp_ranking_clear(&ranking)) {
		if (bsp_ranking_curve(&ranking, &curve, &e))
			cli_die(&e);
		values_add(&values, streams->images, streams->count, &curve);
		if (per_image && !at_end)
			write_image(&table, values.images - 1);
	}
	values_finish(&values);
	if (!per_image) {
		write_summary(file, result);
		return;
	}
	for (i = 0; at_end && i < values.images; i++)
		write_image(&table, i);
	table_end(&table);
	find_means(result);
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
