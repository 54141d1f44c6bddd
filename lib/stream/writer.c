/*
 * Images out: each complete when the call returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/whole-file.h"

struct bsp_writer {
	int fd;
	const char *name;
	enum bsp_format format;
	bool clip;
	bool cut; /* the stream ends inside an image */
	volatile sig_atomic_t writing, stopped; /* see bsp_writer_stop */
	uint64_t count, clipped, raised;
	unsigned char *bytes; /* one image */
	size_t capacity;
};

struct bsp_writer *
bsp_writer_open(int fd, const char *name, enum bsp_format format, bool clip,
    struct bsp_error *e)
{
	struct bsp_writer *writer = calloc(1, sizeof *writer);

	if (writer == NULL) {
		bsp_error_system(e, ENOMEM, "a writer of %s", name);
		return NULL;
	}
	writer->fd = fd;
	writer->name = name;
	writer->format = format;
	writer->clip = clip;
	return writer;
}

void
bsp_writer_set_format(struct bsp_writer *writer, enum bsp_format format)
{
	writer->format = format;
}

uint64_t
bsp_writer_count(const struct bsp_writer *writer)
{
	return writer->count;
}

uint64_t
bsp_writer_clipped(const struct bsp_writer *writer)
{
	return writer->clipped;
}

uint64_t
bsp_writer_raised(const struct bsp_writer *writer)
{
	return writer->raised;
}

/* A write failed, or was interrupted, after the first `done' bytes. */
static int
give_up(struct bsp_writer *writer, int errnum, size_t done,
    struct bsp_error *e)
{
	writer->cut = done > 0;
	bsp_error_system(e, errnum, "write");
	e->stream = writer->name;
	e->image = (int64_t)writer->count;
	return -1;
}

static int
write_all(struct bsp_writer *writer, size_t n, struct bsp_error *e)
{
	struct pollfd wait = {.fd = writer->fd, .events = POLLOUT};
	size_t done = 0;
	ssize_t written;

	while (done < n) {
		if (writer->stopped)
			return give_up(writer, EINTR, done, e);
		written = write(writer->fd, writer->bytes + done, n - done);
		if (written < 0 && errno == EAGAIN)
			poll(&wait, 1, -1);
		else if (written < 0 && errno != EINTR)
			return give_up(writer, errno, done, e);
		else if (written > 0)
			done += (size_t)written;
	}
	writer->count++;
	return 0;
}

/* floats, little-endian, bottom row first. */
static void
pack_floats(const struct bsp_image *image, unsigned char *to)
{
	size_t row, i, cols = image->cols;
	const float *from;
	uint32_t bits;

	for (row = image->rows; row-- > 0; ) {
		from = image->data + row * cols;
		for (i = 0; i < cols; i++, to += 4) {
			memcpy(&bits, &from[i], sizeof bits);
			to[0] = (unsigned char)bits;
			to[1] = (unsigned char)(bits >> 8);
			to[2] = (unsigned char)(bits >> 16);
			to[3] = (unsigned char)(bits >> 24);
		}
	}
}

BSP_CLONES static size_t
count_outside(const float *x, size_t n)
{
	size_t i, outside = 0;

	for (i = 0; i < n; i++)
		outside += (x[i] < 0) | (x[i] > 1);
	return outside;
}

/*
 * floor(x maxval + .5) of x clipped to [0,1], as two bytes; but what is above 0
 * stays above 0, one step, for 0 is background.  Returns how many were raised.
 */
BSP_CLONES static size_t
quantize(const float *x, uint16_t *to, size_t n, double maxval)
{
	size_t i, raised = 0;
	double v;
	int step;

	for (i = 0; i < n; i++) {
		v = (double)x[i];
		v = v < 0 ? 0 : v;
		v = v > 1 ? 1 : v;
		step = (int)(v * maxval + .5);
		raised += (step == 0) & (v > 0);
		to[i] = (uint16_t)(step + ((step == 0) & (v > 0)));
	}
	return raised;
}

static int
refuse(const struct bsp_writer *writer, const struct bsp_image *image,
    size_t sample, const char *wanted, struct bsp_error *e)
{
	char text[BSP_NUMBER_SIZE];

	bsp_error_set(e, BSP_DATA,
	    "row %zu, column %zu: %s cannot be written, expected %s",
	    sample / image->cols, sample % image->cols,
	    bsp_number_format(text, (double)image->data[sample]), wanted);
	e->stream = writer->name;
	e->image = (int64_t)writer->count;
	return -1;
}

#define CHUNK 1024

static int
pack_integers(struct bsp_writer *writer, const struct bsp_image *image,
    unsigned char *to, struct bsp_error *e)
{
	bool wide = writer->format == BSP_PGM16;
	size_t i, j, size, n = bsp_image_size(image);
	size_t outside = count_outside(image->data, n);
	uint16_t value[CHUNK];

	if (outside > 0 && !writer->clip) {
		for (i = 0; image->data[i] >= 0 && image->data[i] <= 1; i++)
			;
		return refuse(writer, image, i, "0 to 1 (--clip moves it "
		    "there, --format pfm keeps it)", e);
	}
	writer->clipped += outside;
	for (i = 0; i < n; i += size) {
		size = n - i < CHUNK ? n - i : CHUNK;
		writer->raised += quantize(image->data + i, value, size,
		    wide ? 65535 : 255);
		for (j = 0; j < size; j++) {
			if (wide)
				*to++ = (unsigned char)(value[j] >> 8);
			*to++ = (unsigned char)value[j];
		}
	}
	return 0;
}

#define HEADER_MAX 64

static const struct {
	const char *header; /* its %zu are width and height */
	const char *start;
	size_t sample; /* bytes */
} layout[] = {
	[BSP_PFM] = {"Pf\n%zu %zu\n-1.0\n", "Pf\n", 4},
	[BSP_PGM8] = {"P5\n%zu %zu\n255\n", "P5\n", 1},
	[BSP_PGM16] = {"P5\n%zu %zu\n65535\n", "P5\n", 2},
};

int
bsp_writer_put(struct bsp_writer *writer, const struct bsp_image *image,
    struct bsp_error *e)
{
	size_t size = bsp_image_size(image) * layout[writer->format].sample;
	size_t header, bad;
	int done;

	if (bsp_find_nonfinite(image->data, bsp_image_size(image), &bad))
		return refuse(writer, image, bad, "a finite sample", e);
	if (bsp_array_grow(&writer->bytes, &writer->capacity,
	    HEADER_MAX + size, 1, e))
		return -1;
	header = (size_t)snprintf((char *)writer->bytes, HEADER_MAX,
	    layout[writer->format].header, image->cols, image->rows);
	if (writer->format == BSP_PFM)
		pack_floats(image, writer->bytes + header);
	else if (pack_integers(writer, image, writer->bytes + header, e))
		return -1;
	writer->writing = 1;
	done = write_all(writer, header + size, e);
	writer->writing = 0;
	if (done == 0 && writer->stopped) /* between two images */
		return give_up(writer, EINTR, 0, e);
	return done;
}

bool
bsp_writer_stop(struct bsp_writer *writer)
{
	writer->stopped = 1;
	return !writer->writing;
}

/* Write some bytes, however it is interrupted; how many arrived. */
static size_t
write_some(int fd, const char *bytes, size_t n)
{
	size_t done = 0;
	ssize_t written;

	while (done < n) {
		written = write(fd, bytes + done, n - done);
		if (written < 0 && errno != EINTR)
			break;
		if (written > 0)
			done += (size_t)written;
	}
	return done;
}

void
bsp_writer_poison(struct bsp_writer *writer)
{
	const char *start = layout[writer->format].start;
	int saved = errno;

	if (!writer->cut && writer->fd >= 0 &&
	    write_some(writer->fd, start, strlen(start)) == 0)
		bsp_file_spoil(writer->fd, writer->count > 0);
	errno = saved;
}

int
bsp_writer_close(struct bsp_writer *writer, struct bsp_error *e)
{
	/* What closing fails to keep can be spoiled through another. */
	int fd = fcntl(writer->fd, F_DUPFD_CLOEXEC, 3), result = 0;

	/* Where close is interrupted, the file is closed. */
	if (close(writer->fd) != 0 && errno != EINTR) {
		result = bsp_error_system(e, errno, "close");
		e->stream = writer->name;
		writer->fd = fd;
		bsp_writer_poison(writer);
	}
	if (fd >= 0)
		close(fd);
	free(writer->bytes);
	free(writer);
	return result;
}
