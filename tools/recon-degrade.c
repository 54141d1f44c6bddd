/*
 * recon-degrade: imperfect reconstructions of the images of a stream.
 */
#include "cli/cli.h"

static uint64_t samples = 1, seed, first_index;
static enum bsp_format format = BSP_PFM;
static bool clip;
static const char *mask_path;

static const struct cli_option options[] = {
	{"samples", "K", "reconstructions of each image, one after another "
	    "(default 1)", CLI_COUNT, &samples, 1, 1 << 20},
	CLI_DRAW_OPTIONS(seed, first_index),
	{"mask", "STREAM", "inpaint: masks of the area to fill", CLI_INPUT,
	    &mask_path, 0, 0},
	CLI_EXPECT_OPTION,
	CLI_STRICT_OPTION,
	CLI_FORMAT_OPTIONS(format, clip),
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "recon-degrade",
	.summary = "Degrade images to simulate imperfect reconstructions.",
	.operands = "[IMAGES]",
	.kinds = bsp_degrade_kinds,
	.options = options,
	.output = CLI_STREAM,
	.examples = {
		"recon-degrade blur --sigma 2 healthy.pfm > recon.pfm",
		"recon-degrade none healthy.pfm | cmp - healthy.pfm",
	},
};

/* Masks are for kinds that fill them. */
static void
check_request(const struct bsp_kind *kind)
{
	if (mask_path != NULL && !(kind->needs & BSP_MASK))
		cli_usage("--mask: %s takes none", kind->name);
	if (mask_path == NULL && (kind->needs & BSP_MASK))
		cli_usage("%s: no --mask, expected a stream of masks, one for "
		    "each image", kind->name);
}

int
main(int argc, char **argv)
{
	struct bsp_image image = {0}, fill = {0}, recon = {0};
	struct bsp_image *images[] = {&image, &fill};
	struct bsp_reader *in[2];
	struct cli_command command;
	struct bsp_degrade_job job;
	struct bsp_error e = {0};
	struct bsp_writer *out;
	size_t streams = 1;
	int r;

	cli_parse(&program, argc, argv, &command);
	check_request(command.kind);
	out = cli_stream(format, clip);
	in[0] = cli_images(command.operand[0]);
	if (mask_path != NULL)
		in[streams++] = cli_reader(mask_path, BSP_MASKS);
	job = (struct bsp_degrade_job){.seed = seed, .index = first_index,
	    .mask = streams > 1 ? &fill : NULL};
	for (; (r = bsp_readers_next(in, images, streams, &e)) == 1;
	    job.index++)
		for (job.number = 0; job.number < samples; job.number++)
			if (bsp_degrade(command.kind, &job, command.params,
			    &image, &recon, &e) ||
			    bsp_writer_put(out, &recon, &e)) {
				bsp_reader_blame(in[0], &e);
				cli_die(&e);
			}
	if (r < 0)
		cli_die(&e);
	return cli_finish(false);
}
