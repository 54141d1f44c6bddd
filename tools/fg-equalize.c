/*
 * fg-equalize: histogram equalisation of the foreground of each image.
 */
#include "cli/cli.h"

static enum bsp_format format = BSP_PFM;
static bool clip;

static const struct cli_option options[] = {
	CLI_EXPECT_OPTION,
	CLI_FORMAT_OPTIONS(format, clip),
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "fg-equalize",
	.summary = "Equalise the histogram of each image's foreground.",
	.operands = "[IMAGES]",
	.options = options,
	.most = 1,
	.output = CLI_STREAM,
	.examples = {
		"fg-equalize healthy.pfm > equalized.pfm",
		"fg-equalize healthy.pfm | anom-inject disk --mask mask.pgm "
		    "> anom.pfm",
	},
};

int
main(int argc, char **argv)
{
	struct cli_command command;
	struct bsp_image image = {0};
	struct bsp_error e = {0};
	struct bsp_reader *in;
	struct bsp_writer *out;
	int r;

	cli_parse(&program, argc, argv, &command);
	out = cli_stream(format, clip);
	in = cli_images(command.operand[0]);
	while ((r = bsp_reader_next(in, &image, &e)) == 1)
		if (bsp_equalize(&image, &image, &e)) {
			bsp_reader_blame(in, &e);
			cli_die(&e);
		} else if (bsp_writer_put(out, &image, &e)) {
			cli_die(&e);
		}
	if (r < 0)
		cli_die(&e);
	return cli_finish(false);
}
