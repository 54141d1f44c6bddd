/*
 * ood-histogram: is an image from the distribution of those seen?
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <learn/blindspot-learn.h>

#include "cli/model.h"
#include "cli/table.h"

static const char *model_path;
static bool per_image, json;

static const struct cli_option options[] = {
	{"model", "MODEL", "the file that fit writes and apply reads",
	    CLI_TEXT, &model_path, 0, 0},
	{"per-image", NULL, "apply: a row an image instead of the summary",
	    CLI_FLAG, &per_image, 0, 0},
	CLI_EXPECT_OPTION,
	TABLE_DIGITS_OPTION,
	{"json", NULL, "apply: write JSON instead of TSV", CLI_FLAG, &json, 0,
	    0},
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "ood-histogram",
	.summary = "Score whole images by how unlike their histograms are.",
	.operands = "fit STREAM, or apply NORMAL TEST",
	.options = options,
	.least = 1,
	.most = 3,
	.output = CLI_TABLE,
	.examples = {
		"brain-phantom --count 20 --size 32 | ood-histogram fit "
		    "--model normal.ood -",
		"ood-histogram fit --model normal.ood recon.pfm; "
		    "ood-histogram apply --model normal.ood healthy.pfm "
		    "anom.pfm",
	},
};

static void
check(int result, struct bsp_reader *in, struct bsp_error *e)
{
	if (result == 0)
		return;
	if (in != NULL)
		bsp_reader_blame(in, e);
	cli_die(e);
}

/*
 * The fewer pixels, the rougher a histogram: with images of other sizes the
 * distance would tell the size.  *size is 0 x 0 where any is welcome.
 */
static void
check_size(const struct bsp_image *image, struct bsp_image *size,
    struct bsp_reader *in)
{
	struct bsp_error e;

	if (size->rows == 0) {
		size->rows = image->rows;
		size->cols = image->cols;
	}
	if (image->rows == size->rows && image->cols == size->cols)
		return;
	bsp_error_set(&e, BSP_DATA, "found %zu x %zu, expected one size "
	    "throughout, %zu x %zu", image->cols, image->rows, size->cols,
	    size->rows);
	bsp_reader_blame(in, &e);
	cli_die(&e);
}

/* The histograms of a stream; their number.  --expect is of the last operand. */
static double *
read_histograms(const char *path, bool last, size_t *n, struct bsp_image *size,
    struct bsp_reader **in)
{
	size_t capacity = 0;
	double *histograms = NULL;
	struct bsp_image image = {0};
	struct bsp_error e = {0};
	int r;

	*in = last ? cli_images(path) : cli_reader(path, BSP_IMAGES);
	for (*n = 0; (r = bsp_reader_next(*in, &image, &e)) == 1; ++*n) {
		if (*n == capacity) {
			capacity = 2 * capacity + 16;
			histograms = realloc(histograms, capacity *
			    BSP_OOD_BINS * sizeof *histograms);
			if (histograms == NULL) {
				bsp_error_system(&e, ENOMEM,
				    "%zu histograms", capacity);
				cli_die(&e);
			}
		}
		check_size(&image, size, *in);
		check(bsp_ood_histogram(&image, histograms +
		    *n * BSP_OOD_BINS, &e), *in, &e);
	}
	check(r, *in, &e);
	bsp_image_free(&image);
	if (*n == 0) {
		bsp_error_set(&e, BSP_DATA, "no images, expected at least "
		    "one");
		bsp_reader_blame(*in, &e);
		e.image = -1;
		cli_die(&e);
	}
	return histograms;
}

/* ------------------------------------------------------------------- model */

#define MODEL {.kind = "ood-histogram", .doubles = true, \
	.length = BSP_OOD_BINS, .part = {{.name = "mean"}, \
	{.name = "components"}, {.name = "variance"}}}

static void
fit(const char *path)
{
	struct model model = MODEL;
	struct bsp_error e = {0};
	struct bsp_image size = {0};
	struct bsp_reader *in;
	struct bsp_ood ood;
	double *histograms;
	size_t n;

	histograms = read_histograms(path, true, &n, &size, &in);
	if (bsp_ood_fit(histograms, n, &ood, &e)) {
		bsp_reader_blame(in, &e);
		e.image = -1;
		cli_die(&e);
	}
	if (ood.components == n - 1)
		cli_note("%zu images have no more than %zu components, and "
		    "all are kept: each of these images is equally far, and "
		    "others are told badly; fit more of them", n, n - 1);
	model.rows = size.rows;
	model.cols = size.cols;
	model.part[0].rows = model.part[1].cols = BSP_OOD_BINS;
	model.part[1].rows = model.part[2].rows = ood.components;
	model.part[0].data = ood.mean;
	model.part[1].data = ood.axis;
	model.part[2].data = ood.variance;
	model_write(model_path, &model);
	free(histograms);
	bsp_ood_free(&ood);
	bsp_reader_close(in);
}

/* The numbers of *ood are then those of *model. */
static void
read_ood(struct model *model, struct bsp_ood *ood)
{
	const struct model_part *part = model->part;
	size_t i;

	model_read(model_path, model);
	if (part[0].rows != BSP_OOD_BINS || part[1].cols != BSP_OOD_BINS ||
	    part[1].rows != part[2].rows || part[2].rows > BSP_OOD_BINS)
		model_bad(model_path, "holds a mean of %zu bins, %zu "
		    "components of %zu and %zu variances, expected histograms "
		    "of %d bins", part[0].rows, part[1].rows, part[1].cols,
		    part[2].rows, BSP_OOD_BINS);
	for (i = 0; i < part[2].rows; i++)
		if (!(part[2].data[i] > 0))
			model_bad(model_path, "holds a variance of %g, expected "
			    "it above 0", part[2].data[i]);
	*ood = (struct bsp_ood){part[1].rows, part[0].data, part[1].data,
	    part[2].data};
}

/* ------------------------------------------------------------------- apply */

/* Distances of both streams' images, those of the first first. */
static void
find_distances(const struct bsp_ood *ood, struct bsp_image *size,
    const char *const *paths, double **distance, bool **tested, size_t count[2])
{
	double *histograms[2];
	struct bsp_reader *in;
	struct bsp_error e;
	size_t s, i, n = 0;

	for (s = 0; s < 2; s++) {
		histograms[s] = read_histograms(paths[s], s == 1, &count[s],
		    size, &in);
		bsp_reader_close(in);
	}
	*distance = malloc((count[0] + count[1]) * sizeof **distance);
	*tested = malloc((count[0] + count[1]) * sizeof **tested);
	if (*distance == NULL || *tested == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu images",
		    count[0] + count[1]);
		cli_die(&e);
	}
	for (s = 0; s < 2; s++) {
		for (i = 0; i < count[s]; i++, n++) {
			(*distance)[n] = bsp_ood_distance(ood, histograms[s] +
			    i * BSP_OOD_BINS);
			(*tested)[n] = s == 1;
		}
		free(histograms[s]);
	}
}

static void
write_images(FILE *file, const double *distance, const size_t count[2])
{
	static const char *const columns[] = {"stream", "image", "distance",
	    NULL};
	struct table table;
	size_t i;

	table_begin(&table, file, json, cli_command_line(NULL), NULL,
	    columns);
	for (i = 0; i < count[0] + count[1]; i++) {
		table_text(&table, i < count[0] ? "normal" : "test");
		table_count(&table, i < count[0] ? i : i - count[0]);
		table_number(&table, distance[i]);
	}
	table_end(&table);
}

static void
write_summary(FILE *file, const double *distance, const bool *tested,
    const size_t count[2])
{
	static const char *const columns[] = {"metric", "value", "normal",
	    "test", NULL};
	struct bsp_image_level level = {.score = distance,
	    .anomalous = tested, .n = count[0] + count[1]};
	struct bsp_summary auroc, ap;
	struct bsp_error e;
	struct table table;
	double fpr95;

	if (bsp_image_level(&level, NULL, &auroc, &ap, &e) ||
	    bsp_ood_fpr95(distance, count[0], distance + count[0], count[1],
	    &fpr95, &e))
		cli_die(&e);
	table_begin(&table, file, json, cli_command_line(NULL), NULL,
	    columns);
	table_text(&table, "auroc");
	table_number(&table, auroc.mean);
	table_count(&table, count[0]);
	table_count(&table, count[1]);
	table_text(&table, "fpr95");
	table_number(&table, fpr95);
	table_count(&table, count[0]);
	table_count(&table, count[1]);
	table_end(&table);
}

static void
apply(FILE *file, const char *const *paths)
{
	struct model model = MODEL;
	struct bsp_image size = {0};
	struct bsp_ood ood;
	double *distance;
	size_t count[2];
	bool *tested;

	read_ood(&model, &ood);
	size.rows = model.rows;
	size.cols = model.cols;
	find_distances(&ood, &size, paths, &distance, &tested, count);
	if (per_image)
		write_images(file, distance, count);
	else
		write_summary(file, distance, tested, count);
	model_free(&model);
	free(distance);
	free(tested);
}

int
main(int argc, char **argv)
{
	struct cli_command command;
	const char *what;

	cli_parse(&program, argc, argv, &command);
	what = command.operand[0];
	if (strcmp(what, "fit") != 0 && strcmp(what, "apply") != 0)
		cli_usage("unknown command '%s', expected fit or apply", what);
	if (command.operands != (*what == 'f' ? 2 : 3))
		cli_usage("%s: found %zu streams, expected %s", what,
		    command.operands - 1, *what == 'f' ? "one" :
		    "two, NORMAL and TEST");
	if (model_path == NULL)
		cli_usage("%s: no --model, expected the model's file", what);
	if (*what == 'f' && (per_image || json))
		cli_usage("fit writes no table, expected neither --per-image "
		    "nor --json");
	if (*what == 'f') {
		cli_place(model_path);
		cli_check_whole(model_path);
		fit(command.operand[1]);
	} else {
		apply(cli_table(NULL), command.operand + 1);
	}
	return cli_finish(false);
}
