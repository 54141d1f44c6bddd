/*
 * Streams beside the images: see side-stream.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "side-stream.h"

bool
side_stream_is_file(const struct side_stream *side)
{
	struct stat status;

	return stat(side->path, &status) == 0 && S_ISREG(status.st_mode);
}

static void
seek_begin(struct side_stream *side)
{
	int fd = fcntl(side->file, F_DUPFD_CLOEXEC, 3);
	struct bsp_error e;

	if (fd < 0 || lseek(fd, side->begin, SEEK_SET) < 0) {
		bsp_error_system(&e, errno, "begin again (--%s)",
		    side->option);
		e.stream = side->name;
		cli_die(&e);
	}
	bsp_reader_close(side->reader);
	side->reader = cli_reader_of(fd, side->path,
	    side->content);
	side->index = 0;
}

/* Read an image of a file, and die of an error in it. */
static bool
read_or_die(struct side_stream *side, struct bsp_image *image)
{
	struct bsp_error e = {0};
	int r = bsp_reader_next(side->reader, image, &e);

	if (r < 0)
		cli_die(&e);
	return r == 1;
}

/* Go to what belongs to the first image of a piece. */
static void
skip(struct side_stream *side)
{
	struct bsp_image spare = {0};

	while (read_or_die(side, &spare))
		side->count++;
	seek_begin(side);
	if (side->count > 0)
		while (side->index < side->first_index %
		    side->count && read_or_die(side, &spare))
			side->index++;
	bsp_image_free(&spare);
}

void
side_stream_open(struct side_stream *side)
{
	struct stat status;
	int fd;

	if (side->path == NULL)
		return;
	fd = cli_open(side->path);
	side->name = strcmp(side->path, "-") == 0 ?
	    "standard input" : side->path;
	side->file = -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		side->begin = lseek(fd, 0, SEEK_CUR);
		side->file = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	}
	side->reader = cli_reader_of(fd, side->path,
	    side->content);
	if (side->file >= 0 && side->first_index > 0)
		skip(side);
}

uint64_t
side_stream_last(const struct side_stream *side)
{
	return side->index - 1;
}

uint64_t
side_stream_used(const struct side_stream *side)
{
	return side->count > 0 && side->count < side->given ?
	    side->count : side->given;
}

/* At the end of the stream: go back to its beginning, or fail. */
static int
begin_again(struct side_stream *side, struct bsp_error *e)
{
	uint64_t count = side->index;

	if (count > 0 && side->file >= 0) {
		side->count = count;
		seek_begin(side);
		return 0;
	}
	bsp_error_set(e, BSP_DATA, count == 0 ? "holds no image, expected one "
	    "for each image (--%s)" : "ran out, expected one for each image, "
	    "or a file, which begins again (--%s)", side->option);
	e->stream = side->name;
	e->image = (int64_t)count;
	return -1;
}

int
side_stream_next(struct side_stream *side, const struct bsp_image *like,
    struct bsp_image *image, struct bsp_error *e)
{
	int r;

	if (side->path == NULL)
		return 0;
	r = bsp_reader_next(side->reader, image, e);
	if (r == 0) {
		if (begin_again(side, e))
			return -1;
		r = bsp_reader_next(side->reader, image, e);
		if (r == 0)
			r = begin_again(side, e);
	}
	if (r < 0)
		return -1;
	side->index++;
	side->given++;
	if (side->is_told &&
	    side_stream_used(side) == side->given)
		bsp_fingerprint_add(&side->hash, image);
	if (!side->any_size && (image->rows != like->rows ||
	    image->cols != like->cols)) {
		bsp_error_set(e, BSP_DATA, "is %zu x %zu, expected the %zu x "
		    "%zu of the image beside it (--%s)", image->cols,
		    image->rows, like->cols, like->rows, side->option);
		return bsp_reader_blame(side->reader, e);
	}
	return 0;
}

void
side_stream_check(const struct side_stream *side, const char *kind,
    bool takes, bool needs)
{
	if (side->path != NULL && !takes && !needs)
		cli_usage("--%s: %s takes none", side->option, kind);
	if (side->path == NULL && needs)
		cli_usage("%s: no --%s, expected a stream beside the images",
		    kind, side->option);
}

void
side_stream_warn(const struct side_stream *side, uint64_t n)
{
	if (side->path == NULL || side->count <= 1 || n <= side->count)
		return;
	cli_warn("--%s: %llu masks for %llu images: they began again, expected "
	    "one for each", side->option, (unsigned long long)side->count,
	    (unsigned long long)n);
}
