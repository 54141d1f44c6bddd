/*
 * Images in: rasters of every format to float32, top row first.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

struct bsp_reader {
	struct bsp_source source;
	enum bsp_content content;
	uint64_t expected; /* images; UINT64_MAX: any number */
	struct bsp_mask_values *values; /* the caller's; NULL: not wanted */
	enum bsp_format format; /* of the image read last */
	bool failed;
};

/* One image on its way in. */
struct raster {
	struct bsp_source *source;
	const struct bsp_header *header;
	struct bsp_image *image;
	uint64_t start; /* offset of the first sample */
	size_t done, total; /* samples */
	struct bsp_error *e;
};

static struct bsp_reader *
reader_new(const char *name, enum bsp_content content, struct bsp_error *e)
{
	struct bsp_reader *reader = calloc(1, sizeof *reader);

	if (reader == NULL) {
		bsp_error_system(e, ENOMEM, "a reader of %s", name);
		return NULL;
	}
	reader->source.fd = -1;
	reader->source.name = name;
	reader->content = content;
	reader->expected = UINT64_MAX;
	return reader;
}

struct bsp_reader *
bsp_reader_open(int fd, const char *name, enum bsp_content content,
    struct bsp_error *e)
{
	struct bsp_reader *reader = reader_new(name, content, e);

	if (reader == NULL)
		return NULL;
	reader->source.buffer = malloc(BSP_BUFFER);
	if (reader->source.buffer == NULL) {
		bsp_error_system(e, ENOMEM, "a reader of %s", name);
		free(reader);
		return NULL;
	}
	reader->source.fd = fd;
	/* A pipe that holds an image lets both sides work; if refused, less. */
	fcntl(fd, F_SETPIPE_SZ, BSP_PIPE);
	reader->source.bytes = reader->source.buffer;
	return reader;
}

struct bsp_reader *
bsp_reader_open_memory(const void *bytes, size_t n, const char *name,
    enum bsp_content content, struct bsp_error *e)
{
	struct bsp_reader *reader = reader_new(name, content, e);

	if (reader == NULL)
		return NULL;
	reader->source.bytes = bytes;
	reader->source.end = n;
	return reader;
}

void
bsp_reader_close(struct bsp_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->source.fd >= 0)
		close(reader->source.fd);
	free(reader->source.buffer);
	free(reader);
}

uint64_t
bsp_reader_count(const struct bsp_reader *reader)
{
	return reader->source.image;
}

enum bsp_format
bsp_reader_format(const struct bsp_reader *reader)
{
	return reader->format;
}

/* The format that keeps every sample of an image with this header. */
static enum bsp_format
find_format(const struct bsp_header *header)
{
	if (header->raster == BSP_RASTER_FLOATS)
		return BSP_PFM;
	if (header->raster == BSP_RASTER_BITS ||
	    header->raster == BSP_RASTER_PLAIN_BITS ||
	    255 % header->maxval == 0)
		return BSP_PGM8;
	return 65535 % header->maxval == 0 ? BSP_PGM16 : BSP_PFM;
}

void
bsp_reader_expect(struct bsp_reader *reader, uint64_t images)
{
	reader->expected = images;
}

void
bsp_reader_tally(struct bsp_reader *reader, struct bsp_mask_values *values)
{
	reader->values = values;
}

/* Note the values of a mask that were not there before; true if there are more
 * than a mask has. */
static bool
note_values(struct bsp_mask_values *values, const float *x, size_t n)
{
	float last = n > 0 ? x[0] + 1 : 0;
	bool more = false;
	size_t i, k;

	for (i = 0; i < n && !more; i++) {
		if (!(x[i] < last) && !(x[i] > last))
			continue;
		last = x[i];
		for (k = 0; k < values->count; k++)
			if (!(values->value[k] < last) &&
			    !(values->value[k] > last))
				break;
		more = k == BSP_MASK_VALUES;
		if (k == values->count && !more)
			values->value[values->count++] = last;
	}
	return more;
}

int
bsp_reader_blame(const struct bsp_reader *reader, struct bsp_error *e)
{
	if (e->stream == NULL && e->status == BSP_DATA) {
		e->stream = reader->source.name;
		e->image = (int64_t)reader->source.image - 1;
	}
	return -1;
}

/* Say that a sample is bad: where it is in the image and in the stream. */
static int
bad_sample(const struct raster *in, size_t sample, uint64_t offset,
    const char *what, const char *wanted)
{
	return bsp_source_error(in->source, offset, in->e,
	    "row %zu, column %zu: %s, expected %s",
	    sample / in->header->cols, sample % in->header->cols, what,
	    wanted);
}

static int
above_maxval(const struct raster *in, size_t sample, uint64_t offset)
{
	return bad_sample(in, sample, offset, "a sample above maxval",
	    "one of 0 to maxval");
}

static int
cut(const struct raster *in)
{
	return bsp_source_error(in->source, in->source->offset, in->e,
	    "the stream ends after %zu of %zu samples of an image of %zu x "
	    "%zu", in->done, in->total, in->header->cols, in->header->rows);
}

/* Make room for n more samples, keeping those that are there. */
static int
reserve(const struct raster *in, size_t n)
{
	return bsp_array_grow(&in->image->data, &in->image->capacity,
	    in->done + n, sizeof *in->image->data, in->e);
}

/*
 * Bytes of the raster that lie in the buffer, at most wanted and at least
 * unit, which is gathered in spare[] where it is split between two reads.
 * Returns 0 or -1.
 */
static int
take(struct raster *in, size_t unit, size_t wanted, unsigned char *spare,
    const unsigned char **bytes, size_t *n)
{
	struct bsp_source *source = in->source;
	size_t have, got;
	int r, byte = 0;

	r = bsp_source_fill(source, in->e);
	have = source->end - source->begin;
	if (r == 1 && have >= unit) {
		*n = (have < wanted ? have : wanted) / unit * unit;
		*bytes = source->bytes + source->begin;
		source->begin += *n;
		source->offset += *n;
		return 0;
	}
	for (got = 0; r == 1 && got < unit; got++) {
		r = bsp_source_byte(source, &byte, in->e);
		spare[got] = (unsigned char)byte;
	}
	*bytes = spare;
	*n = unit;
	if (r == 0)
		cut(in);
	return r == 1 ? 0 : -1;
}

BSP_CLONES static bool
convert_bytes(const unsigned char *from, float *to, size_t n, uint32_t maxval)
{
	const float divisor = (float)maxval;
	unsigned most = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		to[i] = (float)from[i] / divisor;
		most = from[i] > most ? from[i] : most;
	}
	return most <= maxval;
}

BSP_CLONES static bool
convert_words(const unsigned char *from, float *to, size_t n, uint32_t maxval)
{
	const float divisor = (float)maxval;
	unsigned value, most = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		value = (unsigned)from[2 * i] << 8 | from[2 * i + 1];
		to[i] = (float)value / divisor;
		most = value > most ? value : most;
	}
	return most <= maxval;
}

static unsigned
word_at(const unsigned char *bytes, size_t unit)
{
	return unit == 1 ? bytes[0] : (unsigned)bytes[0] << 8 | bytes[1];
}

static int
read_integers(struct raster *in, size_t unit)
{
	uint32_t maxval = in->header->maxval;
	const unsigned char *bytes;
	unsigned char spare[2];
	size_t n, i;
	bool fits;

	while (in->done < in->total) {
		if (take(in, unit, (in->total - in->done) * unit, spare,
		    &bytes, &n) || reserve(in, n / unit))
			return -1;
		fits = (unit == 1 ? convert_bytes : convert_words)(bytes,
		    in->image->data + in->done, n / unit, maxval);
		if (!fits) {
			for (i = 0; word_at(bytes + i * unit, unit) <=
			    maxval; i++)
				;
			return above_maxval(in, in->done + i,
			    in->start + (in->done + i) * unit);
		}
		in->done += n / unit;
	}
	return 0;
}

static int
read_bits(struct raster *in)
{
	size_t cols = in->header->cols, row, n, i, col;
	const unsigned char *bytes;
	unsigned char spare;

	for (row = 0; row < in->header->rows; row++)
		for (col = 0; col < cols; ) {
			if (take(in, 1, (cols - col + 7) / 8, &spare, &bytes,
			    &n) || reserve(in, 8 * n))
				return -1;
			for (i = 0; i < 8 * n && col < cols; i++, col++)
				in->image->data[in->done++] =
				    bytes[i / 8] >> (7 - i % 8) & 1 ? 0 : 1;
		}
	return 0;
}

static int
read_floats(struct raster *in)
{
	const unsigned char *bytes;
	unsigned char spare[4];
	size_t n;

	while (in->done < in->total) {
		if (take(in, 4, (in->total - in->done) * 4, spare, &bytes,
		    &n) || reserve(in, n / 4))
			return -1;
		memcpy(in->image->data + in->done, bytes, n);
		in->done += n / 4;
	}
	return 0;
}

/* A byte of a plain raster; where the stream ends it is not whole. */
static int
plain_byte(struct raster *in, int *c)
{
	int r = bsp_source_byte(in->source, c, in->e);

	return r == 0 ? cut(in) : r;
}

static int
skip_space(struct raster *in, int *c)
{
	int r;

	do
		r = plain_byte(in, c);
	while (r == 1 && bsp_is_space(*c));
	return r;
}

static int
not_a_digit(const struct raster *in, int c)
{
	return bsp_source_error(in->source, in->source->offset - 1, in->e,
	    "row %zu, column %zu: found byte 0x%02x, expected a digit%s",
	    in->done / in->header->cols, in->done % in->header->cols,
	    (unsigned)c, c == '-' ? " (samples are not negative)" : "");
}

/* A byte after a digit: the last sample may end where the stream does. */
static int
byte_or_end(struct raster *in, int *c)
{
	int r = bsp_source_byte(in->source, c, in->e);

	if (r != 0)
		return r;
	*c = ' ';
	return in->done + 1 < in->total ? cut(in) : 1;
}

static int
read_plain_sample(struct raster *in, uint32_t *value)
{
	uint64_t start;
	int c, r;

	r = skip_space(in, &c);
	start = in->source->offset - 1;
	*value = 0;
	for (; r == 1 && !bsp_is_space(c); r = byte_or_end(in, &c)) {
		if (c < '0' || c > '9')
			return not_a_digit(in, c);
		*value = 10 * *value + (uint32_t)(c - '0');
		if (*value > in->header->maxval)
			return above_maxval(in, in->done, start);
	}
	return r;
}

static int
read_plain(struct raster *in)
{
	const float divisor = (float)in->header->maxval;
	uint32_t value;

	for (; in->done < in->total; in->done++) {
		if (read_plain_sample(in, &value) != 1 || reserve(in, 1))
			return -1;
		in->image->data[in->done] = (float)value / divisor;
	}
	return 0;
}

static int
read_plain_bits(struct raster *in)
{
	int c;

	for (; in->done < in->total; in->done++) {
		if (skip_space(in, &c) != 1 || reserve(in, 1))
			return -1;
		if (c != '0' && c != '1')
			return not_a_digit(in, c);
		in->image->data[in->done] = c == '0';
	}
	if (byte_or_end(in, &c) != 1)
		return -1;
	if (!bsp_is_space(c))
		return bsp_source_error(in->source, in->source->offset - 1,
		    in->e, "found byte 0x%02x after the last sample, expected "
		    "white space", (unsigned)c);
	return 0;
}

static void
swap_bytes(float *x, size_t n)
{
	uint32_t bits;
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(&bits, &x[i], sizeof bits);
		bits = bits >> 24 | (bits >> 8 & 0xFF00) |
		    (bits << 8 & 0xFF0000) | bits << 24;
		memcpy(&x[i], &bits, sizeof bits);
	}
}

static void
flip_rows(struct bsp_image *image)
{
	size_t i, row, cols = image->cols;
	float *top, *bottom, spare;

	for (row = 0; row < image->rows / 2; row++) {
		top = image->data + row * cols;
		bottom = image->data + (image->rows - 1 - row) * cols;
		for (i = 0; i < cols; i++) {
			spare = top[i];
			top[i] = bottom[i];
			bottom[i] = spare;
		}
	}
}

static int
finish_floats(struct raster *in)
{
	const struct bsp_header *header = in->header;
	float *x = in->image->data;
	size_t i, row, cols = header->cols;
	const uint16_t probe = 1;
	bool host_is_big = *(const unsigned char *)&probe == 0;

	if (header->big_endian != host_is_big)
		swap_bytes(x, in->total);
	if (header->scale != 1)
		for (i = 0; i < in->total; i++)
			x[i] = (float)((double)x[i] / header->scale);
	flip_rows(in->image);
	if (!bsp_find_nonfinite(x, in->total, &i))
		return 0;
	row = header->rows - 1 - i / cols; /* in the stream's order */
	return bad_sample(in, i, in->start + 4 * (row * cols + i % cols),
	    isnan(x[i]) ? "NaN" : "an infinity", "a finite sample");
}

static int
read_raster(struct raster *in)
{
	switch (in->header->raster) {
	case BSP_RASTER_PLAIN:
		return read_plain(in);
	case BSP_RASTER_PLAIN_BITS:
		return read_plain_bits(in);
	case BSP_RASTER_BITS:
		return read_bits(in);
	case BSP_RASTER_BYTES:
		return read_integers(in, 1);
	case BSP_RASTER_WORDS:
		return read_integers(in, 2);
	case BSP_RASTER_FLOATS:
		return read_floats(in);
	}
	return -1;
}

static int
read_image(struct bsp_reader *reader, const struct bsp_header *header,
    struct bsp_image *image, struct bsp_error *e)
{
	struct raster in = {
		.source = &reader->source,
		.header = header,
		.image = image,
		.start = reader->source.offset,
		.total = header->rows * header->cols,
		.e = e,
	};
	size_t i;

	image->rows = image->cols = 0; /* until the samples are there */
	if (read_raster(&in))
		return -1;
	image->rows = header->rows;
	image->cols = header->cols;
	if (header->raster == BSP_RASTER_FLOATS && finish_floats(&in))
		return -1;
	if (reader->values != NULL && note_values(reader->values, image->data,
	    in.total))
		reader->values->images++;
	if (reader->content == BSP_MASKS)
		for (i = 0; i < in.total; i++)
			image->data[i] = image->data[i] != 0;
	return 1;
}

/* White space may follow an image, before the next one or the end, as netpbm
 * has it. */
static int
skip_after_image(struct bsp_source *source, struct bsp_error *e)
{
	int r;

	while ((r = bsp_source_fill(source, e)) == 1 &&
	    bsp_is_space(source->bytes[source->begin])) {
		source->begin++;
		source->offset++;
	}
	return r;
}

/* Is the number of images at the end, or so far, the one expected? */
static int
check_expected(const struct bsp_reader *reader, bool at_end,
    struct bsp_error *e)
{
	const struct bsp_source *source = &reader->source;
	unsigned long long n = source->image, expected = reader->expected;

	if (reader->expected == UINT64_MAX ||
	    (at_end ? n == expected : n <= expected))
		return 0;
	bsp_error_set(e, BSP_DATA, at_end ? "the stream ends after %llu "
	    "images, expected %llu" : "image number %llu, expected %llu "
	    "images", n, expected);
	e->stream = source->name;
	e->byte = (int64_t)source->offset;
	return -1;
}

int
bsp_reader_next(struct bsp_reader *reader, struct bsp_image *image,
    struct bsp_error *e)
{
	struct bsp_source *source = &reader->source;
	struct bsp_header header = {0};
	int r = 1;

	if (reader->failed)
		return bsp_source_error(source, source->offset, e,
		    "reading went on after a failure");
	if (source->image > 0)
		r = skip_after_image(source, e);
	if (r == 1)
		r = bsp_header_read(source, reader->content, &header, e);
	if (r == 1)
		r = read_image(reader, &header, image, e);
	if (r == 1) {
		reader->format = find_format(&header);
		source->image++;
	}
	if (r >= 0 && check_expected(reader, r == 0, e))
		r = -1;
	reader->failed = r < 0;
	return r;
}

static int
check_lengths(struct bsp_reader *const readers[], const int ended[],
    size_t n, struct bsp_error *e)
{
	size_t i, shorter = 0, longer = 0;

	for (i = 0; i < n; i++)
		if (ended[i])
			shorter = i;
		else
			longer = i;
	if (ended[shorter] == ended[longer])
		return ended[0] ? 0 : 1;
	bsp_error_set(e, BSP_DATA,
	    "the stream ends after %llu images, but %s has more",
	    (unsigned long long)readers[shorter]->source.image,
	    readers[longer]->source.name);
	e->stream = readers[shorter]->source.name;
	e->byte = (int64_t)readers[shorter]->source.offset;
	return -1;
}

#define READERS_MAX 16

int
bsp_readers_next(struct bsp_reader *const readers[],
    struct bsp_image *const images[], size_t n, struct bsp_error *e)
{
	int ended[READERS_MAX] = {0}, r;
	size_t i;

	if (n > READERS_MAX)
		return bsp_error_set(e, BSP_USAGE, "more than %d streams",
		    READERS_MAX);
	for (i = 0; i < n; i++) {
		r = bsp_reader_next(readers[i], images[i], e);
		if (r < 0)
			return -1;
		ended[i] = r == 0;
	}
	r = check_lengths(readers, ended, n, e);
	if (r != 1)
		return r;
	for (i = 1; i < n; i++)
		if (images[i]->rows != images[0]->rows ||
		    images[i]->cols != images[0]->cols) {
			bsp_error_set(e, BSP_DATA,
			    "found %zu x %zu, expected the size in %s, "
			    "%zu x %zu", images[i]->cols, images[i]->rows,
			    readers[0]->source.name, images[0]->cols,
			    images[0]->rows);
			e->stream = readers[i]->source.name;
			e->image = (int64_t)readers[i]->source.image - 1;
			return -1;
		}
	return 1;
}
