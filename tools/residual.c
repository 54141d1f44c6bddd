/*
 * residual: anomaly-score maps from images and their reconstructions, read in
 * lock-step.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/index.h"
#include "cli/model.h"
#include "cli/threads.h"

static enum bsp_format format = BSP_PFM;
static uint64_t threads = 1;
static bool clip, per_volume;
static const char *saliency_path, *fit_path, *model_path, *index_path;

static const struct cli_option options[] = {
	{"saliency", "STREAM", "clahe-abs: saliency maps of input and recon",
	    CLI_INPUT, &saliency_path, 0, 0},
	{"fit", "MODEL", "zscore: write mean and standard deviation of each "
	    "pixel to MODEL, and no maps", CLI_TEXT, &fit_path, 0, 0},
	{"model", "MODEL", "zscore: model that --fit wrote", CLI_INPUT,
	    &model_path, 0, 0},
	{"per-volume", NULL, "equalized: one histogram of all images of a "
	    "volume, which --index tells", CLI_FLAG, &per_volume, 0, 0},
	{"index", "TSV", "the volumes of the images, as nii-slices writes it",
	    CLI_INPUT, &index_path, 0, 0},
	CLI_THREADS_OPTION(threads),
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
	if (threads != 1)
		cli_usage("--threads: --fit makes no maps, expected it with "
		    "--model");
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
	if (per_volume && strcmp(kind->name, "equalized") != 0)
		cli_usage("--per-volume: %s has no histogram of a volume, "
		    "expected equalized", kind->name);
	if (per_volume != (index_path != NULL))
		cli_usage("--per-volume and --index go together: the index "
		    "tells which images are of one volume");
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

/* The images of one map: input, recons, saliency. */
struct item {
	struct bsp_image *image;
	struct bsp_image map;
};

/* The streams that are read, and what is worked on at once. */
struct inputs {
	const struct cli_command *command;
	const struct bsp_pixel_stats *stats;
	struct bsp_reader *reader[3];
	size_t recons, streams;
	uint64_t images;   /* of maps that are written */
	struct item *item;
	size_t room;
	struct index index;               /* with --per-volume, as below */
	struct bsp_equalization volume;   /* whose images the items have */
	const struct bsp_image **slice;   /* [room] them */
	bool is_black;                    /* no foreground in any */
};

/* Have room for n items. */
static void
make_room(struct inputs *in, size_t n)
{
	struct bsp_error e;
	struct item *item = realloc(in->item, n * sizeof *item);

	in->item = item != NULL ? item : in->item;
	for (; item != NULL && in->room < n; in->room++) {
		in->item[in->room] = (struct item){.image = calloc(
		    in->recons + 2, sizeof *item->image)};
		if (in->item[in->room].image == NULL)
			break;
	}
	if (in->room == n)
		return;
	bsp_error_system(&e, ENOMEM, "%zu images at once", n);
	cli_die(&e);
}

static void
open_inputs(struct inputs *in, const struct cli_command *command)
{
	in->command = command;
	in->recons = bsp_residual_recons(command->kind, command->params);
	make_room(in, cli_read_at_once(threads));
	if (per_volume)
		index_read_volumes(&in->index, index_path);
	in->reader[0] = cli_images(command->operand[0]);
	for (in->streams = 1; in->streams < command->operands; in->streams++)
		in->reader[in->streams] = cli_reader(
		    command->operand[in->streams], BSP_IMAGES);
	if (saliency_path != NULL)
		in->reader[in->streams++] = cli_reader(saliency_path,
		    BSP_IMAGES);
}

/* The rest of an image's reconstructions: all there, all of its size. */
static int
read_samples(struct inputs *in, struct bsp_image *image, struct bsp_error *e)
{
	size_t i;
	int r;

	for (i = 1; i < in->recons; i++) {
		r = bsp_reader_next(in->reader[1], &image[1 + i], e);
		if (r == 1 && image[1 + i].rows == image->rows &&
		    image[1 + i].cols == image->cols)
			continue;
		if (r == 1)
			bsp_error_set(e, BSP_DATA, "is %zu x %zu, expected "
			    "the %zu x %zu of its input",
			    image[1 + i].cols, image[1 + i].rows,
			    image->cols, image->rows);
		else if (r == 0)
			bsp_error_set(e, BSP_DATA, "ended after %llu "
			    "reconstructions, expected %zu of each input "
			    "(--samples)",
			    (unsigned long long)bsp_reader_count(
			    in->reader[1]), in->recons);
		return bsp_reader_blame(in->reader[1], e);
	}
	return 1;
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

/* The next images: 1, or 0 at the end, or -1. */
static int
read_inputs(struct inputs *in, struct bsp_image *image, struct bsp_error *e)
{
	struct bsp_image *first[3] = {&image[0], &image[1],
	    &image[1 + in->recons]};
	int r = bsp_readers_next(in->reader, first, in->streams, e);

	if (r < 0)
		explain_samples(in, e);
	return r == 1 ? read_samples(in, image, e) : r;
}

static int
make_map(void *with, size_t i, struct bsp_error *e)
{
	const struct inputs *in = with;
	struct item *item = &in->item[i];
	struct bsp_residual_job job = {.input = &item->image[0],
	    .recon = &item->image[1], .recons = in->recons,
	    .saliency = saliency_path == NULL ? NULL :
	    &item->image[1 + in->recons], .stats = in->stats,
	    .equalization = per_volume && !in->is_black ? &in->volume : NULL};

	return bsp_residual_map(in->command->kind, &job, in->command->params,
	    &item->map, e);
}

/* Make the maps of the first n items, and write them in order. */
static void
write_maps(struct inputs *in, size_t n, struct bsp_writer *out)
{
	struct bsp_error e = {0};
	size_t i, done = cli_at_once(threads, n, make_map, in, &e);

	for (i = 0; i < done; i++, in->images++)
		if (bsp_writer_put(out, &in->item[i].map, &e))
			cli_die(&e);
	if (done < n) {
		cli_blame(in->reader[0], in->images, &e);
		cli_die(&e);
	}
}

/* Is the next image one more of those that are worked on at once? */
static bool
goes_with(struct inputs *in, size_t n)
{
	if (!per_volume)
		return n < in->room;
	if (n == 0)
		return true;
	return in->images + n < in->index.rows &&
	    index_get(&in->index, in->images + n)->unit ==
	    index_get(&in->index, in->images)->unit;
}

/* Read what is worked on at once: n images.  Returns as read_inputs. */
static int
read_items(struct inputs *in, size_t *n, struct bsp_error *e)
{
	int r = 1;

	for (*n = 0; goes_with(in, *n); ++*n) {
		if (*n == in->room)
			make_room(in, 2 * in->room);
		r = read_inputs(in, in->item[*n].image, e);
		if (r != 1)
			break;
		if (per_volume)
			index_get(&in->index, in->images + *n);
	}
	if (r == 0 && per_volume)
		index_check_end(&in->index, in->images + *n);
	return r;
}

/* The histogram of the volume that the first n items are. */
static void
fit_volume(struct inputs *in, size_t n)
{
	struct bsp_error e = {0};
	size_t i;

	in->slice = realloc(in->slice, in->room * sizeof *in->slice);
	if (in->slice == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu images at once", in->room);
		cli_die(&e);
	}
	in->is_black = true;
	for (i = 0; i < n; i++) {
		in->slice[i] = &in->item[i].image[0];
		in->is_black = in->is_black &&
		    bsp_image_foreground(in->slice[i]) == 0;
	}
	if (!in->is_black &&
	    bsp_equalization_fit(&in->volume, in->slice, n, &e))
		cli_die(&e);
}

int
main(int argc, char **argv)
{
	struct bsp_pixel_stats stats = {0};
	struct inputs in = {.streams = 0};
	struct cli_command command;
	struct bsp_error e = {0};
	struct bsp_writer *out;
	size_t n;
	int r = 1;

	cli_parse(&program, argc, argv, &command);
	check_request(&command);
	if (fit_path != NULL) {
		cli_place(fit_path);
		cli_check_whole(fit_path);
		fit(cli_images(command.operand[0]));
		return cli_finish(false);
	}
	out = cli_stream(format, clip);
	if (model_path != NULL) {
		model_read_stats(model_path, &stats);
		in.stats = &stats;
	}
	open_inputs(&in, &command);
	while (r == 1) {
		r = read_items(&in, &n, &e);
		if (per_volume && r < 0)
			break;
		if (per_volume)
			fit_volume(&in, n);
		write_maps(&in, n, out);
	}
	if (r < 0)
		cli_die(&e);
	return cli_finish(false);
}
