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

/* Those that are of images alone do not go with all pixels together. */
static int
check_metrics(const struct bsp_evaluation *evaluation, struct bsp_error *e)
{
	const struct bsp_metric *metric;
	size_t m;

	if (evaluation->metrics == 0 || evaluation->metrics > BSP_METRICS_MAX)
		return bsp_error_set(e, BSP_USAGE, "found %zu metrics, "
		    "expected 1 to %d", evaluation->metrics,
		    BSP_METRICS_MAX);
	for (m = 0; m < evaluation->metrics; m++) {
		metric = evaluation->metric[m];
		if (metric == NULL)
			return bsp_error_set(e, BSP_USAGE, "metric %zu is "
			    "missing, expected a row of bsp_metrics", m);
		if (evaluation->pooled && metric->value == NULL)
			return bsp_error_set(e, BSP_USAGE, "%s is of images, "
			    "expected metrics of pixels where they are "
			    "pooled", metric->name);
	}
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

/* The metrics of the curve of what was ranked. */
static int
measure(struct bsp_evaluation *evaluation, struct bsp_image_values *to,
    struct bsp_error *e)
{
	const struct bsp_curve *curve = &evaluation->curve;
	size_t m;

	if (bsp_ranking_curve(&evaluation->ranking, &evaluation->curve, e))
		return -1;
	to->pixels = curve->positives + curve->negatives;
	to->anomalous = curve->positives;
	for (m = 0; m < evaluation->metrics; m++)
		to->value[m] = evaluation->metric[m]->value == NULL ?
		    (double)NAN : evaluation->metric[m]->value(curve);
	return 0;
}

/* What one image tells, and what is kept of it for the end. */
static int
add_image(struct bsp_evaluation *evaluation, const struct bsp_image *map,
    const struct bsp_image *label, const struct bsp_image *within,
    struct bsp_error *e)
{
	struct bsp_image_values *v;

	if (bsp_array_grow(&evaluation->image, &evaluation->capacity,
	    evaluation->images + 1, sizeof *evaluation->image, e))
		return -1;
	v = &evaluation->image[evaluation->images];
	*v = (struct bsp_image_values){.score = (double)NAN};
	if (measure(evaluation, v, e) ||
	    (bsp_evaluation_has(evaluation, BSP_OF_IMAGES) &&
	    bsp_image_score(map, within, evaluation->rule, evaluation->share,
	    &v->score, e)) ||
	    (bsp_evaluation_has(evaluation, BSP_OF_STREAM) &&
	    bsp_aupimo_add(&evaluation->aupimo, map, label, within, e)))
		return -1;
	evaluation->images++;
	return 0;
}

int
bsp_evaluation_add(struct bsp_evaluation *evaluation,
    const struct bsp_image *map, const struct bsp_image *label,
    const struct bsp_image *within, struct bsp_error *e)
{
	if (check_metrics(evaluation, e) || check_image("map", map, map, e) ||
	    check_image("mask", label, map, e) ||
	    (within != NULL && check_image("mask of what counts", within, map,
	    e)))
		return -1;
	evaluation->ranking.by_region = bsp_evaluation_has(evaluation,
	    BSP_OF_REGIONS);
	if (!evaluation->pooled)
		bsp_ranking_clear(&evaluation->ranking);
	if (bsp_ranking_add(&evaluation->ranking, map, label, within, e))
		return -1;
	if (!evaluation->pooled)
		return add_image(evaluation, map, label, within, e);
	evaluation->images++;
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
		result = measure(evaluation, &evaluation->all, e);
	else if (bsp_evaluation_has(evaluation, BSP_OF_STREAM))
		result = finish_stream(evaluation, e);
	bsp_aupimo_free(&evaluation->aupimo);
	bsp_ranking_free(&evaluation->ranking);
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
	if (evaluation->metric[m]->bounded)
		bsp_interval_clip(summary, 0, 1);
	return 0;
}

static int
check_summary(const struct bsp_evaluation *evaluation,
    const struct bsp_resampling *how, struct bsp_error *e)
{
	size_t i;

	if (check_metrics(evaluation, e))
		return -1;
	if (evaluation->pooled)
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
bsp_evaluation_summarize(const struct bsp_evaluation *evaluation,
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
	value = malloc(evaluation->images * sizeof *value);
	if (value == NULL)
		return bsp_error_system(e, ENOMEM, "the values of %zu images",
		    evaluation->images);
	if (bsp_evaluation_has(evaluation, BSP_OF_IMAGES))
		result = summarize_images(evaluation, how, &auroc, &ap, e);
	for (m = 0; m < evaluation->metrics && result == 0; m++) {
		if (evaluation->metric[m]->scope != BSP_OF_IMAGES)
			result = summarize_metric(evaluation, m, how, value,
			    &summary[m], e);
		else
			summary[m] = strcmp(evaluation->metric[m]->name,
			    "image_ap") == 0 ? ap : auroc;
	}
	free(value);
	return result;
}

void
bsp_evaluation_free(struct bsp_evaluation *evaluation)
{
	bsp_aupimo_free(&evaluation->aupimo);
	bsp_ranking_free(&evaluation->ranking);
	bsp_curve_free(&evaluation->curve);
	free(evaluation->image);
	*evaluation = (struct bsp_evaluation){0};
}
