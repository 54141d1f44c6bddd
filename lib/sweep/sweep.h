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
#define BSP_BUCKET_ROOM 13
#define BSP_BUCKET_WIDTH 4096u      /* values of a key */
#define BSP_BUCKET_LISTED (1u << 31)
#define BSP_ABOVE (BSP_BUCKET_WIDTH * ((1u << 14) + 1)) /* the last bucket */

struct bsp_bucket {
	uint32_t before;
	union {
		int16_t low[BSP_BUCKET_ROOM + 1]; /* the last for none */
		struct {
			uint32_t begin, end;
		} list;
	};
};

/* The scores of the pixels that no anomaly changes, ready to be ranked. */
struct bsp_background {
	struct bsp_keys keys;
	uint32_t same;        /* a key that comes once more ... */
	size_t repeats;       /* as many times; then keys holds 13 of it */
	size_t count;         /* of all keys */
	struct bsp_keys over; /* what is in the list, ascending */
	struct bsp_keys scratch;
	struct bsp_sum sum;
	struct bsp_fixed fixed; /* the same, where it fits */
	bool fits;
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
 * What a threshold finds of the background and the changed pixels of one cell,
 * once bsp_background_curve has sorted their keys.
 */
void bsp_background_count(const struct bsp_background *background,
    const struct bsp_keys *positive, const struct bsp_keys *negative,
    double threshold, struct bsp_counts *counts);

/*
 * The curve of the background and the changed pixels of one cell, whose keys
 * come in positive and negative and are sorted there.  scratch is room for
 * twice the longer of both.
 */
int bsp_background_curve(const struct bsp_background *background,
    struct bsp_keys *positive, struct bsp_keys *negative, uint32_t *scratch,
    struct bsp_curve *curve, struct bsp_error *e);

/*
 * Eight anomalies of constant intensity side by side: see lanes.c.  Arrays are
 * of rows, one a pixel.
 */
#define BSP_LANES 8

struct bsp_lanes {
	size_t pixels;
	struct bsp_image input, recon, map; /* 1 x BSP_LANES pixels */
	uint32_t *key, *sorted, *below;
	size_t keys, sorteds, belows;       /* room */
};

/* What a processor computes them with. */
struct bsp_lanes_path;

/* The i-th path of this processor, the fastest first, or NULL. */
const struct bsp_lanes_path *bsp_lanes_path(size_t i);
const char *bsp_lanes_name(const struct bsp_lanes_path *path);

/* Room for a patch, not empty. */
int bsp_lanes_reserve(struct bsp_lanes *lanes, size_t pixels,
    struct bsp_error *e);

void bsp_lanes_free(struct bsp_lanes *lanes);

/*
 * The average precision and the mean of the background and each lane of the
 * map, all anomalous: ap[BSP_LANES], mean[BSP_LANES].  False if the scores of a
 * lane are not two runs, greatest at both ends.
 */
bool bsp_lanes_score(const struct bsp_lanes_path *path,
    struct bsp_lanes *lanes, const struct bsp_background *background,
    double *ap, double *mean);

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
	bool *uniform;   /* [cells] are all pixels covered with one value? */
};

int bsp_patch_make(const struct bsp_sweep *sweep,
    const struct bsp_image *healthy, const struct bsp_sweep_image *in,
    struct bsp_patch *patch, struct bsp_error *e);

void bsp_patch_free(struct bsp_patch *patch);

/* What all pairs of an image share, until it is freed. */
struct bsp_sweep_start {
	struct bsp_image equalized;
	const struct bsp_image *healthy; /* the image, or as equalised */
	struct bsp_patch patch;
};

int bsp_sweep_begin(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *image, struct bsp_sweep_start *start,
    struct bsp_error *e);

void bsp_sweep_start_free(struct bsp_sweep_start *start);

/* As bsp_sweep_run, which begins by itself. */
int bsp_sweep_go_on(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *image, const struct bsp_sweep_start *start,
    size_t begin, size_t end, double *values, size_t *anomalous,
    struct bsp_error *e);

/*
 * Put the anomaly of one cell into *image, a copy of the healthy one, and its
 * label into *label, zero or NULL.
 */
void bsp_patch_put(const struct bsp_patch *patch, size_t cell,
    struct bsp_image *image, struct bsp_image *label);

#endif
