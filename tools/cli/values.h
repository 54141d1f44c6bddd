/*
 * What score knows of each image once it is read, and of all at the end.
 */
#ifndef VALUES_H
#define VALUES_H

#include "metrics.h"

struct image_values {
	size_t pixels, anomalous;
	double metric[BSP_METRICS_MAX]; /* in the order of the list; those of
	                                   BSP_OF_IMAGES are not used */
	double score;                   /* of the image, by the rule */
};

struct values {
	const struct metric_list *metrics;
	enum bsp_image_rule rule;
	double share; /* of BSP_RULE_TOP */
	struct image_values *image;
	size_t images, capacity;
	struct bsp_aupimo pimo;
};

/*
 * Add an image: its map, its mask and, where count is 3, the mask within which
 * it is scored.  Like the others, dies where memory runs out.
 */
void values_add(struct values *values, struct bsp_image *const *image,
    size_t count, const struct bsp_curve *curve);

/* Find the values that depend on all images. */
void values_finish(struct values *values);

/* Summarise every metric; group as in bsp_summarize. */
void values_summarize(const struct values *values, const size_t *group,
    size_t groups, size_t replicates, uint64_t seed,
    struct bsp_summary *summary);

#endif
