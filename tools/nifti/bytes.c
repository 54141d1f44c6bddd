/*
 * The bytes of a file: see bytes.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "bytes.h"

#define ROOM ((size_t)1 << 16)

struct bytes {
	int fd;
	bool gzip;
	bool ended;          /* the file has no more */
	bool inside;         /* a gzip member that is not over */
	uint64_t total;      /* bytes given so far */
	z_stream z;          /* its input lies in room */
	size_t at, have;     /* what is left in room without gzip */
	unsigned char room[ROOM];
};

/* Read what there is, at least one byte but at the end of the file; or -1. */
static ssize_t
read_some(struct bytes *b, unsigned char *to, size_t room,
    struct bsp_error *e)
{
	struct pollfd wait = {.fd = b->fd, .events = POLLIN};
	ssize_t n;

	for (;;) {
		n = read(b->fd, to, room);
		if (n >= 0)
			break;
		if (errno == EAGAIN)
			poll(&wait, 1, -1);
		else if (errno != EINTR)
			return bsp_error_system(e, errno, "read");
	}
	b->ended = n == 0;
	return n;
}

static int
refill(struct bytes *b, struct bsp_error *e)
{
	ssize_t n = read_some(b, b->room + b->have, ROOM - b->have, e);

	if (n < 0)
		return -1;
	b->have += (size_t)n;
	return 0;
}

#define GZIP_1 0x1F
#define GZIP_2 0x8B

struct bytes *
bytes_open(int fd, struct bsp_error *e)
{
	struct bytes *b = calloc(1, sizeof *b);

	if (b == NULL) {
		bsp_error_system(e, ENOMEM, "a reader");
		close(fd);
		return NULL;
	}
	b->fd = fd;
	while (b->have < 2 && !b->ended)
		if (refill(b, e)) {
			bytes_close(b);
			return NULL;
		}
	b->gzip = b->have >= 2 && b->room[0] == GZIP_1 &&
	    b->room[1] == GZIP_2;
	if (!b->gzip)
		return b;
	if (inflateInit2(&b->z, 15 + 16) != Z_OK) {
		b->gzip = false;
		bytes_close(b);
		bsp_error_system(e, ENOMEM, "gzip");
		return NULL;
	}
	b->z.next_in = b->room;
	b->z.avail_in = (unsigned)b->have;
	b->inside = true;
	return b;
}

static int
read_plain(struct bytes *b, unsigned char *to, size_t n, size_t *got,
    struct bsp_error *e)
{
	size_t take;
	ssize_t direct;

	while (*got < n) {
		/* What is larger than the room goes where it is wanted. */
		if (b->at == b->have && !b->ended && n - *got >= ROOM) {
			direct = read_some(b, to + *got, n - *got, e);
			if (direct < 0)
				return -1;
			*got += (size_t)direct;
			continue;
		}
		if (b->at == b->have) {
			b->at = b->have = 0;
			if (b->ended || refill(b, e))
				return b->ended ? 0 : -1;
		}
		take = b->have - b->at < n - *got ? b->have - b->at :
		    n - *got;
		memcpy(to + *got, b->room + b->at, take);
		b->at += take;
		*got += take;
	}
	return 0;
}

static int
damaged(const struct bytes *b, const char *how, struct bsp_error *e)
{
	return bsp_error_set(e, BSP_DATA, "damaged after %llu bytes (%s), "
	    "expected a whole gzip stream", (unsigned long long)b->total, how);
}

/* Move what inflate has left to the front of the room, and read more. */
static int
refill_gzip(struct bytes *b, struct bsp_error *e)
{
	b->have = b->z.avail_in;
	if (b->have > 0)
		memmove(b->room, b->z.next_in, b->have);
	if (!b->ended && refill(b, e))
		return -1;
	b->z.next_in = b->room;
	b->z.avail_in = (unsigned)b->have;
	return 0;
}

/* Between members: does another one follow?  What is no gzip is left alone. */
static int
next_member(struct bytes *b, struct bsp_error *e)
{
	while (b->z.avail_in < 2 && !b->ended)
		if (refill_gzip(b, e))
			return -1;
	if (b->z.avail_in >= 2 && b->z.next_in[0] == GZIP_1 &&
	    b->z.next_in[1] == GZIP_2) {
		inflateReset(&b->z);
		b->inside = true;
	}
	return 0;
}

static int
read_gzip(struct bytes *b, unsigned char *to, size_t n, size_t *got,
    struct bsp_error *e)
{
	unsigned before;
	int code;

	while (*got < n) {
		if (!b->inside && next_member(b, e))
			return -1;
		if (!b->inside)
			return 0;
		if (b->z.avail_in == 0) {
			if (refill_gzip(b, e))
				return -1;
			if (b->ended)
				return damaged(b, "unexpected end of file", e);
		}
		before = n - *got < ROOM ? (unsigned)(n - *got) :
		    (unsigned)ROOM;
		b->z.next_out = to + *got;
		b->z.avail_out = before;
		code = inflate(&b->z, Z_NO_FLUSH);
		*got += before - b->z.avail_out;
		b->total += before - b->z.avail_out;
		if (code == Z_MEM_ERROR)
			return bsp_error_system(e, ENOMEM, "gzip");
		if (code != Z_OK && code != Z_STREAM_END &&
		    code != Z_BUF_ERROR)
			return damaged(b, b->z.msg != NULL ? b->z.msg :
			    "no gzip", e);
		b->inside = code != Z_STREAM_END;
	}
	return 0;
}

int
bytes_read(struct bytes *b, void *to, size_t n, size_t *got,
    struct bsp_error *e)
{
	*got = 0;
	return b->gzip ? read_gzip(b, to, n, got, e) :
	    read_plain(b, to, n, got, e);
}

uint64_t
bytes_left(const struct bytes *bytes)
{
	off_t at = lseek(bytes->fd, 0, SEEK_CUR);
	struct stat s;

	if (bytes->gzip || at < 0 || fstat(bytes->fd, &s) != 0 ||
	    !S_ISREG(s.st_mode))
		return 0;
	return (uint64_t)(s.st_size > at ? s.st_size - at : 0) +
	    bytes->have - bytes->at;
}

void
bytes_close(struct bytes *b)
{
	if (b == NULL)
		return;
	if (b->gzip)
		inflateEnd(&b->z);
	close(b->fd);
	free(b);
}
