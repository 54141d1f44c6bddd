/*
 * Streams beside the images: see companion.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "companion.h"

bool
companion_is_file(const struct companion *companion)
{
	struct stat status;

	return stat(companion->path, &status) == 0 && S_ISREG(status.st_mode);
}

static void
seek_begin(struct companion *companion)
{
	int fd = fcntl(companion->file, F_DUPFD_CLOEXEC, 3);
	struct bsp_error e;

	if (fd < 0 || lseek(fd, companion->begin, SEEK_SET) < 0) {
		bsp_error_system(&e, errno, "begin again (--%s)",
		    companion->option);
		e.stream = companion->name;
		cli_die(&e);
	}
	bsp_reader_close(companion->reader);
	companion->reader = cli_reader_of(fd, companion->path,
	    companion->content);
	companion->index = 0;
}

/* Read an image of a file, and die of an error in it. */
static bool
read_or_die(struct companion *companion, struct bsp_image *image)
{
	struct bsp_error e = {0};
	int r = bsp_reader_next(companion->reader, image, &e);

	if (r < 0)
		cli_die(&e);
	return r == 1;
}

/* Go to what belongs to the first image of a piece. */
static void
skip(struct companion *companion)
{
	struct bsp_image spare = {0};

	while (read_or_die(companion, &spare))
		companion->count++;
	seek_begin(companion);
	if (companion->count > 0)
		while (companion->index < companion->first_index %
		    companion->count && read_or_die(companion, &spare))
			companion->index++;
	bsp_image_free(&spare);
}

void
companion_open(struct companion *companion)
{
	struct stat status;
	int fd;

	if (companion->path == NULL)
		return;
	fd = cli_open(companion->path);
	companion->name = strcmp(companion->path, "-") == 0 ?
	    "standard input" : companion->path;
	companion->file = -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		companion->begin = lseek(fd, 0, SEEK_CUR);
		companion->file = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	}
	companion->reader = cli_reader_of(fd, companion->path,
	    companion->content);
	if (companion->file >= 0 && companion->first_index > 0)
		skip(companion);
}

uint64_t
companion_last(const struct companion *companion)
{
	return companion->index - 1;
}

uint64_t
companion_used(const struct companion *companion)
{
	return companion->count > 0 && companion->count < companion->given ?
	    companion->count : companion->given;
}

/* At the end of the stream: go back to its beginning, or fail. */
static int
begin_again(struct companion *companion, struct bsp_error *e)
{
	uint64_t count = companion->index;

	if (count > 0 && companion->file >= 0) {
		companion->count = count;
		seek_begin(companion);
		return 0;
	}
	bsp_error_set(e, BSP_DATA, count == 0 ? "holds no image, expected one "
	    "for each image (--%s)" : "ran out, expected one for each image, "
	    "or a file, which begins again (--%s)", companion->option);
	e->stream = companion->name;
	e->image = (int64_t)count;
	return -1;
}

int
companion_next(struct companion *companion, const struct bsp_image *like,
    struct bsp_image *image, struct bsp_error *e)
{
	int r;

	if (companion->path == NULL)
		return 0;
	r = bsp_reader_next(companion->reader, image, e);
	if (r == 0) {
		if (begin_again(companion, e))
			return -1;
		r = bsp_reader_next(companion->reader, image, e);
		if (r == 0)
			r = begin_again(companion, e);
	}
	if (r < 0)
		return -1;
	companion->index++;
	companion->given++;
	if (companion->is_told &&
	    companion_used(companion) == companion->given)
		bsp_fingerprint_add(&companion->hash, image);
	if (!companion->any_size && (image->rows != like->rows ||
	    image->cols != like->cols)) {
		bsp_error_set(e, BSP_DATA, "is %zu x %zu, expected the %zu x "
		    "%zu of the image beside it (--%s)", image->cols,
		    image->rows, like->cols, like->rows, companion->option);
		return bsp_reader_blame(companion->reader, e);
	}
	return 0;
}

void
companion_check(const struct companion *companion, const char *kind,
    bool takes, bool needs)
{
	if (companion->path != NULL && !takes && !needs)
		cli_usage("--%s: %s takes none", companion->option, kind);
	if (companion->path == NULL && needs)
		cli_usage("%s: no --%s, expected a stream beside the images",
		    kind, companion->option);
}
