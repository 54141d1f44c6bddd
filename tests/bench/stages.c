/*
 * Single stages for bench.py, which hands over arrays: what a filter does to an
 * image, without streams.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/blindspot.h"

struct stage {
	const struct bsp_kind *kind;
	double params[BSP_PARAMS_MAX];
};

BSP_API struct stage *stage_degrade(const char *text);
BSP_API struct stage *stage_residual(const char *text);
BSP_API int run_degrade(const struct stage *stage, float *x, size_t rows,
    size_t cols, float *y);
BSP_API int run_residual(const struct stage *stage, float *x, float *recons,
    size_t n, size_t rows, size_t cols, float *y);
BSP_API double run_metric(const char *name, float *scores, float *labels,
    size_t rows, size_t cols);

static struct stage *
make(const struct bsp_kind *kinds, const char *text)
{
	struct stage *stage = malloc(sizeof *stage);
	struct bsp_error e;
	struct bsp_spec spec;

	if (stage == NULL || bsp_spec_parse(kinds, text, &spec, &e)) {
		fprintf(stderr, "%s: %s\n", text, e.text);
		return NULL;
	}
	stage->kind = spec.kind;
	bsp_spec_cell(&spec, 0, stage->params);
	return stage;
}

struct stage *
stage_degrade(const char *text)
{
	return make(bsp_degrade_kinds, text);
}

struct stage *
stage_residual(const char *text)
{
	return make(bsp_residual_kinds, text);
}

/* An array as an image, which does not own it. */
static struct bsp_image
borrow(float *x, size_t rows, size_t cols)
{
	return (struct bsp_image){rows, cols, x, rows * cols};
}

int
run_degrade(const struct stage *stage, float *x, size_t rows, size_t cols,
    float *y)
{
	struct bsp_image in = borrow(x, rows, cols);
	struct bsp_image out = borrow(y, rows, cols);
	struct bsp_degrade_job job = {0};
	struct bsp_error e;

	return bsp_degrade(stage->kind, &job, stage->params, &in, &out, &e);
}

int
run_residual(const struct stage *stage, float *x, float *recons, size_t n,
    size_t rows, size_t cols, float *y)
{
	struct bsp_image in = borrow(x, rows, cols), recon[16];
	struct bsp_image map = borrow(y, rows, cols);
	struct bsp_residual_job job = {.input = &in, .recon = recon,
	    .recons = n};
	struct bsp_error e;
	size_t i;

	for (i = 0; i < n && i < sizeof recon / sizeof recon[0]; i++)
		recon[i] = borrow(recons + i * rows * cols, rows, cols);
	return bsp_residual_map(stage->kind, &job, stage->params, &map, &e);
}

double
run_metric(const char *name, float *scores, float *labels, size_t rows,
    size_t cols)
{
	static struct bsp_ranking ranking;
	static struct bsp_curve curve;
	struct bsp_image map = borrow(scores, rows, cols);
	struct bsp_image label = borrow(labels, rows, cols);
	const struct bsp_metric *metric = bsp_metrics;
	struct bsp_error e;

	while (strcmp(metric->name, name) != 0)
		metric++;
	ranking.by_region = metric->scope == BSP_OF_REGIONS;
	bsp_ranking_clear(&ranking);
	if (bsp_ranking_add(&ranking, &map, &label, NULL, &e) ||
	    bsp_ranking_curve(&ranking, &curve, &e))
		return -1;
	return metric->value(&curve);
}
