/*
 * Models: their weights, new or from a file, and reconstruction by them.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn.h"

static bool
is_pca(const struct bsp_model *model)
{
	return model->sizes.kind == bsp_architectures;
}

/* ------------------------------------------------------------------- facts */

static int
set_count(struct bsp_tensors *tensors, const char *name, size_t value,
    struct bsp_error *e)
{
	char text[BSP_NUMBER_SIZE];

	snprintf(text, sizeof text, "%zu", value);
	return bsp_tensors_set_fact(tensors, name, text, e);
}

/* Facts of a model's sizes into its tensors. */
static int
describe(struct bsp_model *model, struct bsp_error *e)
{
	struct bsp_tensors *tensors = &model->tensors;
	const struct bsp_param *param = model->sizes.kind->params;
	size_t i;

	learn_sizes_params(&model->sizes, model->params);
	if (bsp_tensors_set_fact(tensors, "format", "pt", e) ||
	    bsp_tensors_set_fact(tensors, "blindspot", BSP_VERSION, e) ||
	    bsp_tensors_set_fact(tensors, "model_format", "1", e) ||
	    bsp_tensors_set_fact(tensors, "architecture",
	    model->sizes.kind->name, e) ||
	    set_count(tensors, "rows", model->sizes.rows, e) ||
	    set_count(tensors, "cols", model->sizes.cols, e))
		return -1;
	for (i = 0; param[i].name != NULL; i++)
		if (set_count(tensors, param[i].name,
		    (size_t)model->params[i], e))
			return -1;
	return 0;
}

/* --------------------------------------------------------------------- new */

static void
draw(float *data, const struct learn_spec *spec, size_t n, uint64_t seed,
    size_t number)
{
	double bound = spec->fan_in > 0 ? 1 / sqrt((double)spec->fan_in) : 0;
	struct bsp_random random;
	size_t i;

	bsp_random_start(&random, seed, BSP_DRAW_WEIGHTS, (uint32_t)number,
	    0);
	for (i = 0; i < n; i++)
		switch (spec->start) {
		case LEARN_UNIFORM:
			data[i] = (float)(bound *
			    (2 * bsp_random_uniform(&random) - 1));
			break;
		case LEARN_NORMAL:
			data[i] = (float)bsp_random_normal(&random);
			break;
		case LEARN_ONES:
			data[i] = 1;
			break;
		default:
			data[i] = 0;
			break;
		}
}

static int
start_weights(struct bsp_model *model, uint64_t seed, struct bsp_error *e)
{
	const struct learn_spec *spec = model->plan->spec;
	struct bsp_tensor *tensor;
	size_t i;

	for (i = 0; i < model->plan->specs; i++) {
		tensor = bsp_tensors_add(&model->tensors, spec[i].name,
		    spec[i].rank, spec[i].shape, e);
		if (tensor == NULL)
			return -1;
		if (spec[i].start == LEARN_SAME)
			memcpy(tensor->data, tensor[-2].data,
			    tensor->size * sizeof *tensor->data);
		else
			draw(tensor->data, &spec[i], tensor->size, seed, i);
	}
	return 0;
}

static struct bsp_model *
make_model(const struct learn_sizes *sizes, struct bsp_error *e)
{
	struct bsp_model *model = calloc(1, sizeof *model);

	if (model == NULL) {
		bsp_error_system(e, ENOMEM, "a model");
		return NULL;
	}
	model->sizes = *sizes;
	learn_sizes_params(sizes, model->params);
	return model;
}

static int
make_plan(struct bsp_model *model, const struct learn_sizes *sizes,
    struct bsp_error *e)
{
	if (model->plan == NULL)
		model->plan = calloc(1, sizeof *model->plan);
	if (model->plan == NULL)
		return bsp_error_system(e, ENOMEM, "a model");
	return learn_plan_make(model->plan, sizes, e);
}

struct bsp_model *
bsp_model_new(const struct bsp_kind *architecture, const double *params,
    size_t rows, size_t cols, uint64_t seed, struct bsp_error *e)
{
	struct learn_sizes sizes;
	struct bsp_model *model;

	learn_sizes_of(&sizes, architecture, params);
	sizes.rows = rows;
	sizes.cols = cols;
	model = make_model(&sizes, e);
	if (model == NULL)
		return NULL;
	if (make_plan(model, &sizes, e) || start_weights(model, seed, e) ||
	    describe(model, e)) {
		bsp_model_free(model);
		return NULL;
	}
	return model;
}

struct bsp_model *
bsp_model_fit_pca(const struct bsp_image *images, size_t n, size_t latent,
    struct bsp_error *e)
{
	struct learn_sizes sizes = {.kind = bsp_architectures,
	    .latent = latent};
	struct bsp_tensors tensors = {0};
	struct bsp_model *model;

	if (learn_pca_fit(images, n, latent, &tensors, e)) {
		bsp_tensors_free(&tensors);
		return NULL;
	}
	sizes.rows = images->rows;
	sizes.cols = images->cols;
	model = make_model(&sizes, e);
	if (model == NULL) {
		bsp_tensors_free(&tensors);
		return NULL;
	}
	model->tensors = tensors;
	if (describe(model, e)) {
		bsp_model_free(model);
		return NULL;
	}
	return model;
}

/* ------------------------------------------------------------- from a file */

/* Read a fact that is a size: false where it is there and is none. */
static bool
get_size(const struct bsp_tensors *tensors, const char *name, size_t *size)
{
	const char *text = bsp_tensors_fact(tensors, name);
	struct bsp_error e;
	uint64_t n;

	if (text == NULL)
		return true;
	if (bsp_count_parse(text, &n, &e) || n == 0 || n > 1 << 20 ||
	    (*size != 0 && *size != n))
		return false;
	*size = (size_t)n;
	return true;
}

static const char *
fact_or(const struct bsp_tensors *tensors, const char *name,
    const char *otherwise)
{
	const char *text = bsp_tensors_fact(tensors, name);

	return text == NULL ? otherwise : text;
}

/* Latent, channels and width, where they are stated. */
static int
check_params(const struct learn_sizes *sizes,
    const struct bsp_tensors *tensors, struct bsp_error *e)
{
	const struct bsp_param *param = sizes->kind->params;
	double params[BSP_PARAMS_MAX];
	size_t i, n;

	learn_sizes_params(sizes, params);
	for (i = 0; param[i].name != NULL; i++) {
		n = (size_t)params[i];
		if (!get_size(tensors, param[i].name, &n))
			return bsp_error_set(e, BSP_DATA, "says that its %s "
			    "is %.20s, expected the %zu that its tensors have",
			    param[i].name, bsp_tensors_fact(tensors,
			    param[i].name), n);
	}
	return 0;
}

/* The facts that a file states must fit what it holds. */
static int
check_facts(struct learn_sizes *sizes, const struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	const char *name = bsp_tensors_fact(tensors, "architecture");
	const char *format = bsp_tensors_fact(tensors, "model_format");

	if (format != NULL && strcmp(format, "1") != 0)
		return bsp_error_set(e, BSP_DATA, "is in model format %.20s, "
		    "expected 1", format);
	/* Other programs' words for what they made mean nothing here. */
	if (name != NULL && strcmp(name, sizes->kind->name) != 0 &&
	    (bsp_tensors_fact(tensors, "blindspot") != NULL ||
	    bsp_kind_find(bsp_architectures, name) != NULL))
		return bsp_error_set(e, BSP_DATA, "says it is a '%.40s', "
		    "expected '%s', whose tensors it holds", name,
		    sizes->kind->name);
	if (!get_size(tensors, "rows", &sizes->rows) ||
	    !get_size(tensors, "cols", &sizes->cols) ||
	    (sizes->rows == 0) != (sizes->cols == 0))
		return bsp_error_set(e, BSP_DATA, "says it is for images of "
		    "%.20s x %.20s, expected the size that its tensors have",
		    fact_or(tensors, "cols", "?"),
		    fact_or(tensors, "rows", "?"));
	return check_params(sizes, tensors, e);
}

static int
check_shape(const struct bsp_tensors *tensors, const char *name, size_t rank,
    const size_t *shape, struct bsp_error *e)
{
	const struct bsp_tensor *tensor = bsp_tensors_find(tensors, name);
	char found[4 * BSP_NUMBER_SIZE], wanted[4 * BSP_NUMBER_SIZE];

	if (tensor == NULL)
		return bsp_error_set(e, BSP_DATA, "lacks the tensor '%s'",
		    name);
	if (tensor->rank == rank && (rank == 0 || memcmp(tensor->shape, shape,
	    rank * sizeof *shape) == 0))
		return 0;
	return bsp_error_set(e, BSP_DATA, "tensor '%s': found %s, expected "
	    "%s", name, learn_shape_text(found, tensor->rank, tensor->shape),
	    learn_shape_text(wanted, rank, shape));
}

/* In a checkpoint, what only training needs. */
static bool
is_aside(const struct bsp_tensors *tensors, const char *name)
{
	return bsp_tensors_fact(tensors, "checkpoint") != NULL &&
	    (strncmp(name, "first.", 6) == 0 ||
	    strncmp(name, "second.", 7) == 0 ||
	    strncmp(name, "best.", 5) == 0);
}

static void
swap(struct bsp_tensor *a, struct bsp_tensor *b)
{
	struct bsp_tensor t = *a;

	*a = *b;
	*b = t;
}

/* Bring the tensors into the plan's order; refuse any other. */
static int
sort_tensors(struct bsp_tensors *tensors, const struct learn_plan *plan,
    struct bsp_error *e)
{
	size_t i;

	for (i = 0; i < plan->specs; i++) {
		if (check_shape(tensors, plan->spec[i].name,
		    plan->spec[i].rank, plan->spec[i].shape, e))
			return -1;
		swap(&tensors->tensor[i], bsp_tensors_find(tensors,
		    plan->spec[i].name));
	}
	for (; i < tensors->count; i++)
		if (!is_aside(tensors, tensors->tensor[i].name))
			return bsp_error_set(e, BSP_DATA, "holds a tensor "
			    "'%.100s', expected none of that name",
			    tensors->tensor[i].name);
	while (tensors->count > plan->specs)
		learn_tensor_free(&tensors->tensor[--tensors->count]);
	return 0;
}

/* Running variances, which come from elsewhere, are not below 0. */
static int
check_variances(const struct bsp_tensors *tensors, struct bsp_error *e)
{
	const struct bsp_tensor *tensor = tensors->tensor;
	size_t i, k;

	for (i = 0; i < tensors->count; i++, tensor++) {
		if (strstr(tensor->name, ".running_var") == NULL)
			continue;
		for (k = 0; k < tensor->size; k++)
			if (tensor->data[k] < 0)
				return bsp_error_set(e, BSP_DATA, "tensor "
				    "'%.100s': value %zu is %g, expected a "
				    "variance", tensor->name, k,
				    (double)tensor->data[k]);
	}
	return 0;
}

/* A plan of the least size will do for the tensors where any will do. */
static int
check_network(struct bsp_model *model, struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	struct learn_sizes sizes = model->sizes;

	if (sizes.rows == 0)
		sizes.rows = sizes.cols = 8;
	if (make_plan(model, &sizes, e)) {
		e->status = BSP_DATA; /* it was asked for by a file */
		return -1;
	}
	return sort_tensors(tensors, model->plan, e) ? -1 :
	    check_variances(tensors, e);
}

static int
check_pca(struct bsp_model *model, struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	struct learn_sizes *sizes = &model->sizes;
	const struct bsp_tensor *mean = bsp_tensors_find(tensors, "mean");
	size_t shape[2] = {sizes->latent, mean == NULL ? 0 : mean->size};
	size_t side = (size_t)sqrt((double)shape[1]);

	if (sizes->rows == 0)
		sizes->rows = sizes->cols = side;
	if (check_shape(tensors, "mean", 1, &shape[1], e) ||
	    check_shape(tensors, "components", 2, shape, e))
		return -1;
	if (shape[1] == 0 || sizes->rows * sizes->cols != shape[1])
		return bsp_error_set(e, BSP_DATA, "has a mean of %zu pixels, "
		    "expected those of a square or of the size that it says",
		    shape[1]);
	if (tensors->count != 2)
		return bsp_error_set(e, BSP_DATA, "holds %zu tensors, "
		    "expected 'mean' and 'components'", tensors->count);
	if (strcmp(tensors->tensor[0].name, "mean") != 0)
		swap(&tensors->tensor[0], &tensors->tensor[1]);
	return 0;
}

/* ------------------------------------------------------------- activations */

static double
relu(double x)
{
	return x > 0 ? x : 0;
}

static double
sigmoid(double x)
{
	return 1 / (1 + bsp_exp(-x));
}

static double
hyperbolic_tangent(double x)
{
	return 1 - 2 / (1 + bsp_exp(2 * x));
}

int
bsp_model_activate(struct bsp_model *model, const char *name,
    struct bsp_error *e)
{
	static const struct {
		const char *name;
		double (*apply)(double x);
	} known[] = {{"none", NULL}, {"relu", relu}, {"sigmoid", sigmoid},
	    {"tanh", hyperbolic_tangent}};
	size_t i;

	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(name, known[i].name) == 0) {
			model->activation = known[i].apply;
			return 0;
		}
	return bsp_error_set(e, BSP_USAGE, "activation: found '%.40s', "
	    "expected none, relu, sigmoid or tanh", name);
}

/* The one that a file states, which must be known. */
static int
read_activation(struct bsp_model *model, const struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	if (bsp_model_activate(model, fact_or(tensors, "activation", "none"),
	    e) == 0)
		return 0;
	e->status = BSP_DATA;
	return -1;
}

/* Do all names begin so, with something after it? */
static bool
all_begin(const struct bsp_tensors *tensors, const char *prefix)
{
	size_t n = strlen(prefix), i;

	for (i = 0; i < tensors->count; i++)
		if (strncmp(tensors->tensor[i].name, prefix, n) != 0 ||
		    tensors->tensor[i].name[n] == '\0')
			return false;
	return tensors->count > 0;
}

/* What wrappers of PyTorch put before the names of all tensors. */
static void
strip_prefixes(struct bsp_tensors *tensors)
{
	static const char *const known[] = {"module.", "model.",
	    "_orig_mod.", "net."};
	char stripped[64] = "";
	bool again = true;
	char *name;
	size_t i, k;

	while (again)
		for (again = false, k = 0; k < 4; k++) {
			if (!all_begin(tensors, known[k]))
				continue;
			again = true;
			if (strlen(stripped) + 12 < sizeof stripped)
				strcat(stripped, known[k]);
			for (i = 0; i < tensors->count; i++) {
				name = tensors->tensor[i].name;
				memmove(name, name + strlen(known[k]),
				    strlen(name) - strlen(known[k]) + 1);
			}
		}
	if (*stripped != '\0')
		learn_tensors_note(tensors, "'%s' was taken from before the "
		    "names of its tensors", stripped);
}

/* A model works on floats alone. */
static void
drop_doubles(struct bsp_tensors *tensors)
{
	size_t i;

	for (i = 0; i < tensors->count; i++) {
		free(tensors->tensor[i].doubles);
		tensors->tensor[i].doubles = NULL;
	}
}

struct bsp_model *
bsp_model_from(struct bsp_tensors *tensors, struct bsp_error *e)
{
	struct learn_sizes sizes;
	struct bsp_model *model;

	strip_prefixes(tensors);
	drop_doubles(tensors);
	if (learn_sizes_infer(&sizes, tensors, e) ||
	    check_facts(&sizes, tensors, e))
		return NULL;
	model = make_model(&sizes, e);
	if (model == NULL)
		return NULL;
	if ((is_pca(model) ? check_pca(model, tensors, e) :
	    check_network(model, tensors, e)) ||
	    read_activation(model, tensors, e)) {
		bsp_model_free(model);
		return NULL;
	}
	learn_sizes_params(&model->sizes, model->params);
	model->tensors = *tensors;
	*tensors = (struct bsp_tensors){0};
	return model;
}

/* ---------------------------------------------------------- reconstruction */

static int
bad_size(const struct bsp_model *model, const struct bsp_image *image,
    struct bsp_error *e)
{
	const struct learn_sizes *sizes = &model->sizes;

	return bsp_error_set(e, BSP_DATA, "is %zu x %zu, expected the %zu x "
	    "%zu of the model", image->cols, image->rows, sizes->cols,
	    sizes->rows);
}

/* Are the weights those of the plan?  Convolutions fit images of any size. */
static bool
weights_fit(const struct bsp_model *model)
{
	const struct learn_plan *plan = model->plan;
	const struct bsp_tensor *tensor = model->tensors.tensor;
	size_t i;

	for (i = 0; i < plan->specs; i++)
		if (tensor[i].rank != plan->spec[i].rank ||
		    memcmp(tensor[i].shape, plan->spec[i].shape,
		    tensor[i].rank * sizeof *tensor[i].shape) != 0)
			return false;
	return true;
}

/* The network for images of that size. */
static int
make_network(struct bsp_model *model, const struct bsp_image *image,
    struct bsp_error *e)
{
	struct learn_sizes sizes = model->sizes;

	if (model->net != NULL && model->plan->rows == image->rows &&
	    model->plan->cols == image->cols)
		return 0;
	learn_network_free(model->net);
	model->net = NULL;
	sizes.rows = image->rows;
	sizes.cols = image->cols;
	if (make_plan(model, &sizes, e))
		return -1;
	if (!weights_fit(model))
		return bad_size(model, image, e);
	model->net = learn_network_new(model->plan, &model->tensors, 1, false,
	    false, e);
	return model->net == NULL ? -1 : 0;
}

static int
reconstruct_pca(struct bsp_model *model, const struct bsp_image *in,
    struct bsp_image *out, struct bsp_error *e)
{
	const struct bsp_tensor *tensor = model->tensors.tensor;

	if (model->scratch == NULL)
		model->scratch = malloc(bsp_image_size(in) *
		    sizeof *model->scratch);
	if (model->scratch == NULL)
		return bsp_error_system(e, ENOMEM, "a reconstruction");
	learn_pca_reconstruct(&tensor[0], &tensor[1], in->data, out->data,
	    model->scratch);
	return 0;
}

int
bsp_model_reconstruct(struct bsp_model *model, const struct bsp_image *in,
    struct bsp_image *out, struct bsp_error *e)
{
	size_t n = bsp_image_size(in), first, i;

	if (is_pca(model) && (in->rows != model->sizes.rows ||
	    in->cols != model->sizes.cols))
		return bad_size(model, in, e);
	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	if (is_pca(model)) {
		if (reconstruct_pca(model, in, out, e))
			return -1;
	} else {
		if (make_network(model, in, e))
			return -1;
		memcpy(learn_network_input(model->net), in->data,
		    n * sizeof *in->data);
		if (learn_network_forward(model->net, model->version, e))
			return -1;
		memcpy(out->data, learn_network_output(model->net),
		    n * sizeof *out->data);
	}
	if (bsp_find_nonfinite(out->data, n, &first))
		return bsp_error_set(e, BSP_DATA, "its reconstruction has "
		    "samples that are not finite, at row %zu, column %zu "
		    "first", first / in->cols, first % in->cols);
	for (i = 0; model->activation != NULL && i < n; i++)
		out->data[i] = (float)model->activation((double)out->data[i]);
	return 0;
}

/* --------------------------------------------------------------- the rest */

struct bsp_tensors *
bsp_model_tensors(struct bsp_model *model)
{
	return &model->tensors;
}

void
bsp_model_changed(struct bsp_model *model)
{
	model->version++;
}

const struct bsp_kind *
bsp_model_architecture(const struct bsp_model *model)
{
	return model->sizes.kind;
}

const double *
bsp_model_params(const struct bsp_model *model)
{
	return model->params;
}

size_t
bsp_model_rows(const struct bsp_model *model)
{
	return model->sizes.rows;
}

size_t
bsp_model_cols(const struct bsp_model *model)
{
	return model->sizes.cols;
}

void
bsp_model_free(struct bsp_model *model)
{
	if (model == NULL)
		return;
	learn_network_free(model->net);
	bsp_tensors_free(&model->tensors);
	free(model->plan);
	free(model->scratch);
	free(model);
}
