/*
 * Streams from memory, byte by byte as the formats prescribe, and what the
 * writer makes of samples.
 */
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/blindspot.h"
#include "tap.h"

static struct bsp_image image;
static struct bsp_error e;

/* Read one image of n bytes; then the stream must end cleanly. */
static int
read_one(const char *bytes, size_t n, enum bsp_content content)
{
	struct bsp_reader *reader = bsp_reader_open_memory(bytes, n, "test",
	    content, &e);
	struct bsp_image rest = {0};
	int r = bsp_reader_next(reader, &image, &e);

	if (r == 1 && bsp_reader_next(reader, &rest, &e) != 0)
		r = -2;
	bsp_reader_close(reader);
	bsp_image_free(&rest);
	return r;
}

#define READ(text, content) read_one(text, sizeof text - 1, content)

static bool
holds(size_t rows, size_t cols, const float *samples)
{
	return image.rows == rows && image.cols == cols &&
	    memcmp(image.data, samples, rows * cols * sizeof *samples) == 0;
}

#define F(...) (const float[]){__VA_ARGS__}

static void
good_images(void)
{
	ok(READ("P5\n2 1\n255\n\0\377", BSP_IMAGES) == 1 &&
	    holds(1, 2, F(0, 1)), "P5, maxval 255");
	ok(READ("P5 1 2 3 \1\3", BSP_IMAGES) == 1 &&
	    holds(2, 1, F(1.f / 3, 1)), "P5, maxval 3, spaces");
	ok(READ("P5\n1 1\n256\n\1\0", BSP_IMAGES) == 1 && holds(1, 1, F(1)),
	    "P5, two bytes from maxval 256, high byte first");
	ok(READ("P5\n1 1\n65535\n\0\1", BSP_IMAGES) == 1 &&
	    holds(1, 1, F(1.f / 65535)), "P5, maxval 65535");
	ok(READ("P5 # a\n#b\n2# c\n1\n255\n\0\377", BSP_IMAGES) == 1 &&
	    holds(1, 2, F(0, 1)), "P5 with comments");
	ok(READ("P2\n2 2\n10\n0 5\n10 1\n", BSP_IMAGES) == 1 &&
	    holds(2, 2, F(0, .5f, 1, .1f)), "P2");
	ok(READ("P2 1 1 9 9 \n\t\n", BSP_IMAGES) == 1 && holds(1, 1, F(1)),
	    "P2, white space to the end");
	ok(READ("P7\nWIDTH 1\nHEIGHT 2\nDEPTH 1\nMAXVAL 4\n"
	    "TUPLTYPE GRAYSCALE\nENDHDR\n\1\2", BSP_IMAGES) == 1 &&
	    holds(2, 1, F(.25f, .5f)), "P7");
	ok(READ("P7\n# x\n\nMAXVAL 1\nDEPTH 1\n HEIGHT  1 \nWIDTH 1\nENDHDR\n"
	    "\1", BSP_IMAGES) == 1 && holds(1, 1, F(1)),
	    "P7 in another order, with a comment");
	ok(READ("Pf\n1 2\n-1.0\n\0\0\0\100\0\0\200\77", BSP_IMAGES) == 1 &&
	    holds(2, 1, F(1, 2)), "Pf, little-endian, bottom row first");
	ok(READ("Pf\n1 2\n1.0\n\100\0\0\0\77\200\0\0", BSP_IMAGES) == 1 &&
	    holds(2, 1, F(1, 2)), "Pf, big-endian");
	ok(READ("Pf\n1 1\n-4e0\n\0\0\200\77", BSP_IMAGES) == 1 &&
	    holds(1, 1, F(.25f)), "Pf samples are divided by the scale");
	ok(READ("", BSP_IMAGES) == 0, "no bytes are an empty stream");
	ok(READ("P1\n3 1\n010\n", BSP_MASKS) == 1 && holds(1, 3, F(1, 0, 1)),
	    "P1 mask: white is anomalous");
	ok(READ("P4\n9 1\n\177\200", BSP_MASKS) == 1 &&
	    holds(1, 9, F(1, 0, 0, 0, 0, 0, 0, 0, 0)),
	    "P4 mask, rows padded to bytes");
	ok(READ("P5\n2 1\n255\n\0\3", BSP_MASKS) == 1 && holds(1, 2, F(0, 1)),
	    "P5 mask: not 0 is anomalous");
	ok(READ("Pf\n1 1\n-1\n\0\0\200\277", BSP_MASKS) == 1 &&
	    holds(1, 1, F(1)), "Pf mask: -1 is anomalous");
}

/* Bytes, what the message must say. */
static const struct {
	const char *bytes;
	size_t n;
	const char *message;
} bad[] = {
#define BAD(text, message) {text, sizeof text - 1, message}
	BAD("P6\n1 1\n255\nabc", "ppmtopgm"),
	BAD("P3\n1 1\n255\n1 2 3\n", "ppmtopgm"),
	BAD("PF\n1 1\n-1\n", "ppmtopgm"),
	BAD("P4\n1 1\n\0", "pamdepth"),
	BAD("P1\n1 1\n0\n", "pamdepth"),
	BAD("P9\n", "magic"), BAD("xy", "magic"), BAD("x", "magic"),
	BAD("P", "ends inside a header"), BAD("P5", "ends inside a header"),
	BAD("\x1f\x8b", "gzip"), BAD("\x89PNG", "pngtopam"),
	BAD("P5\n", "program before"), BAD("Pf\n", "program before"),
	BAD("P5x1 1 255 a", "white space"),
	BAD("P5\n0 1\n255\n", "width: found 0"),
	BAD("P5\n1 0\n255\n", "height: found 0"),
	BAD("P5\n-1 1\n255\na", "'-1'"),
	BAD("P5\n1.5 1\n255\na", "'1.5'"),
	BAD("P5\n99999999999999999999 1\n255\na", "width"),
	BAD("P5\n2147483647 2147483647\n255\na", "does not fit"),
	BAD("P5\n2147483647 1000\n255\na", "after 1 of 2147483647000"),
	BAD("Pf\n2147483647 1000\n-1\nabcd", "after 1 of 2147483647000"),
	BAD("P5\n1 1\n0\na", "maxval: found 0"),
	BAD("P5\n1 1\n65536\nab", "maxval: found 65536"),
	BAD("P5\n1 1\n\377\na", "0xff"),
	BAD("P5\n1 1\n10\n\13", "above maxval"),
	BAD("P5\n1 1\n300\n\1\55", "above maxval"),
	BAD("P2\n1 1\n10\n11\n", "above maxval"),
	BAD("P2\n1 1\n10\n99999999999\n", "above maxval"),
	BAD("P2\n1 1\n10\n", "ends after 0 of 1"),
	BAD("P2\n2 1\n10\n5", "ends after 0 of 2"),
	BAD("P2\n2 1\n10\n5 ", "ends after 1 of 2"),
	BAD("Pf\n1 1\n-1.0\r\nabcd", "carriage return"),
	BAD("P2\n1 1\n10\n-5\n", "digit"), BAD("P2\n1 1\n10\n5a\n", "digit"),
	BAD("P2\n1 1\n10\n5\nx", "magic"),
	BAD("P5\n2 1\n255\na", "ends after 1 of 2"),
	BAD("P5\n1 1\n255\nab", "magic"),
	BAD("P7\n", "ENDHDR"), BAD("P7 \n", "newline"),
	BAD("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nENDHDR\nabc",
	    "depth 3"),
	BAD("P7\nWIDTH 1\nHEIGHT 1\nMAXVAL 255\nENDHDR\na", "without DEPTH"),
	BAD("P7\nWIDTH 1\nWIDTH 1\n", "twice"),
	BAD("P7\nWIDHT 1\n", "unknown PAM"),
	BAD("P7\nWIDTH 0\n", "WIDTH: found 0"),
	BAD("P7\nMAXVAL 70000\n", "MAXVAL: found 70000"),
	BAD("P7\nWIDTH\n", "WIDTH"),
	BAD("Pf\n1 1\n0\nabcd", "scale"), BAD("Pf\n1 1\nx\nabcd", "scale"),
	BAD("Pf\n1 1\nnan\nabcd", "scale"), BAD("Pf\n1 1\ninf\nabcd", "scale"),
	BAD("Pf\n1 1\n-1\nabc", "ends after 0 of 1"),
	BAD("Pf\n1 1\n-1\n\0\0\300\177", "NaN"),
	BAD("Pf\n1 1\n-1\n\0\0\200\177", "infinity"),
	BAD("Pf\n1 1\n-1\n\0\0\200\377", "infinity"),
	BAD("Pf\n1 1\n-1e-30\n\0\0\177\177", "infinity"),
#undef BAD
};

static void
bad_images(void)
{
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		e = (struct bsp_error){0};
		ok((read_one(bad[i].bytes, bad[i].n, BSP_IMAGES) < 0) &&
		    e.status == BSP_DATA && e.stream != NULL &&
		    strstr(e.text, bad[i].message) != NULL,
		    "refused, naming '%s'", bad[i].message);
	}
	e = (struct bsp_error){0};
	read_one("Pf\n2 2\n-1\n\0\0\0\0\0\0\0\0\0\0\300\177\0\0\0\0", 27,
	    BSP_IMAGES);
	ok(strstr(e.text, "row 0, column 0") != NULL && e.image == 0 &&
	    e.byte == 10 + 8, "NaN: image, row, column and byte");
	ok(READ("P1\n2 1\n02\n", BSP_MASKS) == -1, "a bit of 2");
	ok(READ("P1\n2 1\n0", BSP_MASKS) == -1, "P1 cut before the last bit");
	ok(READ("P1\n2 1\n011", BSP_MASKS) == -1, "P1 with a bit too many");
	ok(READ("P4\n9 1\n\0", BSP_MASKS) == -1, "P4 cut");
	image.capacity = 0; /* forget, to see what is asked for */
	image.data = NULL;
	ok(READ("P4\n2147483647 1\n\0", BSP_MASKS) == -1 &&
	    image.capacity < 1000, "a wide bitmap is not believed: %zu",
	    image.capacity);
}

static uint64_t raised; /* by the last row written */

/* What the writer writes for samples, read back whole. */
static size_t
written(enum bsp_format format, bool clip, const float *samples, size_t n,
    char *bytes, uint64_t *clipped)
{
	struct bsp_image row = {1, n, (float *)samples, n};
	int fd = memfd_create("test", 0);
	struct bsp_writer *writer = bsp_writer_open(dup(fd), "test", format,
	    clip, &e);
	size_t size = 0;

	if (bsp_writer_put(writer, &row, &e) == 0)
		size = (size_t)pread(fd, bytes, 100, 0);
	*clipped = bsp_writer_clipped(writer);
	raised = bsp_writer_raised(writer);
	bsp_writer_close(writer, &e);
	close(fd);
	return size;
}

/* A failed reader does not take what follows for an image. */
static void
after_failure(void)
{
	static const char bytes[] = "P5\n1 1\n9\n\12P5\n1 1\n9\n\1";
	struct bsp_reader *reader = bsp_reader_open_memory(bytes,
	    sizeof bytes - 1, "test", BSP_IMAGES, &e);

	ok(bsp_reader_next(reader, &image, &e) == -1 &&
	    bsp_reader_next(reader, &image, &e) == -1,
	    "a reader that failed goes on failing");
	bsp_reader_close(reader);
}

static void
writing(void)
{
	char bytes[100];
	uint64_t clipped;
	size_t n;

	n = written(BSP_PFM, false, F(1, -2), 2, bytes, &clipped);
	ok(n == 20 && memcmp(bytes,
	    "Pf\n2 1\n-1.0\n\0\0\200\77\0\0\0\300", 20) == 0, "PFM");
	/* .5 * 255 = 127.5 and 1.5 / 255 * 255 = 1.5 round up. */
	n = written(BSP_PGM8, false, F(0, .5f, 1, .00588f, .00589f), 5, bytes,
	    &clipped);
	ok(n == 16 && memcmp(bytes, "P5\n5 1\n255\n\0\200\377\1\2", 16) == 0,
	    "PGM, 8 bits, rounded half up");
	n = written(BSP_PGM16, false, F(0, .5f, 1), 3, bytes, &clipped);
	ok(n == 19 && memcmp(bytes, "P5\n3 1\n65535\n\0\0\200\0\377\377",
	    19) == 0, "PGM, 16 bits");
	/* 1e-45 is float32's least; a half step, 1/510 = .00196, is not raised. */
	n = written(BSP_PGM8, false, F(0, 1e-45f, .0019f, .00197f, -0.f), 5,
	    bytes, &clipped);
	ok(n == 16 && raised == 2 && memcmp(bytes + 11, "\0\1\1\1\0", 5) == 0,
	    "PGM, 8 bits: what is above 0 stays above 0");
	n = written(BSP_PGM16, false, F(7e-6f, 8e-6f, 0), 3, bytes, &clipped);
	ok(n == 19 && raised == 1 && memcmp(bytes + 13, "\0\1\0\1\0\0", 6) == 0,
	    "PGM, 16 bits: likewise");
	n = written(BSP_PGM8, true, F(-1e-9f, 1e-9f), 2, bytes, &clipped);
	ok(n == 13 && raised == 1 && clipped == 1 &&
	    memcmp(bytes + 11, "\0\1", 2) == 0,
	    "--clip moves what is below 0 to the background");
	ok(written(BSP_PGM8, false, F(1.001f), 1, bytes, &clipped) == 0 &&
	    e.status == BSP_DATA, "above 1 is refused");
	ok(written(BSP_PGM16, false, F(-.001f), 1, bytes, &clipped) == 0,
	    "below 0 is refused");
	n = written(BSP_PGM8, true, F(-1, 2, .2f, 1), 4, bytes, &clipped);
	ok(n == 15 && clipped == 2 && memcmp(bytes + 11, "\0\377\63\377",
	    4) == 0, "--clip clips and counts");
	ok(written(BSP_PGM8, true, F(NAN), 1, bytes, &clipped) == 0,
	    "NaN is never clipped");
	ok(written(BSP_PFM, false, F(INFINITY), 1, bytes, &clipped) == 0,
	    "infinity is never written");
}

int
main(void)
{
	good_images();
	bad_images();
	after_failure();
	writing();
	bsp_image_free(&image);
	return done();
}
