/*
 * Images worked on at once, by a filter whose output stays in order.
 */
#ifndef CLI_THREADS_H
#define CLI_THREADS_H

#include "cli.h"

#define CLI_THREADS_OPTION(threads)                                        \
	{"threads", "N", "images to work on at once (default 1)",          \
	    CLI_COUNT, &(threads), 1, 1024}

/*
 * How many images a filter reads before it works on them: with one thread one,
 * so that what goes in comes out at once; with more, enough that threads do not
 * wait for the slowest image.
 */
static inline size_t
cli_read_at_once(uint64_t threads)
{
	return threads > 1 ? 4 * (size_t)threads : 1;
}

/*
 * Call work(with, i, e) for every i below n on so many threads; 0: one for each
 * processor.  Returns n, or the first i that failed, with its error: all before
 * it are done.
 */
size_t cli_at_once(uint64_t threads, size_t n,
    int (*work)(void *with, size_t i, struct bsp_error *e), void *with,
    struct bsp_error *e);

/* As bsp_reader_blame, of an image that is not the last one read. */
void cli_blame(const struct bsp_reader *reader, uint64_t image,
    struct bsp_error *e);

#endif
