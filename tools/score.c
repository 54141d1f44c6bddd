/*
 * score: how well anomaly-score maps find what the masks mark.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/index.h"
#include "cli/interval.h"
#include "cli/metrics.h"
#include "cli/table.h"
#include "score/score.h"

#define ABSENT UINT64_MAX
#define DEFAULT_BOOTSTRAP 1000

static const char *metrics_text = "ap,auroc,dice,fpr95,mean_residual";
static const char *within_path, *groups_path, *index_path, *rule_text;
static const char *interval_text;
static const char *volumes_path, *image_path, *size_text;
static const char *froc_path, *lesions_path, *curve_path;
static bool per_image, per_volume, pooled, json, piece;
static struct points_request thresholds;
static uint64_t min_region;
static enum bsp_ci interval;
static uint64_t bootstrap = ABSENT, seed, first_index = ABSENT;
static struct cli_list requirements;

static const struct cli_option options[] = {
	{"metrics", "LIST", "(default ap,auroc,dice,fpr95,mean_residual)",
	    CLI_METRICS, &metrics_text, 0, UINT64_MAX},
	{"image-score", "mean|max|std|top:Q", "of an image; top:Q is the mean "
	    "of the highest share Q (default mean)", CLI_TEXT,
	    &rule_text, 0, 0},
	{"within", "STREAM", "score only the pixels of this mask stream",
	    CLI_INPUT, &within_path, 0, 0},
	{"groups", "TSV", "resample by subject: columns image and subject",
	    CLI_INPUT, &groups_path, 0, 0},
	{"volumes", "INDEX", "score volumes: columns image and volume",
	    CLI_INPUT, &volumes_path, 0, 0},
	{"index", "TSV", "subject and file in the rows of --per-image and "
	    "--lesions, as nii-slices --index names them", CLI_INPUT,
	    &index_path, 0, 0},
	{"per-image", NULL, "a row an image instead of the summary",
	    CLI_FLAG, &per_image, 0, 0},
	{"per-volume", NULL, "a row a volume instead of the summary",
	    CLI_FLAG, &per_volume, 0, 0},
	{"pooled", NULL, "score all pixels of all images together",
	    CLI_FLAG, &pooled, 0, 0},
	{"healthy", "MAPS", "set thresholds on these maps of healthy images",
	    CLI_INPUT, &thresholds.healthy, 0, 0},
	{"healthy-within", "STREAM", "only on the pixels of this mask stream",
	    CLI_INPUT, &thresholds.within, 0, 0},
	{"fpr", "Q,...", "thresholds that at most the share Q of the healthy "
	    "pixels exceeds or meets", CLI_TEXT, &thresholds.fpr, 0, 0},
	{"threshold", "T,...|@FILE", "thresholds as numbers, or as another "
	    "run saved them", CLI_TEXT, &thresholds.threshold, 0, 0},
	{"save-threshold", "FILE", "write the thresholds that were set",
	    CLI_TABLE_OUT, &thresholds.save, 0, 0},
	{"min-region", "N", "ignore false regions of fewer pixels (default 1)",
	    CLI_COUNT, &min_region, 1, UINT32_MAX},
	{"by-size", "N:N...", "lesion sensitivity by classes of pixels, as "
	    "3:10:100", CLI_TEXT, &size_text, 0, 0},
	{"froc", "FILE", "write lesions found against false regions at every "
	    "threshold", CLI_TABLE_OUT, &froc_path, 0, 0},
	{"lesions", "FILE", "write a row a lesion", CLI_TABLE_OUT,
	    &lesions_path, 0, 0},
	{"image", "STREAM", "the images, for the intensities of lesions",
	    CLI_INPUT, &image_path, 0, 0},
	{"curve", "FILE", "with --pooled: write recall, precision and "
	    "false-positive rate at every threshold", CLI_TABLE_OUT,
	    &curve_path, 0, 0},
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
	TABLE_DIGITS_OPTION,
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
	.cites = "hesterberg2015bootstrap cochran1977sampling",
};

static struct metric_list metrics;
static char label[BSP_METRICS_MAX][POINT_METRIC_SIZE]; /* of each metric */
static struct bsp_evaluation evaluation;
static struct points points;
static struct index volumes, groups, image_names;
static struct units units;
static struct told maps = {.name = "maps"}, masks = {.name = "masks"};
static struct told within = {.name = "within"}, images = {.name = "images"};
static float low = INFINITY, high = -INFINITY; /* range of the maps */

/* One --require: the metric's value must stand so to the bound. */
struct requirement {
	size_t metric;
	char relation[3];
	double bound;
};

static struct requirement requirement[CLI_LIST_MAX];

/* ------------------------------------------------------------- the request */

/* Where the metric is whose name a table tells so; or their number. */
static size_t
find_metric(const char *text, size_t length)
{
	size_t m;

	for (m = 0; m < metrics.count; m++)
		if (strlen(label[m]) == length &&
		    strncmp(label[m], text, length) == 0)
			return m;
	m = metrics_find(&metrics, text, length);
	return m < metrics.count &&
	    metrics.metric[m]->scope == BSP_AT_THRESHOLD ? metrics.count : m;
}

static void
parse_requirement(const char *text, struct requirement *r)
{
	size_t length = strcspn(text, "<>"), n;
	const char *bound = text + length;
	struct bsp_error e;

	r->metric = find_metric(text, length);
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

/* ---------------------------------------------------------- what is measured */

static void
add_metric(const struct bsp_metric *metric, size_t point)
{
	size_t m = evaluation.metrics;

	if (m == BSP_METRICS_MAX)
		cli_usage("more than %d values, expected fewer metrics or "
		    "thresholds", BSP_METRICS_MAX);
	evaluation.metric[m] = metrics.metric[m] = metric;
	evaluation.at[m] = point;
	evaluation.metrics = metrics.count = m + 1;
	points_metric(label[m], metric, points.label[point]);
}

/* Those asked for, and of each threshold those asked for or all. */
static void
list_metrics(const struct metric_list *asked)
{
	const struct bsp_metric *metric;
	bool any = false;
	size_t m, k;

	evaluation.metrics = 0;
	for (m = 0; m < asked->count; m++)
		if (asked->metric[m]->scope == BSP_AT_THRESHOLD)
			any = true;
		else
			add_metric(asked->metric[m], 0);
	for (k = 0; k < points.count; k++)
		for (metric = bsp_metrics; metric->name != NULL; metric++)
			if (metric->scope == BSP_AT_THRESHOLD && (!any ||
			    metrics_find(asked, metric->name,
			    strlen(metric->name)) < asked->count))
				add_metric(metric, k);
}

static void
check_metrics(const struct metric_list *asked)
{
	const struct bsp_metric *metric;
	size_t m;

	for (m = 0; m < asked->count; m++) {
		metric = asked->metric[m];
		if (metric->scope == BSP_AT_THRESHOLD &&
		    thresholds.fpr == NULL && thresholds.threshold == NULL)
			cli_usage("--metrics: %s is at a threshold, expected "
			    "--healthy and --fpr, or --threshold",
			    metric->name);
		if (pooled && (metric->scope == BSP_OF_STREAM ||
		    metric->scope == BSP_OF_IMAGES ||
		    metric->scope == BSP_OF_LESIONS))
			cli_usage("--pooled: %s is of images, expected "
			    "metrics of pixels", metric->name);
	}
}

static bool
asks_for(const struct metric_list *asked, enum bsp_scope scope)
{
	size_t m;

	for (m = 0; m < asked->count; m++)
		if (asked->metric[m]->scope == scope)
			return true;
	return false;
}

#define SIZES_MAX 8

/* Classes of lesions: from one edge up to the pixel before the next. */
static size_t size_edge[SIZES_MAX + 2], sizes;

static void
parse_sizes(void)
{
	char *copy = strdup(size_text), *word, *next;
	struct bsp_error e;
	uint64_t edge;

	if (copy == NULL) {
		bsp_error_system(&e, ENOMEM, "the classes of lesions");
		cli_die(&e);
	}
	size_edge[0] = 1;
	for (word = copy; word != NULL; word = next) {
		next = strchr(word, ':');
		if (next != NULL)
			*next++ = '\0';
		if (bsp_count_parse(word, &edge, &e))
			cli_usage("--by-size: %s", e.text);
		if (edge <= size_edge[sizes] || sizes == SIZES_MAX)
			cli_usage("--by-size: found %s, expected up to %d "
			    "ascending numbers of pixels above 1, as in "
			    "3:10:100", size_text, SIZES_MAX);
		size_edge[++sizes] = (size_t)edge;
	}
	size_edge[++sizes] = SIZE_MAX;
	free(copy);
}

/* ------------------------------------------------------- what goes together */

static void
exclude(const char *option, bool given, const char *with)
{
	if (given && (pooled || per_image || per_volume))
		cli_usage("%s goes with the summary over images, expected "
		    "neither %s", option, with);
}

static void
check_modes(void)
{
	if (pooled + per_image + per_volume > 1)
		cli_usage("--pooled, --per-image and --per-volume exclude "
		    "each other");
	if (per_volume && volumes_path == NULL)
		cli_usage("--per-volume wants --volumes with the index that "
		    "says which images are of a volume");
	if (per_image && volumes_path != NULL)
		cli_usage("--per-image does not go with --volumes, expected "
		    "--per-volume");
	if (index_path != NULL && !per_image && lesions_path == NULL)
		cli_usage("--index names rows of --per-image or --lesions, "
		    "expected one of them");
	exclude("--by-size", size_text != NULL,
	    "--pooled, --per-image nor --per-volume");
	if (pooled && groups_path != NULL)
		return;
	exclude("--bootstrap", bootstrap != ABSENT,
	    "--per-image, --per-volume nor --pooled without --groups");
	exclude("--groups", groups_path != NULL,
	    "--per-image nor --per-volume");
	exclude("--interval", interval_text != NULL,
	    "--per-image, --per-volume nor --pooled without --groups");
}

static void
check_files(void)
{
	if (image_path != NULL && lesions_path == NULL)
		cli_usage("--image is for the intensities of lesions, expected "
		    "--lesions");
	if (curve_path != NULL && !pooled)
		cli_usage("--curve is of all pixels together, expected "
		    "--pooled");
	if (size_text != NULL && thresholds.fpr == NULL &&
	    thresholds.threshold == NULL)
		cli_usage("--by-size is of lesions found at a threshold, "
		    "expected --healthy and --fpr, or --threshold");
	if (froc_path != NULL && pooled)
		cli_usage("--froc is of images or volumes, expected no "
		    "--pooled");
}

/* Are regions counted anywhere? */
static bool
has_regions(const struct metric_list *asked)
{
	return asks_for(asked, BSP_OF_LESIONS) || froc_path != NULL ||
	    thresholds.fpr != NULL || thresholds.threshold != NULL;
}

/* All but thresholds, which need streams. */
static void
check_request(struct metric_list *asked)
{
	metrics_parse(asked, metrics_text);
	points_parse(&points, &thresholds);
	check_metrics(asked);
	interval = interval_parse(interval_text);
	check_modes();
	check_files();
	if (size_text != NULL)
		parse_sizes();
	if (min_region != 0 && !has_regions(asked))
		cli_usage("--min-region is for false regions, expected "
		    "thresholds, --froc or froc among the metrics");
	if (rule_text != NULL && !asks_for(asked, BSP_OF_IMAGES))
		cli_usage("--image-score goes with image_auroc and image_ap, "
		    "expected one of them in --metrics");
	if (rule_text == NULL)
		rule_text = "mean";
	parse_rule();
	/* The curve of lesions is what the metric is made from. */
	if (froc_path != NULL && !asks_for(asked, BSP_OF_LESIONS))
		cli_usage("--froc wants froc among the metrics");
	if (bootstrap == ABSENT)
		bootstrap = DEFAULT_BOOTSTRAP;
	piece = first_index != ABSENT;
	if (!piece)
		first_index = 0;
}

/* Set thresholds, and what follows from all that was asked for. */
static void
prepare(const struct metric_list *asked)
{
	size_t i;

	points_find(&points, &thresholds);
	evaluation.points = points.count;
	for (i = 0; i < points.count; i++)
		evaluation.threshold[i] = points.at[i].value;
	list_metrics(asked);
	evaluation.pooled = pooled;
	evaluation.resample = pooled && groups_path != NULL && bootstrap > 0;
	evaluation.min_region = (size_t)min_region;
	evaluation.keep_lesions = lesions_path != NULL || sizes > 0;
	for (i = 0; i < requirements.count; i++)
		parse_requirement(requirements.text[i], &requirement[i]);
	if (volumes_path != NULL)
		index_read_volumes(&volumes, volumes_path);
	if (groups_path != NULL)
		index_read(&groups, groups_path);
	if (index_path != NULL)
		index_read(&image_names, index_path);
	units.volumes = volumes_path != NULL ? &volumes : NULL;
	units.groups = groups_path != NULL ? &groups : NULL;
	units.names = index_path != NULL ? &image_names : NULL;
	units.first_index = first_index;
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

enum { MAP, MASK, WITHIN, IMAGE, ROLES };

struct streams {
	struct bsp_reader *reader[ROLES]; /* those there are, in a row */
	struct bsp_image *images[ROLES];
	size_t count;
	struct bsp_image image[ROLES]; /* by role */
	struct bsp_image stack[ROLES]; /* of the volume so far */
	bool has[ROLES];
	size_t slices;  /* in the stack */
	uint64_t index; /* of the next image */
};

static void
open_stream(struct streams *s, int role, const char *path)
{
	if (path == NULL)
		return;
	s->has[role] = true;
	s->images[s->count] = &s->image[role];
	s->reader[s->count++] = role == MAP ? cli_images(path) :
	    cli_reader(path, role == IMAGE ? BSP_IMAGES : BSP_MASKS);
}

static void
open_streams(struct streams *s, const struct cli_command *command)
{
	open_stream(s, MAP, command->operand[0]);
	open_stream(s, MASK, command->operand[1]);
	open_stream(s, WITHIN, within_path);
	open_stream(s, IMAGE, image_path);
}

static const struct bsp_image *
image_of(const struct streams *s, const struct bsp_image *image, int role)
{
	return s->has[role] ? &image[role] : NULL;
}

/* Score a unit: the image read last, or the volume stacked so far. */
static void
add_unit(struct streams *s, const struct bsp_image *image, size_t slices)
{
	const struct bsp_scored in = {&image[MAP], &image[MASK],
	    image_of(s, image, WITHIN), image_of(s, image, IMAGE), slices};
	struct bsp_error e = {0};

	if (bsp_evaluation_add_unit(&evaluation, &in, &e)) {
		e.stream = e.status == BSP_DATA ? "the input" : NULL;
		cli_die(&e);
	}
}

/* Put the image read last on the volume's others. */
static void
stack_image(struct streams *s)
{
	struct bsp_error e = {0};
	int role;

	for (role = 0; role < ROLES; role++)
		if (s->has[role] && bsp_stack(&s->stack[role],
		    &s->image[role], s->slices, &e)) {
			bsp_reader_blame(s->reader[0], &e);
			cli_die(&e);
		}
	s->slices++;
}

static void
tell(const struct streams *s)
{
	const float *x = s->image[MAP].data;
	size_t i, n = bsp_image_size(&s->image[MAP]);

	told_add(&maps, &s->image[MAP]);
	told_add(&masks, &s->image[MASK]);
	if (s->has[WITHIN])
		told_add(&within, &s->image[WITHIN]);
	if (s->has[IMAGE])
		told_add(&images, &s->image[IMAGE]);
	for (i = 0; (points.from_healthy || curve_path != NULL) && i < n; i++) {
		if (s->has[WITHIN] && s->image[WITHIN].data[i] == 0)
			continue;
		low = x[i] < low ? x[i] : low;
		high = x[i] > high ? x[i] : high;
	}
}

static time_t began;
static const char *mask_name = "-";

/* A mask that was written since this program began, as in one pipe with it, may
 * have been read before it was whole: that is the likely cause. */
static void
explain_mask(struct bsp_error *e)
{
	size_t used = strlen(e->text);
	struct stat s;

	if (e->status == BSP_DATA && e->stream != NULL &&
	    (e->image < 0 || strcmp(e->stream, mask_name) == 0) &&
	    stat(mask_name, &s) == 0 &&
	    S_ISREG(s.st_mode) && s.st_mtime >= began)
		snprintf(e->text + used, sizeof e->text - used, " (%s was "
		    "only just written: a mask that is made in the same pipe "
		    "goes through a FIFO, see mkfifo(1))",
		    mask_name);
}

/* Add units until one is complete; false at the end, after the last. */
static bool
next_unit(struct streams *s)
{
	struct bsp_error e = {0};
	bool begins;
	int r;

	while ((r = bsp_readers_next(s->reader, s->images, s->count,
	    &e)) == 1) {
		tell(s);
		begins = units_next(&units, s->index++);
		if (units.volumes == NULL) {
			add_unit(s, s->image, 1);
			return true;
		}
		if (begins && s->slices > 0) {
			add_unit(s, s->stack, s->slices);
			s->slices = 0;
			stack_image(s);
			return true;
		}
		stack_image(s);
	}
	if (r < 0) {
		explain_mask(&e);
		cli_die(&e);
	}
	if (s->slices == 0)
		return false;
	add_unit(s, s->stack, s->slices);
	s->slices = 0;
	return true;
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
finish(const struct streams *s)
{
	struct bsp_error e = {0};

	if (bsp_evaluation_finish(&evaluation, &e)) {
		if (evaluation.images == 0)
			e.stream = "the input";
		cli_die(&e);
	}
	if (!piece && volumes_path != NULL)
		index_check_end(&volumes, s->index);
	units_end(&units, s->index);
	if (!piece && groups_path != NULL)
		index_check_end(&groups, s->index);
	if (!piece && index_path != NULL)
		index_check_end(&image_names, s->index);
	warn_of_most();
	points_check(&points, &maps, s->has[WITHIN], low, high, &evaluation);
	if (evaluation.keep_lesions && evaluation.lesions.count == 0)
		cli_warn("no lesions: the masks mark nothing");
}

static FILE *froc_file, *lesions_file, *curve_file;

/* Files that cannot be written are better known now. */
static void
open_files(void)
{
	if (froc_path != NULL)
		froc_file = cli_table(froc_path);
	if (lesions_path != NULL)
		lesions_file = cli_table(lesions_path);
	if (curve_path != NULL)
		curve_file = cli_table(curve_path);
}

/* The tables beside the scores. */
static void
write_files(void)
{
	if (froc_path != NULL)
		write_froc(froc_file, &evaluation.froc);
	if (lesions_path != NULL)
		write_lesions(lesions_file, &evaluation, &units, &points);
	if (curve_path != NULL)
		write_curve(curve_file, &evaluation.curve, low);
}

#define FACTS_MAX (BSP_POINTS_MAX + 12)

/* What was scored; how many facts. */
static size_t
tell_streams(struct table_fact *facts)
{
	size_t n = 0;

	facts[n++] = told_fact(&maps);
	facts[n++] = told_fact(&masks);
	facts[n++] = within.count > 0 ? told_fact(&within) :
	    (struct table_fact){"within", "none"};
	if (images.count > 0)
		facts[n++] = told_fact(&images);
	return n;
}

/* What a value is of. */
static struct table_fact
tell_unit(void)
{
	return (struct table_fact){"unit", pooled ? "all pixels" :
	    units.volumes != NULL ? "volume" : "image"};
}

/* ------------------------------------------------------------- the answers */

/* The mean of a metric where scores are random; NaN where it is not known. */
static double
chance_of(const struct bsp_metric *metric, uint64_t all, uint64_t anomalous)
{
	if (strcmp(metric->name, "ap") == 0 ||
	    strcmp(metric->name, "image_ap") == 0)
		return bsp_chance_ap(all, anomalous);
	if (strcmp(metric->name, "auroc") != 0 &&
	    strcmp(metric->name, "image_auroc") != 0)
		return (double)NAN;
	return anomalous > 0 && anomalous < all ? .5 : (double)NAN;
}

/* The same over all images. */
static double
mean_chance(const struct bsp_metric *metric)
{
	struct bsp_moments moments = {0};
	const struct bsp_image_values *v = evaluation.image;
	uint64_t anomalous = 0, scored = 0;
	size_t i;

	for (i = 0; i < evaluation.images; i++) {
		scored += v[i].pixels > 0;
		anomalous += v[i].anomalous > 0;
		bsp_moments_add(&moments, chance_of(metric, v[i].pixels,
		    v[i].anomalous));
	}
	return metric->scope == BSP_OF_IMAGES ?
	    chance_of(metric, scored, anomalous) :
	    bsp_moments_mean(&moments);
}

/* Is a value of the metric known for a unit by itself? */
static bool
is_of_units(size_t m)
{
	return metrics.metric[m]->scope != BSP_OF_IMAGES &&
	    metrics.metric[m]->scope != BSP_OF_LESIONS;
}

/* The table that --per-image and --per-volume write. */
static void
begin_units(struct table *table, FILE *file)
{
	static const char *columns[10 + BSP_METRICS_MAX];
	struct table_fact facts[FACTS_MAX] = {{NULL, NULL}};
	bool of_images = bsp_evaluation_has(&evaluation, BSP_OF_IMAGES);
	size_t m, n = 0, k = 0;

	columns[n++] = per_volume ? "volume" : "image";
	if (per_volume) {
		columns[n++] = "subject";
		columns[n++] = "images";
	} else if (index_path != NULL) {
		columns[n++] = "subject";
		columns[n++] = "file";
	}
	columns[n++] = "pixels";
	columns[n++] = "anomalous";
	for (m = 0; m < metrics.count; m++)
		if (is_of_units(m))
			columns[n++] = label[m];
	columns[n++] = "chance";
	columns[n] = of_images ? "image_score" : NULL;
	if (of_images)
		facts[k++] = (struct table_fact){"image-score", rule_text};
	facts[k++] = tell_unit();
	points_facts(&points, facts + k);
	table_begin(table, file, json, cli_command_line(NULL), facts,
	    columns);
}

static void
write_unit(struct table *table, size_t unit)
{
	const struct bsp_image_values *v = &evaluation.image[unit];
	const struct index_row *row;
	char text[BSP_NUMBER_SIZE];
	size_t m;

	if (per_volume) {
		table_text(table, units_name(&units, unit, text));
		table_text(table, units_row(&units, unit)->subject);
		table_count(table, units.unit[unit].count);
	} else {
		table_count(table, first_index + unit);
	}
	if (per_image && index_path != NULL) {
		row = units_row(&units, unit);
		table_text(table, row->subject);
		table_text(table, row->file != NULL ? row->file : "");
	}
	table_count(table, v->pixels);
	table_count(table, v->anomalous);
	for (m = 0; m < metrics.count; m++)
		if (is_of_units(m))
			table_number(table, v->value[m]);
	table_number(table, bsp_chance_ap(v->pixels, v->anomalous));
	if (bsp_evaluation_has(&evaluation, BSP_OF_IMAGES))
		table_number(table, v->score);
}

/* Over all units, with intervals or without; result[] gets the means. */
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

static void
write_row(struct table *table, const char *name,
    const struct bsp_summary *summary, double chance)
{
	table_text(table, name);
	table_number(table, summary->mean);
	table_number(table, summary->sd);
	table_number(table, summary->ci_low);
	table_number(table, summary->ci_high);
	table_count(table, summary->n);
	table_count(table, summary->undefined);
	table_number(table, chance);
	table_count(table, summary->subjects);
}

/* Lesion sensitivity of a class of sizes at a threshold. */
static void
write_class(struct table *table, size_t point, size_t class,
    const struct bsp_resampling *how)
{
	size_t least = size_edge[class], most = size_edge[class + 1] - 1;
	struct bsp_summary summary;
	struct bsp_error e;
	char name[POINT_SIZE + 96];

	if (class + 1 == sizes)
		snprintf(name, sizeof name, "lesion_sensitivity@%s:%zu-",
		    points.label[point], least);
	else
		snprintf(name, sizeof name, "lesion_sensitivity@%s:%zu-%zu",
		    points.label[point], least, most);
	if (bsp_evaluation_by_size(&evaluation, point, least, most, how,
	    &summary, &e))
		cli_die(&e);
	write_row(table, name, &summary, (double)NAN);
}

/* How subjects are resampled; the caller frees the groups. */
static size_t *
make_resampling(struct bsp_resampling *how)
{
	size_t *group = groups_path != NULL ? units_groups(&units) : NULL;

	*how = (struct bsp_resampling){.group = group,
	    .groups = groups.groups, .replicates = bootstrap, .seed = seed,
	    .ci = interval};
	return group;
}

static size_t
summary_facts(struct table_fact *facts)
{
	static char digits[BSP_NUMBER_SIZE];
	size_t n = 0;

	facts[n++] = (struct table_fact){"seed", table_digits(digits, seed)};
	if (bsp_evaluation_has(&evaluation, BSP_OF_IMAGES))
		facts[n++] = (struct table_fact){"image-score", rule_text};
	if (groups_path == NULL && !pooled &&
	    (bootstrap > 0 || interval == BSP_CI_T))
		facts[n++] = (struct table_fact){"groups",
		    units.volumes != NULL ?
		    "none: volumes were taken for subjects" :
		    INDEX_NO_GROUPS};
	facts[n++] = tell_unit();
	n += points_facts(&points, facts + n);
	n += tell_streams(facts + n);
	facts[n] = (struct table_fact){NULL, NULL};
	return n;
}

/* One row a metric. */
static void
write_summary(FILE *file, double *result)
{
	struct table_fact facts[FACTS_MAX];
	static const char *const columns[] = {"metric", "mean", "sd",
	    "ci_low", "ci_high", "n", "n_undefined", "chance", "n_subjects",
	    NULL};
	struct bsp_resampling how;
	struct bsp_summary summary[BSP_METRICS_MAX];
	const struct bsp_summary *all[BSP_METRICS_MAX];
	size_t *group = make_resampling(&how), m, k;
	struct table table;

	summarize(&how, summary, result);
	summary_facts(facts);
	table_begin(&table, file, json, cli_command_line(NULL), facts,
	    columns);
	for (m = 0; m < metrics.count; m++) {
		write_row(&table, label[m], &summary[m],
		    mean_chance(metrics.metric[m]));
		all[m] = &summary[m];
	}
	for (k = 0; k < points.count; k++)
		for (m = 0; m < sizes; m++)
			write_class(&table, k, m, &how);
	table_end(&table);
	interval_warn(all, metrics.count, groups_path != NULL);
	free(group);
}

static void
score_pooled(struct streams *streams, FILE *file, double *result)
{
	static const char *const columns[] = {"metric", "value", "pixels",
	    "anomalous", "chance", "ci_low", "ci_high", "n_subjects", NULL};
	const struct bsp_image_values *all = &evaluation.all;
	struct bsp_summary summary[BSP_METRICS_MAX];
	const struct bsp_summary *told[BSP_METRICS_MAX];
	struct table_fact facts[FACTS_MAX];
	struct bsp_resampling how;
	size_t *group = NULL, m;
	struct table table;

	while (next_unit(streams))
		;
	finish(streams);
	if (evaluation.resample) {
		group = make_resampling(&how);
		summarize(&how, summary, result);
	}
	summary_facts(facts);
	table_begin(&table, file, json, cli_command_line(NULL), facts,
	    columns);
	for (m = 0; m < metrics.count; m++) {
		result[m] = all->value[m];
		told[m] = &summary[m];
		table_text(&table, label[m]);
		table_number(&table, all->value[m]);
		table_count(&table, all->pixels);
		table_count(&table, all->anomalous);
		table_number(&table, chance_of(metrics.metric[m], all->pixels,
		    all->anomalous));
		table_number(&table, evaluation.resample ?
		    summary[m].ci_low : (double)NAN);
		table_number(&table, evaluation.resample ?
		    summary[m].ci_high : (double)NAN);
		table_count(&table, evaluation.resample ?
		    summary[m].subjects : 0);
	}
	table_end(&table);
	if (evaluation.resample)
		interval_warn(told, metrics.count, true);
	free(group);
}

static void
score_all(struct streams *streams, FILE *file, double *result)
{
	while (next_unit(streams))
		;
	finish(streams);
	write_summary(file, result);
}

/* A row a unit, as it comes unless a metric wants all of them. */
static void
score_each(struct streams *streams, FILE *file, double *result)
{
	bool at_end = bsp_evaluation_has(&evaluation, BSP_OF_STREAM);
	struct table_fact facts[FACTS_MAX];
	struct bsp_summary summary[BSP_METRICS_MAX];
	struct table table;
	size_t i, n;

	begin_units(&table, file);
	while (next_unit(streams))
		if (!at_end)
			write_unit(&table, evaluation.images - 1);
	finish(streams);
	for (i = 0; at_end && i < evaluation.images; i++)
		write_unit(&table, i);
	table_end(&table);
	n = tell_streams(facts);
	for (i = 0; i < n; i++)
		table_note(&table, &facts[i]);
	summarize(NULL, summary, result);
}

int
main(int argc, char **argv)
{
	struct streams streams = {.count = 0};
	struct metric_list asked;
	struct cli_command command;
	double result[BSP_METRICS_MAX];
	bool said_no = false;
	FILE *file;
	char text[BSP_NUMBER_SIZE];
	size_t i;

	began = time(NULL);
	cli_parse(&program, argc, argv, &command);
	if (command.operands > 1)
		mask_name = command.operand[1];
	check_request(&asked);
	file = cli_table(NULL);
	open_files();
	prepare(&asked);
	open_streams(&streams, &command);
	(pooled ? score_pooled : per_image || per_volume ? score_each :
	    score_all)(&streams, file, result);
	write_files();
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
