/*
 * The architectures: what each is made of, as a short table of layers, and
 * what sizes it can have.
 */
#include <stdio.h>
#include <string.h>

#include "learn.h"

/* ------------------------------------------------------------------- kinds */

#define LATENT(unit_text, default_value)                                  \
	{                                                                 \
		.name = "latent", .unit = unit_text,                      \
		.help = "size of the bottleneck", .type = BSP_INTEGER,    \
		.initial = default_value, .min = 1, .max = 65536,         \
	}
#define WIDTH(default_value, help_text)                                   \
	{                                                                 \
		.name = "width", .unit = "channels", .help = help_text,   \
		.type = BSP_INTEGER, .initial = default_value, .min = 1,  \
		.max = 1024,                                              \
	}

static const struct bsp_param pca_params[] = {
	LATENT("components", 128),
	{.name = NULL},
};

static const struct bsp_param ae_params[] = {
	LATENT("numbers", 256),
	WIDTH(32, "width of the first and last layers; up to 4 times that inside"),
	{.name = NULL},
};

static const struct bsp_param spatial_params[] = {
	{
		.name = "channels", .unit = "", .help = "channels of the "
		    "8 x 8 bottleneck", .type = BSP_INTEGER, .initial = 1,
		.min = 1, .max = 1024,
	},
	WIDTH(32, "width of the first and last layers; up to 4 times that inside"),
	{.name = NULL},
};

static const struct bsp_param vq_params[] = {
	WIDTH(128, "width of most layers, a multiple of 16; codes have half"),
	{.name = NULL},
};

/* How networks are trained. */
static const struct bsp_param training_params[] = {
	{
		.name = "steps", .unit = "", .help = "batches to train on",
		.type = BSP_INTEGER, .initial = 10000, .min = 0, .max = 1e9,
	},
	{
		.name = "batch", .unit = "images", .help = "images per step",
		.type = BSP_INTEGER, .initial = 128, .min = 1, .max = 65536,
	},
	{
		.name = "lr", .unit = "", .help = "learning rate",
		.type = BSP_REAL, .initial = 1e-3, .min = 0, .max = 1000,
		.above_min = true,
	},
	{
		.name = "weight-decay", .unit = "", .help = "decay of all "
		    "weights, times the learning rate", .type = BSP_REAL,
		.initial = 2e-2, .min = 0, .max = 1000,
	},
	{.name = NULL},
};

const struct bsp_kind bsp_architectures[] = {
	{
		.name = "pca",
		.summary = "principal components: the best linear autoencoder",
		.source = "Pearson 1901; Baldi and Hornik 1989",
		.params = pca_params,
	},
	{
		.name = "ae",
		.summary = "a convolutional autoencoder with a dense bottleneck",
		.source = "Meissen et al., MIDL 2022, experiment 3",
		.params = ae_params,
		.options = training_params,
	},
	{
		.name = "spatial-ae",
		.summary = "a convolutional autoencoder with an 8 x 8 bottleneck",
		.source = "Meissen et al., MIDL 2022, experiment 3",
		.params = spatial_params,
		.options = training_params,
	},
	{
		.name = "vq-vae",
		.summary = "an autoencoder with two levels of 512 vector codes",
		.source = "van den Oord et al., 2017; Razavi et al., 2019",
		.params = vq_params,
		.options = training_params,
	},
	{.name = NULL},
};

enum kind { PCA, AE, SPATIAL, VQ };

static enum kind
kind_of(const struct bsp_kind *kind)
{
	return (enum kind)(kind - bsp_architectures);
}

void
learn_sizes_of(struct learn_sizes *sizes, const struct bsp_kind *kind,
    const double *params)
{
	*sizes = (struct learn_sizes){.kind = kind};
	if (kind_of(kind) == VQ) {
		sizes->width = (size_t)params[0];
		return;
	}
	sizes->latent = (size_t)params[0];
	if (kind_of(kind) != PCA)
		sizes->width = (size_t)params[1];
}

void
learn_sizes_params(const struct learn_sizes *sizes, double *params)
{
	bsp_kind_defaults(sizes->kind, params);
	params[0] = (double)(kind_of(sizes->kind) == VQ ? sizes->width :
	    sizes->latent);
	if (kind_of(sizes->kind) == AE || kind_of(sizes->kind) == SPATIAL)
		params[1] = (double)sizes->width;
}

/* ------------------------------------------------------------------ tables */

/* How many channels a row has. */
enum channels { ONE, FULL, HALF, QUARTER, BOTTLENECK, LIKE };

/* What a row stands for beside the layers of learn.h. */
enum { DOWN = 100, UP, RESIDUAL };

struct row {
	int op;
	const char *name; /* %zu: how many stages there are */
	enum channels channels;
	unsigned kernel, stride;
	const char *of, *with; /* rows whose outputs it takes, by what they
	                          are known as; NULL: the one before */
	const char *as;
};

#define KERNEL(what, its_name, its_channels, size, step)                  \
	.op = LEARN_##what, .name = its_name, .channels = its_channels,   \
	.kernel = size, .stride = step

static const struct row ae[] = {
	{.op = DOWN, .name = "encoder", .as = "map"},
	{.op = LEARN_LINEAR, .name = "bottleneck.1", .channels = BOTTLENECK},
	{.op = LEARN_UNFLATTEN, .name = "decoder_input.0", .channels = LIKE},
	{.op = UP, .name = "decoder"},
	{KERNEL(CONV, "decoder.%zu", ONE, 1, 1)},
	{.op = LEARN_END},
};

static const struct row spatial_ae[] = {
	{.op = DOWN, .name = "encoder", .as = "map"},
	{KERNEL(CONV, "bottleneck", BOTTLENECK, 1, 1)},
	{KERNEL(DECONV, "decoder_input", LIKE, 1, 1)},
	{.op = UP, .name = "decoder"},
	{KERNEL(CONV, "decoder.%zu", ONE, 1, 1)},
	{.op = LEARN_END},
};

static const struct row vq_vae[] = {
	{KERNEL(CONV, "enc_b.blocks.0", HALF, 4, 2)},
	{.op = LEARN_RELU},
	{KERNEL(CONV, "enc_b.blocks.2", FULL, 4, 2)},
	{.op = LEARN_RELU},
	{KERNEL(CONV, "enc_b.blocks.4", FULL, 3, 1)},
	{.op = RESIDUAL, .name = "enc_b.blocks.5"},
	{.op = RESIDUAL, .name = "enc_b.blocks.6"},
	{.op = LEARN_RELU, .as = "bottom"},
	{KERNEL(CONV, "enc_t.blocks.0", HALF, 4, 2)},
	{.op = LEARN_RELU},
	{KERNEL(CONV, "enc_t.blocks.2", FULL, 3, 1)},
	{.op = RESIDUAL, .name = "enc_t.blocks.3"},
	{.op = RESIDUAL, .name = "enc_t.blocks.4"},
	{.op = LEARN_RELU},
	{KERNEL(CONV, "quantize_conv_t", HALF, 1, 1)},
	{.op = LEARN_QUANTIZE, .name = "quantize_t", .as = "top"},
	{KERNEL(CONV, "dec_t.blocks.0", FULL, 3, 1)},
	{.op = RESIDUAL, .name = "dec_t.blocks.1"},
	{.op = RESIDUAL, .name = "dec_t.blocks.2"},
	{.op = LEARN_RELU},
	{KERNEL(DECONV, "dec_t.blocks.4", HALF, 4, 2)},
	{.op = LEARN_JOIN, .with = "bottom"},
	{KERNEL(CONV, "quantize_conv_b", HALF, 1, 1)},
	{.op = LEARN_QUANTIZE, .name = "quantize_b", .as = "codes"},
	{KERNEL(DECONV, "upsample_t", HALF, 4, 2), .of = "top"},
	{.op = LEARN_JOIN, .with = "codes"},
	{KERNEL(CONV, "dec.blocks.0", FULL, 3, 1)},
	{.op = RESIDUAL, .name = "dec.blocks.1"},
	{.op = RESIDUAL, .name = "dec.blocks.2"},
	{.op = LEARN_RELU},
	{KERNEL(DECONV, "dec.blocks.4", HALF, 4, 2)},
	{.op = LEARN_RELU},
	{KERNEL(DECONV, "dec.blocks.6", ONE, 4, 2)},
	{.op = LEARN_END},
};

static const struct row *const tables[] = {NULL, ae, spatial_ae, vq_vae};

/* The side of the autoencoders' smallest map. */
#define SMALLEST 8
#define SLOPE .01f
#define CODES 512

/* ------------------------------------------------------------------- plans */

struct maker {
	struct learn_plan *plan;
	const struct learn_sizes *sizes;
	size_t stages;
	size_t known[8]; /* the layers of rows that are known as something */
	const char *as[8];
	size_t knowns;
};

static struct learn_layer
source(const struct learn_plan *plan, size_t from)
{
	if (from > 0)
		return plan->layer[from - 1];
	return (struct learn_layer){.channels = 1, .rows = plan->rows,
	    .cols = plan->cols};
}

static void
add_spec(struct learn_plan *plan, const char *layer, const char *name,
    enum learn_start start, size_t fan_in, size_t rank, const size_t *shape)
{
	struct learn_spec *spec = &plan->spec[plan->specs++];
	size_t i;

	snprintf(spec->name, sizeof spec->name, "%s.%s", layer, name);
	spec->rank = rank;
	for (i = 0; i < rank; i++)
		spec->shape[i] = shape[i];
	spec->start = start;
	spec->fan_in = fan_in;
	spec->trained = start == LEARN_UNIFORM;
}

static void
add_norm_specs(struct learn_plan *plan, const struct learn_layer *layer)
{
	const size_t *n = &layer->channels;

	add_spec(plan, layer->name, "weight", LEARN_ONES, 0, 1, n);
	plan->spec[plan->specs - 1].trained = true;
	add_spec(plan, layer->name, "bias", LEARN_ZEROS, 0, 1, n);
	plan->spec[plan->specs - 1].trained = true;
	add_spec(plan, layer->name, "running_mean", LEARN_ZEROS, 0, 1, n);
	add_spec(plan, layer->name, "running_var", LEARN_ONES, 0, 1, n);
}

static void
add_code_specs(struct learn_plan *plan, const struct learn_layer *layer)
{
	size_t codes[2] = {layer->channels, layer->codes};

	add_spec(plan, layer->name, "embed", LEARN_NORMAL, 0, 2, codes);
	/* Not 0, with which codes not chosen at once would never be. */
	add_spec(plan, layer->name, "cluster_size", LEARN_ONES, 0, 1,
	    &codes[1]);
	add_spec(plan, layer->name, "embed_avg", LEARN_SAME, 0, 2, codes);
}

/* The weights of a convolution: PyTorch counts a transposed one's fan-in by
 * its second dimension too, which is its output. */
static void
add_kernel_specs(struct learn_plan *plan, const struct learn_layer *layer,
    size_t inputs)
{
	size_t k = layer->kernel, n = layer->channels;
	size_t shape[4] = {n, inputs, k, k};

	if (layer->op == LEARN_DECONV) {
		shape[0] = inputs;
		shape[1] = n;
	}
	add_spec(plan, layer->name, "weight", LEARN_UNIFORM,
	    shape[1] * k * k, 4, shape);
	if (layer->bias)
		add_spec(plan, layer->name, "bias", LEARN_UNIFORM,
		    shape[1] * k * k, 1, &n);
}

static void
add_linear_specs(struct learn_plan *plan, const struct learn_layer *layer,
    const struct learn_layer *from)
{
	size_t shape[2] = {layer->channels * layer->rows * layer->cols,
	    from->channels * from->rows * from->cols};

	add_spec(plan, layer->name, "weight", LEARN_UNIFORM, shape[1], 2,
	    shape);
}

/* Add a layer, whose size is known, and its tensors; returns its number as a
 * source. */
static size_t
add_layer(struct learn_plan *plan, const struct learn_layer *layer)
{
	struct learn_layer from = source(plan, layer->from[0]);

	plan->layer[plan->layers] = *layer;
	plan->layer[plan->layers++].tensor = plan->specs;
	switch (layer->op) {
	case LEARN_CONV:
	case LEARN_DECONV:
		add_kernel_specs(plan, layer, from.channels);
		break;
	case LEARN_LINEAR:
	case LEARN_UNFLATTEN:
		add_linear_specs(plan, layer, &from);
		break;
	case LEARN_NORM:
		add_norm_specs(plan, layer);
		break;
	case LEARN_QUANTIZE:
		add_code_specs(plan, layer);
		break;
	default:
		break;
	}
	return plan->layers;
}

/* A layer with the size of its source. */
static struct learn_layer
same_size(const struct learn_plan *plan, enum learn_op op, size_t from)
{
	struct learn_layer layer = source(plan, from);

	return (struct learn_layer){.op = op, .from = {from},
	    .channels = layer.channels, .rows = layer.rows,
	    .cols = layer.cols};
}

static size_t
add_kernel(struct learn_plan *plan, enum learn_op op, size_t from,
    size_t channels, const struct row *row, bool bias, const char *name)
{
	struct learn_layer layer = same_size(plan, op, from);
	size_t s = row->stride;

	layer.channels = channels;
	layer.kernel = row->kernel;
	layer.stride = s;
	layer.pad = (row->kernel - 1) / 2;
	layer.bias = bias;
	layer.rows = op == LEARN_CONV ? (layer.rows + s - 1) / s :
	    layer.rows * s;
	layer.cols = op == LEARN_CONV ? (layer.cols + s - 1) / s :
	    layer.cols * s;
	snprintf(layer.name, sizeof layer.name, "%s", name);
	return add_layer(plan, &layer);
}

static size_t
add_relu(struct learn_plan *plan, size_t from, bool keep)
{
	struct learn_layer layer = same_size(plan, LEARN_RELU, from);

	layer.keep = keep;
	return add_layer(plan, &layer);
}

/* Convolution, batch norm and leaky rectification. */
static size_t
add_stage(struct learn_plan *plan, enum learn_op op, size_t from,
    size_t channels, const char *name, size_t number)
{
	static const struct row stage = {.kernel = 3, .stride = 2};
	char text[LEARN_NAME];
	struct learn_layer norm;

	snprintf(text, sizeof text, "%s.%zu.0", name, number);
	from = add_kernel(plan, op, from, channels, &stage, false, text);
	norm = same_size(plan, LEARN_NORM, from);
	norm.slope = SLOPE;
	snprintf(norm.name, sizeof norm.name, "%s.%zu.1", name, number);
	return add_layer(plan, &norm);
}

/* The channels of stage i from the outside: doubled, four times at most. */
static size_t
stage_channels(const struct maker *m, size_t i)
{
	return m->sizes->width << (i < 2 ? i : 2);
}

static size_t
add_down(struct maker *m, size_t from, const char *name)
{
	size_t i;

	for (i = 0; i < m->stages; i++)
		from = add_stage(m->plan, LEARN_CONV, from,
		    stage_channels(m, i), name, i);
	return from;
}

static size_t
add_up(struct maker *m, size_t from, const char *name)
{
	size_t i, outer;

	for (i = 0; i < m->stages; i++) {
		outer = m->stages - 1 - i;
		from = add_stage(m->plan, LEARN_DECONV, from,
		    stage_channels(m, outer > 0 ? outer - 1 : 0), name, i);
	}
	return from;
}

/*
 * Rectify, 3 x 3, rectify, 1 x 1, and add what came in: as it came, before it
 * was rectified.
 */
static size_t
add_residual(struct maker *m, size_t from, const char *name)
{
	static const struct row wide = {.kernel = 3, .stride = 1};
	static const struct row narrow = {.kernel = 1, .stride = 1};
	struct learn_plan *plan = m->plan;
	struct learn_layer sum = same_size(plan, LEARN_ADD, from);
	char text[LEARN_NAME];
	size_t x;

	x = add_relu(plan, from, true);
	snprintf(text, sizeof text, "%s.conv.1", name);
	x = add_kernel(plan, LEARN_CONV, x, m->sizes->width / 4, &wide, true,
	    text);
	x = add_relu(plan, x, false);
	snprintf(text, sizeof text, "%s.conv.3", name);
	x = add_kernel(plan, LEARN_CONV, x, m->sizes->width, &narrow, true,
	    text);
	sum.from[0] = x;
	sum.from[1] = from;
	return add_layer(plan, &sum);
}

static size_t
known(const struct maker *m, const char *as, size_t otherwise)
{
	size_t i;

	for (i = 0; as != NULL && i < m->knowns; i++)
		if (strcmp(m->as[i], as) == 0)
			return m->known[i];
	return otherwise;
}

static size_t
row_channels(const struct maker *m, const struct row *row)
{
	switch (row->channels) {
	case ONE: return 1;
	case FULL: return m->sizes->width;
	case HALF: return m->sizes->width / 2;
	case QUARTER: return m->sizes->width / 4;
	case BOTTLENECK: return m->sizes->latent;
	case LIKE: return source(m->plan, known(m, "map", 0)).channels;
	}
	return 0;
}

/* A layer that no other function makes. */
static size_t
add_other(struct maker *m, const struct row *row, size_t from)
{
	struct learn_layer layer = same_size(m->plan, (enum learn_op)row->op,
	    from);
	struct learn_layer map = source(m->plan, known(m, "map", 0));

	if (row->name != NULL)
		snprintf(layer.name, sizeof layer.name, "%s", row->name);
	if (layer.op == LEARN_LINEAR) {
		layer.channels = m->sizes->latent;
		layer.rows = layer.cols = 1;
	} else if (layer.op == LEARN_UNFLATTEN) {
		layer.channels = map.channels;
		layer.rows = map.rows;
		layer.cols = map.cols;
	} else if (layer.op == LEARN_JOIN) {
		layer.from[1] = known(m, row->with, 0);
		layer.channels += source(m->plan, layer.from[1]).channels;
	} else {
		layer.codes = CODES;
	}
	return add_layer(m->plan, &layer);
}

static size_t
add_row(struct maker *m, const struct row *row, size_t from)
{
	char name[LEARN_NAME];

	switch (row->op) {
	case DOWN:
		return add_down(m, from, row->name);
	case UP:
		return add_up(m, from, row->name);
	case RESIDUAL:
		return add_residual(m, from, row->name);
	case LEARN_RELU:
		return add_relu(m->plan, from, false);
	case LEARN_CONV:
	case LEARN_DECONV:
		if (strcmp(row->name, "decoder.%zu") == 0)
			snprintf(name, sizeof name, "decoder.%zu", m->stages);
		else
			snprintf(name, sizeof name, "%s", row->name);
		return add_kernel(m->plan, (enum learn_op)row->op, from,
		    row_channels(m, row), row,
		    kind_of(m->sizes->kind) == VQ, name);
	default:
		return add_other(m, row, from);
	}
}

static int
check_sizes(const struct learn_sizes *sizes, size_t *stages,
    struct bsp_error *e)
{
	size_t rows = sizes->rows, cols = sizes->cols, side = SMALLEST;

	if (sizes->width < 1 || sizes->width > 1024 || sizes->latent > 65536)
		return bsp_error_set(e, BSP_DATA, "width %zu and latent %zu, "
		    "expected up to 1024 and 65536", sizes->width,
		    sizes->latent);
	if (kind_of(sizes->kind) == VQ) {
		if (sizes->width % 16 != 0 || sizes->width == 0)
			return bsp_error_set(e, BSP_USAGE, "width: found %zu, "
			    "expected a multiple of 16", sizes->width);
		if (rows == 0 || cols == 0 || rows % 8 != 0 || cols % 8 != 0 ||
		    rows > LEARN_SIZE_MAX || cols > LEARN_SIZE_MAX)
			return bsp_error_set(e, BSP_DATA, "is %zu x %zu, "
			    "expected multiples of 8 up to %d for a %s", cols,
			    rows, LEARN_SIZE_MAX, sizes->kind->name);
		return 0;
	}
	for (*stages = 0; side < rows && *stages < 9; (*stages)++)
		side *= 2;
	if (rows != cols || side != rows || *stages == 0)
		return bsp_error_set(e, BSP_DATA, "is %zu x %zu, expected a "
		    "square of 16, 32, 64, 128 ... %d pixels for %s", cols,
		    rows, LEARN_SIZE_MAX, sizes->kind->name);
	return 0;
}

int
learn_plan_make(struct learn_plan *plan, const struct learn_sizes *sizes,
    struct bsp_error *e)
{
	struct maker m = {.plan = plan, .sizes = sizes};
	const struct row *row;
	size_t from = 0;

	if (check_sizes(sizes, &m.stages, e))
		return -1;
	plan->layers = plan->specs = 0;
	plan->rows = sizes->rows;
	plan->cols = sizes->cols;
	for (row = tables[kind_of(sizes->kind)]; row->op != LEARN_END;
	    row++) {
		from = add_row(&m, row, known(&m, row->of, from));
		if (row->as != NULL) {
			m.as[m.knowns] = row->as;
			m.known[m.knowns++] = from;
		}
	}
	return 0;
}

/* --------------------------------------------------------------- inference */

/* Dimension i of a tensor of that rank, 0 where there is none such. */
static size_t
dimension(const struct bsp_tensors *tensors, const char *name, size_t rank,
    size_t i)
{
	const struct bsp_tensor *tensor = bsp_tensors_find(tensors, name);

	return tensor == NULL || tensor->rank != rank ? 0 : tensor->shape[i];
}

static size_t
count_stages(const struct bsp_tensors *tensors)
{
	char name[LEARN_NAME];
	size_t n = 0;

	do
		snprintf(name, sizeof name, "encoder.%zu.0.weight", n++);
	while (n < 16 && bsp_tensors_find(tensors, name) != NULL);
	return n - 1;
}

int
learn_sizes_infer(struct learn_sizes *sizes,
    const struct bsp_tensors *tensors, struct bsp_error *e)
{
	static const struct {
		const char *name;
		size_t rank;
		enum kind kind;
	} signs[] = {
		{"components", 2, PCA},
		{"bottleneck.1.weight", 2, AE},
		{"bottleneck.weight", 4, SPATIAL},
		{"enc_b.blocks.2.weight", 4, VQ},
	};
	size_t i, first;

	*sizes = (struct learn_sizes){0};
	for (i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		first = dimension(tensors, signs[i].name, signs[i].rank, 0);
		if (first == 0)
			continue;
		sizes->kind = &bsp_architectures[signs[i].kind];
		if (signs[i].kind == VQ)
			sizes->width = first;
		else
			sizes->latent = first;
		if (signs[i].kind != AE && signs[i].kind != SPATIAL)
			return 0;
		sizes->width = dimension(tensors, "encoder.0.0.weight", 4, 0);
		sizes->rows = (size_t)SMALLEST << count_stages(tensors);
		sizes->cols = sizes->rows;
		return 0;
	}
	return bsp_error_set(e, BSP_DATA, "holds the tensors of no known "
	    "architecture, expected 'components', 'bottleneck.1.weight', "
	    "'bottleneck.weight' or 'enc_b.blocks.2.weight' among them");
}
