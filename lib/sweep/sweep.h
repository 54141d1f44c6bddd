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

/*
 * Some neighbouring keys of the background: how many come before them, and the
 * low halves of those that are in it, in no order.  Where there are more, a
 * flag of the count says that they are in a list.
 */
#define BSP_BUCKET_ROOM 14
#define BSP_BUCKET_WIDTH 4096u      /* values of a key */
#define BSP_BUCKET_LISTED (1u << 31)
#define BSP_ABOVE (BSP_BUCKET_WIDTH * ((1u << 14) + 1)) /* the last bucket */

struct bsp_bucket {
	uint32_t before;
	union {
		int16_t low[BSP_BUCKET_ROOM];
		struct {
			uint32_t begin, end;
		} list;
	};
};

/* The scores of the pixels that no anomaly changes, ready to be ranked. */
struct bsp_background {
	struct bsp_keys keys;
	struct bsp_keys over; /* what is in the list, ascending */
	struct bsp_keys scratch;
	struct bsp_sum sum;
	struct bsp_bucket *bucket;
	uint32_t base;        /* where the first begins, and all that is below */
};

/* Put keys into buckets. */
int bsp_background_prepare(struct bsp_background *background,
    struct bsp_error *e);

/* How many keys of the background are below a value. */
uint32_t bsp_background_below(const struct bsp_background *background,
    uint32_t value);

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
