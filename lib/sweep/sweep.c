/*
 * Every cell of a grid on one image.
 *
 * A local cell, whose residual is pointwise and whose reconstruction does not
 * see the anomaly, takes the short way: the background once for each
 * degradation, the changed pixels for each anomaly.  Every other cell takes
 * the plain way, which is what the four filters do.
 */
#include <errno.h>
#include <stdlib.h>

#include "sweep.h"

/* The work on one image: what is reused from cell to cell. */
struct work {
	const struct bsp_sweep *sweep;
	const struct bsp_sweep_image *in;
	struct bsp_image equalized;
	const struct bsp_image *healthy;
	size_t injects, residuals; /* cells */
	size_t begin, end;         /* the part's pairs */
	struct bsp_patch patch;
	struct bsp_image recon, map;
	/* the short way */
	struct bsp_background background;
	struct bsp_image patch_input, patch_recon, patch_map;
	uint32_t *order;   /* the patch's pixels by their reconstruction */
	bool *changed;     /* [pixels of the image] in the patch */
	struct bsp_keys positive, negative;
	uint32_t *scratch;
	/* the plain way */
	struct bsp_image anomalous, label;
	struct bsp_ranking ranking;
	struct bsp_curve curve;
	double *values;
};

static void
free_work(struct work *w)
{
	bsp_image_free(&w->equalized);
	bsp_patch_free(&w->patch);
	bsp_image_free(&w->recon);
	bsp_image_free(&w->map);
	bsp_background_free(&w->background);
	bsp_image_free(&w->patch_input);
	bsp_image_free(&w->patch_recon);
	bsp_image_free(&w->patch_map);
	free(w->order);
	free(w->changed);
	free(w->positive.key);
	free(w->negative.key);
	free(w->scratch);
	bsp_image_free(&w->anomalous);
	bsp_image_free(&w->label);
	bsp_ranking_free(&w->ranking);
	bsp_curve_free(&w->curve);
}

/*
 * Where a degradation's anomalies begin and end in the part: pairs are
 * numbered by degradation, then by anomaly.
 */
static size_t
first_inject(const struct work *w, size_t degrade)
{
	size_t pair = degrade * w->injects;

	return w->begin > pair ? w->begin - pair : 0;
}

static size_t
last_inject(const struct work *w, size_t degrade)
{
	size_t pair = degrade * w->injects;

	return w->end - pair < w->injects ? w->end - pair : w->injects;
}

static void
put_values(struct work *w, size_t inject, size_t degrade, size_t residual)
{
	size_t m, metrics = w->sweep->metrics;
	double *value = w->values + ((degrade * w->injects + inject -
	    w->begin) * w->residuals + residual) * metrics;

	for (m = 0; m < metrics; m++)
		value[m] = w->sweep->metric[m]->value(&w->curve);
}

static int
apply_residual(const struct work *w, size_t cell,
    const struct bsp_image *input, const struct bsp_image *recon,
    struct bsp_image *map, struct bsp_error *e)
{
	const struct bsp_image *inputs[] = {input, recon};
	double params[BSP_PARAMS_MAX];

	bsp_spec_cell(&w->sweep->residual, cell, params);
	return w->sweep->residual.kind->apply.residual(inputs, params, map,
	    e);
}

/* The reconstruction of the healthy image, or of one with an anomaly. */
static int
reconstruct(struct work *w, size_t degrade, size_t inject,
    const struct bsp_image *image, struct bsp_error *e)
{
	struct bsp_degrade_job job = {.seed = w->sweep->seed,
	    .index = w->in->index};
	double params[BSP_PARAMS_MAX];

	if (w->in->recon != NULL)
		return bsp_image_copy(&w->recon, &w->in->recon[
		    w->sweep->on_anomalous ? inject : 0], e);
	bsp_spec_cell(&w->sweep->degrade, degrade, params);
	return w->sweep->degrade.kind->apply.degrade(&job, params, image,
	    &w->recon, e);
}

/* ----------------------------------------------------------- the short way */

static int
start_short(struct work *w, struct bsp_error *e)
{
	size_t n = w->patch.pixels, pixels = bsp_image_size(w->healthy), i;
	size_t room = n > 0 ? n : 1;

	w->order = malloc(room * sizeof *w->order);
	w->changed = calloc(pixels, sizeof *w->changed);
	w->scratch = malloc(2 * room * sizeof *w->scratch);
	if (w->order == NULL || w->changed == NULL || w->scratch == NULL)
		return bsp_error_system(e, ENOMEM, "a patch of %zu pixels",
		    n);
	for (i = 0; i < n; i++)
		w->changed[w->patch.at[i]] = true;
	return bsp_array_grow(&w->positive.key, &w->positive.capacity,
	    room + 1, sizeof *w->positive.key, e) ||
	    bsp_array_grow(&w->negative.key, &w->negative.capacity,
	    room + 1, sizeof *w->negative.key, e) ||
	    bsp_array_grow(&w->background.keys.key,
	    &w->background.keys.capacity, pixels + 1,
	    sizeof *w->background.keys.key, e) ||
	    bsp_image_resize(&w->patch_input, 1, room, e) ||
	    bsp_image_resize(&w->patch_recon, 1, room, e) ? -1 : 0;
}

/*
 * Order the patch's pixels by their reconstruction: the residuals of a
 * constant anomaly then come in two monotone runs, which are quickly merged.
 */
static int
order_patch(struct work *w, struct bsp_error *e)
{
	size_t i, n = w->patch.pixels;
	uint64_t *word = malloc((2 * n + 1) * sizeof *word);

	if (word == NULL)
		return bsp_error_system(e, ENOMEM, "a patch of %zu pixels",
		    n);
	for (i = 0; i < n; i++)
		word[i] = (uint64_t)bsp_key_of(w->recon.data[
		    w->patch.at[i]]) << 32 | i;
	bsp_sort_u64(word, word + n, n);
	for (i = 0; i < n; i++) {
		w->order[i] = (uint32_t)word[i];
		w->patch_recon.data[i] =
		    w->recon.data[w->patch.at[w->order[i]]];
	}
	free(word);
	return 0;
}

/* Score, sort and sum the pixels that no anomaly changes. */
static int
prepare_background(struct work *w, size_t residual, struct bsp_error *e)
{
	struct bsp_background *b = &w->background;
	size_t i, n = bsp_image_size(w->healthy);
	uint32_t *key = b->keys.key;

	if (apply_residual(w, residual, w->healthy, &w->recon, &w->map, e))
		return -1;
	for (i = 0; i < n; i++) {
		*key = bsp_key_of(w->map.data[i]);
		key += !w->changed[i];
	}
	b->keys.count = (size_t)(key - b->keys.key);
	for (i = 0; i < w->patch.pixels; i++)
		w->map.data[w->patch.at[i]] = 0; /* adds nothing to the sum */
	b->sum = (struct bsp_sum){0};
	bsp_sum_add(&b->sum, w->map.data, n);
	b->sum.count = b->keys.count;
	return bsp_background_prepare(b, e);
}

/* The keys of the patch's scores, anomalous pixels apart from the others. */
static void
make_patch_keys(struct work *w, size_t inject)
{
	size_t i, n = w->patch.pixels;
	const uint8_t *label = w->patch.label + inject * n;
	uint32_t *p = w->positive.key, *q = w->negative.key;

	if (w->patch.covered[inject] == n) {
		bsp_make_keys(w->patch_map.data, p, n);
		p += n;
	} else {
		for (i = 0; i < n; i++) {
			*p = *q = bsp_key_of(w->patch_map.data[i]);
			p += label[w->order[i]];
			q += !label[w->order[i]];
		}
	}
	w->positive.count = (size_t)(p - w->positive.key);
	w->negative.count = (size_t)(q - w->negative.key);
}

static int
score_patch(struct work *w, size_t inject, size_t residual,
    struct bsp_error *e)
{
	size_t i, n = w->patch.pixels;
	const float *value = w->patch.value + inject * n;
	struct bsp_sum sum = w->background.sum;

	for (i = 0; i < n; i++)
		w->patch_input.data[i] = value[w->order[i]];
	if (n > 0) {
		if (apply_residual(w, residual, &w->patch_input,
		    &w->patch_recon, &w->patch_map, e))
			return -1;
		bsp_sum_add(&sum, w->patch_map.data, n);
	}
	make_patch_keys(w, inject);
	w->curve.mean = bsp_sum_mean(&sum);
	return bsp_background_curve(&w->background, &w->positive,
	    &w->negative, w->scratch, &w->curve, e);
}

static int
run_short(struct work *w, struct bsp_error *e)
{
	size_t degrade, residual, inject;

	if (start_short(w, e))
		return -1;
	for (degrade = w->begin / w->injects;
	    degrade * w->injects < w->end; degrade++) {
		if (reconstruct(w, degrade, 0, w->healthy, e) ||
		    order_patch(w, e))
			return -1;
		for (residual = 0; residual < w->residuals; residual++) {
			if (prepare_background(w, residual, e))
				return -1;
			for (inject = first_inject(w, degrade);
			    inject < last_inject(w, degrade); inject++) {
				if (score_patch(w, inject, residual, e))
					return -1;
				put_values(w, inject, degrade, residual);
			}
		}
	}
	return 0;
}

/* ----------------------------------------------------------- the plain way */

/* The anomalous image and the label of one cell, from the patch. */
static int
make_anomalous(struct work *w, size_t inject, struct bsp_error *e)
{
	if (bsp_image_copy(&w->anomalous, w->healthy, e) ||
	    bsp_image_resize(&w->label, w->healthy->rows, w->healthy->cols,
	    e))
		return -1;
	memset(w->label.data, 0,
	    bsp_image_size(&w->label) * sizeof *w->label.data);
	bsp_patch_put(&w->patch, inject, &w->anomalous, &w->label);
	return 0;
}

static int
score_plainly(struct work *w, size_t inject, size_t degrade,
    struct bsp_error *e)
{
	size_t residual;

	for (residual = 0; residual < w->residuals; residual++) {
		bsp_ranking_clear(&w->ranking);
		if (apply_residual(w, residual, &w->anomalous, &w->recon,
		    &w->map, e) ||
		    bsp_ranking_add(&w->ranking, &w->map, &w->label, NULL,
		    e) || bsp_ranking_curve(&w->ranking, &w->curve, e))
			return -1;
		put_values(w, inject, degrade, residual);
	}
	return 0;
}

static int
run_plainly(struct work *w, struct bsp_error *e)
{
	bool on_anomalous = w->sweep->on_anomalous;
	size_t degrade, inject;

	for (degrade = w->begin / w->injects;
	    degrade * w->injects < w->end; degrade++) {
		if (!on_anomalous && reconstruct(w, degrade, 0, w->healthy,
		    e))
			return -1;
		for (inject = first_inject(w, degrade);
		    inject < last_inject(w, degrade); inject++) {
			if (make_anomalous(w, inject, e) ||
			    (on_anomalous && reconstruct(w, degrade, inject,
			    &w->anomalous, e)) ||
			    score_plainly(w, inject, degrade, e))
				return -1;
		}
	}
	return 0;
}

/* ------------------------------------------------------------------ sweeps */

size_t
bsp_sweep_pairs(const struct bsp_sweep *sweep)
{
	return bsp_spec_cells(&sweep->inject) *
	    bsp_spec_cells(&sweep->degrade);
}

/* The image that anomalies are put into: as it is, or equalised. */
static int
prepare_healthy(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *in, struct bsp_image *equalized,
    const struct bsp_image **healthy, struct bsp_error *e)
{
	*healthy = in->image;
	if (!sweep->equalize)
		return 0;
	*healthy = equalized;
	return bsp_equalize(in->image, equalized, e);
}

int
bsp_sweep_run(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *image, size_t begin, size_t end,
    double *values, size_t *anomalous, struct bsp_error *e)
{
	struct work w = {
		.sweep = sweep,
		.in = image,
		.injects = bsp_spec_cells(&sweep->inject),
		.residuals = bsp_spec_cells(&sweep->residual),
		.begin = begin,
		.end = end,
		.values = values,
	};
	int result = -1;

	if (prepare_healthy(sweep, image, &w.equalized, &w.healthy, e) ||
	    bsp_patch_make(sweep, w.healthy, image->index, &w.patch, e))
		goto done;
	if (anomalous != NULL)
		memcpy(anomalous, w.patch.covered,
		    w.injects * sizeof *anomalous);
	/* A background that serves one cell only is not worth its making. */
	if (sweep->residual.kind->pointwise && !sweep->on_anomalous &&
	    w.injects > 1)
		result = run_short(&w, e);
	else
		result = run_plainly(&w, e);
done:
	free_work(&w);
	return result;
}

int
bsp_sweep_inputs(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *image, bsp_sweep_input_fn *put, void *with,
    struct bsp_error *e)
{
	struct bsp_image equalized = {0}, anomalous = {0};
	const struct bsp_image *healthy;
	struct bsp_patch patch = {0};
	int result = -1;
	size_t cell;

	if (prepare_healthy(sweep, image, &equalized, &healthy, e))
		goto done;
	if (!sweep->on_anomalous) {
		result = put(with, healthy, e);
		goto done;
	}
	if (bsp_patch_make(sweep, healthy, image->index, &patch, e))
		goto done;
	for (cell = 0; cell < patch.cells; cell++) {
		if (bsp_image_copy(&anomalous, healthy, e))
			goto done;
		bsp_patch_put(&patch, cell, &anomalous, NULL);
		if (put(with, &anomalous, e))
			goto done;
	}
	result = 0;
done:
	bsp_image_free(&equalized);
	bsp_image_free(&anomalous);
	bsp_patch_free(&patch);
	return result;
}
