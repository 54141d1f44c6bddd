/*
 * What the parts of the sweep share.
 *
 * Only the pixels that an anomaly changes differ from cell to cell of inject:
 * the others, the background, are scored and sorted once for each image and
 * degradation, and the changed ones are ranked against them.
 */
#ifndef BSP_SWEEP_H
#define BSP_SWEEP_H

#include "../kernels/kernels.h"

/* The scores of the pixels that no anomaly changes, ready to be ranked. */
struct bsp_background {
	struct bsp_keys keys; /* ascending */
	struct bsp_keys scratch;
	struct bsp_sum sum;
	uint32_t *start;      /* of each bucket of keys; one more at the end */
	uint32_t floor;       /* keys below it are in bucket 0 */
};

/* Sort what was put into keys and index it. */
int bsp_background_prepare(struct bsp_background *background,
    struct bsp_error *e);

void bsp_background_free(struct bsp_background *background);

/*
 * The curve of the background and the changed pixels of one cell, whose keys
 * come in positive and negative and are sorted there.  scratch is room for
 * twice the longer of both.
 */
int bsp_background_curve(const struct bsp_background *background,
    struct bsp_keys *positive, struct bsp_keys *negative, uint32_t *scratch,
    struct bsp_curve *curve, struct bsp_error *e);

/*
 * What the anomalies of a grid do to one image: the pixels that any of them
 * changes or covers, and for each cell their values and labels.
 */
struct bsp_patch {
	size_t pixels;   /* changed by any cell */
	uint32_t *at;    /* [pixels] where they are in the image, ascending */
	size_t cells;
	float *value;    /* [cells][pixels] */
	uint8_t *label;  /* [cells][pixels] */
	size_t *covered; /* [cells] number of labels set */
};

int bsp_patch_make(const struct bsp_sweep *sweep,
    const struct bsp_image *healthy, const struct bsp_sweep_image *in,
    struct bsp_patch *patch, struct bsp_error *e);

void bsp_patch_free(struct bsp_patch *patch);

/*
 * Put the anomaly of one cell into *image, a copy of the healthy one, and its
 * label into *label, zero or NULL.
 */
void bsp_patch_put(const struct bsp_patch *patch, size_t cell,
    struct bsp_image *image, struct bsp_image *label);

#endif
