/*
 * Every kind of the public tables, called through the library with what it
 * needs, and without: what is missing or makes no sense is an error with
 * words, not a crash or a map of NaN.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/blindspot.h"
#include "tap.h"

#define ROWS 12
#define COLS 10
#define RECONS 3
#define NAN_ ((double)NAN)
#define INF_ ((double)INFINITY)

/* What a kind of any stage is called with; all of it is there at first. */
struct call {
	const struct bsp_kind *kind;
	double value[BSP_PARAMS_MAX];
	const double *params;
	struct bsp_image image, donor, shape, mask, saliency, anomalous;
	struct bsp_image label, out, recon[RECONS];
	struct bsp_pixel_stats stats;
	struct bsp_inject_job inject, *inject_job;
	struct bsp_degrade_job degrade, *degrade_job;
	struct bsp_residual_job residual, *residual_job;
	const struct bsp_image *in;
	struct bsp_image *to, *to_label;
};

/* An image of a texture, foreground all over. */
static void
fill(struct bsp_image *image, size_t rows, size_t cols, double phase)
{
	struct bsp_error e;
	size_t i;

	if (bsp_image_resize(image, rows, cols, &e))
		exit(1);
	for (i = 0; i < rows * cols; i++)
		image->data[i] = (float)(.5 + .4 *
		    sin((double)i * 1.7 + phase));
}

static void
fill_all(struct call *c, const struct bsp_kind *kind)
{
	size_t i;

	*c = (struct call){.kind = kind};
	bsp_kind_defaults(kind, c->value);
	if (bsp_kind_params(kind) > 0 && strcmp(kind->params != NULL ?
	    kind->params[0].name : "", "radius") == 0)
		c->value[0] = 3;
	c->params = c->value;
	fill(&c->image, ROWS, COLS, 0);
	fill(&c->donor, ROWS, COLS, 1);
	fill(&c->shape, 3, 4, 2);
	fill(&c->mask, ROWS, COLS, 0);
	for (i = 0; i < ROWS * COLS; i++)
		c->mask.data[i] = i / COLS / 4 == 1 && i % COLS / 3 == 1;
	fill(&c->saliency, ROWS, COLS, 3);
	fill(&c->anomalous, ROWS, COLS, 0);
	fill(&c->label, ROWS, COLS, 0);
	memset(c->label.data, 0, ROWS * COLS * sizeof *c->label.data);
	for (i = 0; i < RECONS; i++)
		fill(&c->recon[i], ROWS, COLS, .1 * (double)(i + 1));
	fill(&c->stats.mean, ROWS, COLS, .2);
	fill(&c->stats.sd, ROWS, COLS, .5);
	c->inject = (struct bsp_inject_job){.healthy = &c->image, .row = 6,
	    .col = 5, .donor = &c->donor, .shape = &c->shape};
	c->inject_job = &c->inject;
	c->degrade.mask = &c->mask;
	c->degrade_job = &c->degrade;
	c->residual = (struct bsp_residual_job){.input = &c->image,
	    .recon = c->recon, .recons = RECONS, .saliency = &c->saliency,
	    .stats = &c->stats};
	c->residual_job = &c->residual;
	c->in = &c->image;
	c->to_label = &c->label;
}

static void
free_all(struct call *c)
{
	struct bsp_image *image[] = {&c->image, &c->donor, &c->shape,
	    &c->mask, &c->saliency, &c->anomalous, &c->label, &c->out,
	    &c->recon[0], &c->recon[1], &c->recon[2], &c->stats.mean,
	    &c->stats.sd};
	size_t i;

	for (i = 0; i < sizeof image / sizeof image[0]; i++)
		bsp_image_free(image[i]);
}

/* How a stage is called. */
typedef int call_fn(struct call *c, struct bsp_error *e);

static int
inject(struct call *c, struct bsp_error *e)
{
	return bsp_inject(c->kind, c->inject_job, c->params, c->to,
	    c->to_label, e);
}

static int
inject_image(struct call *c, struct bsp_error *e)
{
	struct bsp_inject_run run = {.kind = c->kind, .params = c->params,
	    .count = 2};

	return bsp_inject_image(&run, c->inject_job, c->to, c->to_label, e);
}

static int
degrade(struct call *c, struct bsp_error *e)
{
	return bsp_degrade(c->kind, c->degrade_job, c->params, c->in, c->to,
	    e);
}

static int
residual(struct call *c, struct bsp_error *e)
{
	return bsp_residual_map(c->kind, c->residual_job, c->params, c->to,
	    e);
}

/* What takes something away, or makes nonsense of it. */
typedef void spoil_fn(struct call *c);

#define SPOIL(name, statement) \
	static void spoil_##name(struct call *c) { statement; }

SPOIL(kind, c->kind = NULL)
SPOIL(end, for (; c->kind->name != NULL; c->kind++))
SPOIL(out, c->to = NULL)
SPOIL(job, c->inject_job = NULL; c->degrade_job = NULL;
    c->residual_job = NULL)
SPOIL(number, c->inject.number = c->degrade.number = 1 << 24)
SPOIL(last_number, c->inject.number = c->degrade.number = UINT32_MAX)
SPOIL(image, c->inject.healthy = c->residual.input = c->in = NULL)
SPOIL(image_samples, c->image.data = NULL)
SPOIL(image_rows, c->image.rows = 0)
SPOIL(image_cols, c->image.cols = 0)
SPOIL(image_size, c->image.rows = c->image.cols = SIZE_MAX / 2 + 2)
SPOIL(image_nan, c->image.data[17] = NAN)
SPOIL(image_infinite, c->image.data[0] = -INFINITY)
SPOIL(same, c->to = &c->image)
SPOIL(same_samples, c->out = c->image; c->to = &c->out)
SPOIL(label, c->to_label = NULL)
SPOIL(label_image, c->to_label = c->to)
SPOIL(label_healthy, c->to_label = &c->image)
SPOIL(label_rows, c->label.rows = ROWS - 1)
SPOIL(label_samples, c->label.data = NULL)
SPOIL(anomalous_cols, c->anomalous.cols = COLS + 1)
SPOIL(anomalous_empty, c->anomalous.rows = 0)
SPOIL(dark, memset(c->image.data, 0, ROWS * COLS * sizeof(float)))
SPOIL(row, c->inject.row = ROWS)
SPOIL(col, c->inject.col = COLS)
SPOIL(far_row, c->inject.row = SIZE_MAX)
SPOIL(far_col, c->inject.col = SIZE_MAX)
SPOIL(donor, c->inject.donor = NULL)
SPOIL(donor_rows, c->donor.rows = ROWS + 5)
SPOIL(donor_cols, c->donor.cols = 1)
SPOIL(donor_empty, c->donor.rows = c->donor.cols = 0)
SPOIL(donor_samples, c->donor.data = NULL)
SPOIL(donor_nan, c->donor.data[5] = NAN)
SPOIL(donor_written, c->inject.donor = &c->anomalous)
SPOIL(shape, c->inject.shape = NULL)
SPOIL(shape_empty, c->shape.rows = 0)
SPOIL(shape_samples, c->shape.data = NULL)
SPOIL(shape_dark, memset(c->shape.data, 0, 12 * sizeof(float)))
SPOIL(shape_nan, c->shape.data[3] = NAN)
SPOIL(mask, c->degrade.mask = NULL)
SPOIL(mask_rows, c->mask.rows = 1)
SPOIL(mask_cols, c->mask.cols = COLS + 1)
SPOIL(mask_samples, c->mask.data = NULL)
SPOIL(mask_written, c->to = &c->mask)
SPOIL(recon, c->residual.recon = NULL)
SPOIL(recons, c->residual.recons = 0)
SPOIL(recon_rows, c->recon[0].rows = ROWS + 1)
SPOIL(recon_cols, c->recon[0].cols = 1)
SPOIL(recon_samples, c->recon[0].data = NULL)
SPOIL(recon_empty, c->recon[0].rows = 0)
SPOIL(recon_nan, c->recon[0].data[ROWS * COLS - 1] = NAN)
SPOIL(recon_written, c->to = &c->recon[0])
SPOIL(last_recon, c->recon[RECONS - 1].cols = 3)
SPOIL(one_recon, c->residual.recons = 1)
SPOIL(stats, c->residual.stats = NULL)
SPOIL(stats_empty, c->stats.mean.data = NULL)
SPOIL(stats_rows, c->stats.mean.rows = ROWS - 1)
SPOIL(sd_rows, c->stats.sd.rows = 1)
SPOIL(sd_samples, c->stats.sd.data = NULL)
SPOIL(sd_nan, c->stats.sd.data[0] = NAN)
SPOIL(sd_written, c->to = &c->stats.sd)
SPOIL(saliency_rows, c->saliency.rows = 2)
SPOIL(saliency_samples, c->saliency.data = NULL)
SPOIL(saliency_nan, c->saliency.data[1] = NAN)
SPOIL(saliency_written, c->to = &c->saliency)
SPOIL(job_images, c->inject = (struct bsp_inject_job){0};
    c->residual = (struct bsp_residual_job){0}; c->in = NULL)
SPOIL(everything, memset(c, 0, sizeof *c))

struct spoilt {
	const char *what;
	spoil_fn *spoil;
	enum bsp_status status;
	const char *text; /* in the message */
	unsigned needs;   /* for kinds that need one of these alone */
};

#define ANY_DONOR (BSP_DONOR | BSP_MAY_DONOR)

static const struct spoilt of_any[] = {
	{"no kind", spoil_kind, BSP_USAGE, "no kind", 0},
	{"the table's end", spoil_end, BSP_USAGE, "no kind", 0},
	{"no job", spoil_job, BSP_USAGE, "no job", 0},
	{"no output", spoil_out, BSP_USAGE, "expected one", 0},
	{"no image", spoil_image, BSP_USAGE, "expected one", 0},
	{"no samples", spoil_image_samples, BSP_DATA, "without samples", 0},
	{"no rows", spoil_image_rows, BSP_DATA, "without samples", 0},
	{"no columns", spoil_image_cols, BSP_DATA, "without samples", 0},
	{"too many samples", spoil_image_size, BSP_DATA, "without samples",
	    0},
	{"a NaN", spoil_image_nan, BSP_DATA, "at row 1, column 7", 0},
	{"an infinity", spoil_image_infinite, BSP_DATA, "not finite", 0},
	{"the output its input", spoil_same, BSP_USAGE, "one that it reads",
	    0},
	{"samples shared with the output", spoil_same_samples, BSP_USAGE,
	    "one that it reads", 0},
	{"an empty job", spoil_job_images, BSP_USAGE, "expected one", 0},
	{"nothing at all", spoil_everything, BSP_USAGE, "no kind", 0},
	{NULL, NULL, 0, NULL, 0},
};

/* Of an anomaly and of a run of them. */
static const struct spoilt of_inject[] = {
	{"no label", spoil_label, BSP_USAGE, "no label", 0},
	{"the image as label", spoil_label_image, BSP_USAGE,
	    "one that it reads", 0},
	{"the healthy image as label", spoil_label_healthy, BSP_USAGE,
	    "one that it reads", 0},
	{"no foreground", spoil_dark, BSP_DATA, "without foreground", 0},
	{"no donor", spoil_donor, BSP_USAGE, "no donor", BSP_DONOR},
	{"a higher donor", spoil_donor_rows, BSP_DATA, "its donor is 10 x 17",
	    ANY_DONOR},
	{"a narrow donor", spoil_donor_cols, BSP_DATA, "expected the 10 x 12",
	    ANY_DONOR},
	{"an empty donor", spoil_donor_empty, BSP_DATA, "without samples",
	    ANY_DONOR},
	{"a donor elsewhere", spoil_donor_samples, BSP_DATA,
	    "without samples", ANY_DONOR},
	{"a donor with a NaN", spoil_donor_nan, BSP_DATA, "not finite",
	    ANY_DONOR},
	{"no shape", spoil_shape, BSP_USAGE, "no shape", BSP_SHAPE},
	{"a shape of no rows", spoil_shape_empty, BSP_DATA,
	    "without samples", BSP_SHAPE},
	{"a shape elsewhere", spoil_shape_samples, BSP_DATA,
	    "without samples", BSP_SHAPE},
	{"a shape of nothing", spoil_shape_dark, BSP_DATA, "empty mask",
	    BSP_SHAPE},
	{"a shape with a NaN", spoil_shape_nan, BSP_DATA, "not finite",
	    BSP_SHAPE},
	{NULL, NULL, 0, NULL, 0},
};

/* Of an anomaly at a place. */
static const struct spoilt of_place[] = {
	{"a row outside", spoil_row, BSP_USAGE, "outside the image", 0},
	{"a column outside", spoil_col, BSP_USAGE, "outside the image", 0},
	{"the last row of all", spoil_far_row, BSP_USAGE,
	    "outside the image", 0},
	{"the last column of all", spoil_far_col, BSP_USAGE,
	    "outside the image", 0},
	{"a lower label", spoil_label_rows, BSP_DATA, "its label is 10 x 11",
	    0},
	{"a label elsewhere", spoil_label_samples, BSP_DATA,
	    "without samples", 0},
	{"a wider image", spoil_anomalous_cols, BSP_DATA,
	    "its image is 11 x 12", 0},
	{"an image of no rows", spoil_anomalous_empty, BSP_DATA,
	    "without samples", 0},
	{"the image as donor", spoil_donor_written, BSP_USAGE,
	    "one that it reads", 0},
	{"number 2^24", spoil_number, BSP_USAGE, "number: 16777216", 0},
	{"the last number", spoil_last_number, BSP_USAGE, "number: ", 0},
	{NULL, NULL, 0, NULL, 0},
};

static const struct spoilt of_degrade[] = {
	{"number 2^24", spoil_number, BSP_USAGE, "number: 16777216", 0},
	{"the last number", spoil_last_number, BSP_USAGE, "number: ", 0},
	{"no mask", spoil_mask, BSP_USAGE, "no mask", BSP_MASK},
	{"a lower mask", spoil_mask_rows, BSP_DATA, "its mask is 10 x 1,",
	    BSP_MASK},
	{"a wider mask", spoil_mask_cols, BSP_DATA, "its mask is 11 x 12",
	    BSP_MASK},
	{"a mask elsewhere", spoil_mask_samples, BSP_DATA, "without samples",
	    BSP_MASK},
	{"the mask as output", spoil_mask_written, BSP_USAGE,
	    "one that it reads", BSP_MASK},
	{NULL, NULL, 0, NULL, 0},
};

#define PAIR (1u << 30) /* takes reconstructions */
#define MANY (1u << 31) /* takes several */

static const struct spoilt of_residual[] = {
	{"no reconstruction", spoil_recon, BSP_USAGE, "no reconstruction",
	    PAIR},
	{"none of them", spoil_recons, BSP_USAGE, "reconstruction", PAIR},
	{"a higher one", spoil_recon_rows, BSP_DATA,
	    "its reconstruction is 10 x 13", PAIR},
	{"a narrow one", spoil_recon_cols, BSP_DATA,
	    "its reconstruction is 1 x 12", PAIR},
	{"one elsewhere", spoil_recon_samples, BSP_DATA, "without samples",
	    PAIR},
	{"an empty one", spoil_recon_empty, BSP_DATA, "without samples",
	    PAIR},
	{"one with a NaN", spoil_recon_nan, BSP_DATA, "at row 11, column 9",
	    PAIR},
	{"it as output", spoil_recon_written, BSP_USAGE, "one that it reads",
	    PAIR},
	{"the last of another size", spoil_last_recon, BSP_DATA,
	    "its reconstruction is 3 x 12", PAIR},
	{"a single one", spoil_one_recon, BSP_USAGE,
	    "1 reconstructions, expected two or more", MANY},
	{"no model", spoil_stats, BSP_USAGE, "no model", BSP_PIXEL_STATS},
	{"a model elsewhere", spoil_stats_empty, BSP_DATA, "without samples",
	    BSP_PIXEL_STATS},
	{"a model of another size", spoil_stats_rows, BSP_DATA,
	    "of the model", BSP_PIXEL_STATS},
	{"one of two sizes", spoil_sd_rows, BSP_DATA,
	    "its model's sd is 10 x 1,", BSP_PIXEL_STATS},
	{"half of a model", spoil_sd_samples, BSP_DATA, "without samples",
	    BSP_PIXEL_STATS},
	{"a model with a NaN", spoil_sd_nan, BSP_DATA, "not finite",
	    BSP_PIXEL_STATS},
	{"the model as output", spoil_sd_written, BSP_USAGE,
	    "one that it reads", BSP_PIXEL_STATS},
	{"a low saliency", spoil_saliency_rows, BSP_DATA,
	    "its saliency is 10 x 2,", BSP_SALIENCY},
	{"a saliency elsewhere", spoil_saliency_samples, BSP_DATA,
	    "without samples", BSP_SALIENCY},
	{"one with a NaN", spoil_saliency_nan, BSP_DATA, "not finite",
	    BSP_SALIENCY},
	{"the saliency as output", spoil_saliency_written, BSP_USAGE,
	    "one that it reads", BSP_SALIENCY},
	{NULL, NULL, 0, NULL, 0},
};

/* What the kind can lack. */
static unsigned
needs_of(const struct bsp_kind *kind)
{
	unsigned needs = kind->needs;

	if (kind->inputs > 1)
		needs |= PAIR;
	if (bsp_kind_param_find(kind, "samples") < bsp_kind_params(kind))
		needs |= MANY;
	return needs;
}

static bool
fails(call_fn *call, struct call *c, enum bsp_status status,
    const char *text, const char *what, const char *name)
{
	struct bsp_error e = {0};
	int result = call(c, &e);

	return ok(result == -1 && e.status == status &&
	    strstr(e.text, text) != NULL, "%s, %s: %s", name, what, e.text);
}

static void
start(struct call *c, const struct bsp_kind *kind, call_fn *call)
{
	fill_all(c, kind);
	c->to = call == inject ? &c->anomalous : &c->out;
}

static void
spoil_each(const struct bsp_kind *kind, call_fn *call,
    const struct spoilt *spoilt)
{
	struct call c, whole;

	for (; spoilt->what != NULL; spoilt++) {
		if (spoilt->needs != 0 &&
		    (needs_of(kind) & spoilt->needs) == 0)
			continue;
		/* The samples are freed though c may have lost them. */
		start(&c, kind, call);
		whole = c;
		spoilt->spoil(&c);
		fails(call, &c, spoilt->status, spoilt->text, spoilt->what,
		    kind->name);
		if (c.out.data != whole.image.data)
			whole.out = c.out;
		free_all(&whole);
	}
}

/* No parameters, and each of them NaN, infinite and out of its range. */
static void
spoil_params(const struct bsp_kind *kind, call_fn *call)
{
	const struct bsp_param *param;
	struct call c;
	double bad[5];
	size_t i, k;
	bool good;

	start(&c, kind, call);
	if (bsp_kind_params(kind) > 0) {
		c.params = NULL;
		fails(call, &c, BSP_USAGE, "no parameters", "NULL",
		    kind->name);
		c.params = c.value;
	}
	for (i = 0; i < bsp_kind_params(kind); i++) {
		param = bsp_kind_param(kind, i);
		bad[0] = NAN_;
		bad[1] = INF_;
		bad[2] = -INF_;
		bad[3] = nextafter(param->max, INF_);
		bad[4] = param->above_min ? param->min :
		    nextafter(param->min, -INF_);
		for (k = 0, good = true; k < 5; k++) {
			struct bsp_error e = {0};
			double kept = c.value[i];

			c.value[i] = bad[k];
			good = call(&c, &e) == -1 && e.status == BSP_USAGE &&
			    strncmp(e.text, param->name,
			    strlen(param->name)) == 0 && good;
			c.value[i] = kept;
		}
		ok(good, "%s: %s is finite and within its range", kind->name,
		    param->name);
	}
	free_all(&c);
}

static bool
is_finite(const struct bsp_image *image)
{
	size_t i;

	for (i = 0; i < bsp_image_size(image); i++)
		if (!isfinite(image->data[i]))
			return false;
	return true;
}

/* All that it needs and no more; kinds of another stage are refused. */
static void
work(const struct bsp_kind *kind, call_fn *call, bool more)
{
	struct bsp_error e = {0};
	struct call c;

	start(&c, kind, call);
	if (!more) {
		if ((kind->needs & BSP_DONOR) == 0)
			c.inject.donor = NULL;
		if ((kind->needs & BSP_SHAPE) == 0)
			c.inject.shape = NULL;
		if ((kind->needs & BSP_MASK) == 0)
			c.degrade.mask = NULL;
		if ((kind->needs & BSP_PIXEL_STATS) == 0)
			c.residual.stats = NULL;
		c.residual.saliency = NULL;
		if (kind->inputs < 2) {
			c.residual.recon = NULL;
			c.residual.recons = 0;
		}
	}
	ok(call(&c, &e) == 0 && c.to->rows == ROWS && c.to->cols == COLS &&
	    is_finite(c.to), "%s with %s%s", kind->name,
	    more ? "everything" : "what it needs", e.text);
	free_all(&c);
}

/* An image without foreground has a reconstruction and a map. */
static void
work_in_the_dark(const struct bsp_kind *kind, call_fn *call)
{
	struct bsp_error e = {0};
	struct call c;

	start(&c, kind, call);
	spoil_dark(&c);
	ok(call(&c, &e) == 0 && is_finite(c.to), "%s without foreground%s",
	    kind->name, e.text);
	free_all(&c);
}

/*
 * Images of a row, a column and a sample, at the extremes of all indices and
 * numbers: done, or refused with words.
 */
static void
work_at_the_edge(const struct bsp_kind *kind, call_fn *call, size_t rows,
    size_t cols, bool last)
{
	struct bsp_error e = {0};
	struct call c;
	int result;
	size_t i;

	start(&c, kind, call);
	fill(&c.image, rows, cols, 0);
	fill(&c.donor, rows, cols, 1);
	fill(&c.mask, rows, cols, 0);
	fill(&c.saliency, rows, cols, 3);
	fill(&c.anomalous, rows, cols, 0);
	fill(&c.label, rows, cols, 0);
	for (i = 0; i < RECONS; i++)
		fill(&c.recon[i], rows, cols, .1 * (double)(i + 1));
	fill(&c.stats.mean, rows, cols, .2);
	fill(&c.stats.sd, rows, cols, .5);
	c.inject.row = last ? rows - 1 : 0;
	c.inject.col = last ? cols - 1 : 0;
	if (last) {
		c.inject.index = c.degrade.index = UINT64_MAX;
		c.inject.seed = c.degrade.seed = UINT64_MAX;
		c.inject.number = c.degrade.number = (1 << 24) - 1;
	}
	result = call(&c, &e);
	ok(result == 0 ? is_finite(c.to) : result == -1 &&
	    e.status == BSP_DATA && e.text[0] != '\0',
	    "%s of %zu x %zu, %s: %s", kind->name, cols, rows,
	    last ? "the last sample" : "the first", e.text);
	free_all(&c);
}

static void
refuse(const struct bsp_kind *kinds, call_fn *call, const char *text)
{
	bool good = true;

	for (; kinds->name != NULL; kinds++) {
		struct bsp_error e = {0};
		struct call c;

		start(&c, kinds, call);
		good = call(&c, &e) == -1 && e.status == BSP_USAGE &&
		    strstr(e.text, text) != NULL && good;
		free_all(&c);
	}
	ok(good, "%s, not of another stage", text);
}

static void
try_kinds(const struct bsp_kind *kinds, call_fn *call,
    const struct spoilt *spoilt, const struct spoilt *more)
{
	static const size_t size[][2] = {{1, 1}, {1, 9}, {9, 1}, {2, 2},
	    {ROWS, COLS}};
	size_t i;

	for (; kinds->name != NULL; kinds++) {
		work(kinds, call, false);
		work(kinds, call, true);
		for (i = 0; i < sizeof size / sizeof size[0]; i++) {
			work_at_the_edge(kinds, call, size[i][0], size[i][1],
			    false);
			work_at_the_edge(kinds, call, size[i][0], size[i][1],
			    true);
		}
		spoil_params(kinds, call);
		spoil_each(kinds, call, of_any);
		spoil_each(kinds, call, spoilt);
		if (more != NULL)
			spoil_each(kinds, call, more);
		if (call != inject && call != inject_image)
			work_in_the_dark(kinds, call);
	}
}

/* What a run asks before each anomaly and tells after. */
struct diary {
	size_t begun, ended, stop;
	double radius;
	size_t col;
	size_t labelled;
};

static int
before(void *with, size_t i, struct bsp_inject_job *job, double *params,
    struct bsp_error *e)
{
	struct diary *diary = with;

	if (i == diary->stop)
		return bsp_error_set(e, BSP_DATA, "stopped at %zu", i);
	diary->begun++;
	job->row = i;
	job->col = diary->col;
	params[0] = diary->radius;
	params[1] = (double)(i + 2);
	return 0;
}

static int
after(void *with, const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	struct diary *diary = with;
	size_t i;

	(void)e;
	if (job->number == diary->ended && params[1] ==
	    (double)image->data[job->row * image->cols + job->col])
		diary->ended++;
	for (i = diary->labelled = 0; i < bsp_image_size(label); i++)
		diary->labelled += label->data[i] > 0;
	return 0;
}

static void
try_run(void)
{
	const struct bsp_kind *disk = bsp_kind_find(bsp_inject_kinds, "disk");
	struct diary diary = {.stop = 100, .radius = 1, .col = 3};
	struct bsp_inject_run run = {.kind = disk, .count = 4,
	    .before = before, .after = after, .with = &diary};
	struct bsp_error e = {0};
	struct call c;

	start(&c, disk, inject_image);
	run.params = c.value;
	ok(bsp_inject_image(&run, &c.inject, &c.out, &c.label, &e) == 0 &&
	    diary.begun == 4 && diary.ended == 4 && diary.labelled == 4 &&
	    c.out.data[3 * COLS + 3] > 4.5f, "a run asks before each anomaly, "
	    "and tells after");
	diary.stop = 2;
	ok(bsp_inject_image(&run, &c.inject, &c.out, &c.label, &e) == -1 &&
	    strcmp(e.text, "stopped at 2") == 0, "a run stops when told");
	diary.stop = 100;
	diary.col = COLS;
	ok(bsp_inject_image(&run, &c.inject, &c.out, &c.label, &e) == -1 &&
	    strstr(e.text, "outside the image") != NULL,
	    "a run checks where it is told to go");
	diary.col = 0;
	diary.radius = NAN_;
	ok(bsp_inject_image(&run, &c.inject, &c.out, &c.label, &e) == -1 &&
	    strstr(e.text, "radius: nan") != NULL,
	    "a run checks the parameters that it is told");
	run.count = 0;
	ok(bsp_inject_image(&run, &c.inject, &c.out, &c.label, &e) == 0 &&
	    memcmp(c.out.data, c.image.data, ROWS * COLS * sizeof(float)) ==
	    0, "a run of no anomaly is the healthy image");
	ok(bsp_inject_image(NULL, &c.inject, &c.out, &c.label, &e) == -1 &&
	    e.status == BSP_USAGE, "no run");
	free_all(&c);
}

/* Parameters that are good each by itself. */
static void
try_together(void)
{
	const struct bsp_kind *kind = bsp_kind_find(bsp_inject_kinds,
	    "cutpaste");
	struct call c;

	start(&c, kind, inject);
	c.value[0] = .5;
	c.value[1] = .25;
	fails(inject, &c, BSP_USAGE, "area-low: 0.5 is above area-high",
	    "areas that cross", kind->name);
	free_all(&c);
}

int
main(void)
{
	try_kinds(bsp_inject_kinds, inject, of_inject, of_place);
	try_kinds(bsp_inject_kinds, inject_image, of_inject, NULL);
	try_kinds(bsp_degrade_kinds, degrade, of_degrade, NULL);
	try_kinds(bsp_residual_kinds, residual, of_residual, NULL);
	refuse(bsp_degrade_kinds, inject, "expected a kind of anomaly");
	refuse(bsp_residual_kinds, inject_image,
	    "expected a kind of anomaly");
	refuse(bsp_inject_kinds, degrade, "expected a kind of degradation");
	refuse(bsp_residual_kinds, degrade,
	    "expected a kind of degradation");
	refuse(bsp_inject_kinds, residual, "expected a kind of residual");
	refuse(bsp_degrade_kinds, residual, "expected a kind of residual");
	try_run();
	try_together();
	return done();
}
