/*
 * What the parts of the score stage share.
 */
#ifndef BSP_SCORE_H
#define BSP_SCORE_H

#include "../base/base.h"

/* Slices of rows and columns; one of them is an image. */
struct bsp_grid {
	size_t slices, rows, cols;
};

struct bsp_grid bsp_grid_of(const struct bsp_scored *in);

/*
 * Number the connected regions of the samples inside, in the order of their
 * first samples: component[i] is that of sample i.  How many there are.  Fewer
 * than 2^32 samples.
 */
#define BSP_NO_COMPONENT UINT32_MAX
size_t bsp_components(const struct bsp_grid *grid, const uint8_t *inside,
    uint32_t *component);

/* The sample that stands for the region of sample i, by union-find; paths are
 * halved on the way. */
static inline uint32_t
bsp_root(uint32_t *parent, uint32_t i)
{
	while (parent[i] != i) {
		parent[i] = parent[parent[i]];
		i = parent[i];
	}
	return i;
}

/* Which samples are of lesions. */
void bsp_mark_lesions(const struct bsp_scored *in, uint8_t *inside);

/* Add the lesions of a unit; *count says how many. */
int bsp_lesions_add(struct bsp_lesions *lesions, const struct bsp_scored *in,
    size_t unit, size_t *count, struct bsp_error *e);
void bsp_lesions_free(struct bsp_lesions *lesions);

/* Add the false regions of a unit at all thresholds. */
int bsp_froc_add(struct bsp_froc *froc, const struct bsp_scored *in,
    size_t unit, size_t min_region, struct bsp_error *e);

/*
 * The two ways to do so, which give the same: pixel by pixel, and for regions
 * of any size in at most BSP_PEAKS_MOST pixels from the peaks of the map alone.
 */
#define BSP_PEAKS_MOST ((size_t)1 << 27)
int bsp_froc_add_pixels(struct bsp_froc *froc, const struct bsp_scored *in,
    size_t unit, size_t min_region, struct bsp_error *e);
int bsp_froc_add_peaks(struct bsp_froc *froc, const struct bsp_scored *in,
    size_t unit, struct bsp_error *e);

/* The number of false regions of a unit changes by so many; 0 is not kept. */
int bsp_froc_note(struct bsp_froc *froc, uint32_t key, uint32_t unit,
    int64_t change, struct bsp_error *e);

/*
 * Neighbours in a grid with a border one sample wide, those that share a face
 * first: 8 in an image and 26 in a volume.
 */
struct bsp_near {
	size_t count, first; /* first: where the first sample is */
	ptrdiff_t step[26];
	uint32_t touched[26]; /* which of them one is or touches, as bits */
};

/* How many samples the bordered grid has. */
size_t bsp_near_of(const struct bsp_grid *grid, struct bsp_near *near);

/* All units are there: sort what they have. */
int bsp_froc_finish(struct bsp_froc *froc, const struct bsp_lesions *lesions,
    size_t units, struct bsp_error *e);
int bsp_froc_summarize(const struct bsp_froc *froc,
    const struct bsp_resampling *how, struct bsp_summary *out,
    struct bsp_error *e);
void bsp_froc_free(struct bsp_froc *froc);

/* What a threshold finds in a unit with these lesions; false regions are
 * counted only if wanted. */
int bsp_counts_of(const struct bsp_scored *in, double threshold,
    const struct bsp_lesion *lesion, size_t lesions, bool regions,
    size_t min_region, struct bsp_counts *counts, struct bsp_error *e);
void bsp_counts_add(struct bsp_counts *to, const struct bsp_counts *from,
    uint32_t weight);

/* Keep the pixels of a unit, to resample all of them. */
int bsp_pooled_add(struct bsp_pooled *pooled, const struct bsp_scored *in,
    size_t unit, struct bsp_error *e);
int bsp_pooled_summarize(struct bsp_evaluation *evaluation,
    const struct bsp_resampling *how, struct bsp_summary *summary,
    struct bsp_error *e);
void bsp_pooled_free(struct bsp_pooled *pooled);

/* Which subject, below subjects, each unit is of. */
struct bsp_draws {
	size_t units, subjects;
	uint32_t *subject; /* [units] */
	uint32_t *count;   /* [subjects] room */
};

int bsp_draws_make(struct bsp_draws *draws, size_t units,
    const struct bsp_resampling *how, struct bsp_error *e);
void bsp_draws_free(struct bsp_draws *draws);

/* How often a replicate draws each subject, or each unit. */
const uint32_t *bsp_draws_subjects(const struct bsp_draws *draws,
    uint64_t seed, uint64_t index);
void bsp_draws_units(const struct bsp_draws *draws, uint64_t seed,
    uint64_t index, uint32_t *weight);

/*
 * Find the connected regions of the labelled pixels, positives of them, and
 * gather their scores.
 */
int bsp_regions_add(struct bsp_regions *regions, const struct bsp_scored *in,
    size_t positives, struct bsp_error *e);

/* Add the pixels of a unit, as bsp_ranking_add those of an image. */
int bsp_ranking_add_unit(struct bsp_ranking *ranking,
    const struct bsp_scored *in, struct bsp_error *e);

/* Sort them and find the mean share of the regions that each step finds. */
int bsp_regions_find(struct bsp_regions *regions, struct bsp_curve *curve,
    struct bsp_error *e);

/* The share that an interval leaves on each side. */
double bsp_ci_level(const struct bsp_resampling *how);

/* Sort n replicates' values of a bootstrap, and find the interval. */
void bsp_interval_of(double *value, size_t n, size_t subjects,
    const struct bsp_resampling *how, struct bsp_summary *out);

/* Keep an interval, if there is one, within the range of the value. */
void bsp_interval_clip(struct bsp_summary *summary, double low, double high);

/* For qsort: doubles in ascending order. */
int bsp_compare_doubles(const void *a, const void *b);

/* Metrics of what a threshold finds. */
double bsp_dice_at(const struct bsp_counts *counts);
double bsp_sensitivity_at(const struct bsp_counts *counts);
double bsp_precision_at(const struct bsp_counts *counts);
double bsp_fpr_at(const struct bsp_counts *counts);
double bsp_lesion_sensitivity_at(const struct bsp_counts *counts);
double bsp_false_regions_at(const struct bsp_counts *counts);

/* Is one of the metrics at a threshold, and counts that? */
bool bsp_metrics_count(const struct bsp_metric *const *metric, size_t n,
    enum bsp_counted what);

#endif
