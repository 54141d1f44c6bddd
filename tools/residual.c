/*
 * residual: anomaly-score maps from images and their reconstructions, read in
 * lock-step.
 */
#include "cli.h"

#define INPUTS 16 /* more than any kind takes */

static enum bsp_format format = BSP_PFM;
static bool clip;

static const struct cli_option options[] = {
	CLI_FORMAT_OPTIONS(format, clip),
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "residual",
	.summary = "Turn images and their reconstructions into anomaly-score "
	    "maps.",
	.operands = "INPUT [RECON...]",
	.kinds = bsp_residual_kinds,
	.options = options,
	.output = CLI_STREAM,
	.examples = {
		"residual abs anom.pfm recon.pfm > map.pfm",
		"recon-degrade blur healthy.pfm | residual positive anom.pfm "
		    "- > map.pfm",
	},
};

int
main(int argc, char **argv)
{
	struct bsp_image image[INPUTS] = {{0}}, map = {0};
	struct bsp_image *images[INPUTS];
	const struct bsp_image *inputs[INPUTS];
	struct bsp_reader *readers[INPUTS];
	struct cli_command command;
	struct bsp_error e = {0};
	struct bsp_writer *out;
	size_t i;
	int r;

	cli_parse(&program, argc, argv, &command);
	out = cli_stream(format, clip);
	for (i = 0; i < command.operands; i++) {
		readers[i] = cli_reader(command.operand[i], BSP_IMAGES);
		inputs[i] = images[i] = &image[i];
	}
	while ((r = bsp_readers_next(readers, images, command.operands,
	    &e)) == 1)
		if (command.kind->apply.residual(inputs, command.params, &map,
		    &e) || bsp_writer_put(out, &map, &e))
			cli_die(&e);
	if (r < 0)
		cli_die(&e);
	return cli_finish(false);
}
