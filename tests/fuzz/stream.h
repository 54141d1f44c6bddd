/*
 * What holds for every stream that a reader accepts: samples are finite, masks
 * are 0 or 1, and what is written again reads back the same.  And what holds
 * for every stream at all: it is read the same however it arrives.
 */
#ifndef FUZZ_STREAM_H
#define FUZZ_STREAM_H

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/blindspot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
must(bool holds)
{
	if (!holds)
		abort();
}

static inline int
memory_file(const void *bytes, size_t n)
{
	int fd = memfd_create("fuzz", 0);

	must(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	must(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
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
	must(again.rows == image->rows && again.cols == image->cols);
	must(memcmp(again.data, image->data,
	    bsp_image_size(image) * sizeof *image->data) == 0);
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
	int r;

	do {
		r = bsp_reader_next(a, &image, &e);
		must(bsp_reader_next(b, &other, &f) == r);
		if (r == 1) {
			must_be_valid(&image, content);
			must(image.rows == other.rows &&
			    image.cols == other.cols &&
			    memcmp(image.data, other.data,
			    bsp_image_size(&image) * sizeof(float)) == 0);
			must_survive(&image);
		}
		if (r < 0)
			must(e.text[0] != '\0' && e.byte >= 0 &&
			    e.byte == f.byte && strcmp(e.text, f.text) == 0);
	} while (r == 1);
	bsp_reader_close(a);
	bsp_reader_close(b);
	bsp_image_free(&image);
	bsp_image_free(&other);
}

#endif
