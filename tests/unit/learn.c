/*
 * Gradients of layers and of whole networks against central differences of a
 * linear functional of their output; AdamW against steps worked by hand; and
 * the tensor files that must be refused.
 *
 * ||g - d|| / ||g|| <= 1e-2 over coordinates drawn with a fixed seed; those
 * whose step changes the sign of any rectified value are left out.
 */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/learn/learn.h"
#include "tap.h"

static struct bsp_error e;

/* ---------------------------------------------------------------- networks */

struct probe {
	struct learn_plan plan;
	struct bsp_tensors tensors;
	struct bsp_network *net;
	float *weight; /* of the functional, [n] */
	size_t n;
	uint64_t version, signs;
};

static double
draw(struct bsp_random *random)
{
	return 2 * bsp_random_uniform(random) - 1;
}

static void
draw_weights(struct probe *p, struct bsp_random *random)
{
	struct bsp_tensor *t;
	size_t i, k;

	for (i = 0; i < p->plan.specs; i++) {
		t = bsp_tensors_add(&p->tensors, p->plan.spec[i].name,
		    p->plan.spec[i].rank, p->plan.spec[i].shape, &e);
		for (k = 0; k < t->size; k++)
			t->data[k] = (float)(draw(random) *
			    (p->plan.spec[i].fan_in > 0 ? 1.7 /
			    sqrt((double)p->plan.spec[i].fan_in) : 1));
	}
}

/* Weights, input and functional at random. */
static void
begin(struct probe *p, size_t batch)
{
	const struct learn_layer *last = &p->plan.layer[p->plan.layers - 1];
	struct bsp_random random;
	size_t i;

	bsp_random_start(&random, 5, BSP_DRAW_WEIGHTS, 0, 0);
	draw_weights(p, &random);
	p->net = learn_network_new(&p->plan, &p->tensors, batch, true, true,
	    &e);
	if (p->net == NULL) {
		printf("Bail out! %s\n", e.text);
		exit(1);
	}
	p->n = batch * last->channels * last->rows * last->cols;
	p->weight = malloc(p->n * sizeof *p->weight);
	for (i = 0; i < p->n; i++)
		p->weight[i] = (float)draw(&random);
	for (i = 0; i < batch * p->plan.rows * p->plan.cols; i++)
		learn_network_input(p->net)[i] = (float)draw(&random);
}

static void
end(struct probe *p)
{
	learn_network_free(p->net);
	bsp_tensors_free(&p->tensors);
	free(p->weight);
	free(p);
}

/* A hash of the signs of all that is rectified. */
static uint64_t
signs(const struct bsp_network *net)
{
	const struct learn_node *node;
	uint64_t hash = 1;
	size_t i, k;

	for (i = 0; i < net->nodes; i++) {
		node = &net->node[i];
		if (node->layer == NULL || node->layer->slope >= 1 ||
		    (node->layer->op != LEARN_RELU &&
		    node->layer->op != LEARN_NORM))
			continue;
		for (k = 0; k < learn_floats(node->md); k++)
			hash = hash * 0x9E3779B97F4A7C15u +
			    (node->data[k] > 0);
	}
	return hash;
}

static double
functional(struct probe *p)
{
	const float *out;
	double sum = 0;
	size_t i;

	if (learn_network_forward(p->net, ++p->version, &e)) {
		printf("Bail out! %s\n", e.text);
		exit(1);
	}
	out = learn_network_output(p->net);
	for (i = 0; i < p->n; i++)
		sum += (double)p->weight[i] * (double)out[i];
	return sum + LEARN_COMMITMENT * p->net->latent_loss;
}

/* Compare some coordinates of one array; add to the sums. */
static void
compare(struct probe *p, float *x, const float *gradient, size_t n,
    size_t most, double step, double sums[2], size_t counts[2])
{
	struct bsp_random random;
	double up, down, d;
	size_t i, k;
	bool crossed;
	float kept;

	bsp_random_start(&random, 6, BSP_DRAW_WEIGHTS, 0, n);
	for (k = 0; k < (n < most ? n : most); k++) {
		i = n <= most ? k : (size_t)bsp_random_below(&random, n);
		kept = x[i];
		x[i] = (float)((double)kept + step);
		up = functional(p);
		crossed = signs(p->net) != p->signs;
		x[i] = (float)((double)kept - step);
		down = functional(p);
		crossed |= signs(p->net) != p->signs;
		x[i] = kept;
		counts[crossed]++;
		if (crossed)
			continue;
		d = (up - down) / (2 * step) - (double)gradient[i];
		sums[0] += d * d;
		sums[1] += (double)gradient[i] * (double)gradient[i];
	}
}

/* A copy, as later passes may use its place. */
static float *
copy(const float *x, size_t n)
{
	float *y = malloc(n * sizeof *y);

	return memcpy(y, x, n * sizeof *y);
}

static void
check(struct probe *p, const char *name, size_t batch, double step,
    size_t most)
{
	double sums[2] = {0, 0}, share;
	size_t counts[2] = {0, 0}, i, pixels;
	struct learn_weight *weight;
	float *gradient;

	begin(p, batch);
	p->net->codes = LEARN_RECORD;
	functional(p);
	p->signs = signs(p->net);
	memcpy(learn_network_output_gradient(p->net), p->weight,
	    p->n * sizeof *p->weight);
	if (learn_network_backward(p->net, &e)) {
		ok(false, "%s: %s", name, e.text);
		return;
	}
	p->net->codes = LEARN_REPLAY;
	pixels = batch * p->plan.rows * p->plan.cols;
	gradient = copy(learn_network_input_gradient(p->net), pixels);
	compare(p, learn_network_input(p->net), gradient, pixels, most, step,
	    sums, counts);
	free(gradient);
	for (i = 0; i < p->plan.specs; i++) {
		weight = &p->net->weight[i];
		if (weight->trained)
			compare(p, weight->tensor->data, weight->gradient,
			    weight->tensor->size, most, step, sums, counts);
	}
	share = sqrt(sums[0] / sums[1]);
	ok(share <= 1e-2 && sums[1] > 0 && counts[0] > counts[1],
	    "gradient of %s: %.2g apart, step %g, %zu coordinates, %zu left "
	    "out", name, share, step, counts[0], counts[1]);
	end(p);
}

/* ------------------------------------------------------------------ layers */

static void
add_spec(struct probe *p, const char *name, size_t rank, size_t a, size_t b,
    size_t c, size_t d, bool trained)
{
	struct learn_spec *spec = &p->plan.spec[p->plan.specs++];
	size_t shape[] = {a, b, c, d};

	snprintf(spec->name, sizeof spec->name, "%s", name);
	spec->rank = rank;
	memcpy(spec->shape, shape, sizeof shape);
	spec->trained = trained;
	spec->fan_in = rank > 1 ? b * c * d : 0;
}

/* Add a layer whose input is that of the one before. */
static struct learn_layer *
add(struct probe *p, enum learn_op op, size_t channels, size_t rows,
    size_t cols)
{
	struct learn_layer *layer = &p->plan.layer[p->plan.layers];

	*layer = (struct learn_layer){.op = op, .from = {p->plan.layers},
	    .channels = channels, .rows = rows, .cols = cols,
	    .tensor = p->plan.specs};
	p->plan.layers++;
	return layer;
}

static void
add_kernel(struct probe *p, enum learn_op op, size_t inputs, size_t channels,
    size_t rows, size_t cols, size_t kernel, size_t stride, bool bias)
{
	struct learn_layer *layer = add(p, op, channels, rows, cols);

	layer->kernel = kernel;
	layer->stride = stride;
	layer->pad = (kernel - 1) / 2;
	layer->bias = bias;
	if (op == LEARN_CONV)
		add_spec(p, "weight", 4, channels, inputs, kernel, kernel,
		    true);
	else
		add_spec(p, "weight", 4, inputs, channels, kernel, kernel,
		    true);
	if (bias)
		add_spec(p, "bias", 1, channels, 1, 1, 1, true);
}

static struct probe *
fresh(size_t rows, size_t cols)
{
	struct probe *p = calloc(1, sizeof *p);

	p->plan.rows = rows;
	p->plan.cols = cols;
	return p;
}

static void
convolutions(void)
{
	struct probe *p = fresh(7, 9);

	add_kernel(p, LEARN_CONV, 1, 5, 4, 5, 3, 2, false);
	check(p, "a convolution of 7 x 9, stride 2", 3, 1e-2, 60);
	p = fresh(7, 9);
	add_kernel(p, LEARN_CONV, 1, 16, 7, 9, 3, 1, true);
	add_kernel(p, LEARN_CONV, 16, 8, 4, 5, 3, 2, true);
	check(p, "two convolutions with bias", 2, 1e-2, 60);
	p = fresh(6, 10);
	add_kernel(p, LEARN_CONV, 1, 8, 3, 5, 4, 2, true);
	add_kernel(p, LEARN_CONV, 8, 3, 3, 5, 1, 1, true);
	check(p, "4 x 4 and 1 x 1 convolutions", 2, 1e-2, 60);
	p = fresh(5, 7);
	add_kernel(p, LEARN_DECONV, 1, 7, 10, 14, 3, 2, false);
	check(p, "a transposed convolution of 5 x 7", 2, 1e-2, 60);
	p = fresh(5, 7);
	add_kernel(p, LEARN_CONV, 1, 8, 5, 7, 3, 1, false);
	add_kernel(p, LEARN_DECONV, 8, 16, 10, 14, 4, 2, true);
	check(p, "a 4 x 4 transposed convolution with bias", 2, 1e-2, 60);
	p = fresh(5, 7);
	add_kernel(p, LEARN_CONV, 1, 2, 5, 7, 3, 1, false);
	add_kernel(p, LEARN_DECONV, 2, 16, 5, 7, 1, 1, false);
	check(p, "a 1 x 1 transposed convolution", 2, 1e-2, 60);
}

static void
linears(void)
{
	struct probe *p = fresh(5, 7);

	add_kernel(p, LEARN_CONV, 1, 8, 5, 7, 3, 1, false);
	add(p, LEARN_LINEAR, 6, 1, 1);
	add_spec(p, "linear", 2, 6, 8 * 5 * 7, 1, 1, true);
	add(p, LEARN_UNFLATTEN, 3, 5, 7);
	add_spec(p, "unflatten", 2, 3 * 5 * 7, 6, 1, 1, true);
	check(p, "linear layers from and to maps of 5 x 7", 3, 1e-2, 60);
}

static void
add_norm(struct probe *p, size_t channels, size_t rows, size_t cols,
    float slope)
{
	add(p, LEARN_NORM, channels, rows, cols)->slope = slope;
	add_spec(p, "weight", 1, channels, 1, 1, 1, true);
	add_spec(p, "bias", 1, channels, 1, 1, 1, true);
	add_spec(p, "running_mean", 1, channels, 1, 1, 1, false);
	add_spec(p, "running_var", 1, channels, 1, 1, 1, false);
}

static void
others(void)
{
	struct probe *p = fresh(5, 7);

	add_kernel(p, LEARN_CONV, 1, 6, 5, 7, 3, 1, false);
	add_norm(p, 6, 5, 7, 1);
	check(p, "batch norm of 6 channels", 3, 1e-2, 60);
	p = fresh(5, 7);
	add_kernel(p, LEARN_CONV, 1, 24, 5, 7, 3, 1, false);
	add_norm(p, 24, 5, 7, .01f);
	check(p, "batch norm of 24 channels, rectified", 3, 1e-3, 60);
	p = fresh(9, 5);
	add_kernel(p, LEARN_CONV, 1, 8, 9, 5, 3, 1, false);
	add(p, LEARN_RELU, 8, 9, 5);
	check(p, "rectification", 2, 1e-3, 60);
	p = fresh(9, 5);
	add_kernel(p, LEARN_CONV, 1, 8, 9, 5, 3, 1, true);
	add(p, LEARN_RELU, 8, 9, 5)->keep = true;
	add_kernel(p, LEARN_CONV, 8, 8, 9, 5, 1, 1, true);
	add(p, LEARN_ADD, 8, 9, 5)->from[1] = 1;
	check(p, "a rectified branch and its sum", 2, 1e-3, 60);
	p = fresh(5, 7);
	add_kernel(p, LEARN_CONV, 1, 5, 5, 7, 3, 1, true);
	add_kernel(p, LEARN_CONV, 5, 3, 5, 7, 3, 1, true);
	add(p, LEARN_JOIN, 8, 5, 7)->from[1] = 1;
	check(p, "joined channels, 3 and 5", 2, 1e-2, 60);
	p = fresh(6, 4);
	add_kernel(p, LEARN_CONV, 1, 8, 6, 4, 3, 1, true);
	add(p, LEARN_QUANTIZE, 8, 6, 4)->codes = 7;
	add_spec(p, "embed", 2, 8, 7, 1, 1, false);
	add_spec(p, "cluster_size", 1, 7, 1, 1, 1, false);
	add_spec(p, "embed_avg", 2, 8, 7, 1, 1, false);
	add_kernel(p, LEARN_CONV, 8, 2, 6, 4, 3, 1, true);
	check(p, "quantised vectors, as if a constant were added", 2, 1e-2,
	    60);
}

enum { BATCH = 3, ROWS = 32, COLS = 129, PIXELS = ROWS * COLS };

/* How far channel c of a batch norm's output is from the formulas, whose input
 * is the image times a number. */
static double
norm_error(const struct bsp_network *net, size_t c, double mean,
    double variance, double slope)
{
	const struct learn_layer *layer = &net->plan->layer[1];
	const struct learn_weight *weight = net->weight;
	const float *image = net->node[0].data, *out;
	double worst = 0, x, z;
	size_t i, k;

	for (i = 0; i < BATCH; i++, image += PIXELS) {
		out = learn_network_output(net) +
		    (i * layer->channels + c) * PIXELS;
		for (k = 0; k < PIXELS; k++) {
			x = (double)(weight[0].tensor->data[c] * image[k]);
			z = (x - mean) / sqrt(variance + 1e-5) *
			    (double)weight[1].tensor->data[c] +
			    (double)weight[2].tensor->data[c];
			z = z > 0 ? z : slope * z;
			worst = fmax(worst, fabs((double)out[k] - z) /
			    (1 + fabs(z)));
		}
	}
	return worst;
}

/* Of channel c, from the image. */
static void
statistics(const float *image, float times, double *mean, double *variance)
{
	double n = BATCH * PIXELS, d;
	size_t i;

	*mean = *variance = 0;
	for (i = 0; i < BATCH * PIXELS; i++)
		*mean += (double)(times * image[i]) / n;
	for (i = 0; i < BATCH * PIXELS; i++) {
		d = (double)(times * image[i]) - *mean;
		*variance += d * d / n;
	}
}

/*
 * Batch norm in training, and then of the same images after it.  They are far
 * from 0, as sums of their squares would show, and so may the first sample be
 * from all others.  The first of several channels is constant.
 */
static void
norm_values(size_t channels, float slope, float first)
{
	struct probe *p = fresh(ROWS, COLS);
	double n = BATCH * PIXELS, mean, variance, worst[3] = {0};
	struct bsp_network *after;
	float *image, *t[5];
	size_t c, i;

	add_kernel(p, LEARN_CONV, 1, channels, ROWS, COLS, 1, 1, false);
	add_norm(p, channels, ROWS, COLS, slope);
	begin(p, BATCH);
	for (i = 0; i < 5; i++)
		t[i] = p->tensors.tensor[i].data;
	for (c = 0; c < channels; c++) {
		t[3][c] = 2;
		t[4][c] = 5;
	}
	if (channels > 1)
		t[0][0] = 0;
	image = learn_network_input(p->net);
	for (i = 0; i < BATCH * PIXELS; i++)
		image[i] += 300;
	image[0] = first;
	after = learn_network_new(&p->plan, &p->tensors, BATCH, false, false,
	    &e);
	learn_network_forward(after, 1, &e); /* takes what is running yet */
	memcpy(learn_network_input(after), image,
	    BATCH * PIXELS * sizeof *image);
	learn_network_forward(p->net, 1, &e);
	learn_network_forward(after, 2, &e);
	for (c = 0; c < channels; c++) {
		statistics(image, t[0][c], &mean, &variance);
		worst[0] = fmax(worst[0], norm_error(p->net, c, mean,
		    variance, (double)slope));
		mean = .9 * 2 + .1 * mean;
		variance = .9 * 5 + .1 * variance * n / (n - 1);
		worst[1] = fmax(worst[1], norm_error(after, c, mean, variance,
		    (double)slope));
		worst[2] = fmax(worst[2], fmax(fabs((double)t[3][c] / mean -
		    1), fabs((double)t[4][c] / variance - 1)));
	}
	ok(worst[0] <= 1e-4 && worst[1] <= 1e-4 && worst[2] <= 1e-6,
	    "batch norm of %zu channels, slope %g, first sample %g: %.2g from "
	    "the formula, %.2g after training, running statistics %.2g",
	    channels, (double)slope, (double)first, worst[0], worst[1],
	    worst[2]);
	learn_network_free(after);
	end(p);
}

/* ---------------------------------------------------------- whole networks */

/* A network of a kind; a second parameter of 0 is the default. */
static struct probe *
fresh_kind(const char *kind, size_t rows, size_t cols, double first,
    double second)
{
	struct probe *p = fresh(rows, cols);
	double params[BSP_PARAMS_MAX];
	struct learn_sizes sizes;

	sizes.kind = bsp_kind_find(bsp_architectures, kind);
	bsp_kind_defaults(sizes.kind, params);
	params[0] = first;
	if (second > 0)
		params[1] = second;
	learn_sizes_of(&sizes, sizes.kind, params);
	sizes.rows = rows;
	sizes.cols = cols;
	if (learn_plan_make(&p->plan, &sizes, &e)) {
		printf("Bail out! %s: %s\n", kind, e.text);
		exit(1);
	}
	return p;
}

static void
whole(const char *kind, size_t rows, size_t cols, double first, double second,
    double step, size_t most)
{
	struct probe *p = fresh_kind(kind, rows, cols, first, second);
	char name[64];

	snprintf(name, sizeof name, "the whole %s of %zu x %zu", kind, rows,
	    cols);
	check(p, name, 2, step, most);
}

/* What oneDNN runs for each layer of a network: no plain loops. */
static void
runs(const char *kind, size_t side, double first, double second,
    size_t batch, bool training)
{
	struct probe *p = fresh_kind(kind, side, side, first, second);
	size_t i, count = 0, references = 0;
	struct bsp_random random;
	const char *name;
	bool reference;

	bsp_random_start(&random, 5, BSP_DRAW_WEIGHTS, 0, 0);
	draw_weights(p, &random);
	p->net = learn_network_new(&p->plan, &p->tensors, batch, training,
	    false, &e);
	printf("#");
	for (i = 0; p->net != NULL && i < p->net->primitives; i++) {
		name = learn_network_runs(p->net, i, &reference);
		printf(" %s", name);
		count++;
		references += reference;
	}
	printf("\n");
	ok(count > 0 && references == 0, "%s, %g and %g, %zu images of "
	    "%zu x %zu, %s: %zu of %zu primitives are plain loops", kind,
	    first, second, batch, side, side, training ? "training" :
	    "inference", references, count);
	end(p);
}

static void
implementations(void)
{
	static const double widths[] = {1, 3, 8, 12, 16, 24, 32, 48};
	size_t i, k;

	for (i = 0; i < sizeof widths / sizeof widths[0]; i++)
		for (k = 0; k < 4; k++) {
			runs("ae", 32, 5, widths[i], k < 2 ? 1 : 16, k % 2);
			runs("spatial-ae", 64, 1 + (double)(k / 2),
			    widths[i], k < 2 ? 1 : 16, k % 2);
			if (widths[i] >= 16 && fmod(widths[i], 16) == 0)
				runs("vq-vae", 32, widths[i], 0, k < 2 ? 1 :
				    16, k % 2);
		}
}

/* ----------------------------------------------------------------- descent */

/* Two steps of one weight worked by hand: with a constant gradient g > 0 both
 * moments' corrected values are g and g^2, so each step is -lr. */
static void
descent(void)
{
	struct learn_adamw adamw = {.lr = .1, .weight_decay = .5};
	float w[2] = {1, -2}, g[2] = {3, -.25f}, m[2] = {0}, v[2] = {0};
	float error[3] = {2, -1, 4}, zero[3] = {1, 1, 4}, slope[3];

	adamw.step = 1;
	learn_adamw_step(&adamw, w, g, m, v, 2);
	ok(fabs((double)w[0] - (.95 - .1)) < 1e-6 &&
	    fabs((double)w[1] - (-1.9 + .1)) < 1e-6, "AdamW, step 1");
	adamw.step = 2;
	learn_adamw_step(&adamw, w, g, m, v, 2);
	ok(fabs((double)w[0] - (.85 * .95 - .1)) < 1e-6 &&
	    fabs((double)w[1] - (-1.8 * .95 + .1)) < 1e-6, "AdamW, step 2");
	ok(fabs(learn_l1(error, zero, slope, 3) - 1) < 1e-7 &&
	    fabs((double)slope[0] - 1 / 3.) < 1e-7 &&
	    fabs((double)slope[1] + 1 / 3.) < 1e-7 && slope[2] == 0,
	    "mean absolute error and its gradient");
}

/* ------------------------------------------------------------ tensor files */

static int
parse(const char *header, size_t data)
{
	size_t n = strlen(header);
	unsigned char *file = calloc(1, 8 + n + data);
	struct bsp_tensors tensors;
	int r;

	memcpy(file, &(uint64_t){n}, 8);
	memcpy(file + 8, header, n);
	r = bsp_tensors_parse(file, 8 + n + data, &tensors, &e);
	if (r == 0)
		bsp_tensors_free(&tensors);
	free(file);
	return r;
}

#define T(name, type, shape, begin, end) "\"" name "\":{\"dtype\":\"" type   \
	"\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"

static void
refused(const char *what, const char *header, size_t data, const char *text)
{
	int r = parse(header, data);

	ok(r == -1 && e.status == BSP_DATA && strstr(e.text, text) != NULL,
	    "%s is refused: %s", what, r == 0 ? "(it is not)" : e.text);
}

static void
files(void)
{
	ok(parse("{" T("a", "F32", "2,3", "0", "24") "}", 24) == 0,
	    "a tensor");
	ok(parse("{" T("b", "F32", "", "8", "12") ","
	    T("a", "I64", "1", "0", "8") "}", 12) == 0,
	    "a number after a count, in another order");
	ok(parse("{}", 0) == 0, "no tensors");
	refused("a gap", "{" T("a", "F32", "1", "4", "8") "}", 8, "begins");
	refused("an overlap", "{" T("a", "F32", "2", "0", "8") ","
	    T("b", "F32", "2", "4", "12") "}", 12, "begins");
	refused("a rest", "{" T("a", "F32", "1", "0", "4") "}", 8, "8 bytes");
	refused("a cut", "{" T("a", "F32", "2", "0", "8") "}", 7, "within");
	refused("a shape of another size",
	    "{" T("a", "F32", "3", "0", "8") "}", 8, "shape");
	refused("an eighth of precision", "{" T("a", "F8_E5M2", "8", "0", "8")
	    "}", 8, "F8_E5M2");
	refused("a huge shape", "{" T("a", "F32",
	    "4294967296,4294967296,4294967296", "0", "0") "}", 0, "large");
	refused("a negative size", "{" T("a", "F32", "-1", "0", "4") "}", 4,
	    "size");
	refused("five dimensions", "{" T("a", "F32", "1,1,1,1,1", "0", "4")
	    "}", 4, "shape");
	refused("a name twice", "{" T("a", "F32", "1", "0", "4") ","
	    T("a", "F32", "1", "0", "4") "}", 4, "JSON");
	refused("offsets the wrong way round",
	    "{" T("a", "F32", "1", "4", "0") "}", 4, "within");
	refused("an array", "[]", 0, "object");
	refused("no JSON", "{\"a\":", 0, "JSON");
	refused("metadata that is no text", "{\"__metadata__\":{\"a\":1}}", 0,
	    "no text");
	refused("a tensor without a type", "{\"a\":{\"shape\":[]}}", 0,
	    "dtype");
}

/* What could not be read is not written. */
static void
unreadable(void)
{
	char path[] = "/tmp/blindspot-tensors-XXXXXX", byte = 0;
	struct bsp_tensors tensors = {0};
	int fd = mkstemp(path);
	struct bsp_tensor *t = bsp_tensors_add(&tensors, "a.b", 1,
	    (size_t[]){3}, &e);

	if (write(fd, "x", 1) != 1)
		printf("Bail out! %s\n", path);
	t->data[1] = INFINITY;
	ok(bsp_tensors_write(path, &tensors, &e) == -1 &&
	    e.status == BSP_DATA && strstr(e.text, "value 1 of tensor 'a.b'"),
	    "an infinite value is not written: %s", e.text);
	ok(pread(fd, &byte, 1, 0) == 1 && byte == 'x',
	    "and what was there stays");
	close(fd);
	unlink(path);
	bsp_tensors_free(&tensors);
}

int
main(void)
{
	/* Threads that wait for each other are slow where others work too. */
	omp_set_num_threads(1);
	convolutions();
	linears();
	others();
	norm_values(1, 1, 300);
	norm_values(3, .01f, 1e5f);
	norm_values(8, 1, 1e5f);
	norm_values(24, .01f, 300);
	whole("ae", 32, 32, 5, 6, 1e-4, 10);
	whole("spatial-ae", 32, 32, 2, 8, 1e-4, 10);
	whole("vq-vae", 8, 16, 32, 0, 2e-3, 3);
	implementations();
	descent();
	files();
	unreadable();
	return done();
}
