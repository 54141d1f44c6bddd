/*
 * What score knows of each image: see values.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "values.h"

static void *
allocate(void *old, size_t n, size_t size)
{
	void *array = realloc(old, n * size);
	struct bsp_error e;

	if (array == NULL) {
		bsp_error_system(&e, ENOMEM, "the values of %zu images", n);
		cli_die(&e);
	}
	return array;
}

void
values_add(struct values *values, struct bsp_image *const *image,
    size_t count, const struct bsp_curve *curve)
{
	const struct bsp_image *within = count > 2 ? image[2] : NULL;
	const struct metric_list *metrics = values->metrics;
	struct image_values *v;
	struct bsp_error e;
	size_t m;

	if (values->images == values->capacity) {
		values->capacity = 2 * values->capacity + 256;
		values->image = allocate(values->image, values->capacity,
		    sizeof *values->image);
	}
	v = &values->image[values->images++];
	*v = (struct image_values){
		.pixels = curve->positives + curve->negatives,
		.anomalous = curve->positives,
	};
	for (m = 0; m < metrics->count; m++)
		if (metrics->metric[m]->value != NULL)
			v->metric[m] = metrics->metric[m]->value(curve);
	if ((metrics_of(metrics, BSP_OF_STREAM) &&
	    bsp_aupimo_add(&values->pimo, image[0], image[1], within, &e)) ||
	    (metrics_of(metrics, BSP_OF_IMAGES) &&
	    bsp_image_score(image[0], within, values->rule, values->share,
	    &v->score, &e)))
		cli_die(&e);
}

void
values_finish(struct values *values)
{
	double *found = allocate(NULL, values->images + 1, sizeof *found);
	struct bsp_error e;
	size_t m, i;

	for (m = 0; m < values->metrics->count; m++) {
		if (values->metrics->metric[m]->scope != BSP_OF_STREAM)
			continue;
		if (bsp_aupimo_values(&values->pimo, found, &e))
			cli_die(&e);
		for (i = 0; i < values->images; i++)
			values->image[i].metric[m] = found[i];
	}
	bsp_aupimo_free(&values->pimo);
	free(found);
}

/* AUROC and average precision of the images. */
static void
summarize_images(const struct values *values, const size_t *group,
    size_t groups, size_t replicates, uint64_t seed,
    struct bsp_summary *auroc, struct bsp_summary *ap)
{
	size_t n = values->images, i;
	double *score = allocate(NULL, n + 1, sizeof *score);
	bool *anomalous = allocate(NULL, n + 1, sizeof *anomalous);
	struct bsp_image_level level = {score, anomalous, n, group, groups};
	struct bsp_error e;

	for (i = 0; i < n; i++) {
		score[i] = values->image[i].score;
		anomalous[i] = values->image[i].anomalous > 0;
	}
	if (bsp_image_level(&level, replicates, seed, auroc, ap, &e))
		cli_die(&e);
	free(score);
	free(anomalous);
}

void
values_summarize(const struct values *values, const size_t *group,
    size_t groups, size_t replicates, uint64_t seed,
    struct bsp_summary *summary)
{
	const struct metric_list *metrics = values->metrics;
	double *value = allocate(NULL, values->images + 1, sizeof *value);
	struct bsp_summary auroc = {0}, ap = {0};
	struct bsp_error e;
	size_t m, i;

	if (metrics_of(metrics, BSP_OF_IMAGES))
		summarize_images(values, group, groups, replicates, seed,
		    &auroc, &ap);
	for (m = 0; m < metrics->count; m++) {
		if (metrics->metric[m]->scope == BSP_OF_IMAGES) {
			summary[m] = strcmp(metrics->metric[m]->name,
			    "image_ap") == 0 ? ap : auroc;
			continue;
		}
		for (i = 0; i < values->images; i++)
			value[i] = values->image[i].metric[m];
		if (bsp_summarize(value, values->images, group, groups,
		    replicates, seed, &summary[m], &e))
			cli_die(&e);
	}
	free(value);
}
