/*
 * What a sweep reads: see source.h.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source.h"

void
source_open(struct source *source, const struct bsp_sweep *sweep,
    const char *images, const char *recon, const char *command,
    uint64_t first_index, uint64_t timeout)
{
	struct stat status;
	int fd = cli_open(images);

	*source = (struct source){.sweep = sweep,
	    .donors = source->donors, .shapes = source->shapes,
	    .within = source->within,
	    .recons_each = bsp_sweep_recons(sweep)};
	source->donors.first_index = source->shapes.first_index =
	    source->within.first_index = first_index;
	source->donors.is_told = source->shapes.is_told =
	    source->within.is_told = true;
	if (sweep->on_anomalous)
		source->recons_each *= bsp_spec_cells(&sweep->inject);
	if (recon != NULL)
		source->recons = cli_reader(recon, BSP_IMAGES);
	if (command != NULL) {
		command_spool(&fd);
		command_start(&source->command, command, sweep, fd,
		    first_index, timeout, &source->donors, &source->shapes,
		    &source->within);
		source->recons = source->command.output;
	}
	source->fd = fd;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		source->size = status.st_size;
	source->images = cli_reader_of(fd, images, BSP_IMAGES);
	bsp_reader_expect(source->images, cli_expected);
	side_stream_open(&source->donors);
	side_stream_open(&source->shapes);
	side_stream_open(&source->within);
}

/* Die of an error in the reconstructions, whoever made them. */
static _Noreturn void
bad_recons(struct source *source, struct bsp_error *e)
{
	bsp_reader_blame(source->recons, e);
	if (source->command.text != NULL)
		command_die(&source->command, e);
	cli_die(e);
}

static int
next_recon(struct source *source, struct bsp_image *image,
    struct bsp_error *e)
{
	return source->command.text != NULL ?
	    command_next(&source->command, image, e) :
	    bsp_reader_next(source->recons, image, e);
}

/* How many reconstructions each image gets, as errors say it. */
static const char *
wanted_each(const struct source *source, char text[96])
{
	size_t n = bsp_sweep_recons(source->sweep);

	if (n == 1)
		return strcpy(text, "one for each image to reconstruct");
	snprintf(text, 96, "%zu for each image to reconstruct (%s takes so "
	    "many)", n, source->sweep->residual.kind->name);
	return text;
}

static void
read_recons(struct source *source, const struct bsp_image *image,
    struct bsp_image *recons)
{
	struct bsp_error e = {0};
	char wanted[96];
	size_t i;
	int r;

	for (i = 0; i < source->recons_each; i++) {
		r = next_recon(source, &recons[i], &e);
		if (r == 0)
			bsp_error_set(&e, BSP_DATA, "ended after %llu images, "
			    "expected %s", (unsigned long long)
			    bsp_reader_count(source->recons),
			    wanted_each(source, wanted));
		if (r > 0 && (recons[i].rows != image->rows ||
		    recons[i].cols != image->cols)) {
			bsp_error_set(&e, BSP_DATA, "is %zu x %zu, expected "
			    "the %zu x %zu of its image", recons[i].cols,
			    recons[i].rows, image->cols, image->rows);
			r = -1;
		}
		if (r <= 0)
			bad_recons(source, &e);
		bsp_fingerprint_add(&source->recon_hash, &recons[i]);
	}
}

/* The images are at their end: so must be all else. */
static void
check_end(struct source *source, struct bsp_image *spare)
{
	struct bsp_error e = {0};
	char each[96];
	uint64_t wanted;
	int r;

	if (source->recons == NULL)
		return;
	wanted = bsp_reader_count(source->recons);
	r = next_recon(source, spare, &e);
	if (r > 0)
		bsp_error_set(&e, BSP_DATA, "more than %llu images, expected "
		    "%s", (unsigned long long)wanted,
		    wanted_each(source, each));
	if (r != 0)
		bad_recons(source, &e);
	if (source->command.text != NULL)
		command_end(&source->command);
}

bool
source_next(struct source *source, struct bsp_image *image,
    struct bsp_image *recons, struct bsp_image *donor,
    struct bsp_image *shape, struct bsp_image *within)
{
	struct bsp_error e = {0};
	int r = bsp_reader_next(source->images, image, &e);

	if (r < 0)
		cli_die(&e);
	if (r == 0) {
		check_end(source, image);
		return false;
	}
	source->count++;
	bsp_fingerprint_add(&source->image_hash, image);
	if (side_stream_next(&source->donors, image, donor, &e) ||
	    side_stream_next(&source->shapes, image, shape, &e) ||
	    side_stream_next(&source->within, image, within, &e))
		cli_die(&e);
	if (source->recons != NULL)
		read_recons(source, image, recons);
	return true;
}

const char *
source_fingerprint(const struct source *source, bool of_recons, char text[TABLE_IMAGES_SIZE])
{
	return table_images(text, of_recons ? source->count * source->recons_each :
	    source->count, of_recons ? &source->recon_hash :
	    &source->image_hash);
}

const char *
source_side_stream(const struct side_stream *side, char text[TABLE_IMAGES_SIZE])
{
	return table_images(text, side_stream_used(side), &side->hash);
}
