/*
 * How well a model finds anomalies in images that it was not trained on, and
 * the model that did so best.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/base.h"
#include "blindspot-learn.h"

/* Of a disk, for an image of 256 pixels; larger or smaller with the image. */
#define RADIUS 20.
#define SIDE 256.

/* Put a disk into image i. */
static int
put_disk(struct bsp_validation *v, size_t i, uint64_t seed,
    struct bsp_error *e)
{
	const struct bsp_kind *disk = bsp_kind_find(bsp_inject_kinds, "disk");
	const struct bsp_image *healthy = &v->healthy[i];
	struct bsp_inject_job job = {.healthy = healthy, .seed = seed,
	    .index = i};
	double params[BSP_PARAMS_MAX];
	struct bsp_inject_run run = {.kind = disk, .params = params,
	    .count = 1};
	size_t side = healthy->rows < healthy->cols ? healthy->rows :
	    healthy->cols;
	struct bsp_random random;

	bsp_random_start(&random, seed, BSP_DRAW_ANOMALY, 0, i);
	bsp_kind_defaults(disk, params);
	params[bsp_kind_param_find(disk, "radius")] =
	    RADIUS * (double)side / SIDE;
	params[bsp_kind_param_find(disk, "intensity")] =
	    bsp_random_uniform(&random);
	return bsp_inject_image(&run, &job, &v->anomalous[i], &v->label[i],
	    e);
}

/* An error of image i. */
static int
blame(size_t i, struct bsp_error *e)
{
	e->image = (int64_t)i;
	return -1;
}

int
bsp_validation_start(struct bsp_validation *v, const struct bsp_image *healthy,
    size_t images, uint64_t seed, struct bsp_error *e)
{
	size_t i;

	*v = (struct bsp_validation){.healthy = healthy};
	if (healthy == NULL || images == 0)
		return bsp_error_set(e, BSP_USAGE, "no images, expected at "
		    "least one to validate on");
	v->anomalous = calloc(images, sizeof *v->anomalous);
	v->label = calloc(images, sizeof *v->label);
	if (v->anomalous == NULL || v->label == NULL) {
		bsp_validation_free(v);
		return bsp_error_system(e, ENOMEM, "the validation images");
	}
	v->images = images;
	for (i = 0; i < images; i++)
		if (put_disk(v, i, seed, e)) {
			bsp_validation_free(v);
			return blame(i, e);
		}
	return 0;
}

/* |a - b| into b; returns its mean. */
static double
difference(const struct bsp_image *a, struct bsp_image *b)
{
	size_t n = bsp_image_size(a), i;
	double sum = 0;

	for (i = 0; i < n; i++) {
		b->data[i] = fabsf(a->data[i] - b->data[i]);
		sum += (double)b->data[i];
	}
	return sum / (double)n;
}

/* The average precision of the map of image i. */
static int
find_disk(struct bsp_validation *v, size_t i, const struct bsp_image *map,
    double *ap, struct bsp_error *e)
{
	bsp_ranking_clear(&v->ranking);
	if (bsp_ranking_add(&v->ranking, map, &v->label[i], NULL, e) ||
	    bsp_ranking_curve(&v->ranking, &v->curve, e))
		return -1;
	*ap = bsp_average_precision(&v->curve);
	return 0;
}

/* Add what the model makes of image i; recon is room. */
static int
add_image(struct bsp_validation *v, struct bsp_model *model, size_t i,
    struct bsp_image *recon, struct bsp_validation_result *sum,
    struct bsp_error *e)
{
	double ap;

	if (bsp_model_reconstruct(model, &v->healthy[i], recon, e))
		return -1;
	sum->error += difference(&v->healthy[i], recon);
	if (bsp_model_reconstruct(model, &v->anomalous[i], recon, e))
		return -1;
	difference(&v->anomalous[i], recon);
	if (find_disk(v, i, recon, &ap, e))
		return -1;
	sum->ap += ap;
	return 0;
}

int
bsp_validation_run(struct bsp_validation *v, struct bsp_model *model,
    struct bsp_validation_result *result, struct bsp_error *e)
{
	struct bsp_validation_result sum = {0, 0};
	struct bsp_image recon = {0};
	size_t i, n = v->images;

	if (n == 0)
		return bsp_error_set(e, BSP_USAGE, "no images, expected a "
		    "validation that was started");
	for (i = 0; i < n; i++)
		if (add_image(v, model, i, &recon, &sum, e))
			break;
	bsp_image_free(&recon);
	if (i < n)
		return blame(i, e);
	result->ap = sum.ap / (double)n;
	result->error = sum.error / (double)n;
	return 0;
}

void
bsp_validation_free(struct bsp_validation *v)
{
	size_t i;

	for (i = 0; i < v->images; i++) {
		bsp_image_free(&v->anomalous[i]);
		bsp_image_free(&v->label[i]);
	}
	free(v->anomalous);
	free(v->label);
	bsp_ranking_free(&v->ranking);
	bsp_curve_free(&v->curve);
	*v = (struct bsp_validation){0};
}

/* ---------------------------------------------------------------- the best */

int
bsp_best_keep(struct bsp_best *best, struct bsp_model *model,
    const struct bsp_validation_result *result, uint64_t step,
    struct bsp_error *e)
{
	struct bsp_tensors tensors = {0};

	if (best->any && !(result->ap > best->result.ap))
		return 0;
	if (bsp_tensors_copy(&tensors, "", bsp_model_tensors(model), e)) {
		bsp_tensors_free(&tensors);
		return -1;
	}
	bsp_tensors_free(&best->tensors);
	*best = (struct bsp_best){true, *result, step, tensors};
	return 0;
}

int
bsp_best_take(const struct bsp_best *best, struct bsp_model *model,
    struct bsp_error *e)
{
	struct bsp_tensors *tensors = bsp_model_tensors(model);

	if (!best->any)
		return bsp_error_set(e, BSP_USAGE, "no model was kept, "
		    "expected the best of some validations");
	if (bsp_tensors_fill(tensors, "", &best->tensors, e))
		return -1;
	bsp_model_changed(model);
	return bsp_tensors_set_number(tensors, "validation_ap",
	    best->result.ap, e) || bsp_tensors_set_number(tensors,
	    "validation_error", best->result.error, e) ? -1 : 0;
}

void
bsp_best_free(struct bsp_best *best)
{
	bsp_tensors_free(&best->tensors);
	*best = (struct bsp_best){.any = false};
}
