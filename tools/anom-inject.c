/*
 * anom-inject: put a synthetic anomaly into each image of a stream, and write
 * its mask beside it.
 */
#include "cli/side-stream.h"
#include "cli/positions.h"
#include "cli/table.h"

static uint64_t anomalies = 1, seed;
static uint64_t first_index = UINT64_MAX; /* not given */
static const char *positions_path, *mask_path, *record_path;
static struct side_stream donors = {.option = "donors", .content = BSP_IMAGES};
static struct side_stream shapes = {.option = "shapes", .content = BSP_MASKS,
    .any_size = true};
static struct side_stream within = {.option = "within", .content = BSP_MASKS};
static enum bsp_format format = BSP_PFM;
static bool clip;

static const struct cli_option options[] = {
	{"count", "N", "anomalies per image (default 1)", CLI_COUNT,
	    &anomalies, 1, 1000},
	CLI_DRAW_OPTIONS(seed, first_index),
	{"positions", "TSV", "take the centres from a table with columns "
	    "image, row, col and optionally anomaly", CLI_INPUT,
	    &positions_path, 0, 0},
	{"donors", "STREAM", "fpi, pii, nsa, perlin: donor images, one for "
	    "each image", CLI_INPUT, &donors.path, 0, 0},
	{"shapes", "STREAM", "lesion: masks with the shapes of lesions, one "
	    "for each image", CLI_INPUT, &shapes.path, 0, 0},
	{"within", "STREAM", "masks: anomalies lie inside, all else is as "
	    "background", CLI_INPUT, &within.path, 0, 0},
	{"mask", "FILE", "write the masks to FILE (8-bit PGM)",
	    CLI_MASK_OUT, &mask_path, 0, 0},
	{"record", "FILE", "write a table of the anomalies and their "
	    "parameters", CLI_TABLE_OUT, &record_path, 0, 0},
	CLI_EXPECT_OPTION,
	CLI_STRICT_OPTION,
	CLI_FORMAT_OPTIONS(format, clip),
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "anom-inject",
	.summary = "Put a synthetic anomaly into each image of a stream.",
	.operands = "[IMAGES]",
	.kinds = bsp_inject_kinds,
	.options = options,
	.output = CLI_STREAM,
	.examples = {
		"anom-inject disk --mask mask.pgm healthy.pfm > anom.pfm",
		"anom-inject disk --radius 8 --intensity 1 --seed 7 "
		    "healthy.pfm > bright.pfm",
	},
};

static void
check_request(const struct cli_command *command)
{
	const struct bsp_kind *kind = command->kind;
	struct bsp_error e;

	if (bsp_params_check(kind, command->params, &e))
		cli_usage("%s", e.text);
	side_stream_check(&donors, kind->name, kind->needs & BSP_MAY_DONOR,
	    kind->needs & BSP_DONOR);
	side_stream_check(&shapes, kind->name, false, kind->needs & BSP_SHAPE);
}

/* What the program reads and writes. */
static struct {
	struct bsp_reader *in;
	struct bsp_writer *out, *mask; /* mask: NULL where none is wanted */
	struct positions positions;
	struct table record;
} io;

static void
begin_record(struct table *record, const struct bsp_kind *kind)
{
	char digits[BSP_NUMBER_SIZE];
	struct table_fact facts[2] = {{NULL, NULL}};
	static const char *columns[7 + BSP_PARAMS_MAX + BSP_DRAWN_MAX] = {
	    "image", "anomaly", "row", "col"};
	size_t n = 4, i;

	if (donors.path != NULL)
		columns[n++] = "donor";
	if (shapes.path != NULL)
		columns[n++] = "shape";
	for (i = 0; i < bsp_kind_params(kind); i++)
		columns[n++] = bsp_kind_param(kind, i)->name;
	for (i = 0; kind->drawn != NULL && kind->drawn[i] != NULL; i++)
		columns[n++] = kind->drawn[i];
	facts[0] = (struct table_fact){"seed", table_digits(digits, seed)};
	table_begin(record, cli_table(record_path), false,
	    cli_command_line(NULL), facts, columns);
}

/* A row for the anomaly that was put, if a table is wanted. */
static int
write_record(void *with, const struct bsp_inject_job *job,
    const double *params, struct bsp_image *image, struct bsp_image *label,
    struct bsp_error *e)
{
	const struct cli_command *command = with;
	struct table *record = &io.record;
	size_t i;

	(void)image;
	(void)label;
	(void)e;
	if (record_path == NULL)
		return 0;
	table_count(record, job->index);
	table_count(record, job->number);
	table_count(record, job->row);
	table_count(record, job->col);
	if (donors.path != NULL)
		table_count(record, side_stream_last(&donors));
	if (shapes.path != NULL)
		table_count(record, side_stream_last(&shapes));
	for (i = 0; i < bsp_kind_params(command->kind); i++)
		table_number(record, params[i]);
	for (i = 0; command->kind->drawn != NULL &&
	    command->kind->drawn[i] != NULL; i++)
		table_number(record, job->drawn[i]);
	return 0;
}

static void
open_all(const struct cli_command *command)
{
	io.out = cli_stream(format, clip);
	if (mask_path != NULL)
		io.mask = cli_mask(mask_path);
	if (record_path != NULL)
		begin_record(&io.record, command->kind);
	if (positions_path != NULL)
		positions_read(&io.positions, positions_path, anomalies);
	io.in = cli_images(command->operand[0]);
	if (first_index != UINT64_MAX)
		donors.first_index = shapes.first_index =
		    within.first_index = first_index;
	side_stream_open(&donors);
	side_stream_open(&shapes);
	side_stream_open(&within);
}

/* The centre that the table of positions has. */
static int
look_up(void *with, size_t i, struct bsp_inject_job *job, double *params,
    struct bsp_error *e)
{
	(void)with;
	(void)params;
	(void)e;
	positions_get(&io.positions, job->index, i, job->healthy, &job->row,
	    &job->col);
	return 0;
}

/* Read, change and write one image; 1, or 0 at the end. */
static int
next_image(struct bsp_inject_job *job, struct cli_command *command)
{
	struct bsp_inject_run run = {
		.kind = command->kind,
		.params = command->params,
		.count = anomalies,
		.before = positions_path != NULL ? look_up : NULL,
		.after = write_record,
		.with = command,
	};
	static struct bsp_image healthy, donor, shape, inside, masked, image,
	    label;
	struct bsp_error e = {0};
	int r = bsp_reader_next(io.in, &healthy, &e);

	if (r == 0)
		return 0;
	if (r < 0 || side_stream_next(&donors, &healthy, &donor, &e) ||
	    side_stream_next(&shapes, &healthy, &shape, &e) ||
	    side_stream_next(&within, &healthy, &inside, &e))
		cli_die(&e);
	job->healthy = &healthy;
	/* The kinds know one background, which is 0. */
	if (within.path != NULL) {
		if (bsp_image_copy(&masked, &healthy, &e) ||
		    bsp_mask_apply(&inside, &masked, &e))
			cli_die(&e);
		job->healthy = &masked;
	}
	job->donor = donors.path != NULL ? &donor : NULL;
	job->shape = shapes.path != NULL ? &shape : NULL;
	if (bsp_inject_image(&run, job, &image, &label, &e) ||
	    (within.path != NULL && bsp_mask_restore(&inside, &healthy,
	    &image, &e))) {
		bsp_reader_blame(io.in, &e);
		cli_die(&e);
	}
	if (bsp_writer_put(io.out, &image, &e) ||
	    (io.mask != NULL && bsp_writer_put(io.mask, &label, &e)))
		cli_die(&e);
	return 1;
}

int
main(int argc, char **argv)
{
	double drawn[BSP_DRAWN_MAX];
	struct cli_command command;
	struct bsp_inject_job job;
	bool piece;

	cli_parse(&program, argc, argv, &command);
	check_request(&command);
	open_all(&command);
	piece = first_index != UINT64_MAX;
	job = (struct bsp_inject_job){.seed = seed, .drawn = drawn,
	    .index = piece ? first_index : 0};
	while (next_image(&job, &command))
		job.index++;
	if (positions_path != NULL && !piece)
		positions_check_end(&io.positions, job.index);
	side_stream_warn(&within, job.index);
	return cli_finish(false);
}
