/*
 * Files that hold what was fitted, as safetensors: a kind, the size of the
 * images, and a few arrays of numbers.
 */
#ifndef MODEL_H
#define MODEL_H

#include "cli.h"

#define MODEL_PARTS 4

/* A vector, whose cols are 0, or a matrix. */
struct model_part {
	const char *name; /* NULL ends the parts */
	size_t rows, cols;
	double *data;
};

struct model {
	const char *kind; /* "zscore" */
	bool doubles;     /* kept as F64, not F32 */
	size_t length;    /* of doubles: of the vectors of part 1 */
	size_t rows, cols; /* of the images */
	struct model_part part[MODEL_PARTS];
};

/*
 * Write a model, or die: whole beside the path first, then in its place, so
 * that an older one stays until then.
 */
void model_write(const char *path, const struct model *model);

/*
 * Read the model of a kind, of whose parts model gives the names; dies where
 * the file is damaged, cut, or holds another kind.  Of doubles the parts are a
 * vector, a matrix and a vector, else matrices.
 */
void model_read(const char *path, struct model *model);

void model_free(struct model *model);

/* Die of what is wrong in a model that could be read. */
_Noreturn void model_bad(const char *path, const char *format, ...)
    BSP_PRINTF(2, 3);

/* The pixel statistics of the residual zscore. */
#ifndef BSP_WITHOUT_JANSSON
void model_write_stats(const char *path, const struct bsp_pixel_stats *stats);
void model_read_stats(const char *path, struct bsp_pixel_stats *stats);
#else
/* No kind needs them in such a build. */
static inline void
model_write_stats(const char *path, const struct bsp_pixel_stats *stats)
{
	(void)stats;
	cli_usage("%s: this build is without " BSP_WITHOUT_JANSSON, path);
}

static inline void
model_read_stats(const char *path, struct bsp_pixel_stats *stats)
{
	(void)stats;
	cli_usage("%s: this build is without " BSP_WITHOUT_JANSSON, path);
}
#endif

#endif
