/*
 * residual: anomaly-score maps from images and their reconstructions, read in
 * lock-step.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/model.h"

static enum bsp_format format = BSP_PFM;
static bool clip;
static const char *saliency_path, *fit_path, *model_path;

static const struct cli_option options[] = {
	{"saliency", "STREAM", "clahe-abs: saliency maps of input and recon",
	    CLI_INPUT, &saliency_path, 0, 0},
	{"fit", "MODEL", "zscore: write mean and standard deviation of each "
	    "pixel to MODEL, and no maps", CLI_TEXT, &fit_path, 0, 0},
	{"model", "MODEL", "zscore: model that --fit wrote", CLI_INPUT,
	    &model_path, 0, 0},
	CLI_EXPECT_OPTION,
	CLI_FORMAT_OPTIONS(format, clip),
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "residual",
	.summary = "Compute anomaly-score maps from images and their "
	    "reconstructions.",
	.operands = "INPUT [RECON]",
	.kinds = bsp_residual_kinds,
	.options = options,
	.output = CLI_STREAM,
	.examples = {
		"residual abs anom.pfm recon.pfm > map.pfm",
		"recon-degrade blur healthy.pfm | residual positive anom.pfm "
		    "- > map.pfm",
	},
};

/* --fit makes no maps, so options for maps do not go with it. */
static void
check_fit(const struct cli_command *command)
{
	const struct bsp_param *param;
	size_t i;

	for (i = 0; i < bsp_kind_params(command->kind); i++) {
		param = bsp_kind_param(command->kind, i);
		if (command->params[i] < param->initial ||
		    command->params[i] > param->initial)
			cli_usage("--%s: --fit makes no maps, expected it "
			    "with --model", param->name);
	}
	if (format != BSP_PFM || clip)
		cli_usage("--%s: --fit writes no maps, expected it with "
		    "--model", clip ? "clip" : "format");
}

static void
check_request(const struct cli_command *command)
{
	const struct bsp_kind *kind = command->kind;

	if (saliency_path != NULL && (kind->needs & BSP_SALIENCY) == 0)
		cli_usage("--saliency: %s takes none", kind->name);
	if ((fit_path != NULL || model_path != NULL) &&
	    (kind->needs & BSP_PIXEL_STATS) == 0)
		cli_usage("--%s: %s takes no model",
		    fit_path != NULL ? "fit" : "model", kind->name);
	if ((kind->needs & BSP_PIXEL_STATS) != 0 &&
	    (fit_path != NULL) == (model_path != NULL))
		cli_usage("%s: expected one of --fit and --model", kind->name);
	if (fit_path != NULL)
		check_fit(command);
}

/* Fit pixel statistics to a stream of healthy images and write them. */
static void
fit(struct bsp_reader *in)
{
	struct bsp_pixel_stats_fit sums = {0};
	struct bsp_pixel_stats stats = {0};
	struct bsp_image image = {0};
	struct bsp_error e = {0};
	int r;

	while ((r = bsp_reader_next(in, &image, &e)) == 1)
		if (bsp_pixel_stats_add(&sums, &image, &e)) {
			bsp_reader_blame(in, &e);
			cli_die(&e);
		}
	if (r < 0)
		cli_die(&e);
	if (bsp_pixel_stats_finish(&sums, &stats, &e)) {
		bsp_reader_blame(in, &e);
		e.image = -1;
		cli_die(&e);
	}
	model_write_stats(fit_path, &stats);
	bsp_pixel_stats_fit_free(&sums);
	bsp_pixel_stats_free(&stats);
	bsp_image_free(&image);
}

/* The streams that are read, and how many images of each at once. */
struct inputs {
	struct bsp_reader *reader[3];
	struct bsp_image *image; /* input, recons, saliency */
	size_t recons, streams;
};

static void
open_inputs(struct inputs *in, const struct cli_command *command)
{
	struct bsp_error e;

	in->recons = bsp_residual_recons(command->kind, command->params);
	in->image = calloc(in->recons + 2, sizeof *in->image);
	if (in->image == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu reconstructions",
		    in->recons);
		cli_die(&e);
	}
	in->reader[0] = cli_images(command->operand[0]);
	for (in->streams = 1; in->streams < command->operands; in->streams++)
		in->reader[in->streams] = cli_reader(
		    command->operand[in->streams], BSP_IMAGES);
	if (saliency_path != NULL)
		in->reader[in->streams++] = cli_reader(saliency_path,
		    BSP_IMAGES);
}

/* The rest of an image's reconstructions: all there, all of its size. */
static void
read_samples(struct inputs *in)
{
	struct bsp_error e = {0};
	size_t i;
	int r;

	for (i = 1; i < in->recons; i++) {
		r = bsp_reader_next(in->reader[1], &in->image[1 + i], &e);
		if (r == 1 && in->image[1 + i].rows == in->image->rows &&
		    in->image[1 + i].cols == in->image->cols)
			continue;
		if (r == 1)
			bsp_error_set(&e, BSP_DATA, "is %zu x %zu, expected "
			    "the %zu x %zu of its input",
			    in->image[1 + i].cols, in->image[1 + i].rows,
			    in->image->cols, in->image->rows);
		else if (r == 0)
			bsp_error_set(&e, BSP_DATA, "ended after %llu "
			    "reconstructions, expected %zu of each input "
			    "(--samples)",
			    (unsigned long long)bsp_reader_count(
			    in->reader[1]), in->recons);
		bsp_reader_blame(in->reader[1], &e);
		cli_die(&e);
	}
}

/*
 * Streams of different length (the error is of no image) may be so because
 * another number of reconstructions was meant.
 */
static void
explain_samples(const struct inputs *in, struct bsp_error *e)
{
	size_t used = strlen(e->text);

	if (in->recons > 1 && e->status == BSP_DATA && e->image < 0)
		snprintf(e->text + used, sizeof e->text - used,
		    " (--samples %zu takes %zu of RECON for each of INPUT)",
		    in->recons, in->recons);
}

static bool
read_inputs(struct inputs *in)
{
	struct bsp_image *first[3] = {&in->image[0], &in->image[1],
	    &in->image[1 + in->recons]};
	struct bsp_error e = {0};
	int r = bsp_readers_next(in->reader, first, in->streams, &e);

	if (r < 0) {
		explain_samples(in, &e);
		cli_die(&e);
	}
	if (r == 1)
		read_samples(in);
	return r == 1;
}

int
main(int argc, char **argv)
{
	struct bsp_pixel_stats stats = {0};
	struct inputs in = {.streams = 0};
	struct bsp_residual_job job = {.stats = NULL};
	struct bsp_image map = {0};
	struct cli_command command;
	struct bsp_error e = {0};
	struct bsp_writer *out;

	cli_parse(&program, argc, argv, &command);
	check_request(&command);
	if (fit_path != NULL) {
		cli_place(fit_path);
		fit(cli_images(command.operand[0]));
		return cli_finish(false);
	}
	out = cli_stream(format, clip);
	if (model_path != NULL) {
		model_read_stats(model_path, &stats);
		job.stats = &stats;
	}
	open_inputs(&in, &command);
	job.input = &in.image[0];
	job.recon = &in.image[1];
	job.recons = in.recons;
	if (saliency_path != NULL)
		job.saliency = &in.image[1 + in.recons];
	while (read_inputs(&in)) {
		if (bsp_residual_map(command.kind, &job, command.params, &map,
		    &e)) {
			bsp_reader_blame(in.reader[0], &e);
			cli_die(&e);
		}
		if (bsp_writer_put(out, &map, &e))
			cli_die(&e);
	}
	return cli_finish(false);
}
