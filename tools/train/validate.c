/*
 * Validation: see validate.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "validate.h"

/* Of a disk, for an image of 256 pixels; larger or smaller with the image. */
#define RADIUS 20.
#define SIDE 256.

/* Put a disk into image i. */
static int
put_disk(struct validation *v, size_t i, uint64_t seed, struct bsp_error *e)
{
	const struct bsp_kind *disk = bsp_kind_find(bsp_inject_kinds, "disk");
	const struct bsp_image *healthy = &v->healthy.image[i];
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

void
validation_read(struct validation *v, const char *path, uint64_t seed)
{
	struct bsp_error e = {0};
	size_t i;

	*v = (struct validation){.ranking = {.positive = {0}}};
	gallery_read(&v->healthy, &path, 1);
	v->anomalous = calloc(v->healthy.count, sizeof *v->anomalous);
	v->label = calloc(v->healthy.count, sizeof *v->label);
	if (v->anomalous == NULL || v->label == NULL) {
		bsp_error_system(&e, ENOMEM, "the validation images");
		cli_die(&e);
	}
	for (i = 0; i < v->healthy.count; i++)
		if (put_disk(v, i, seed, &e)) {
			e.stream = v->healthy.first;
			e.image = (int64_t)i;
			cli_die(&e);
		}
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
find_disk(struct validation *v, size_t i, const struct bsp_image *map,
    double *ap, struct bsp_error *e)
{
	bsp_ranking_clear(&v->ranking);
	if (bsp_ranking_add(&v->ranking, map, &v->label[i], NULL, e) ||
	    bsp_ranking_curve(&v->ranking, &v->curve, e))
		return -1;
	*ap = bsp_average_precision(&v->curve);
	return 0;
}

struct validation_result
validation_run(struct validation *v, struct bsp_model *model)
{
	struct validation_result sum = {0, 0};
	struct bsp_image recon = {0};
	struct bsp_error e = {0};
	size_t i, n = v->healthy.count;
	double ap;

	for (i = 0; i < n; i++) {
		if (bsp_model_reconstruct(model, &v->healthy.image[i], &recon,
		    &e))
			break;
		sum.error += difference(&v->healthy.image[i], &recon);
		if (bsp_model_reconstruct(model, &v->anomalous[i], &recon,
		    &e))
			break;
		difference(&v->anomalous[i], &recon);
		if (find_disk(v, i, &recon, &ap, &e))
			break;
		sum.ap += ap;
	}
	if (i < n) {
		e.stream = v->healthy.first;
		e.image = (int64_t)i;
		cli_die(&e);
	}
	bsp_image_free(&recon);
	sum.ap /= (double)n;
	sum.error /= (double)n;
	return sum;
}
