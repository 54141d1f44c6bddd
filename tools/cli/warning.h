/*
 * Warnings: what cannot be an error but is probably a mistake.
 */
#ifndef WARNING_H
#define WARNING_H

#include "cli.h"

/* One kind of warning, {0} to begin with. */
struct warning {
	uint64_t count;
	char first[1024];
};

/*
 * Warn of something in a stream: warning_say prints it, once a run.  With --strict
 * it ends the program now, as bad data.
 */
void warning_add(struct warning *warning, const char *stream,
    const char *format, ...) BSP_PRINTF(3, 4);

/* Say the first and how many there were, of things called so, if any. */
void warning_say(const struct warning *warning, const char *things);

#endif
