/*
 * What holds for every stream that a reader accepts: samples are finite, masks
 * are 0 or 1, and what is written again reads back the same.  And what holds
 * for every stream at all: it is read the same however it arrives, and what is
 * wrong with it is bad data, placed in it, never a lack of memory.
 *
 * Programs that include this are linked with --wrap=read.
 */
#ifndef FUZZ_STREAM_H
#define FUZZ_STREAM_H

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/blindspot.h"
#include "target.h"

int fuzz_taken;

/* An assertion that no flag turns off. */
#define must(holds)                                                     \
	((holds) ? (void)0 : (fprintf(stderr, "%s:%d: not so: %s\n",    \
	    __FILE__, __LINE__, #holds), abort()))

ssize_t __real_read(int fd, void *bytes, size_t n);
ssize_t __wrap_read(int fd, void *bytes, size_t n);

/* The most that read(2) gives at once; 0 is no limit. */
static size_t piece;

/* read(2) as from a slow pipe: in pieces, and now and then interrupted. */
ssize_t
__wrap_read(int fd, void *bytes, size_t n)
{
	static unsigned calls;

	if (piece > 0 && ++calls % 5 == 0) {
		errno = EINTR;
		return -1;
	}
	return __real_read(fd, bytes, piece > 0 && piece < n ? piece : n);
}

/* Most inputs come whole, the others in pieces that split every number. */
static void
choose_piece(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = {0, 1, 0, 3, 0, 7, 0, 64};
	uint32_t hash = 0;
	size_t i;

	for (i = 0; i < size; i++)
		hash = 31 * hash + data[i];
	piece = pieces[hash >> 8 & 7];
}

static inline int
memory_file(const void *bytes, size_t n)
{
	int fd = memfd_create("fuzz", 0);

	must(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	must(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static inline bool
same_image(const struct bsp_image *a, const struct bsp_image *b)
{
	return a->rows == b->rows && a->cols == b->cols &&
	    memcmp(a->data, b->data, bsp_image_size(a) * sizeof *a->data) == 0;
}

/* Write an image, read it back, compare. */
static inline void
must_survive(const struct bsp_image *image)
{
	struct bsp_error e = {0};
	struct bsp_image again = {0};
	int fd = memory_file("", 0);
	struct bsp_writer *writer = bsp_writer_open(dup(fd), "copy", BSP_PFM,
	    false, &e);
	struct bsp_reader *reader;

	must(bsp_writer_put(writer, image, &e) == 0);
	must(bsp_writer_close(writer, &e) == 0);
	must(lseek(fd, 0, SEEK_SET) == 0);
	reader = bsp_reader_open(fd, "copy", BSP_IMAGES, &e);
	must(bsp_reader_next(reader, &again, &e) == 1);
	must(same_image(&again, image));
	must(bsp_reader_next(reader, &again, &e) == 0);
	bsp_reader_close(reader);
	bsp_image_free(&again);
}

static inline void
must_be_valid(const struct bsp_image *image, enum bsp_content content)
{
	size_t i;

	must(image->rows > 0 && image->cols > 0);
	for (i = 0; i < bsp_image_size(image); i++) {
		must(isfinite(image->data[i]));
		must(content != BSP_MASKS || image->data[i] == 0 ||
		    image->data[i] == 1);
	}
}

/* The error says what is wrong, and where; f is the same from a file. */
static inline void
must_be_placed(const struct bsp_error *e, const struct bsp_error *f,
    uint64_t images, size_t size)
{
	must(e->status == BSP_DATA && e->text[0] != '\0');
	must(e->image == (int64_t)images);
	must(e->byte >= 0 && e->byte <= (int64_t)size);
	must(f->status == e->status && f->image == e->image);
	must(f->byte == e->byte && strcmp(f->text, e->text) == 0);
}

/* Read the stream from memory and from a file beside each other. */
static inline void
read_twice(const uint8_t *data, size_t size, enum bsp_content content)
{
	struct bsp_error e = {0}, f = {0};
	struct bsp_image image = {0}, other = {0};
	struct bsp_reader *a = bsp_reader_open_memory(data, size, "fuzz",
	    content, &e);
	struct bsp_reader *b = bsp_reader_open(memory_file(data, size),
	    "fuzz", content, &f);
	uint64_t images = 0;
	int r;

	choose_piece(data, size);
	while ((r = bsp_reader_next(a, &image, &e)) == 1) {
		must(bsp_reader_next(b, &other, &f) == 1);
		must_be_valid(&image, content);
		must(same_image(&image, &other));
		must_survive(&image);
		images++;
	}
	must(bsp_reader_next(b, &other, &f) == r);
	must(bsp_reader_count(a) == images && bsp_reader_count(b) == images);
	if (r < 0) {
		must_be_placed(&e, &f, images, size);
		/* There is no way around a failure. */
		must(bsp_reader_next(a, &image, &e) == -1);
	}
	fuzz_taken = r < 0 ? -1 : (int)images;
	piece = 0;
	bsp_reader_close(a);
	bsp_reader_close(b);
	bsp_image_free(&image);
	bsp_image_free(&other);
}

#endif
