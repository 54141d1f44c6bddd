/*
 * mask-apply: make everything outside a mask background.
 */
#include <string.h>

#include "cli/cli.h"

static enum bsp_format format = BSP_PFM;
static bool clip;

static const struct cli_option options[] = {
	CLI_EXPECT_OPTION,
	CLI_STRICT_OPTION,
	CLI_FORMAT_OPTIONS(format, clip),
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "mask-apply",
	.summary = "Make everything outside a mask 0, which is background.",
	.operands = "MASK [IMAGES]",
	.options = options,
	.least = 1,
	.most = 2,
	.output = CLI_STREAM,
	.examples = {
		"mask-apply mask.pgm healthy.pfm > inside.pfm",
		"foreground --fill healthy.pfm | mask-apply - healthy.pfm "
		    "> inside.pfm",
	},
};

int
main(int argc, char **argv)
{
	struct cli_command command;
	struct bsp_image mask = {0}, image = {0};
	struct bsp_image *const images[] = {&image, &mask};
	struct bsp_reader *in[2];
	struct bsp_error e = {0};
	struct bsp_writer *out;
	int r;

	cli_parse(&program, argc, argv, &command);
	if (command.operands == 1 && strcmp(command.operand[0], "-") == 0)
		cli_usage("standard input is named twice, expected a mask and "
		    "images");
	out = cli_stream(format, clip);
	in[1] = cli_reader(command.operand[0], BSP_MASKS);
	in[0] = cli_images(command.operands == 2 ? command.operand[1] : "-");
	while ((r = bsp_readers_next(in, images, 2, &e)) == 1)
		if (bsp_mask_apply(&mask, &image, &e) ||
		    bsp_writer_put(out, &image, &e))
			cli_die(&e);
	if (r < 0)
		cli_die(&e);
	bsp_image_free(&mask);
	bsp_image_free(&image);
	return cli_finish(false);
}
