/*
 * A progress line on a terminal, and never elsewhere.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *unit; /* "cells" */
	const char *note; /* NULL, or what else is shown */
	double started, shown;
	bool terminal;
};

void progress_begin(struct progress *progress, const char *unit);

/* Show how many are done, of about how many (0: unknown), a few times a second. */
void progress_show(struct progress *progress, uint64_t done, uint64_t total);

/* Wipe the line. */
void progress_end(struct progress *progress);

#endif
