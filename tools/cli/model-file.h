/*
 * Model files of learned reconstructions, for programs.
 */
#ifndef LEARNED_H
#define LEARNED_H

#include <learn/blindspot-learn.h>

#include "cli.h"

/* Read a tensor file, or die. */
void learned_read(const char *path, struct bsp_tensors *tensors);

/* Write one whole, or die. */
void learned_write(const char *path, const struct bsp_tensors *tensors);

/* Read a model, or die. */
struct bsp_model *learned_model(const char *path);

/* Work on so many threads; 0: on as many as there are cores. */
void learned_threads(uint64_t threads);

#define LEARNED_THREADS_OPTION(threads)                                    \
	{"threads", "N", "threads to work on (default: one a core)",       \
	    CLI_COUNT, &(threads), 1, 1024}

#endif
