/*
 * Warnings: see warning.h.
 */
#include <stdarg.h>
#include <stdio.h>

#include "warning.h"

void
warning_add(struct warning *warning, const char *stream,
    const char *format, ...)
{
	struct bsp_error e;
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (cli_strict) {
		bsp_error_set(&e, BSP_DATA, "%s", text);
		e.stream = stream;
		cli_die(&e);
	}
	if (warning->count++ == 0)
		snprintf(warning->first, sizeof warning->first, "%.480s: %s",
		    stream, text);
}

void
warning_say(const struct warning *warning, const char *things)
{
	if (warning->count > 1)
		cli_warn("%s (so in %llu %s)", warning->first,
		    (unsigned long long)warning->count, things);
	else if (warning->count == 1)
		cli_warn("%s", warning->first);
}
