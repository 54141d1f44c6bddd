/*
 * recon-degrade: imperfect reconstructions of the images of a stream.
 */
#include "companion.h"

static uint64_t samples = 1, seed, first_index;
static enum bsp_format format = BSP_PFM;
static bool clip;
static struct companion mask = {.option = "mask", .content = BSP_MASKS};

static const struct cli_option options[] = {
	{"samples", "K", "reconstructions of each image, one after another "
	    "(default 1)", CLI_COUNT, &samples, 1, 1 << 20},
	CLI_DRAW_OPTIONS(seed, first_index),
	{"mask", "STREAM", "inpaint: masks of what is to be filled", CLI_INPUT,
	    &mask.path, 0, 0},
	CLI_FORMAT_OPTIONS(format, clip),
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "recon-degrade",
	.summary = "Make imperfect reconstructions of the images of a stream.",
	.operands = "[IMAGES]",
	.kinds = bsp_degrade_kinds,
	.options = options,
	.output = CLI_STREAM,
	.examples = {
		"recon-degrade blur --sigma 2 healthy.pfm > recon.pfm",
		"recon-degrade none healthy.pfm | cmp - healthy.pfm",
	},
};

int
main(int argc, char **argv)
{
	struct bsp_image image = {0}, recon = {0}, fill = {0};
	struct cli_command command;
	struct bsp_degrade_job job;
	struct bsp_error e = {0};
	struct bsp_reader *in;
	struct bsp_writer *out;
	int r;

	cli_parse(&program, argc, argv, &command);
	companion_check(&mask, command.kind->name, false,
	    command.kind->needs & BSP_MASK);
	out = cli_stream(format, clip);
	in = cli_reader(command.operand[0], BSP_IMAGES);
	mask.first_index = first_index;
	companion_open(&mask);
	job = (struct bsp_degrade_job){.seed = seed, .index = first_index,
	    .mask = &fill};
	for (; (r = bsp_reader_next(in, &image, &e)) == 1; job.index++) {
		if (companion_next(&mask, &image, &fill, &e))
			cli_die(&e);
		for (job.number = 0; job.number < samples; job.number++)
			if (command.kind->apply.degrade(&job, command.params,
			    &image, &recon, &e) ||
			    bsp_writer_put(out, &recon, &e)) {
				bsp_reader_blame(in, &e);
				cli_die(&e);
			}
	}
	if (r < 0)
		cli_die(&e);
	return cli_finish(false);
}
