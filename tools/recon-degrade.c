/*
 * recon-degrade: imperfect reconstructions of the images of a stream.
 */
#include "cli.h"

static uint64_t samples = 1, seed, first_index;
static enum bsp_format format = BSP_PFM;
static bool clip;

static const struct cli_option options[] = {
	{"samples", "K", "reconstructions of each image, one after another "
	    "(default 1)", CLI_COUNT, &samples, 1, 1 << 20},
	CLI_DRAW_OPTIONS(seed, first_index),
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
	struct bsp_image image = {0}, recon = {0};
	struct cli_command command;
	struct bsp_degrade_job job;
	struct bsp_error e = {0};
	struct bsp_reader *in;
	struct bsp_writer *out;
	int r;

	cli_parse(&program, argc, argv, &command);
	out = cli_stream(format, clip);
	in = cli_reader(command.operand[0], BSP_IMAGES);
	job = (struct bsp_degrade_job){.seed = seed, .index = first_index};
	for (; (r = bsp_reader_next(in, &image, &e)) == 1; job.index++)
		for (job.number = 0; job.number < samples; job.number++)
			if (command.kind->apply.degrade(&job, command.params,
			    &image, &recon, &e) ||
			    bsp_writer_put(out, &recon, &e))
				cli_die(&e);
	if (r < 0)
		cli_die(&e);
	return cli_finish(false);
}
