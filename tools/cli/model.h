/*
 * Files that hold what was fitted: a kind, a few counts, and doubles.
 */
#ifndef MODEL_H
#define MODEL_H

#include "cli.h"

#define MODEL_COUNTS 4

struct model {
	const char *kind;                /* "zscore" */
	const char *name[MODEL_COUNTS + 1]; /* of the counts; NULL ends them */
	uint64_t count[MODEL_COUNTS];
	double *data;
	uint64_t n;
};

/*
 * Write a model, or die: whole beside the path first, then in its place, so
 * that an older one stays until then.
 */
void model_write(const char *path, const struct model *model);

/*
 * Read the model of a kind, whose counts have the names that model gives, into
 * it; dies where the file is damaged, cut, or holds another kind.  data is the
 * caller's to free.
 */
void model_read(const char *path, struct model *model);

/* Die of what is wrong in a model that could be read. */
_Noreturn void model_bad(const char *path, const char *format, ...)
    BSP_PRINTF(2, 3);

/* The pixel statistics of the residual zscore. */
void model_write_stats(const char *path, const struct bsp_pixel_stats *stats);
void model_read_stats(const char *path, struct bsp_pixel_stats *stats);

#endif
