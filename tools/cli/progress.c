/*
 * A progress line: see progress.h.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

#define INTERVAL .2 /* seconds between two lines */

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void
progress_begin(struct progress *progress, const char *unit)
{
	*progress = (struct progress){.unit = unit, .started = now(),
	    .terminal = isatty(STDERR_FILENO)};
}

void
progress_show(struct progress *progress, uint64_t done, uint64_t total)
{
	double t, rate;

	if (!progress->terminal)
		return;
	t = now();
	if (t - progress->shown < INTERVAL || t <= progress->started)
		return;
	progress->shown = t;
	rate = (double)done / (t - progress->started);
	fprintf(stderr, "\r\033[K%llu %s, %.0f a second",
	    (unsigned long long)done, progress->unit, rate);
	if (progress->note != NULL)
		fprintf(stderr, ", %s", progress->note);
	if (total > done && rate > 0)
		fprintf(stderr, ", %.0f %%, %.0f s left",
		    100 * (double)done / (double)total,
		    (double)(total - done) / rate);
}

void
progress_end(struct progress *progress)
{
	if (progress->terminal && progress->shown > 0)
		fprintf(stderr, "\r\033[K");
}
