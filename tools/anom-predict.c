/*
 * anom-predict: the blind interval predicted from two histograms, of healthy
 * images' reconstructions and of their errors.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/side-stream.h"
#include "cli/table.h"

#define DEFAULT_RADIUS "20"

static const char *radius_text, *intensity_text = "0:1:100";
static const char *below_text = "0.5", *histogram_path;
static uint64_t bins, pixels, seed, first_index;
static bool own, json;
/* Where lesions can be, and what is scored. */
static struct side_stream places = {.option = "mask", .content = BSP_MASKS,
    .is_told = true};
static struct side_stream within = {.option = "within", .content = BSP_MASKS,
    .is_told = true};

static const struct cli_option options[] = {
	{"radius", "R", "radius of the disk in pixels (default 20)", CLI_TEXT,
	    &radius_text, 0, 0},
	{"pixels", "N", "a lesion has N pixels and any shape", CLI_COUNT, &pixels,
	    1, UINT32_MAX},
	{"mask", "STREAM", "masks of where lesions can be, of lesions unless "
	    "--radius or --pixels says their size", CLI_INPUT, &places.path, 0,
	    0},
	{"within", "STREAM", "score only the pixels of this mask stream",
	    CLI_INPUT, &within.path, 0, 0},
	{"intensity", "LO:HI:N", "intensities of the disk, 0 to 1 (default "
	    "0:1:100)", CLI_TEXT, &intensity_text, 0, 0},
	{"bins", "N", "bins of the histograms (default 2000, with --own "
	    "20000)", CLI_COUNT,
	    &bins, 2, 10000000},
	{"below", "AP", "the blind interval is where AP is below this "
	    "(default 0.5)", CLI_TEXT, &below_text, 0, 0},
	{"own", NULL, "predict for each image's own disk, not for pooled "
	    "images", CLI_FLAG, &own, 0, 0},
	{"histogram", "FILE", "write the histogram of the reconstructions' "
	    "foreground", CLI_TEXT, &histogram_path, 0, 0},
	CLI_DRAW_OPTIONS(seed, first_index),
	CLI_EXPECT_OPTION,
	CLI_STRICT_OPTION,
	TABLE_DIGITS_OPTION,
	{"json", NULL, "write JSON instead of TSV", CLI_FLAG, &json, 0, 0},
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "anom-predict",
	.summary = "Predict the blind interval from two histograms, of "
	    "reconstructions and of their errors.",
	.operands = "HEALTHY RECON",
	.options = options,
	.least = 2,
	.most = 2,
	.output = CLI_TABLE,
	.examples = {
		"anom-predict healthy.pfm recon.pfm",
		"recon-degrade blur --sigma 2 healthy.pfm | "
		    "anom-predict --own healthy.pfm -",
	},
};

/* The request, and the sums over images so far. */
struct work {
	const struct bsp_kind *disk;
	double params[BSP_PARAMS_MAX];
	struct bsp_range range;
	double below;
	struct bsp_prediction prediction;
	double *ap;      /* [range.n] */
	double chance;   /* sum of that of each image */
	double rough[2]; /* of all images and of all reconstructions */
	uint64_t rougher; /* images that are smoother than their recon */
	uint64_t images, lesions; /* lesions: images that have one */
	struct bsp_hash hash; /* of the healthy images */
	struct bsp_image healthy, recon, anomalous, disk_label, places, within;
	struct bsp_image masked; /* healthy, 0 outside of within */
};

/* Is the lesion a disk?  Else it is the mask, or only its size is known. */
static bool
is_disk(void)
{
	return pixels == 0 && (places.path == NULL || radius_text != NULL);
}

static void
parse_request(struct work *work)
{
	struct bsp_error e;
	char text[64];

	work->disk = bsp_kind_find(bsp_inject_kinds, "disk");
	bsp_kind_defaults(work->disk, work->params);
	if (pixels > 0 && radius_text != NULL)
		cli_usage("--pixels and --radius both say how large a lesion "
		    "is, expected one of them");
	if (own && pixels > 0)
		cli_usage("--own is about the pixels of a lesion, expected a "
		    "--radius or a --mask in the place of --pixels");
	if (own && places.path != NULL && radius_text != NULL)
		cli_usage("--own is about one lesion in each image, expected "
		    "--radius or --mask");
	snprintf(text, sizeof text, "%.63s", radius_text != NULL ?
	    radius_text : DEFAULT_RADIUS);
	if (bsp_param_parse(&work->disk->params[0], text, &work->params[0],
	    &e))
		cli_usage("--%s", e.text);
	if (bsp_range_parse(intensity_text, &work->range, &e))
		cli_usage("--intensity: %s", e.text);
	if (work->range.lo < 0 || work->range.lo > 1 ||
	    (work->range.n > 1 && (work->range.hi < 0 || work->range.hi > 1)))
		cli_usage("--intensity: found %s, expected values from 0 to 1",
		    intensity_text);
	if (bsp_number_parse(below_text, &work->below, &e))
		cli_usage("--below: %s", e.text);
	if (!(work->below > 0 && work->below <= 1))
		cli_usage("--below: found %s, expected above 0 and at most 1",
		    below_text);
	work->ap = calloc(work->range.n, sizeof *work->ap);
	if (work->ap == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu intensities",
		    work->range.n);
		cli_die(&e);
	}
	if (bins == 0)
		bins = own ? 20000 : 2000;
	if (bsp_prediction_start(&work->prediction, bins, &e))
		cli_die(&e);
}

/* The label of the disk that anom-inject would put into this image, within what
 * is scored. */
static int
make_label(struct work *work, struct bsp_error *e)
{
	struct bsp_inject_job job = {.healthy = &work->healthy, .seed = seed,
	    .index = first_index + work->images};
	struct bsp_inject_run run = {.kind = work->disk,
	    .params = work->params, .count = 1};

	if (within.path != NULL) {
		if (bsp_image_copy(&work->masked, &work->healthy, e) ||
		    bsp_mask_apply(&work->within, &work->masked, e))
			return -1;
		job.healthy = &work->masked;
	}
	return bsp_inject_image(&run, &job, &work->anomalous,
	    &work->disk_label, e);
}

/* The sum of the differences between neighbours. */
static double
roughness(const struct bsp_image *image)
{
	size_t r, c, cols = image->cols;
	const float *x = image->data;
	double sum = 0;

	for (r = 0; r < image->rows; r++)
		for (c = 0; c < cols; c++, x++) {
			if (c + 1 < cols)
				sum += fabs((double)x[1] - (double)x[0]);
			if (r + 1 < image->rows)
				sum += fabs((double)x[cols] - (double)x[0]);
		}
	return sum;
}

/* Reconstructions lose detail: where they have more, they may be the images. */
static void
compare_roughness(struct work *work)
{
	double healthy = roughness(&work->healthy);
	double recon = roughness(&work->recon);

	work->rough[0] += healthy;
	work->rough[1] += recon;
	work->rougher += recon > healthy;
}

static void
warn_of_rough(const struct work *work)
{
	if (work->rough[1] > work->rough[0])
		cli_warn("the reconstructions are rougher than the images, in "
		    "%llu of %llu; expected the images first and the "
		    "reconstructions second",
		    (unsigned long long)work->rougher,
		    (unsigned long long)work->images);
}

static int
add_image(struct work *work, struct bsp_error *e)
{
	const struct bsp_prediction *p = &work->prediction;
	struct bsp_predicted image = {.healthy = &work->healthy,
	    .recon = &work->recon, .pixels = pixels, .own = own,
	    .places = places.path != NULL ? &work->places : NULL,
	    .within = within.path != NULL ? &work->within : NULL};
	uint64_t positives, negatives;
	size_t i;

	if (is_disk() && make_label(work, e))
		return -1;
	if (pixels == 0)
		image.label = is_disk() ? &work->disk_label : &work->places;
	compare_roughness(work);
	if (own)
		bsp_prediction_clear(&work->prediction);
	positives = p->positives;
	negatives = p->negatives;
	if (bsp_prediction_add(&work->prediction, &image, e))
		return -1;
	positives = p->positives - positives;
	negatives = p->negatives - negatives;
	work->images++;
	bsp_fingerprint_add(&work->hash, &work->healthy);
	if (positives == 0)
		return 0;
	work->lesions++;
	work->chance += bsp_chance_ap(positives + negatives, positives);
	for (i = 0; own && i < work->range.n; i++)
		work->ap[i] += bsp_prediction_ap(&work->prediction,
		    bsp_range_point(&work->range, i));
	return 0;
}

static void
read_images(struct work *work, const struct cli_command *command)
{
	struct bsp_reader *reader[2];
	struct bsp_image *image[2] = {&work->healthy, &work->recon};
	struct bsp_error e = {0};
	int r;

	reader[0] = cli_images(command->operand[0]);
	reader[1] = cli_reader(command->operand[1], BSP_IMAGES);
	places.first_index = within.first_index = first_index;
	side_stream_open(&places);
	side_stream_open(&within);
	while ((r = bsp_readers_next(reader, image, 2, &e)) == 1) {
		if (side_stream_next(&places, &work->healthy, &work->places,
		    &e) || side_stream_next(&within, &work->healthy,
		    &work->within, &e))
			cli_die(&e);
		if (add_image(work, &e)) {
			bsp_reader_blame(reader[0], &e);
			cli_die(&e);
		}
	}
	if (r == 0 && work->images == 0) {
		bsp_error_set(&e, BSP_DATA, "no images, expected at least "
		    "one");
		e.stream = "the input";
		r = -1;
	}
	if (r < 0)
		cli_die(&e);
	if (work->lesions == 0) {
		bsp_error_set(&e, BSP_DATA, "no lesion in %llu images, "
		    "expected a mask that is not empty",
		    (unsigned long long)work->images);
		e.stream = places.path;
		cli_die(&e);
	}
	warn_of_rough(work);
}

static void
finish_curve(struct work *work)
{
	size_t i;

	for (i = 0; i < work->range.n; i++)
		work->ap[i] = own ? work->ap[i] / (double)work->lesions :
		    bsp_prediction_ap(&work->prediction,
		    bsp_range_point(&work->range, i));
}

/* The first and the last point of each blind interval and their mean, as
 * numbers separated by commas. */
struct bounds {
	char *low, *high, *centre;
};

/* Add a number to a list. */
static void
append(char **list, double value)
{
	char text[BSP_NUMBER_SIZE], *longer;
	struct bsp_error e;

	table_result(text, value);
	if (asprintf(&longer, "%s%s%s", *list != NULL ? *list : "",
	    *list != NULL ? "," : "", text) < 0) {
		bsp_error_system(&e, ENOMEM, "intervals");
		cli_die(&e);
	}
	free(*list);
	*list = longer;
}

static void
find_blind(const struct work *work, struct bounds *bounds)
{
	size_t n = work->range.n, i;
	double *x = calloc(n, sizeof *x);
	struct bsp_interval *v = calloc(BSP_INTERVALS_MAX(n), sizeof *v);
	struct bsp_blind blind;
	struct bsp_error e;

	if (x == NULL || v == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu intensities", n);
		cli_die(&e);
	}
	for (i = 0; i < n; i++)
		x[i] = bsp_range_point(&work->range, i);
	if (bsp_blind_curve(x, work->ap, n, work->below, v, &blind, &e))
		cli_die(&e);
	for (i = 0; i < blind.intervals; i++) {
		append(&bounds->low, v[i].first);
		append(&bounds->high, v[i].last);
		append(&bounds->centre, (v[i].first + v[i].last) / 2);
	}
	if (blind.intervals == 0) {
		append(&bounds->low, (double)NAN);
		append(&bounds->high, (double)NAN);
		append(&bounds->centre, (double)NAN);
	}
	free(x);
	free(v);
}

/* How many masks a stream has, and their fingerprint. */
static const char *
side_told(char *text, const struct side_stream *side)
{
	return side->path == NULL ? "none" : table_images(text,
	    side_stream_used(side), &side->hash);
}

static void
write_curve(const struct work *work, FILE *file)
{
	static const char *const columns[] = {"intensity", "ap", NULL};
	const struct bsp_prediction *p = &work->prediction;
	char text[10][TABLE_IMAGES_SIZE];
	struct bounds bounds = {NULL, NULL, NULL};
	struct table_fact size = {"lesions", "of the mask"};
	struct table table;
	size_t i;

	if (pixels > 0)
		size = (struct table_fact){"pixels",
		    table_digits(text[6], pixels)};
	else if (is_disk())
		size = (struct table_fact){"radius",
		    bsp_number_format(text[6], work->params[0])};
	find_blind(work, &bounds);
	table_begin(&table, file, json, cli_command_line(NULL),
	    (struct table_fact[]){
		{"seed", table_digits(text[0], seed)},
		size,
		{"images", table_images(text[1], work->images, &work->hash)},
		{"mask", side_told(text[7], &places)},
		{"within", side_told(text[8], &within)},
		{"blind_low", bounds.low},
		{"blind_high", bounds.high},
		{"blind_centre", bounds.centre},
		{"half_width", table_result(text[2],
		    bsp_prediction_half_width(p))},
		{"median", table_result(text[3],
		    bsp_prediction_median(p))},
		{"mode", table_result(text[4], bsp_prediction_mode(p))},
		{"chance", table_result(text[5], work->chance /
		    (double)work->lesions)},
		{NULL, NULL},
	    }, columns);
	for (i = 0; i < work->range.n; i++) {
		table_place(&table, bsp_range_point(&work->range, i));
		table_number(&table, work->ap[i]);
	}
	table_end(&table);
	free(bounds.low);
	free(bounds.high);
	free(bounds.centre);
}

/* The pooled foreground of the reconstructions, a row a bin. */
static void
write_histogram(const struct work *work, FILE *file)
{
	static const char *const columns[] = {"intensity", "count", NULL};
	const struct bsp_prediction *p = &work->prediction;
	char text[2][TABLE_IMAGES_SIZE];
	struct table table;
	size_t i;

	table_begin(&table, file, json, cli_command_line(NULL),
	    (struct table_fact[]){
		{"images", table_images(text[0], work->images, &work->hash)},
		{"bin_width", bsp_number_format(text[1], 1 / (double)p->bins)},
		{NULL, NULL},
	    }, columns);
	for (i = 0; i < p->bins; i++) {
		table_place(&table, ((double)i + .5) / (double)p->bins);
		table_count(&table, p->tissue[i]);
	}
	table_end(&table);
}

int
main(int argc, char **argv)
{
	struct work work = {.images = 0};
	struct cli_command command;
	FILE *file, *histogram = NULL;

	cli_parse(&program, argc, argv, &command);
	parse_request(&work);
	file = cli_table(NULL);
	if (histogram_path != NULL)
		histogram = cli_table(histogram_path);
	read_images(&work, &command);
	finish_curve(&work);
	write_curve(&work, file);
	if (histogram != NULL)
		write_histogram(&work, histogram);
	return cli_finish(false);
}
