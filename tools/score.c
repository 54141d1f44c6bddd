/*
 * score: how well anomaly-score maps find what the masks mark.
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

#define ABSENT UINT64_MAX
#define DEFAULT_BOOTSTRAP 1000

static const char *metrics_text = "ap,auroc,dice,fpr95,mean_residual";
static const char *within_path, *groups_path, *rule_text, *interval_text;
static bool per_image, pooled, json, piece;
static enum bsp_ci interval;
static uint64_t bootstrap = ABSENT, seed, first_index = ABSENT;
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
	INTERVAL_OPTION(interval_text),
	{"seed", "N", "seed of the bootstrap (default 0)", CLI_COUNT, &seed,
	    0, UINT64_MAX},
	{"first-index", "N", "the first image's index in the whole stream "
	    "(default 0)", CLI_COUNT, &first_index, 0, UINT64_MAX - 1},
	{"require", "TEST", "exit 1 unless it holds: 'ap>=0.5', also <=, > "
	    "and <; may be given again", CLI_LIST, &requirements, 0, 0},
	CLI_EXPECT_OPTION,
	CLI_STRICT_OPTION,
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
static struct bsp_evaluation evaluation;

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
			evaluation.rule = (enum bsp_image_rule)i;
			return;
		}
	evaluation.rule = BSP_RULE_TOP;
	if (strncmp(rule_text, "top:", 4) != 0 ||
	    bsp_number_parse(rule_text + 4, &evaluation.share, &e) ||
	    !(evaluation.share > 0 && evaluation.share <= 1))
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
	memcpy(evaluation.metric, metrics.metric, sizeof evaluation.metric);
	evaluation.metrics = metrics.count;
	evaluation.pooled = pooled;
	for (m = 0; m < metrics.count && pooled; m++) {
		metric = metrics.metric[m];
		if (metric->scope == BSP_OF_STREAM ||
		    metric->scope == BSP_OF_IMAGES)
			cli_usage("--pooled: %s is of images, expected "
			    "metrics of pixels", metric->name);
	}
	if (rule_text != NULL && !bsp_evaluation_has(&evaluation,
	    BSP_OF_IMAGES))
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
	interval = interval_parse(interval_text);
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
	if ((pooled || per_image) && interval_text != NULL)
		cli_usage("--interval goes with the summary over images, "
		    "expected neither --pooled nor --per-image");
	if (bootstrap == ABSENT)
		bootstrap = DEFAULT_BOOTSTRAP;
	piece = first_index != ABSENT;
	if (!piece)
		first_index = 0;
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

	s->reader[0] = cli_images(command->operand[0]);
	s->reader[1] = cli_reader(command->operand[1], BSP_MASKS);
	s->count = 2;
	if (within_path != NULL)
		s->reader[s->count++] = cli_reader(within_path, BSP_MASKS);
	for (i = 0; i < s->count; i++)
		s->images[i] = &s->image[i];
}

/* Add the next map with its masks; false at the end. */
static bool
next_image(struct streams *s)
{
	struct bsp_error e = {0};
	int r = bsp_readers_next(s->reader, s->images, s->count, &e);

	if (r < 0 || (r == 1 && bsp_evaluation_add(&evaluation, &s->image[0],
	    &s->image[1], s->count > 2 ? &s->image[2] : NULL, &e)))
		cli_die(&e);
	return r == 1;
}

/* Maps that are taken for masks mark nearly everything. */
static void
warn_of_most(void)
{
	uint64_t pixels = evaluation.all.pixels;
	uint64_t anomalous = evaluation.all.anomalous;
	size_t i;

	for (i = 0; !pooled && i < evaluation.images; i++) {
		pixels += evaluation.image[i].pixels;
		anomalous += evaluation.image[i].anomalous;
	}
	if (anomalous > pixels / 2)
		cli_warn("%llu of %llu scored pixels are anomalous, more than "
		    "half; expected the map first and the mask second",
		    (unsigned long long)anomalous,
		    (unsigned long long)pixels);
}

/* All are read. */
static void
finish(void)
{
	struct bsp_error e = {0};

	if (bsp_evaluation_finish(&evaluation, &e) == 0) {
		warn_of_most();
		return;
	}
	if (evaluation.images == 0)
		e.stream = "the input";
	cli_die(&e);
}

/* ------------------------------------------------------------- the answers */

/* The mean of a metric where scores are random; NaN where it is not known. */
static double
chance_of(const struct bsp_metric *metric, uint64_t units, uint64_t anomalous)
{
	if (strcmp(metric->name, "ap") == 0 ||
	    strcmp(metric->name, "image_ap") == 0)
		return bsp_chance_ap(units, anomalous);
	if (strcmp(metric->name, "auroc") != 0 &&
	    strcmp(metric->name, "image_auroc") != 0)
		return (double)NAN;
	return anomalous > 0 && anomalous < units ? .5 : (double)NAN;
}

/* The same over all images. */
static double
mean_chance(const struct bsp_metric *metric)
{
	struct bsp_moments moments = {0};
	const struct bsp_image_values *v = evaluation.image;
	uint64_t anomalous = 0;
	size_t i;

	for (i = 0; i < evaluation.images; i++) {
		anomalous += v[i].anomalous > 0;
		bsp_moments_add(&moments, chance_of(metric, v[i].pixels,
		    v[i].anomalous));
	}
	return metric->scope == BSP_OF_IMAGES ?
	    chance_of(metric, evaluation.images, anomalous) :
	    bsp_moments_mean(&moments);
}

/* The table that --per-image writes. */
static void
begin_images(struct table *table, FILE *file)
{
	static const char *columns[6 + BSP_METRICS_MAX] = {"image", "pixels",
	    "anomalous"};
	const struct table_fact facts[2] = {{"image-score", rule_text},
	    {NULL, NULL}};
	bool of_images = bsp_evaluation_has(&evaluation, BSP_OF_IMAGES);
	size_t m, n = 3;

	for (m = 0; m < metrics.count; m++)
		if (metrics.metric[m]->scope != BSP_OF_IMAGES)
			columns[n++] = metrics.metric[m]->name;
	columns[n++] = "chance";
	columns[n] = of_images ? "image_score" : NULL;
	table_begin(table, file, json, cli_command_line(NULL),
	    of_images ? facts : NULL, columns);
}

static void
write_image(struct table *table, size_t image)
{
	const struct bsp_image_values *v = &evaluation.image[image];
	size_t m;

	table_count(table, first_index + image);
	table_count(table, v->pixels);
	table_count(table, v->anomalous);
	for (m = 0; m < metrics.count; m++)
		if (metrics.metric[m]->scope != BSP_OF_IMAGES)
			table_number(table, v->value[m]);
	table_number(table, bsp_chance_ap(v->pixels, v->anomalous));
	if (bsp_evaluation_has(&evaluation, BSP_OF_IMAGES))
		table_number(table, v->score);
}

static size_t *
read_groups(struct index *index)
{
	size_t images = evaluation.images, *group, i;
	struct bsp_error e;

	index_read(index, groups_path);
	group = malloc(images * sizeof *group);
	if (group == NULL) {
		bsp_error_system(&e, ENOMEM, "the subjects of %zu images",
		    images);
		cli_die(&e);
	}
	for (i = 0; i < images; i++)
		group[i] = index_get(index, first_index + i)->group;
	if (!piece)
		index_check_end(index, images);
	return group;
}

/* Over all images, with intervals or without; result[] gets the means. */
static void
summarize(const struct bsp_resampling *how, struct bsp_summary *summary,
    double *result)
{
	struct bsp_error e;
	size_t m;

	if (bsp_evaluation_summarize(&evaluation, how, summary, &e))
		cli_die(&e);
	for (m = 0; m < metrics.count; m++)
		result[m] = summary[m].mean;
}

/* One row a metric. */
static void
write_summary(FILE *file, double *result)
{
	char digits[BSP_NUMBER_SIZE];
	struct table_fact facts[4] = {{NULL, NULL}};
	static const char *const columns[] = {"metric", "mean", "sd",
	    "ci_low", "ci_high", "n", "n_undefined", "chance", "n_subjects",
	    NULL};
	struct bsp_resampling how = {.replicates = bootstrap, .seed = seed,
	    .ci = interval};
	struct bsp_summary summary[BSP_METRICS_MAX];
	const struct bsp_summary *all[BSP_METRICS_MAX];
	struct index index = {0};
	struct table table;
	size_t *group = NULL, m, n = 0;

	if (groups_path != NULL)
		group = read_groups(&index);
	how.group = group;
	how.groups = index.groups;
	facts[n++] = (struct table_fact){"seed", table_digits(digits, seed)};
	if (bsp_evaluation_has(&evaluation, BSP_OF_IMAGES))
		facts[n++] = (struct table_fact){"image-score", rule_text};
	if (groups_path == NULL && bootstrap > 0)
		facts[n++] = (struct table_fact){"groups", INDEX_NO_GROUPS};
	summarize(&how, summary, result);
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
		table_number(&table, mean_chance(metrics.metric[m]));
		table_count(&table, summary[m].subjects);
		all[m] = &summary[m];
	}
	table_end(&table);
	interval_warn(all, metrics.count, groups_path != NULL);
	free(group);
}

static void
score_pooled(struct streams *streams, FILE *file, double *result)
{
	static const char *const columns[] = {"metric", "value", "pixels",
	    "anomalous", "chance", NULL};
	const struct bsp_image_values *all = &evaluation.all;
	struct table table;
	size_t m;

	while (next_image(streams))
		;
	finish();
	table_begin(&table, file, json, cli_command_line(NULL), NULL,
	    columns);
	for (m = 0; m < metrics.count; m++) {
		result[m] = all->value[m];
		table_text(&table, metrics.metric[m]->name);
		table_number(&table, all->value[m]);
		table_count(&table, all->pixels);
		table_count(&table, all->anomalous);
		table_number(&table, chance_of(metrics.metric[m], all->pixels,
		    all->anomalous));
	}
	table_end(&table);
}

static void
score_images(struct streams *streams, FILE *file, double *result)
{
	while (next_image(streams))
		;
	finish();
	write_summary(file, result);
}

/* A row an image, as it comes unless a metric wants all of them. */
static void
score_each_image(struct streams *streams, FILE *file, double *result)
{
	bool at_end = bsp_evaluation_has(&evaluation, BSP_OF_STREAM);
	struct bsp_summary summary[BSP_METRICS_MAX];
	struct table table;
	size_t i;

	begin_images(&table, file);
	while (next_image(streams))
		if (!at_end)
			write_image(&table, evaluation.images - 1);
	finish();
	for (i = 0; at_end && i < evaluation.images; i++)
		write_image(&table, i);
	table_end(&table);
	summarize(NULL, summary, result);
}

int
main(int argc, char **argv)
{
	struct streams streams = {0};
	struct cli_command command;
	double result[BSP_METRICS_MAX];
	bool said_no = false;
	FILE *file;
	char text[BSP_NUMBER_SIZE];
	size_t i;

	cli_parse(&program, argc, argv, &command);
	check_request();
	file = cli_table(NULL);
	open_streams(&streams, &command);
	(pooled ? score_pooled : per_image ? score_each_image : score_images)(
	    &streams, file, result);
	bsp_evaluation_free(&evaluation);
	for (i = 0; i < requirements.count; i++)
		if (!holds(&requirement[i], result[requirement[i].metric])) {
			said_no = true;
			cli_note("--require %s: no, it is %s",
			    requirements.text[i], bsp_number_format(text,
			    result[requirement[i].metric]));
		}
	return cli_finish(said_no);
}
