/*
 * anom-sweep: a grid of experiments over any parameters of any stage.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sweep/bands.h"
#include "sweep/batch.h"
#include "sweep/merge.h"
#include "sweep/thresholds.h"
#include "cli/metrics.h"
#include "cli/model.h"
#include "cli/positions.h"

static const char *inject_text, *degrade_text;
static struct cli_list residual_list;
static struct bsp_spec residuals[CLI_LIST_MAX];
static const char *recon_path, *recon_command, *metrics_text = "ap";
static const char *on_text = "normal", *shard_text, *interval_text, *fpr_text;
static bool equalize, per_image, json, merge;
static const char *model_path;
static struct side_stream donors = {.option = "donors", .content = BSP_IMAGES};
static struct side_stream shapes = {.option = "shapes", .content = BSP_MASKS,
    .any_size = true};
static struct side_stream within = {.option = "within", .content = BSP_MASKS};
#define ABSENT UINT64_MAX
static uint64_t bootstrap = ABSENT;
static uint64_t seed, first_index = ABSENT, threads, timeout;
static uint64_t memory = (uint64_t)256 << 20, anomalies = 1;
static const char *positions_path;
static struct positions positions;
static bool piece;

static struct bands bands;

static const struct cli_option options[] = {
	{"inject", "SPEC", "anomalies, as in disk:radius=20,intensity=0:1:21",
	    CLI_INJECT, &inject_text, 0, 0},
	{"count", "N", "anomalies an image (default 1)", CLI_COUNT, &anomalies,
	    1, 1000},
	{"positions", "TSV", "take their centres from a table, as in "
	    "anom-inject", CLI_INPUT, &positions_path, 0, 0},
	{"degrade", "SPEC", "reconstructions, as in blur:sigma=0:5:11",
	    CLI_DEGRADE, &degrade_text, 0, 0},
	{"recon", "STREAM", "reconstructions from a stream instead",
	    CLI_INPUT, &recon_path, 0, 0},
	{"recon-cmd", "CMD", "reconstructions from a command instead, run by "
	    "sh -c", CLI_TEXT, &recon_command, 0, 0},
	{"timeout", "SECONDS", "fail where --recon-cmd gives no image for so "
	    "long (default: wait)", CLI_COUNT, &timeout, 1, 1000000},
	{"residual", "SPEC", "anomaly-score map (default abs); may be given "
	    "again", CLI_RESIDUALS, &residual_list, 0, 0},
	{"donors", "STREAM", "donor images, as in anom-inject", CLI_INPUT,
	    &donors.path, 0, 0},
	{"shapes", "STREAM", "masks with the shapes of lesions, as in "
	    "anom-inject", CLI_INPUT, &shapes.path, 0, 0},
	{"within", "STREAM", "masks: anomalies lie and pixels count inside, as "
	    "in anom-inject and score", CLI_INPUT, &within.path, 0, 0},
	{"model", "MODEL", "model that residual zscore --fit wrote", CLI_INPUT,
	    &model_path, 0, 0},
	{"metrics", "LIST", "(default ap)", CLI_METRICS, &metrics_text, 0,
	    CLI_SCOPE(BSP_OF_PIXELS) | CLI_SCOPE(BSP_OF_REGIONS) |
	    CLI_SCOPE(BSP_AT_THRESHOLD)},
	{"fpr", "Q,...", "metrics at thresholds that at most the share Q of "
	    "the images' pixels exceeds or meets before there are anomalies",
	    CLI_TEXT, &fpr_text, 0, 0},
	{"equalize", NULL, "equalise each image's foreground first",
	    CLI_FLAG, &equalize, 0, 0},
	{"on", "normal|anomalous", "which image to reconstruct (default "
	    "normal)", CLI_TEXT, &on_text, 0, 0},
	CLI_DRAW_OPTIONS(seed, first_index),
	{"per-image", NULL, "write a row for each image and cell instead of "
	    "means", CLI_FLAG, &per_image, 0, 0},
	{"groups", "TSV", "intervals by subject: columns image and subject",
	    CLI_INPUT, &bands.groups_path, 0, 0},
	{"bootstrap", "B", "write an interval of each value, by so many "
	    "replicates (default 0; 1000 with --groups or --interval)",
	    CLI_COUNT, &bootstrap, 0, 10000000},
	INTERVAL_OPTION(interval_text),
	{"threads", "N", "number of threads (default one per processor)",
	    CLI_COUNT, &threads, 1, 4096},
	{"memory", "SIZE", "memory for images and results (default 256M)",
	    CLI_SIZE, &memory, 1, (uint64_t)1 << 50},
	{"shard", "K/N", "compute only part K of N of the cells", CLI_TEXT,
	    &shard_text, 0, 0},
	{"merge", NULL, "merge the tables of all shards", CLI_FLAG, &merge,
	    0, 0},
	CLI_EXPECT_OPTION,
	CLI_STRICT_OPTION,
	TABLE_DIGITS_OPTION,
	{"json", NULL, "write JSON instead of TSV", CLI_FLAG, &json, 0, 0},
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "anom-sweep",
	.summary = "Score every cell of a grid of anomalies, reconstructions "
	    "and residuals.",
	.operands = "[IMAGES], or --merge FILE...",
	.options = options,
	.most = 65536,
	.output = CLI_TABLE,
	.examples = {
		"anom-sweep --inject disk:intensity=0:1:21 "
		    "--degrade blur:sigma=0:5:11 healthy.pfm",
		"anom-sweep --inject disk:intensity=0:1:21 "
		    "--recon-cmd 'recon-degrade blur' healthy.pfm",
	},
	.cites = "hesterberg2015bootstrap cochran1977sampling",
};

/* What changes nothing in the table is left out of it. */
static const char *const not_told[] = {"threads", "memory", "shard", "expect",
    "strict", "timeout", NULL};

static struct bsp_sweep sweep;
static size_t asked; /* metrics */
static struct point point[BSP_POINTS_MAX];
static uint64_t shard, shards;

/* ------------------------------------------------------------- the request */

static void
parse_spec(const char *option, const struct bsp_kind *kinds,
    const char *text, struct bsp_spec *spec)
{
	struct bsp_error e;

	if (bsp_spec_parse(kinds, text, spec, &e))
		cli_refuse(option, &e);
}

static void
parse_shard(void)
{
	char *copy = strdup(shard_text), *of = strchr(copy, '/');
	struct bsp_error e;

	if (of != NULL)
		*of++ = '\0';
	if (of == NULL || bsp_count_parse(copy, &shard, &e) ||
	    bsp_count_parse(of, &shards, &e) || shard < 1 ||
	    shard > shards || shards > 1000000)
		cli_usage("--shard: found '%s', expected K/N with K from 1 to "
		    "N, as in 2/8", shard_text);
	free(copy);
}

static void
add_metric(const struct bsp_metric *metric, size_t at)
{
	if (sweep.metrics == BSP_METRICS_MAX - 1)
		cli_usage("more than %d values, expected fewer metrics or "
		    "thresholds", BSP_METRICS_MAX - 1);
	sweep.at[sweep.metrics] = at;
	sweep.metric[sweep.metrics++] = metric;
}

/* Is the metric at a threshold and of pixels?  Those of regions are slow. */
static bool
is_quick(const struct bsp_metric *metric)
{
	return metric->scope == BSP_AT_THRESHOLD &&
	    metric->counted == BSP_COUNTS_PIXELS;
}

/* Of each threshold, the metrics at it that were asked for, or those of
 * pixels. */
static void
add_at_thresholds(const struct metric_list *list, bool any)
{
	const struct bsp_metric *m;
	size_t k, i;

	for (k = 0; k < sweep.points; k++) {
		for (i = 0; i < list->count; i++)
			if (list->metric[i]->scope == BSP_AT_THRESHOLD)
				add_metric(list->metric[i], k);
		for (m = bsp_metrics; m->name != NULL && !any; m++)
			if (is_quick(m))
				add_metric(m, k);
	}
}

static void
parse_metrics(void)
{
	struct metric_list list;
	const struct bsp_metric *m = bsp_metrics;
	bool any = false;
	size_t i;

	metrics_parse(&list, metrics_text);
	if (fpr_text != NULL)
		sweep.points = points_read(point, "--fpr", fpr_text, true);
	for (i = 0; i < list.count; i++) {
		m = list.metric[i];
		if (m->scope == BSP_AT_THRESHOLD && fpr_text == NULL)
			cli_usage("--metrics: %s is at a threshold, expected "
			    "--fpr", m->name);
		any = any || m->scope == BSP_AT_THRESHOLD;
		if (m->scope != BSP_AT_THRESHOLD && m->value == NULL)
			cli_usage("--metrics: %s needs a whole stream, as in "
			    "score; expected a metric of one image", m->name);
		if (m->scope != BSP_AT_THRESHOLD)
			add_metric(m, 0);
	}
	add_at_thresholds(&list, any);
	asked = sweep.metrics;
	/* The mean residual comes last where it is not asked for. */
	if (per_image || metrics_find(&list, "mean_residual", 13) < list.count)
		return;
	sweep.metric[sweep.metrics++] = bsp_metric_find("mean_residual");
}

/* Thresholds are set on maps of the images without anomalies: there must be
 * such maps, and streams that can be read more than once. */
static void
check_thresholds(void)
{
	if (fpr_text == NULL)
		return;
	if (sweep.degrade.kind != NULL &&
	    (sweep.degrade.kind->needs & BSP_MASK) != 0)
		cli_usage("--fpr: %s fills the anomaly, and leaves images "
		    "without one as they are; expected a reconstruction of "
		    "healthy images", sweep.degrade.kind->name);
	if (sweep.on_anomalous && degrade_text == NULL)
		cli_usage("--fpr with --on anomalous: the reconstructions are "
		    "of images with an anomaly, expected --degrade, which "
		    "makes those of healthy images too");
	if (within.path != NULL && !side_stream_is_file(&within))
		cli_usage("--fpr reads the masks of --within more than once, "
		    "expected the name of a file");
}

/* What the kinds need must be there, and nothing that none of them takes. */
static void
check_needs(void)
{
	const struct bsp_kind *inject = sweep.inject.kind;
	static struct bsp_pixel_stats stats;
	size_t need = 0;

	while (need < sweep.residuals &&
	    (residuals[need].kind->needs & BSP_PIXEL_STATS) == 0)
		need++;
	side_stream_check(&donors, inject->name, inject->needs & BSP_MAY_DONOR,
	    inject->needs & BSP_DONOR);
	side_stream_check(&shapes, inject->name, false,
	    inject->needs & BSP_SHAPE);
	if (recon_command != NULL && sweep.on_anomalous &&
	    ((donors.path != NULL && !side_stream_is_file(&donors)) ||
	    (shapes.path != NULL && !side_stream_is_file(&shapes)) ||
	    (within.path != NULL && !side_stream_is_file(&within))))
		cli_usage("--recon-cmd with --on anomalous reads donors, "
		    "shapes and masks twice, expected names of files");
	if ((model_path != NULL) !=
	    (need < sweep.residuals))
		cli_usage(model_path != NULL ? "--model: %s takes none" :
		    "%s: no --model, expected a model that residual zscore "
		    "--fit wrote", residuals[model_path != NULL ? 0 :
		    need].kind->name);
	if (model_path != NULL) {
		model_read_stats(model_path, &stats);
		sweep.stats = &stats;
	}
}

static void
check_recon(void)
{
	/* A residual of the input alone does without. */
	if (bsp_sweep_recons(&sweep) == 0) {
		if (recon_path != NULL || recon_command != NULL)
			cli_usage("--residual %s takes no reconstructions",
			    residuals[0].kind->name);
		if (degrade_text == NULL)
			degrade_text = "none";
	}
	if ((degrade_text != NULL) + (recon_path != NULL) +
	    (recon_command != NULL) != 1)
		cli_usage("expected one of --degrade, --recon and "
		    "--recon-cmd");
	if (recon_path != NULL && sweep.on_anomalous &&
	    bsp_spec_cells(&sweep.inject) > 1)
		cli_usage("--recon with --on anomalous: the reconstructions "
		    "are of one anomaly, expected --inject without ranges");
}

/*
 * What OpenMP's programs are told, and schedulers set; 0: nothing.  Of a list,
 * one for each level, the first number counts.
 */
static uint64_t
threads_wanted(void)
{
	const char *text = getenv("OMP_NUM_THREADS");
	char first[8] = "";
	uint64_t n = 0;
	struct bsp_error e;

	if (text == NULL || strcspn(text, ",") >= sizeof first)
		return 0;
	memcpy(first, text, strcspn(text, ","));
	return bsp_count_parse(first, &n, &e) || n > 4096 ? 0 : n;
}

/* Any of three options asks for intervals. */
static void
parse_bands(void)
{
	bool asked_for = bands.groups_path != NULL || interval_text != NULL;

	bands.how.ci = interval_parse(interval_text);
	if (bootstrap == ABSENT)
		bootstrap = asked_for ? 1000 : 0;
	bands.how.replicates = (size_t)bootstrap;
	bands.how.seed = seed;
	bands.first_index = first_index;
	bands.wanted = bootstrap > 0 || bands.how.ci == BSP_CI_T;
	if (bands.groups_path != NULL && !bands.wanted)
		cli_usage("--groups is for intervals, which --bootstrap 0 "
		    "leaves out");
	if (bands.wanted && per_image)
		cli_usage("--per-image writes values without intervals, "
		    "expected neither --groups, --bootstrap nor --interval");
}

static void
parse_residuals(void)
{
	size_t i;

	if (residual_list.count == 0)
		residual_list.text[residual_list.count++] = "abs";
	for (i = 0; i < residual_list.count; i++)
		parse_spec("residual", bsp_residual_kinds,
		    residual_list.text[i], &residuals[i]);
	sweep.residual = residuals;
	sweep.residuals = residual_list.count;
}

static void
parse_request(const struct cli_command *command)
{
	if (inject_text == NULL)
		cli_usage("no --inject, expected one as in "
		    "disk:intensity=0:1:21");
	if (command->operands > 1)
		cli_usage("unexpected operand '%s', expected one stream of "
		    "images", command->operand[1]);
	parse_spec("inject", bsp_inject_kinds, inject_text, &sweep.inject);
	parse_residuals();
	if (strcmp(on_text, "normal") != 0 &&
	    strcmp(on_text, "anomalous") != 0)
		cli_usage("--on: found '%s', expected normal or anomalous",
		    on_text);
	sweep.on_anomalous = strcmp(on_text, "anomalous") == 0;
	sweep.equalize = equalize;
	sweep.seed = seed;
	sweep.count = (size_t)anomalies;
	piece = first_index != ABSENT;
	if (!piece)
		first_index = 0;
	check_recon();
	if (degrade_text != NULL)
		parse_spec("degrade", bsp_degrade_kinds, degrade_text,
		    &sweep.degrade);
	if (timeout > 0 && recon_command == NULL)
		cli_usage("--timeout: no --recon-cmd to wait for");
	check_needs();
	parse_metrics();
	check_thresholds();
	parse_bands();
	if (shard_text != NULL)
		parse_shard();
	if (bsp_sweep_pairs(&sweep) > BSP_CELLS_MAX /
	    bsp_sweep_residuals(&sweep))
		cli_usage("the grid has more than %d cells", BSP_CELLS_MAX);
	if (threads == 0)
		threads = threads_wanted();
}

/* --------------------------------------------------------------- the table */

/* The facts in the table's head; images and recons only once they are read. */
struct facts {
	struct table_fact fact[40];
	size_t count;
	char seed[BSP_NUMBER_SIZE], inject[BSP_SPEC_SIZE];
	char degrade[BSP_SPEC_SIZE];
	char residual[CLI_LIST_MAX][BSP_SPEC_SIZE];
	char images[TABLE_IMAGES_SIZE], recons[TABLE_IMAGES_SIZE];
	char donors[TABLE_IMAGES_SIZE], shapes[TABLE_IMAGES_SIZE];
	char bootstrap[BSP_NUMBER_SIZE];
	char within[TABLE_IMAGES_SIZE];
	char anomalies[BSP_NUMBER_SIZE], positions[TABLE_IMAGES_SIZE];
};

static void
add_fact(struct facts *facts, const char *name, const char *text)
{
	facts->fact[facts->count++] = (struct table_fact){name, text};
}

static void
tell_request(struct facts *facts)
{
	size_t i;

	add_fact(facts, "seed", table_digits(facts->seed, seed));
	add_fact(facts, "inject", bsp_spec_format(&sweep.inject,
	    facts->inject));
	if (anomalies > 1)
		add_fact(facts, "count", table_digits(facts->anomalies,
		    anomalies));
	if (positions_path != NULL)
		add_fact(facts, "positions", positions_fingerprint(&positions,
		    facts->positions));
	if (degrade_text != NULL)
		add_fact(facts, "degrade", bsp_spec_format(&sweep.degrade,
		    facts->degrade));
	if (recon_command != NULL)
		add_fact(facts, "recon-cmd", recon_command);
	for (i = 0; i < sweep.residuals; i++)
		add_fact(facts, "residual", bsp_spec_format(&residuals[i],
		    facts->residual[i]));
	add_fact(facts, "on", on_text);
	if (equalize)
		add_fact(facts, "equalize", "yes");
	if (fpr_text != NULL)
		add_fact(facts, "fpr", fpr_text);
	if (bands.wanted)
		add_fact(facts, "interval", interval_text != NULL ?
		    interval_text : "expanded");
	if (bands.wanted && bands.how.ci != BSP_CI_T)
		add_fact(facts, "bootstrap", table_digits(facts->bootstrap,
		    bootstrap));
	if (bands.wanted && bands.groups_path == NULL)
		add_fact(facts, "groups", INDEX_NO_GROUPS);
	if (shard_text != NULL)
		add_fact(facts, "shard", shard_text);
}

static void
tell_images(struct facts *facts, const struct source *source)
{
	add_fact(facts, "images", source_fingerprint(source, false,
	    facts->images));
	if (source->recons != NULL)
		add_fact(facts, "reconstructions", source_fingerprint(source,
		    true, facts->recons));
	if (donors.path != NULL)
		add_fact(facts, "donors", source_side_stream(&source->donors,
		    facts->donors));
	if (shapes.path != NULL)
		add_fact(facts, "shapes", source_side_stream(&source->shapes,
		    facts->shapes));
	if (within.path != NULL)
		add_fact(facts, "within", source_side_stream(&source->within,
		    facts->within));
}

static void
begin_table(struct table *table, FILE *file, const struct grid *grid,
    const struct facts *facts)
{
	table_begin(table, file, json, cli_command_line(not_told),
	    facts->fact, grid->columns);
}

static void
put_interval(struct table *table, size_t metric, const struct bsp_summary *s)
{
	struct bsp_summary shown = *s;

	bsp_metric_clip(sweep.metric[metric], &shown);
	table_number(table, shown.ci_low);
	table_number(table, shown.ci_high);
}

/* The moments of the first cell, from which those of others count. */
static const struct bsp_moments *first_cell;

/* The row of a cell: the moments of its metrics. */
static void
put_means(struct table *table, const void *values, const struct grid *grid,
    const struct grid_cell *at)
{
	const struct bsp_moments *moments = values;
	size_t cell = (size_t)(moments - first_cell) / sweep.metrics, m;

	(void)at;
	for (m = 0; m < grid->asked; m++) {
		table_number(table, bsp_moments_mean(&moments[m]));
		table_number(table, bsp_moments_sd(&moments[m]));
		table_count(table, moments[m].undefined);
		if (grid->bands)
			put_interval(table, m,
			    &bands.summary[cell * bands.metrics + m]);
	}
	table_count(table, moments->n + moments->undefined);
	for (; m < grid->sweep->metrics; m++)
		table_number(table, bsp_moments_mean(&moments[m]));
}

/* ------------------------------------------------------------ the two ways */

/* All images are read: there must be one. */
static void
check_count(const struct source *source)
{
	struct bsp_error e;

	if (source->count > 0) {
		if (positions_path != NULL && !piece)
			positions_check_end(&positions, source->count);
		side_stream_warn(&source->within, source->count);
		return;
	}
	bsp_error_set(&e, BSP_DATA, "no images, expected at least one");
	bsp_reader_blame(source->images, &e);
	e.image = -1;
	cli_die(&e);
}

static void
run_means(struct grid *grid, struct source *source, struct batch *batch,
    struct facts *facts, FILE *file)
{
	size_t n = grid_cells(grid) * sweep.metrics, image, i;
	struct bsp_moments *moments = calloc(n + 1, sizeof *moments);
	struct progress progress;
	struct bsp_error e = {0};
	struct table table;

	if (moments == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu cells", grid_cells(grid));
		cli_die(&e);
	}
	bands_begin(&bands, grid_cells(grid), grid->asked, sweep.metrics);
	progress_begin(&progress, "cells");
	while (batch_read(batch, source)) {
		batch_run(batch, source, &progress);
		bands_add(&bands, batch->values, batch->count);
		for (image = 0; image < batch->count; image++)
			for (i = 0; i < n; i++)
				bsp_moments_add(&moments[i],
				    batch->values[image * n + i]);
	}
	progress_end(&progress);
	check_count(source);
	bands_finish(&bands, threads);
	tell_images(facts, source);
	begin_table(&table, file, grid, facts);
	first_cell = moments;
	grid_rows(grid, &table, moments, sweep.metrics * sizeof *moments,
	    put_means);
	table_end(&table);
	free(moments);
}

/* The image whose rows are written. */
static struct {
	uint64_t index;
	size_t pixels;
	const size_t *anomalous; /* [injects] */
} row;

static void
put_image(struct table *table, const void *values, const struct grid *grid,
    const struct grid_cell *at)
{
	const double *value = values;
	size_t m;

	table_count(table, row.index);
	table_count(table, row.pixels);
	table_count(table, row.anomalous[at->inject]);
	for (m = 0; m < grid->sweep->metrics; m++)
		table_number(table, value[m]);
}

/* How many pixels of an image count? */
static size_t
count_pixels(const struct batch *batch, size_t image)
{
	size_t i, n = bsp_image_size(&batch->image[image]), pixels = 0;

	if (within.path == NULL)
		return n;
	for (i = 0; i < n; i++)
		pixels += batch->within[image].data[i] != 0;
	return pixels;
}

static void
run_images(struct grid *grid, struct source *source, struct batch *batch,
    struct facts *facts, FILE *file)
{
	size_t n = grid_cells(grid) * sweep.metrics, image, told, i;
	struct progress progress;
	struct table table;

	begin_table(&table, file, grid, facts);
	progress_begin(&progress, "cells");
	while (batch_read(batch, source)) {
		batch_run(batch, source, &progress);
		for (image = 0; image < batch->count; image++) {
			row.index = batch->first + image;
			row.pixels = count_pixels(batch, image);
			row.anomalous = batch->anomalous +
			    image * grid->injects;
			grid_rows(grid, &table, batch->values + image * n,
			    sweep.metrics * sizeof *batch->values, put_image);
		}
	}
	progress_end(&progress);
	check_count(source);
	told = facts->count;
	tell_images(facts, source);
	for (i = told; i < facts->count; i++)
		table_note(&table, &facts->fact[i]);
	table_end(&table);
}

int
main(int argc, char **argv)
{
	struct cli_command command;
	struct facts facts = {.count = 0};
	struct source source;
	struct batch batch = {.memory = 0};
	struct grid grid;
	FILE *file;

	cli_parse(&program, argc, argv, &command);
	if (merge) {
		merge_tables(command.operand, command.operands);
		return cli_finish(false);
	}
	parse_request(&command);
	grid = (struct grid){.sweep = &sweep, .asked = asked,
	    .per_image = per_image, .bands = bands.wanted,
	    .point = fpr_text != NULL ? point : NULL};
	grid_begin(&grid);
	file = cli_table(NULL);
	if (positions_path != NULL)
		positions_read(&positions, positions_path, anomalies);
	source.positions = positions_path != NULL ? &positions : NULL;
	source.donors = donors;
	source.shapes = shapes;
	source.within = within;
	source_open(&source, &sweep, command.operand[0], recon_path,
	    recon_command, first_index, timeout, fpr_text != NULL);
	if (shard_text != NULL)
		grid_take_shard(&grid, shard, shards);
	tell_request(&facts);
	if (fpr_text != NULL)
		thresholds_set(&sweep, &grid, &source, memory, threads,
		    first_index);
	batch = (struct batch){.grid = &grid, .memory = memory,
	    .threads = (size_t)threads, .first = first_index};
	(per_image ? run_images : run_means)(&grid, &source, &batch, &facts,
	    file);
	return cli_finish(false);
}
