/*
 * What the parts of the stream layer share: a byte source that knows where it
 * stands, and the header of one image.
 */
#ifndef BSP_STREAM_H
#define BSP_STREAM_H

#include "../base/base.h"

#define BSP_BUFFER 262144 /* bytes read at once */
#define BSP_PIPE 1048576  /* bytes that a pipe may hold */

/* Bytes from a descriptor, or from memory where fd is -1. */
struct bsp_source {
	int fd;
	const char *name;
	unsigned char *buffer;      /* owned; NULL for memory */
	const unsigned char *bytes; /* buffer, or the memory */
	size_t begin, end;          /* what of bytes is still to be read */
	uint64_t offset;            /* of bytes[begin] in the stream */
	uint64_t image;             /* the image being read */
};

/* Make bytes[begin] exist: 1 it does, 0 at the end, -1 on failure. */
int bsp_source_fill(struct bsp_source *source, struct bsp_error *e);

/* Read one byte: 1, 0 at the end, -1. */
int bsp_source_byte(struct bsp_source *source, int *byte,
    struct bsp_error *e);

/* Blame the stream, at the image being read and the byte offset. */
int bsp_source_error(const struct bsp_source *source, uint64_t offset,
    struct bsp_error *e, const char *format, ...) BSP_PRINTF(4, 5);

enum bsp_raster {
	BSP_RASTER_PLAIN,      /* decimal numbers (P2) */
	BSP_RASTER_PLAIN_BITS, /* digits 0 and 1 (P1) */
	BSP_RASTER_BITS,       /* rows of bits, padded to bytes (P4) */
	BSP_RASTER_BYTES,      /* P5, P7 */
	BSP_RASTER_WORDS,      /* two bytes, high one first (P5, P7) */
	BSP_RASTER_FLOATS,     /* four bytes, bottom row first (Pf) */
};

struct bsp_header {
	enum bsp_raster raster;
	size_t rows, cols;
	uint32_t maxval;  /* not for floats */
	double scale;     /* floats: the magnitude */
	bool big_endian;  /* floats */
};

/*
 * Read a header: 1, 0 where the stream ends before it, -1.
 */
int bsp_header_read(struct bsp_source *source, enum bsp_content content,
    struct bsp_header *header, struct bsp_error *e);

/* Is this ASCII white space, as the formats understand it? */
static inline bool
bsp_is_space(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif
