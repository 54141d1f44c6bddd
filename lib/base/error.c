/*
 * The error record: what went wrong, for the caller to report.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base.h"

static void
fill(struct bsp_error *e, enum bsp_status status, const char *format,
    va_list ap)
{
	e->status = status;
	e->errnum = 0;
	e->stream = NULL;
	e->image = -1;
	e->byte = -1;
	vsnprintf(e->text, sizeof e->text, format, ap);
}

int
bsp_error_set(struct bsp_error *e, enum bsp_status status,
    const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fill(e, status, format, ap);
	va_end(ap);
	return -1;
}

int
bsp_error_system(struct bsp_error *e, int errnum, const char *format, ...)
{
	char room[128];
	size_t used;
	va_list ap;

	va_start(ap, format);
	fill(e, BSP_SYSTEM, format, ap);
	va_end(ap);
	e->errnum = errnum;
	used = strlen(e->text);
	snprintf(e->text + used, sizeof e->text - used, "%s%s",
	    used > 0 ? ": " : "", strerror_r(errnum, room, sizeof room));
	return -1;
}
