/*
 * brain-phantom: a stream of synthetic brain slices.
 */
#include "cli/cli.h"

static uint64_t count = 1, size = 256, seed, first_index;
static enum bsp_format format = BSP_PFM;
static bool clip;

static const struct cli_option options[] = {
	{"count", "N", "number of images (default 1)", CLI_COUNT, &count, 0,
	    UINT64_MAX},
	{"size", "N", "rows and columns of each, 8 to 4096 (default 256)",
	    CLI_COUNT, &size, BSP_PHANTOM_SIZE_MIN, BSP_PHANTOM_SIZE_MAX},
	CLI_DRAW_OPTIONS(seed, first_index),
	CLI_FORMAT_OPTIONS(format, clip),
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "brain-phantom",
	.summary = "Draw synthetic T1-weighted axial brain slices, all different.",
	.operands = "",
	.options = options,
	.output = CLI_STREAM,
	.examples = {
		"brain-phantom --count 320 > healthy.pfm",
		"brain-phantom | anom-inject disk --mask mask.pgm > anom.pfm",
	},
};

int
main(int argc, char **argv)
{
	struct cli_command command;
	struct bsp_image image = {0};
	struct bsp_error e = {0};
	struct bsp_writer *out;
	uint64_t i;

	cli_parse(&program, argc, argv, &command);
	if (count > UINT64_MAX - first_index)
		cli_usage("--count: %llu images from index %llu on, expected "
		    "indices below 2^64", (unsigned long long)count,
		    (unsigned long long)first_index);
	out = cli_stream(format, clip);
	for (i = 0; i < count; i++)
		if (bsp_phantom_draw(seed, first_index + i, (size_t)size,
		    &image, &e) || bsp_writer_put(out, &image, &e))
			cli_die(&e);
	return cli_finish(false);
}
