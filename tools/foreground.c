/*
 * foreground: masks of what lies above a threshold, for images whose background
 * is not 0.
 */
#include <string.h>

#include "cli/cli.h"

static const char *threshold_text = "otsu";
static bool largest, fill;

static const struct cli_option options[] = {
	{"threshold", "otsu|VALUE", "samples above it are foreground (default "
	    "otsu, of each image)", CLI_TEXT, &threshold_text, 0, 0},
	{"largest", NULL, "keep only the largest region, joined at corners too",
	    CLI_FLAG, &largest, 0, 0},
	{"fill", NULL, "fill holes: what does not reach the rim of the image",
	    CLI_FLAG, &fill, 0, 0},
	CLI_EXPECT_OPTION,
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "foreground",
	.summary = "Masks of the foreground where the background is not 0.",
	.operands = "[IMAGES]",
	.options = options,
	.most = 1,
	.output = CLI_STREAM,
	.examples = {
		"foreground --largest --fill healthy.pfm > within.pgm",
		"foreground --threshold 0.1 healthy.pfm > within.pgm",
	},
	.cites = "otsu1979threshold",
};

int
main(int argc, char **argv)
{
	struct cli_command command;
	struct bsp_image image = {0}, mask = {0};
	struct bsp_error e = {0};
	struct bsp_reader *in;
	struct bsp_writer *out;
	double threshold = 0;
	bool otsu;
	int r;

	cli_parse(&program, argc, argv, &command);
	otsu = strcmp(threshold_text, "otsu") == 0;
	if (!otsu && bsp_number_parse(threshold_text, &threshold, &e))
		cli_usage("--threshold: found '%s', expected otsu or a number",
		    threshold_text);
	out = cli_stream(BSP_PGM8, false);
	in = cli_images(command.operand[0]);
	while ((r = bsp_reader_next(in, &image, &e)) == 1)
		if ((otsu && bsp_threshold_otsu(&image, &threshold, &e)) ||
		    bsp_mask_above(&image, threshold, &mask, &e) ||
		    (largest && bsp_mask_keep_largest(&mask, &e)) ||
		    (fill && bsp_mask_fill_holes(&mask, &e)) ||
		    bsp_writer_put(out, &mask, &e)) {
			bsp_reader_blame(in, &e);
			cli_die(&e);
		}
	if (r < 0)
		cli_die(&e);
	bsp_image_free(&image);
	bsp_image_free(&mask);
	return cli_finish(false);
}
