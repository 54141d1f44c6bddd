/*
 * What a sweep reads: see source.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source.h"

static _Noreturn void
die_system(const char *what)
{
	struct bsp_error e;

	bsp_error_system(&e, errno, "%s", what);
	cli_die(&e);
}

/* The same open file, and where its reading begins. */
static void
keep(struct kept *kept, int fd, const char *name)
{
	kept->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	kept->begin = lseek(fd, 0, SEEK_CUR);
	kept->name = name;
	if (kept->fd < 0 || kept->begin < 0)
		die_system("keep a stream to read it again");
}

static struct bsp_reader *
begin_again(const struct kept *kept)
{
	int fd = fcntl(kept->fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0 || lseek(fd, kept->begin, SEEK_SET) < 0)
		die_system("read a stream again");
	return cli_reader_of(fd, kept->name, BSP_IMAGES);
}

/* What a command writes is copied while it is read. */
static void
copy_recons(struct source *source)
{
	struct bsp_error e = {0};
	FILE *file = tmpfile();
	int fd = file == NULL ? -1 : fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		die_system("make a temporary file");
	fclose(file);
	keep(&source->kept_recons, fd, "the output of --recon-cmd");
	source->copy = bsp_writer_open(fd, "a temporary copy of the "
	    "reconstructions", BSP_PFM, false, &e);
	if (source->copy == NULL)
		cli_die(&e);
}

static void
open_recons(struct source *source, const char *path, bool again)
{
	int fd = cli_open(path);

	if (again) {
		command_spool(&fd);
		keep(&source->kept_recons, fd, path);
	}
	source->recons = cli_reader_of(fd, path, BSP_IMAGES);
}

/* Streams beside the images, from their beginning. */
static void
open_beside(struct source *source, bool all)
{
	source->donors = source->donors_set;
	source->shapes = source->shapes_set;
	source->within = source->within_set;
	if (!all)
		source->donors.path = source->shapes.path = NULL;
	side_stream_open(&source->donors);
	side_stream_open(&source->shapes);
	side_stream_open(&source->within);
}

void
source_open(struct source *source, const struct bsp_sweep *sweep,
    const char *images, const char *recon, const char *command,
    uint64_t first_index, uint64_t timeout, bool again)
{
	struct stat status;
	int fd = cli_open(images);

	*source = (struct source){.sweep = sweep,
	    .donors_set = source->donors, .shapes_set = source->shapes,
	    .within_set = source->within,
	    .positions = source->positions, .first_index = first_index,
	    .recons_each = bsp_sweep_recons(sweep),
	    .kept_images = {.fd = -1}, .kept_recons = {.fd = -1}};
	source->donors_set.first_index = source->shapes_set.first_index =
	    source->within_set.first_index = first_index;
	source->donors_set.is_told = source->shapes_set.is_told =
	    source->within_set.is_told = true;
	if (sweep->on_anomalous)
		source->recons_each *= bsp_spec_cells(&sweep->inject);
	if (recon != NULL)
		open_recons(source, recon, again);
	if (again || command != NULL)
		command_spool(&fd);
	if (again)
		keep(&source->kept_images, fd, images);
	if (command != NULL) {
		command_start(&source->command, command, sweep, fd,
		    first_index, timeout, &source->donors_set,
		    &source->shapes_set, &source->within_set,
		    source->positions);
		source->recons = source->command.output;
		if (again)
			copy_recons(source);
	}
	source->fd = fd;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		source->size = status.st_size;
	source->images = cli_reader_of(fd, images, BSP_IMAGES);
	bsp_reader_expect(source->images, cli_expected);
	open_beside(source, !again);
}

void
source_again(struct source *source, bool last)
{
	bsp_reader_close(source->images);
	source->images = begin_again(&source->kept_images);
	if (source->recons != NULL) {
		/* The command's is closed with it. */
		if (source->command.text == NULL)
			bsp_reader_close(source->recons);
		source->command.text = NULL;
		source->recons = begin_again(&source->kept_recons);
	}
	bsp_reader_close(source->within.reader);
	open_beside(source, last);
	source->count = 0;
	source->image_hash = source->recon_hash = (struct bsp_hash){0};
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
	struct bsp_sweep sweep = *source->sweep;
	size_t n = bsp_sweep_recons(&sweep);

	/* The residual that takes so many. */
	for (sweep.residuals = 1; bsp_sweep_recons(&sweep) < n;
	    sweep.residual++)
		;
	if (n == 1)
		return strcpy(text, "one for each image to reconstruct");
	snprintf(text, 96, "%zu for each image to reconstruct (%s takes so "
	    "many)", n, sweep.residual->kind->name);
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
		if (source->copy != NULL &&
		    bsp_writer_put(source->copy, &recons[i], &e))
			cli_die(&e);
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
	if (source->copy != NULL && bsp_writer_close(source->copy, &e))
		cli_die(&e);
	source->copy = NULL;
}

bool
source_next(struct source *source, struct bsp_image *image,
    struct bsp_image *recons, struct bsp_image *donor,
    struct bsp_image *shape, struct bsp_image *within,
    struct bsp_place *place)
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
	    side_stream_next(&source->within, image, within, &e) ||
	    (place != NULL && positions_places(source->positions,
	    source->first_index + source->count - 1, image,
	    source->sweep->count, place, &e)))
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
