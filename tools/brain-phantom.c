/*
 * brain-phantom: a stream of synthetic brain slices.
 */
#include <errno.h>
#include <stdlib.h>

#include "cli/threads.h"

static uint64_t count = 1, size = 256, seed, first_index, threads = 1;
static enum bsp_format format = BSP_PFM;
static bool clip;

static const struct cli_option options[] = {
	{"count", "N", "number of images (default 1)", CLI_COUNT, &count, 0,
	    UINT64_MAX},
	{"size", "N", "rows and columns of each, 8 to 4096 (default 256)",
	    CLI_COUNT, &size, BSP_PHANTOM_SIZE_MIN, BSP_PHANTOM_SIZE_MAX},
	CLI_DRAW_OPTIONS(seed, first_index),
	CLI_THREADS_OPTION(threads),
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

/* The images that are drawn at once. */
struct batch {
	struct bsp_image *image;
	uint64_t index;
};

static int
draw(void *with, size_t i, struct bsp_error *e)
{
	const struct batch *b = with;

	return bsp_phantom_draw(seed, b->index + i, (size_t)size,
	    &b->image[i], e);
}

int
main(int argc, char **argv)
{
	struct cli_command command;
	struct bsp_error e = {0};
	struct bsp_writer *out;
	struct batch b;
	size_t room, n, i;
	uint64_t done;

	cli_parse(&program, argc, argv, &command);
	if (count > UINT64_MAX - first_index)
		cli_usage("--count: %llu images from index %llu on, expected "
		    "indices below 2^64", (unsigned long long)count,
		    (unsigned long long)first_index);
	out = cli_stream(format, clip);
	room = cli_read_at_once(threads);
	b.image = calloc(room, sizeof *b.image);
	if (b.image == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu images", room);
		cli_die(&e);
	}
	for (done = 0; done < count; done += n) {
		b.index = first_index + done;
		n = count - done < room ? (size_t)(count - done) : room;
		if (cli_at_once(threads, n, draw, &b, &e) < n)
			cli_die(&e);
		for (i = 0; i < n; i++)
			if (bsp_writer_put(out, &b.image[i], &e))
				cli_die(&e);
	}
	return cli_finish(false);
}
