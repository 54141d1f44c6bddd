/*
 * Every cell of a grid on one image.
 *
 * Where the map depends on nothing far away, and the reconstruction does not
 * see the anomaly, cells take the short way: the background once for each
 * degradation, the changed pixels for each anomaly, and with a window what is
 * within its reach of them.  Every other cell takes the plain way, which is
 * what the four filters do.
 */
#include <errno.h>
#include <stdlib.h>

#include "../score/score.h"
#include "sweep.h"

/*
 * The surroundings of a patch: what it changes through a window, and what that
 * depends on, both in the image.
 */
struct window {
	struct box {
		size_t row, col, rows, cols;
	} changed, seen;
};

/* The work on one image: what is reused from cell to cell. */
struct work {
	const struct bsp_sweep *sweep;
	const struct bsp_sweep_image *in;
	const struct bsp_image *healthy;
	size_t injects, residuals; /* cells */
	size_t begin, end;         /* the part's pairs */
	const struct bsp_patch *patch;
	struct bsp_image *recon, map; /* [recons] */
	size_t recons;
	/* the short way */
	struct bsp_background background;
	struct bsp_image patch_input, patch_recon, patch_map;
	uint32_t *order;   /* the patch's pixels by their reconstruction */
	struct bsp_keys positive, negative;
	uint32_t *scratch;
	const struct bsp_lanes_path *path; /* NULL: one by one */
	struct bsp_lanes lanes;
	struct window window;
	struct bsp_image window_recon;
	/* the plain way */
	struct bsp_image anomalous, label;
	struct bsp_ranking ranking;
	struct bsp_curve curve;
	struct bsp_lesions lesions;
	bool by_lesion, by_false_region; /* metrics that ask for them */
	struct bsp_counts counts[BSP_POINTS_MAX]; /* at each threshold */
	double *values;
};

static void
free_work(struct work *w)
{
	size_t i;

	for (i = 0; w->recon != NULL && i < w->recons; i++)
		bsp_image_free(&w->recon[i]);
	free(w->recon);
	bsp_image_free(&w->map);
	bsp_background_free(&w->background);
	bsp_image_free(&w->patch_input);
	bsp_image_free(&w->patch_recon);
	bsp_image_free(&w->patch_map);
	free(w->order);
	free(w->positive.key);
	free(w->negative.key);
	free(w->scratch);
	bsp_lanes_free(&w->lanes);
	bsp_image_free(&w->window_recon);
	bsp_image_free(&w->anomalous);
	bsp_image_free(&w->label);
	bsp_ranking_free(&w->ranking);
	bsp_curve_free(&w->curve);
	bsp_lesions_free(&w->lesions);
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

static double *
values_of(const struct work *w, size_t inject, size_t degrade,
    size_t residual)
{
	return w->values + ((degrade * w->injects + inject - w->begin) *
	    w->residuals + residual) * w->sweep->metrics;
}

static void
put_values(struct work *w, size_t inject, size_t degrade, size_t residual)
{
	const struct bsp_sweep *sweep = w->sweep;
	double *value = values_of(w, inject, degrade, residual);
	const struct bsp_metric *metric;
	size_t m;

	for (m = 0; m < sweep->metrics; m++) {
		metric = sweep->metric[m];
		value[m] = metric->scope == BSP_AT_THRESHOLD ?
		    metric->at(&w->counts[sweep->at[m]]) :
		    metric->value(&w->curve);
	}
}

/* The thresholds of a degradation and residual: [points]. */
static const double *
thresholds_of(const struct work *w, size_t degrade, size_t residual)
{
	return w->sweep->threshold + (degrade * w->residuals + residual) *
	    w->sweep->points;
}

/* What they find of the background and of what was ranked against it. */
static void
count_found(struct work *w, size_t degrade, size_t residual)
{
	size_t k;

	for (k = 0; k < w->sweep->points; k++)
		bsp_background_count(&w->background, &w->positive,
		    &w->negative, thresholds_of(w, degrade, residual)[k],
		    &w->counts[k]);
}

/* The kind and the parameters of one of the residuals' cells. */
static const struct bsp_kind *
residual_of(const struct bsp_sweep *sweep, size_t cell, double *params)
{
	const struct bsp_spec *spec = sweep->residual;
	size_t n;

	for (; cell >= (n = bsp_spec_cells(spec)); spec++)
		cell -= n;
	bsp_spec_cell(spec, cell, params);
	return spec->kind;
}

static int
apply_residual(const struct work *w, size_t cell,
    const struct bsp_image *input, const struct bsp_image *recon,
    struct bsp_image *map, struct bsp_error *e)
{
	struct bsp_residual_job job = {.input = input, .recon = recon,
	    .stats = w->sweep->stats};
	double params[BSP_PARAMS_MAX];
	const struct bsp_kind *kind = residual_of(w->sweep, cell, params);

	job.recons = bsp_residual_recons(kind, params);
	return bsp_residual_map(kind, &job, params, map, e);
}

/* How far a residual's map sees. */
static size_t
reach_of(const struct bsp_sweep *sweep, size_t cell)
{
	double params[BSP_PARAMS_MAX];
	const struct bsp_kind *kind = residual_of(sweep, cell, params);

	return bsp_residual_reach(kind, params);
}

/* How many reconstructions it takes. */
static size_t
recons_of(const struct bsp_sweep *sweep, size_t cell)
{
	double params[BSP_PARAMS_MAX];
	const struct bsp_kind *kind = residual_of(sweep, cell, params);

	return bsp_residual_recons(kind, params);
}

/* Reconstructions of the healthy image, or of one with an anomaly. */
static int
reconstruct(struct work *w, size_t degrade, size_t inject,
    const struct bsp_image *image, struct bsp_error *e)
{
	const struct bsp_kind *kind = w->sweep->degrade.kind;
	struct bsp_degrade_job job = {.seed = w->sweep->seed,
	    .index = w->in->index, .mask = &w->label};
	const struct bsp_image *given = w->in->recon;
	double params[BSP_PARAMS_MAX];
	size_t i;

	if (given != NULL && w->sweep->on_anomalous)
		given += inject * w->recons;
	if (given == NULL && w->recons > 0)
		bsp_spec_cell(&w->sweep->degrade, degrade, params);
	for (i = 0; i < w->recons; i++) {
		job.number = (uint32_t)i;
		if (given != NULL ? bsp_image_copy(&w->recon[i], &given[i], e)
		    : bsp_degrade(kind, &job, params, image, &w->recon[i], e))
			return -1;
	}
	return 0;
}

/* ----------------------------------------------------------- the short way */

static int
start_short(struct work *w, struct bsp_error *e)
{
	size_t n = w->patch->pixels, pixels = bsp_image_size(w->healthy);
	size_t room = n > 0 ? n : 1;

	if (w->order == NULL)
		w->order = malloc(room * sizeof *w->order);
	free(w->scratch);
	w->scratch = malloc(2 * room * sizeof *w->scratch);
	if (w->order == NULL || w->scratch == NULL)
		return bsp_error_system(e, ENOMEM, "a patch of %zu pixels",
		    n);
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
	size_t i, n = w->patch->pixels;
	uint64_t *word = malloc((2 * n + 1) * sizeof *word);

	if (word == NULL)
		return bsp_error_system(e, ENOMEM, "a patch of %zu pixels",
		    n);
	for (i = 0; i < n; i++)
		word[i] = (uint64_t)bsp_key_of(w->recon->data[
		    w->patch->at[i]]) << 32 | i;
	bsp_sort_u64(word, word + n, n);
	for (i = 0; i < n; i++) {
		w->order[i] = (uint32_t)word[i];
		w->patch_recon.data[i] =
		    w->recon->data[w->patch->at[w->order[i]]];
	}
	free(word);
	return 0;
}

/* Does a pixel of the image count?  Anomalies lie where all do. */
static bool
counts(const struct work *w, size_t i)
{
	return w->in->within == NULL || w->in->within->data[i] != 0;
}

#define BLOCK 64

BSP_CLONES static bool
all_same(const float *x, size_t n, float value)
{
	size_t i, different = 0;

	for (i = 0; i < n; i++)
		different += x[i] != value;
	return different == 0;
}

/*
 * Add the keys of n scores.  Half of a map may be one value, that of the image's
 * background: its blocks are counted.
 */
static void
add_keys(struct bsp_background *b, const float *score, size_t n)
{
	float same = bsp_score_of(b->same);
	size_t i, size;

	for (i = 0; i < n; i += size) {
		size = n - i < BLOCK ? n - i : BLOCK;
		if (size == BLOCK && all_same(score + i, BLOCK, same)) {
			b->repeats += BLOCK;
			continue;
		}
		bsp_make_keys(score + i, b->keys.key + b->keys.count, size);
		b->keys.count += size;
	}
}

/* Some of the repeats among the keys, so that their bucket is full. */
static void
keep_some(struct bsp_background *b)
{
	size_t i;

	if (b->repeats == 0)
		return;
	b->repeats -= BSP_BUCKET_ROOM;
	for (i = 0; i < BSP_BUCKET_ROOM; i++)
		b->keys.key[b->keys.count++] = b->same;
}

/* Put the scores that count, but those of the patch, in a row; how many? */
static size_t
gather_counted(const struct work *w, float *score)
{
	size_t i, k = 0, n = bsp_image_size(w->healthy), pixels = 0;
	const struct bsp_patch *patch = w->patch;

	for (i = 0; i < n; i++) {
		if (k < patch->pixels && patch->at[k] == i)
			k++;
		else if (counts(w, i))
			score[pixels++] = score[i];
	}
	return pixels;
}

/* Score, rank and sum the pixels that no anomaly changes. */
static int
prepare_background(struct work *w, size_t residual, struct bsp_error *e)
{
	struct bsp_background *b = &w->background;
	size_t i, begin = 0, n = bsp_image_size(w->healthy);
	size_t patch = w->patch->pixels;
	const uint32_t *at = w->patch->at;

	if (apply_residual(w, residual, w->healthy, w->recon, &w->map, e))
		return -1;
	b->keys.count = b->repeats = 0;
	b->same = bsp_key_of(w->map.data[0]);
	if (w->in->within != NULL) {
		n = gather_counted(w, w->map.data);
		patch = 0;
	}
	for (i = 0; i < patch; i++) {
		add_keys(b, w->map.data + begin, at[i] - begin);
		begin = at[i] + 1;
		w->map.data[at[i]] = 0; /* adds nothing to the sum */
	}
	add_keys(b, w->map.data + begin, n - begin);
	keep_some(b);
	b->sum = (struct bsp_sum){0};
	bsp_sum_add(&b->sum, w->map.data, n);
	b->sum.count = n - patch;
	return bsp_background_prepare(b, e);
}

/* The keys of the patch's scores, anomalous pixels apart from the others. */
static void
make_patch_keys(struct work *w, size_t inject)
{
	size_t i, n = w->patch->pixels;
	const uint8_t *label = w->patch->label + inject * n;
	uint32_t *p = w->positive.key, *q = w->negative.key;

	if (w->patch->covered[inject] == n) {
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
	size_t i, n = w->patch->pixels;
	const float *value = w->patch->value + inject * n;
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

/* ---------------------------------------------- the short way, side by side */

/* The patch's reconstruction, in its order, for every lane. */
static int
start_lanes(struct work *w, struct bsp_error *e)
{
	size_t i, l, n = w->patch->pixels;

	if (w->path == NULL || n == 0)
		return 0;
	if (bsp_lanes_reserve(&w->lanes, n, e))
		return -1;
	for (i = 0; i < n; i++)
		for (l = 0; l < BSP_LANES; l++)
			w->lanes.recon.data[i * BSP_LANES + l] =
			    w->patch_recon.data[i];
	return 0;
}

/* How many anomalies from one on can be scored side by side. */
static size_t
count_lanes(const struct work *w, size_t inject, size_t end)
{
	size_t n = 0;

	while (w->path != NULL && n < BSP_LANES && inject + n < end &&
	    w->patch->uniform[inject + n])
		n++;
	return n;
}

/* Lanes that are left over repeat the last anomaly. */
static void
put_intensities(struct work *w, size_t inject, size_t count)
{
	float value[BSP_LANES];
	size_t i, l, n = w->patch->pixels;

	for (l = 0; l < BSP_LANES; l++)
		value[l] = w->patch->value[(inject +
		    (l < count ? l : count - 1)) * n];
	for (i = 0; i < n; i++)
		memcpy(w->lanes.input.data + i * BSP_LANES, value,
		    sizeof value);
}

/* Where a residual's scores cannot be merged, the path is given up. */
static int
score_lanes(struct work *w, size_t inject, size_t count, size_t degrade,
    size_t residual, struct bsp_error *e)
{
	double ap[BSP_LANES], mean[BSP_LANES], *value;
	size_t l, m;

	put_intensities(w, inject, count);
	if (apply_residual(w, residual, &w->lanes.input, &w->lanes.recon,
	    &w->lanes.map, e))
		return -1;
	if (!bsp_lanes_score(w->path, &w->lanes, &w->background, ap, mean)) {
		w->path = NULL;
		return 0;
	}
	for (l = 0; l < count; l++) {
		value = values_of(w, inject + l, degrade, residual);
		for (m = 0; m < w->sweep->metrics; m++)
			value[m] = w->sweep->metric[m]->value ==
			    bsp_average_precision ? ap[l] : mean[l];
	}
	return 0;
}

/* The path for a sweep, or NULL if it asks for more than lanes give. */
static const struct bsp_lanes_path *
choose_path(const struct bsp_sweep *sweep)
{
	size_t m;

	for (m = 0; m < sweep->metrics; m++)
		if (sweep->metric[m]->value != bsp_average_precision &&
		    sweep->metric[m]->value != bsp_mean_residual)
			return NULL;
	return bsp_lanes_path(0);
}

/* ------------------------------------------------- the short way, windowed */

/* A range of n samples, grown by reach, within 0 to size. */
static size_t
grow(size_t begin, size_t n, size_t reach, size_t size, size_t *grown)
{
	size_t first = begin > reach ? begin - reach : 0, end = begin + n;

	end = reach < size - end ? end + reach : size;
	*grown = end - first;
	return first;
}

static struct box
grow_box(const struct box *box, size_t reach, const struct bsp_image *image)
{
	struct box grown;

	grown.row = grow(box->row, box->rows, reach, image->rows,
	    &grown.rows);
	grown.col = grow(box->col, box->cols, reach, image->cols,
	    &grown.cols);
	return grown;
}

/* The least box that holds the patch, which has a pixel. */
static struct box
patch_box(const struct work *w)
{
	size_t cols = w->healthy->cols, n = w->patch->pixels, i, col;
	size_t left = cols, right = 0;
	const uint32_t *at = w->patch->at;

	for (i = 0; i < n; i++) {
		col = at[i] % cols;
		left = col < left ? col : left;
		right = col > right ? col : right;
	}
	return (struct box){at[0] / cols, left,
	    at[n - 1] / cols - at[0] / cols + 1, right - left + 1};
}

/* Copy what a box holds. */
static int
crop(const struct bsp_image *from, const struct box *box,
    struct bsp_image *to, struct bsp_error *e)
{
	size_t r;

	if (bsp_image_resize(to, box->rows, box->cols, e))
		return -1;
	for (r = 0; r < box->rows; r++)
		memcpy(to->data + r * box->cols, from->data +
		    (box->row + r) * from->cols + box->col,
		    box->cols * sizeof *to->data);
	return 0;
}

/*
 * Score, sort and sum what no anomaly changes, and find what of the image must
 * be scored for each.
 */
static int
prepare_window(struct work *w, size_t residual, size_t reach,
    struct bsp_error *e)
{
	size_t pixels = bsp_image_size(w->healthy), r, c, i;
	struct bsp_background *b = &w->background;
	struct box box = {0, 0, 0, 0}, *changed = &w->window.changed;

	if (w->patch->pixels > 0) {
		box = patch_box(w);
		box = grow_box(&box, reach, w->healthy);
	}
	*changed = box;
	w->window.seen = box.rows == 0 ? box :
	    grow_box(&box, reach, w->healthy);
	if (apply_residual(w, residual, w->healthy, w->recon, &w->map, e) ||
	    (box.rows > 0 && crop(w->recon, &w->window.seen,
	    &w->window_recon, e)) ||
	    bsp_array_grow(&b->keys.key, &b->keys.capacity, pixels + 1,
	    sizeof *b->keys.key, e) ||
	    bsp_array_grow(&w->positive.key, &w->positive.capacity,
	    box.rows * box.cols + 1, sizeof *w->positive.key, e) ||
	    bsp_array_grow(&w->negative.key, &w->negative.capacity,
	    box.rows * box.cols + 1, sizeof *w->negative.key, e))
		return -1;
	free(w->scratch);
	w->scratch = malloc((2 * box.rows * box.cols + 1) *
	    sizeof *w->scratch);
	if (w->scratch == NULL)
		return bsp_error_system(e, ENOMEM, "a window of %zu x %zu",
		    box.cols, box.rows);
	b->keys.count = b->repeats = 0;
	for (r = i = 0; r < w->healthy->rows; r++)
		for (c = 0; c < w->healthy->cols; c++, i++) {
			if ((r - box.row < box.rows && c - box.col <
			    box.cols) || !counts(w, i))
				w->map.data[i] = 0; /* adds nothing */
			else
				b->keys.key[b->keys.count++] =
				    bsp_key_of(w->map.data[i]);
		}
	b->sum = (struct bsp_sum){0};
	bsp_sum_add(&b->sum, w->map.data, pixels);
	b->sum.count = b->keys.count;
	return bsp_background_prepare(b, e);
}

/* The surroundings of one anomaly, with it and its label. */
static int
make_window(struct work *w, size_t inject, struct bsp_error *e)
{
	const struct box *seen = &w->window.seen;
	size_t n = w->patch->pixels, i, r, c;
	const float *value = w->patch->value + inject * n;
	const uint8_t *label = w->patch->label + inject * n;

	if (crop(w->healthy, seen, &w->patch_input, e) ||
	    bsp_image_resize(&w->label, seen->rows, seen->cols, e))
		return -1;
	memset(w->label.data, 0,
	    bsp_image_size(&w->label) * sizeof *w->label.data);
	for (i = 0; i < n; i++) {
		r = w->patch->at[i] / w->healthy->cols - seen->row;
		c = w->patch->at[i] % w->healthy->cols - seen->col;
		w->patch_input.data[r * seen->cols + c] = value[i];
		w->label.data[r * seen->cols + c] = label[i];
	}
	return 0;
}

static int
score_window(struct work *w, size_t inject, size_t residual,
    struct bsp_error *e)
{
	const struct box *changed = &w->window.changed;
	const struct box *seen = &w->window.seen;
	struct bsp_sum sum = w->background.sum;
	float *score;
	size_t r, c, i, n = 0;
	uint32_t key;

	w->positive.count = w->negative.count = 0;
	if (changed->rows > 0 && (make_window(w, inject, e) ||
	    apply_residual(w, residual, &w->patch_input, &w->window_recon,
	    &w->patch_map, e)))
		return -1;
	score = w->patch_map.data;
	for (r = changed->row; r < changed->row + changed->rows; r++) {
		i = (r - seen->row) * seen->cols + changed->col - seen->col;
		for (c = 0; c < changed->cols; c++, i++) {
			if (!counts(w, r * w->healthy->cols + changed->col +
			    c))
				continue;
			key = bsp_key_of(score[i]);
			if (w->label.data[i] > 0)
				w->positive.key[w->positive.count++] = key;
			else
				w->negative.key[w->negative.count++] = key;
			score[n++] = score[i]; /* in a row, for the sum */
		}
	}
	bsp_sum_add(&sum, score, n);
	w->curve.mean = bsp_sum_mean(&sum);
	return bsp_background_curve(&w->background, &w->positive,
	    &w->negative, w->scratch, &w->curve, e);
}

/* All anomalies under one degradation and residual. */
static int
run_residual(struct work *w, size_t degrade, size_t residual,
    struct bsp_error *e)
{
	size_t reach = reach_of(w->sweep, residual), inject, lanes;
	size_t end = last_inject(w, degrade);

	if (reach > 0 ? prepare_window(w, residual, reach, e) :
	    start_short(w, e) || order_patch(w, e) || start_lanes(w, e) ||
	    prepare_background(w, residual, e))
		return -1;
	for (inject = first_inject(w, degrade); inject < end; inject++) {
		lanes = reach > 0 ? 0 : count_lanes(w, inject, end);
		if (lanes > 1) {
			if (score_lanes(w, inject, lanes, degrade, residual, e))
				return -1;
			if (w->path != NULL) {
				inject += lanes - 1;
				continue;
			}
		}
		if (reach > 0 ? score_window(w, inject, residual, e) :
		    score_patch(w, inject, residual, e))
			return -1;
		count_found(w, degrade, residual);
		put_values(w, inject, degrade, residual);
	}
	return 0;
}

/* ------------------------------------------------------------ the two ways */

/* Does the degradation fill the anomaly's label? */
static bool
fills_mask(const struct bsp_sweep *sweep)
{
	return sweep->degrade.kind != NULL &&
	    (sweep->degrade.kind->needs & BSP_MASK) != 0;
}

/* Does every anomaly have a reconstruction of its own? */
static bool
reconstructs_each(const struct bsp_sweep *sweep)
{
	return sweep->on_anomalous || fills_mask(sweep);
}

/* Does a metric ask for regions? */
static bool
by_region(const struct bsp_sweep *sweep)
{
	size_t m;

	for (m = 0; m < sweep->metrics; m++)
		if (sweep->metric[m]->scope == BSP_OF_REGIONS)
			return true;
	return false;
}

static bool
asks_for(const struct bsp_sweep *sweep, enum bsp_counted what)
{
	return bsp_metrics_count(sweep->metric, sweep->metrics, what);
}

/* Is the residual scored on changed pixels alone?  A sorted background pays only
 * where several cells share it. */
static bool
is_short(const struct bsp_sweep *sweep, size_t residual)
{
	return !reconstructs_each(sweep) && !by_region(sweep) &&
	    !asks_for(sweep, BSP_COUNTS_LESIONS) &&
	    !asks_for(sweep, BSP_COUNTS_REGIONS) &&
	    reach_of(sweep, residual) != SIZE_MAX &&
	    bsp_spec_cells(&sweep->inject) > 1;
}

/* ----------------------------------------------------------- the plain way */

/* Without reconstructions one degradation is as another. */
static bool
repeats(const struct work *w, size_t inject, size_t degrade, size_t residual)
{
	return recons_of(w->sweep, residual) == 0 &&
	    degrade > w->begin / w->injects &&
	    inject >= first_inject(w, degrade - 1);
}

static void
repeat_values(struct work *w, size_t inject, size_t degrade, size_t residual)
{
	memcpy(values_of(w, inject, degrade, residual), values_of(w, inject,
	    degrade - 1, residual), w->sweep->metrics *
	    sizeof *w->values);
}

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
	bsp_patch_put(w->patch, inject, &w->anomalous, &w->label);
	return 0;
}

/* What each threshold finds in the map, with lesions and false regions. */
static int
count_plainly(struct work *w, size_t degrade, size_t residual,
    struct bsp_error *e)
{
	const struct bsp_scored in = {.map = &w->map, .label = &w->label,
	    .within = w->in->within};
	size_t k, lesions = 0;

	w->lesions.count = 0;
	if (w->by_lesion && bsp_lesions_add(&w->lesions, &in, 0, &lesions, e))
		return -1;
	for (k = 0; k < w->sweep->points; k++)
		if (bsp_counts_of(&in, thresholds_of(w, degrade, residual)[k],
		    w->lesions.lesion, lesions, w->by_false_region, 1,
		    &w->counts[k], e))
			return -1;
	return 0;
}

static int
score_plainly(struct work *w, size_t inject, size_t degrade,
    struct bsp_error *e)
{
	size_t residual;

	for (residual = 0; residual < w->residuals; residual++) {
		if (is_short(w->sweep, residual))
			continue;
		if (repeats(w, inject, degrade, residual)) {
			repeat_values(w, inject, degrade, residual);
			continue;
		}
		bsp_ranking_clear(&w->ranking);
		if (apply_residual(w, residual, &w->anomalous, w->recon,
		    &w->map, e) ||
		    bsp_ranking_add(&w->ranking, &w->map, &w->label,
		    w->in->within, e) ||
		    bsp_ranking_curve(&w->ranking, &w->curve, e) ||
		    count_plainly(w, degrade, residual, e))
			return -1;
		put_values(w, inject, degrade, residual);
	}
	return 0;
}

static int
run_plainly(struct work *w, size_t degrade, struct bsp_error *e)
{
	const struct bsp_image *image = w->sweep->on_anomalous ?
	    &w->anomalous : w->healthy;
	bool each = reconstructs_each(w->sweep);
	size_t inject, end = last_inject(w, degrade);

	for (inject = first_inject(w, degrade); inject < end; inject++)
		if ((w->recons > 0 || !repeats(w, inject, degrade, 0)) &&
		    (make_anomalous(w, inject, e) || (each &&
		    reconstruct(w, degrade, inject, image, e))))
			return -1;
		else if (score_plainly(w, inject, degrade, e))
			return -1;
	return 0;
}

/* All pairs: each residual in its way, on the same reconstructions. */
static int
run_pairs(struct work *w, struct bsp_error *e)
{
	size_t degrade, residual, shorts = 0;

	for (residual = 0; residual < w->residuals; residual++)
		shorts += is_short(w->sweep, residual);
	for (degrade = w->begin / w->injects;
	    degrade * w->injects < w->end; degrade++) {
		if (!reconstructs_each(w->sweep) &&
		    reconstruct(w, degrade, 0, w->healthy, e))
			return -1;
		for (residual = 0; residual < w->residuals; residual++)
			if (is_short(w->sweep, residual) &&
			    run_residual(w, degrade, residual, e))
				return -1;
		if (shorts < w->residuals && run_plainly(w, degrade, e))
			return -1;
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

size_t
bsp_sweep_recons(const struct bsp_sweep *sweep)
{
	size_t i, n, most = 0, cells = bsp_sweep_residuals(sweep);

	for (i = 0; i < cells; i++) {
		n = recons_of(sweep, i);
		most = n > most ? n : most;
	}
	return most;
}

size_t
bsp_sweep_residuals(const struct bsp_sweep *sweep)
{
	size_t i, cells = 0;

	for (i = 0; i < sweep->residuals; i++)
		cells += bsp_spec_cells(&sweep->residual[i]);
	return cells;
}

/* Every metric is of one image, and has the threshold that it is at. */
static int
check_metrics(const struct bsp_sweep *sweep, struct bsp_error *e)
{
	const struct bsp_metric *metric;
	size_t m;

	if (sweep->points > BSP_POINTS_MAX)
		return bsp_error_set(e, BSP_USAGE, "found %zu thresholds, "
		    "expected at most %d", sweep->points, BSP_POINTS_MAX);
	for (m = 0; m < sweep->metrics; m++) {
		metric = sweep->metric[m];
		if (metric->scope == BSP_AT_THRESHOLD ?
		    sweep->threshold == NULL || sweep->at[m] >= sweep->points :
		    metric->value == NULL)
			return bsp_error_set(e, BSP_USAGE, "%s: %s",
			    metric->name, metric->scope == BSP_AT_THRESHOLD ?
			    "no threshold, expected one for each cell" :
			    "needs a whole stream, expected a metric of one "
			    "image");
	}
	return 0;
}

bool
bsp_sweep_is_local(const struct bsp_sweep *sweep)
{
	size_t i, cells = bsp_sweep_residuals(sweep);

	for (i = 0; i < cells; i++)
		if (is_short(sweep, i))
			return true;
	return false;
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
bsp_sweep_begin(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *image, struct bsp_sweep_start *start,
    struct bsp_error *e)
{
	*start = (struct bsp_sweep_start){0};
	if (prepare_healthy(sweep, image, &start->equalized, &start->healthy,
	    e) == 0 && bsp_patch_make(sweep, start->healthy, image,
	    &start->patch, e) == 0)
		return 0;
	bsp_sweep_start_free(start);
	return -1;
}

void
bsp_sweep_start_free(struct bsp_sweep_start *start)
{
	bsp_image_free(&start->equalized);
	bsp_patch_free(&start->patch);
}

int
bsp_sweep_go_on(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *image, const struct bsp_sweep_start *start,
    size_t begin, size_t end, double *values, size_t *anomalous,
    struct bsp_error *e)
{
	struct work w = {
		.sweep = sweep,
		.in = image,
		.healthy = start->healthy,
		.patch = &start->patch,
		.injects = bsp_spec_cells(&sweep->inject),
		.residuals = bsp_sweep_residuals(sweep),
		.recons = bsp_sweep_recons(sweep),
		.begin = begin,
		.end = end,
		.values = values,
		.path = choose_path(sweep),
		.by_lesion = asks_for(sweep, BSP_COUNTS_LESIONS),
		.by_false_region = asks_for(sweep, BSP_COUNTS_REGIONS),
	};
	int result;

	if (check_metrics(sweep, e))
		return -1;
	w.ranking.by_region = by_region(sweep);
	w.recon = calloc(w.recons + 1, sizeof *w.recon);
	if (w.recon == NULL)
		return bsp_error_system(e, ENOMEM, "%zu reconstructions",
		    w.recons);
	if (anomalous != NULL)
		memcpy(anomalous, w.patch->covered,
		    w.injects * sizeof *anomalous);
	result = run_pairs(&w, e);
	free_work(&w);
	return result;
}

int
bsp_sweep_run(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *image, size_t begin, size_t end,
    double *values, size_t *anomalous, struct bsp_error *e)
{
	struct bsp_sweep_start start;
	int result;

	if (bsp_sweep_begin(sweep, image, &start, e))
		return -1;
	result = bsp_sweep_go_on(sweep, image, &start, begin, end, values,
	    anomalous, e);
	bsp_sweep_start_free(&start);
	return result;
}

/* Reconstruct a healthy image, and hand over its maps. */
static int
put_maps(struct work *w, size_t degrade, bsp_sweep_map_fn *put, void *with,
    struct bsp_error *e)
{
	size_t residual;

	w->recon = calloc(w->recons + 1, sizeof *w->recon);
	if (w->recon == NULL)
		return bsp_error_system(e, ENOMEM, "%zu reconstructions",
		    w->recons);
	if (reconstruct(w, degrade, 0, w->healthy, e))
		return -1;
	for (residual = 0; residual < w->residuals; residual++)
		if (apply_residual(w, residual, w->healthy, w->recon,
		    &w->map, e) || put(with, residual, &w->map, e))
			return -1;
	return 0;
}

int
bsp_sweep_healthy(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *image, size_t degrade,
    bsp_sweep_map_fn *put, void *with, struct bsp_error *e)
{
	struct bsp_image equalized = {0};
	struct work w = {
		.sweep = sweep,
		.in = image,
		.residuals = bsp_sweep_residuals(sweep),
		.recons = bsp_sweep_recons(sweep),
	};
	int result = -1;

	if ((sweep->on_anomalous && image->recon != NULL) ||
	    fills_mask(sweep))
		return bsp_error_set(e, BSP_USAGE, "reconstructions are of "
		    "images with an anomaly, expected some of healthy images, "
		    "to set thresholds on");
	if (prepare_healthy(sweep, image, &equalized, &w.healthy, e) == 0)
		result = put_maps(&w, degrade, put, with, e);
	free_work(&w);
	bsp_image_free(&equalized);
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
	if (bsp_patch_make(sweep, healthy, image, &patch, e))
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
