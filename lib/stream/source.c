/*
 * Bytes in, with their offset, whatever sizes they arrive in.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "stream.h"



int
bsp_source_error(const struct bsp_source *source, uint64_t offset,
    struct bsp_error *e, const char *format, ...)
{
	char text[sizeof e->text];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	bsp_error_set(e, BSP_DATA, "%s", text);
	e->stream = source->name;
	e->image = (int64_t)source->image;
	e->byte = (int64_t)offset;
	return -1;
}

/* read(2), whole of interruptions and of descriptors that do not block. */
static ssize_t
read_some(int fd, void *buffer, size_t size)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	ssize_t n;

	while ((n = read(fd, buffer, size)) < 0)
		if (errno == EAGAIN)
			poll(&wait, 1, -1);
		else if (errno != EINTR)
			break;
	return n;
}

int
bsp_source_fill(struct bsp_source *source, struct bsp_error *e)
{
	ssize_t n;

	if (source->begin < source->end)
		return 1;
	if (source->fd < 0)
		return 0;
	n = read_some(source->fd, source->buffer, BSP_BUFFER);
	if (n < 0) {
		bsp_error_system(e, errno, "read");
		e->stream = source->name;
		e->image = (int64_t)source->image;
		e->byte = (int64_t)source->offset;
		return -1;
	}
	source->begin = 0;
	source->end = (size_t)n;
	return n > 0;
}

int
bsp_source_byte(struct bsp_source *source, int *byte, struct bsp_error *e)
{
	int r = bsp_source_fill(source, e);

	if (r == 1) {
		*byte = source->bytes[source->begin++];
		source->offset++;
	}
	return r;
}
