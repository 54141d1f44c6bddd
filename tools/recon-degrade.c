/*
 * recon-degrade: imperfect reconstructions of the images of a stream.
 */
#include <errno.h>
#include <stdlib.h>

#include "cli/threads.h"

static uint64_t samples = 1, seed, first_index, threads = 1;
static enum bsp_format format = BSP_PFM;
static bool clip;
static const char *mask_path;

static const struct cli_option options[] = {
	{"samples", "K", "reconstructions of each image, one after another "
	    "(default 1)", CLI_COUNT, &samples, 1, 1 << 20},
	CLI_DRAW_OPTIONS(seed, first_index),
	{"mask", "STREAM", "inpaint: masks of the area to fill", CLI_INPUT,
	    &mask_path, 0, 0},
	CLI_THREADS_OPTION(threads),
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

/* One reconstruction of one image. */
struct item {
	struct bsp_image image, fill, recon;
	struct bsp_degrade_job job;
};

/* Where the streams are, and what is worked on at once. */
struct batch {
	const struct cli_command *command;
	struct bsp_reader *in[2];
	size_t streams;
	struct bsp_image image, fill; /* the last that were read */
	uint64_t images, number;      /* and the next of their samples */
	struct item *item;
};

static void
swap(struct bsp_image *a, struct bsp_image *b)
{
	struct bsp_image spare = *a;

	*a = *b;
	*b = spare;
}

/* The next item: 1, or 0 at the end, or -1. */
static int
next_item(struct batch *b, struct item *item, struct bsp_error *e)
{
	struct bsp_image *images[] = {&b->image, &b->fill};
	int r;

	if (b->number == samples) {
		r = bsp_readers_next(b->in, images, b->streams, e);
		if (r != 1)
			return r;
		b->images++;
		b->number = 0;
	}
	item->job = (struct bsp_degrade_job){.seed = seed,
	    .index = first_index + b->images - 1,
	    .number = (uint32_t)b->number++,
	    .mask = b->streams > 1 ? &item->fill : NULL};
	if (b->number == samples) {
		swap(&item->image, &b->image);
		swap(&item->fill, &b->fill);
	} else if (bsp_image_copy(&item->image, &b->image, e) ||
	    (b->streams > 1 && bsp_image_copy(&item->fill, &b->fill, e))) {
		return -1;
	}
	return 1;
}

static int
degrade(void *with, size_t i, struct bsp_error *e)
{
	struct batch *b = with;
	struct item *item = &b->item[i];

	return bsp_degrade(b->command->kind, &item->job, b->command->params,
	    &item->image, &item->recon, e);
}

int
main(int argc, char **argv)
{
	struct bsp_error e = {0}, ended = {0};
	struct cli_command command;
	struct batch b = {.command = &command, .streams = 1};
	size_t room, n, done, i;
	struct bsp_writer *out;
	int r = 1;

	cli_parse(&program, argc, argv, &command);
	check_request(command.kind);
	out = cli_stream(format, clip);
	b.in[0] = cli_images(command.operand[0]);
	if (mask_path != NULL)
		b.in[b.streams++] = cli_reader(mask_path, BSP_MASKS);
	b.number = samples;
	room = cli_read_at_once(threads);
	b.item = calloc(room, sizeof *b.item);
	if (b.item == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu images", room);
		cli_die(&e);
	}
	while (r == 1) {
		for (n = 0; n < room; n++)
			if ((r = next_item(&b, &b.item[n], &ended)) != 1)
				break;
		done = cli_at_once(threads, n, degrade, &b, &e);
		for (i = 0; i < done; i++)
			if (bsp_writer_put(out, &b.item[i].recon, &e))
				cli_die(&e);
		if (done < n) {
			cli_blame(b.in[0], b.item[done].job.index -
			    first_index, &e);
			cli_die(&e);
		}
	}
	if (r < 0)
		cli_die(&ended);
	return cli_finish(false);
}
