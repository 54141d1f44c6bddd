/*
 * How well maps find what masks mark: the metrics of each image of a set, and
 * of all of them.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"

bool
bsp_evaluation_has(const struct bsp_evaluation *evaluation,
    enum bsp_scope scope)
{
	size_t m;

	for (m = 0; m < evaluation->metrics; m++)
		if (evaluation->metric[m]->scope == scope)
			return true;
	return false;
}

/* ------------------------------------------------------------------ adding */

static int
check_metric(const struct bsp_evaluation *evaluation, size_t m,
    struct bsp_error *e)
{
	const struct bsp_metric *metric = evaluation->metric[m];

	if (metric == NULL)
		return bsp_error_set(e, BSP_USAGE, "metric %zu is missing, "
		    "expected a row of bsp_metrics", m);
	if (metric->scope == BSP_AT_THRESHOLD &&
	    evaluation->at[m] >= evaluation->points)
		return bsp_error_set(e, BSP_USAGE, "%s is at threshold %zu, "
		    "expected one of %zu", metric->name, evaluation->at[m],
		    evaluation->points);
	/* Those that are of images alone do not go with all together. */
	if (evaluation->pooled && metric->value == NULL &&
	    metric->scope != BSP_AT_THRESHOLD)
		return bsp_error_set(e, BSP_USAGE, "%s is of images, expected "
		    "metrics of pixels where they are pooled", metric->name);
	return 0;
}

static int
check_metrics(const struct bsp_evaluation *evaluation, struct bsp_error *e)
{
	size_t m;

	if (evaluation->metrics == 0 || evaluation->metrics > BSP_METRICS_MAX)
		return bsp_error_set(e, BSP_USAGE, "found %zu metrics, "
		    "expected 1 to %d", evaluation->metrics,
		    BSP_METRICS_MAX);
	if (evaluation->points > BSP_POINTS_MAX)
		return bsp_error_set(e, BSP_USAGE, "found %zu thresholds, "
		    "expected at most %d", evaluation->points,
		    BSP_POINTS_MAX);
	for (m = 0; m < evaluation->metrics; m++)
		if (check_metric(evaluation, m, e))
			return -1;
	return 0;
}

static int
check_image(const char *what, const struct bsp_image *image,
    const struct bsp_image *map, struct bsp_error *e)
{
	if (image == NULL || image->data == NULL || bsp_image_size(image) == 0)
		return bsp_error_set(e, BSP_USAGE, "no %s, expected an image",
		    what);
	if (image->rows != map->rows || image->cols != map->cols)
		return bsp_error_set(e, BSP_DATA, "the %s is %zu x %zu, "
		    "expected the %zu x %zu of the map", what, image->cols,
		    image->rows, map->cols, map->rows);
	return 0;
}

/* Is there something to tell from a ranking? */
static bool
ranks(const struct bsp_evaluation *evaluation)
{
	size_t m;

	for (m = 0; m < evaluation->metrics; m++)
		if (evaluation->metric[m]->value != NULL)
			return true;
	return evaluation->pooled;
}

/* How many pixels count, and how many of them are anomalous. */
static int
count_pixels(const struct bsp_scored *in, struct bsp_curve *curve,
    struct bsp_error *e)
{
	size_t n = bsp_image_size(in->map), i;
	bool counted;

	if (n > UINT32_MAX)
		return bsp_error_set(e, BSP_DATA, "more than %u pixels in "
		    "one image or volume", UINT32_MAX);
	curve->positives = curve->negatives = 0;
	for (i = 0; i < n; i++) {
		counted = in->within == NULL || in->within->data[i] != 0;
		curve->positives += counted & (in->label->data[i] != 0);
		curve->negatives += counted & (in->label->data[i] == 0);
	}
	return 0;
}

/* The metrics of what was ranked, and of what thresholds find. */
static int
measure(struct bsp_evaluation *evaluation, const struct bsp_counts *counts,
    struct bsp_image_values *to, struct bsp_error *e)
{
	const struct bsp_curve *curve = &evaluation->curve;
	const struct bsp_metric *metric;
	size_t m;

	if (ranks(evaluation) && bsp_ranking_curve(&evaluation->ranking,
	    &evaluation->curve, e))
		return -1;
	to->pixels = curve->positives + curve->negatives;
	to->anomalous = curve->positives;
	for (m = 0; m < evaluation->metrics; m++) {
		metric = evaluation->metric[m];
		if (metric->scope == BSP_AT_THRESHOLD)
			to->value[m] = metric->at(&counts[evaluation->at[m]]);
		else
			to->value[m] = metric->value == NULL ? (double)NAN :
			    metric->value(curve);
	}
	return 0;
}

/* What a unit has of lesions and false regions. */
static int
add_regions(struct bsp_evaluation *evaluation, const struct bsp_scored *in,
    struct bsp_error *e)
{
	size_t unit = evaluation->images, before, count = 0, k;
	bool froc = bsp_evaluation_has(evaluation, BSP_OF_LESIONS);
	bool regions = bsp_metrics_count(evaluation->metric,
	    evaluation->metrics, BSP_COUNTS_REGIONS);
	struct bsp_counts *counts;

	before = evaluation->lesions.count;
	if (evaluation->keep_lesions || froc ||
	    bsp_metrics_count(evaluation->metric, evaluation->metrics,
	    BSP_COUNTS_LESIONS))
		if (bsp_lesions_add(&evaluation->lesions, in, unit, &count, e))
			return -1;
	if (froc && bsp_froc_add(&evaluation->froc, in, unit,
	    evaluation->min_region, e))
		return -1;
	if (bsp_array_grow(&evaluation->counts, &evaluation->counts_capacity,
	    (unit + 1) * evaluation->points + 1, sizeof *evaluation->counts,
	    e))
		return -1;
	counts = evaluation->counts + unit * evaluation->points;
	for (k = 0; k < evaluation->points; k++)
		if (bsp_counts_of(in, evaluation->threshold[k],
		    count == 0 ? NULL : evaluation->lesions.lesion + before,
		    count, regions, evaluation->min_region, &counts[k], e))
			return -1;
	return 0;
}

/* What one unit tells, and what is kept of it for the end. */
static int
add_values(struct bsp_evaluation *evaluation, const struct bsp_scored *in,
    struct bsp_error *e)
{
	struct bsp_image_values *v;

	if (bsp_array_grow(&evaluation->image, &evaluation->capacity,
	    evaluation->images + 1, sizeof *evaluation->image, e))
		return -1;
	v = &evaluation->image[evaluation->images];
	*v = (struct bsp_image_values){.score = (double)NAN};
	if (measure(evaluation, evaluation->counts +
	    evaluation->images * evaluation->points, v, e) ||
	    (bsp_evaluation_has(evaluation, BSP_OF_IMAGES) &&
	    bsp_image_score(in->map, in->within, evaluation->rule,
	    evaluation->share, &v->score, e)) ||
	    (bsp_evaluation_has(evaluation, BSP_OF_STREAM) &&
	    bsp_aupimo_add(&evaluation->aupimo, in->map, in->label,
	    in->within, e)))
		return -1;
	return 0;
}

static int
check_unit(const struct bsp_scored *in, struct bsp_error *e)
{
	if (check_image("map", in->map, in->map, e) ||
	    check_image("mask", in->label, in->map, e) ||
	    (in->within != NULL && check_image("mask of what counts",
	    in->within, in->map, e)) ||
	    (in->intensity != NULL && check_image("image of intensities",
	    in->intensity, in->map, e)))
		return -1;
	if (in->slices > 1 && in->map->rows % in->slices != 0)
		return bsp_error_set(e, BSP_USAGE, "%zu rows of %zu slices, "
		    "expected slices of one height", in->map->rows,
		    in->slices);
	return 0;
}

int
bsp_evaluation_add_unit(struct bsp_evaluation *evaluation,
    const struct bsp_scored *in, struct bsp_error *e)
{
	if (check_metrics(evaluation, e) || check_unit(in, e))
		return -1;
	evaluation->ranking.by_region = bsp_evaluation_has(evaluation,
	    BSP_OF_REGIONS);
	if (!evaluation->pooled)
		bsp_ranking_clear(&evaluation->ranking);
	if ((ranks(evaluation) ?
	    bsp_ranking_add_unit(&evaluation->ranking, in, e) :
	    count_pixels(in, &evaluation->curve, e)) ||
	    add_regions(evaluation, in, e) ||
	    (evaluation->pooled && evaluation->resample &&
	    bsp_pooled_add(&evaluation->kept, in, evaluation->images, e)) ||
	    (!evaluation->pooled && add_values(evaluation, in, e)))
		return -1;
	evaluation->images++;
	return 0;
}

int
bsp_evaluation_add(struct bsp_evaluation *evaluation,
    const struct bsp_image *map, const struct bsp_image *label,
    const struct bsp_image *within, struct bsp_error *e)
{
	const struct bsp_scored in = {.map = map, .label = label,
	    .within = within};

	return bsp_evaluation_add_unit(evaluation, &in, e);
}

int
bsp_stack(struct bsp_image *stack, const struct bsp_image *slice,
    size_t slices, struct bsp_error *e)
{
	size_t n = bsp_image_size(slice), before = slices * n;

	if (slices > 0 && (slice->cols != stack->cols ||
	    slice->rows != stack->rows / slices))
		return bsp_error_set(e, BSP_DATA, "a slice of %zu x %zu, "
		    "expected the %zu x %zu of the volume's others",
		    slice->cols, slice->rows, stack->cols,
		    stack->rows / slices);
	if (bsp_array_grow(&stack->data, &stack->capacity, before + n,
	    sizeof *stack->data, e))
		return -1;
	memcpy(stack->data + before, slice->data, n * sizeof *slice->data);
	stack->cols = slice->cols;
	stack->rows = (slices + 1) * slice->rows;
	return 0;
}

/* ----------------------------------------------------------------- the end */

/* The values that an image has among all the others. */
static int
finish_stream(struct bsp_evaluation *evaluation, struct bsp_error *e)
{
	double *found = malloc((evaluation->images + 1) * sizeof *found);
	size_t m, i;

	if (found == NULL)
		return bsp_error_system(e, ENOMEM, "the values of %zu images",
		    evaluation->images);
	if (bsp_aupimo_values(&evaluation->aupimo, found, e)) {
		free(found);
		return -1;
	}
	for (m = 0; m < evaluation->metrics; m++) {
		if (evaluation->metric[m]->scope != BSP_OF_STREAM)
			continue;
		for (i = 0; i < evaluation->images; i++)
			evaluation->image[i].value[m] = found[i];
	}
	free(found);
	return 0;
}

/* What thresholds find in all images. */
static int
finish_pooled(struct bsp_evaluation *evaluation, struct bsp_error *e)
{
	struct bsp_counts sum[BSP_POINTS_MAX] = {{0}};
	size_t i, k;

	for (i = 0; i < evaluation->images; i++)
		for (k = 0; k < evaluation->points; k++)
			bsp_counts_add(&sum[k], &evaluation->counts[
			    i * evaluation->points + k], 1);
	return measure(evaluation, sum, &evaluation->all, e);
}

int
bsp_evaluation_finish(struct bsp_evaluation *evaluation, struct bsp_error *e)
{
	int result = 0;

	if (check_metrics(evaluation, e))
		return -1;
	if (evaluation->images == 0)
		return bsp_error_set(e, BSP_DATA, "no images, expected at "
		    "least one");
	if (evaluation->pooled)
		result = finish_pooled(evaluation, e);
	else if (bsp_evaluation_has(evaluation, BSP_OF_STREAM))
		result = finish_stream(evaluation, e);
	if (result == 0 && bsp_evaluation_has(evaluation, BSP_OF_LESIONS))
		result = bsp_froc_finish(&evaluation->froc,
		    &evaluation->lesions, evaluation->images, e);
	bsp_aupimo_free(&evaluation->aupimo);
	bsp_ranking_free(&evaluation->ranking);
	if (!evaluation->pooled)
		bsp_curve_free(&evaluation->curve);
	return result;
}

/* --------------------------------------------------------------- summaries */

/* AUROC and average precision of the images. */
static int
summarize_images(const struct bsp_evaluation *evaluation,
    const struct bsp_resampling *how, struct bsp_summary *auroc,
    struct bsp_summary *ap, struct bsp_error *e)
{
	size_t n = evaluation->images, i;
	double *score = malloc((n + 1) * sizeof *score);
	bool *anomalous = malloc((n + 1) * sizeof *anomalous);
	struct bsp_image_level level = {score, anomalous, n};
	int result = -1;

	if (score == NULL || anomalous == NULL) {
		bsp_error_system(e, ENOMEM, "the values of %zu images", n);
	} else {
		for (i = 0; i < n; i++) {
			score[i] = evaluation->image[i].score;
			anomalous[i] = evaluation->image[i].anomalous > 0;
		}
		result = bsp_image_level(&level, how, auroc, ap, e);
	}
	free(score);
	free(anomalous);
	return result;
}

/* The mean over images of metric m; value is room. */
static int
summarize_metric(const struct bsp_evaluation *evaluation, size_t m,
    const struct bsp_resampling *how, double *value,
    struct bsp_summary *summary, struct bsp_error *e)
{
	size_t i;

	for (i = 0; i < evaluation->images; i++)
		value[i] = evaluation->image[i].value[m];
	if (bsp_summarize(value, evaluation->images, how, summary, e))
		return -1;
	bsp_metric_clip(evaluation->metric[m], summary);
	return 0;
}

static int
check_summary(const struct bsp_evaluation *evaluation,
    const struct bsp_resampling *how, struct bsp_error *e)
{
	size_t i;

	if (check_metrics(evaluation, e))
		return -1;
	if (evaluation->pooled && !evaluation->resample)
		return bsp_error_set(e, BSP_USAGE, "pixels are pooled, "
		    "expected an evaluation by images");
	if (evaluation->images == 0)
		return bsp_error_set(e, BSP_DATA, "no images, expected at "
		    "least one");
	for (i = 0; how->group != NULL && i < evaluation->images; i++)
		if (how->group[i] >= how->groups)
			return bsp_error_set(e, BSP_USAGE, "image %zu is of "
			    "group %zu, expected one below %zu", i,
			    how->group[i], how->groups);
	return 0;
}

int
bsp_evaluation_summarize(struct bsp_evaluation *evaluation,
    const struct bsp_resampling *resampling, struct bsp_summary *summary,
    struct bsp_error *e)
{
	static const struct bsp_resampling none = {.group = NULL};
	const struct bsp_resampling *how = resampling == NULL ? &none :
	    resampling;
	struct bsp_summary auroc = {0}, ap = {0};
	double *value;
	int result = 0;
	size_t m;

	if (check_summary(evaluation, how, e))
		return -1;
	if (evaluation->pooled)
		return bsp_pooled_summarize(evaluation, how, summary, e);
	value = malloc(evaluation->images * sizeof *value);
	if (value == NULL)
		return bsp_error_system(e, ENOMEM, "the values of %zu images",
		    evaluation->images);
	if (bsp_evaluation_has(evaluation, BSP_OF_IMAGES))
		result = summarize_images(evaluation, how, &auroc, &ap, e);
	for (m = 0; m < evaluation->metrics && result == 0; m++) {
		if (evaluation->metric[m]->scope == BSP_OF_LESIONS)
			result = bsp_froc_summarize(&evaluation->froc, how,
			    &summary[m], e);
		else if (evaluation->metric[m]->scope != BSP_OF_IMAGES)
			result = summarize_metric(evaluation, m, how, value,
			    &summary[m], e);
		else
			summary[m] = strcmp(evaluation->metric[m]->name,
			    "image_ap") == 0 ? ap : auroc;
	}
	free(value);
	return result;
}

int
bsp_evaluation_by_size(const struct bsp_evaluation *evaluation, size_t point,
    size_t least, size_t most, const struct bsp_resampling *resampling,
    struct bsp_summary *summary, struct bsp_error *e)
{
	size_t count = evaluation->lesions.count, i, n = 0;
	double *found = malloc((count + 1) * sizeof *found);
	size_t *group = malloc((count + 1) * sizeof *group);
	struct bsp_resampling how = {.group = NULL};
	const struct bsp_lesion *lesion;
	int result;

	if (found == NULL || group == NULL) {
		free(found);
		free(group);
		return bsp_error_system(e, ENOMEM, "%zu lesions", count);
	}
	if (resampling != NULL)
		how = *resampling;
	if (how.group == NULL)
		how.groups = evaluation->images;
	for (i = 0; i < count; i++) {
		lesion = &evaluation->lesions.lesion[i];
		if (lesion->size < least || lesion->size > most)
			continue;
		group[n] = how.group == NULL ? lesion->unit :
		    how.group[lesion->unit];
		found[n++] = lesion->most >= evaluation->threshold[point];
	}
	how.group = group;
	result = bsp_summarize(found, n, &how, summary, e);
	if (result == 0)
		bsp_interval_clip(summary, 0, 1);
	free(found);
	free(group);
	return result;
}

void
bsp_evaluation_free(struct bsp_evaluation *evaluation)
{
	bsp_aupimo_free(&evaluation->aupimo);
	bsp_ranking_free(&evaluation->ranking);
	bsp_curve_free(&evaluation->curve);
	bsp_lesions_free(&evaluation->lesions);
	bsp_froc_free(&evaluation->froc);
	bsp_pooled_free(&evaluation->kept);
	free(evaluation->counts);
	free(evaluation->image);
	*evaluation = (struct bsp_evaluation){0};
}
