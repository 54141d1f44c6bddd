/*
 * Vector quantisation: the vector of channels at each pixel becomes the
 * nearest of the codes.  Gradients pass as if nothing had happened; codes are
 * moving averages of the vectors that chose them; and a latent loss draws the
 * vectors to their codes.
 * Source: van den Oord, Vinyals, Kavukcuoglu, NeurIPS 2017, appendix A.1.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn.h"

#define DECAY .99
#define EPSILON 1e-5
#define ROWS 512 /* vectors that are compared at once */

enum { CODES, COUNTS, SUMS }; /* the tensors, in this order; codes: [dim][n] */

struct quantize {
	size_t dim, n, vectors;
	float *vector, *chosen; /* [vectors][dim] */
	float *product;         /* [ROWS][n] */
	float *length;          /* [n] squared, of codes */
	uint32_t *index;        /* [vectors] */
	double *count, *sum;    /* [n], [n][dim] */
	float *offset, *target; /* what was recorded, in the node's layout */
	struct learn_call gather, scatter;
};

static void
square_codes(struct quantize *q, const float *codes)
{
	size_t d, c;

	memset(q->length, 0, q->n * sizeof *q->length);
	for (d = 0; d < q->dim; d++)
		for (c = 0; c < q->n; c++)
			q->length[c] += codes[d * q->n + c] *
			    codes[d * q->n + c];
}

static uint32_t
nearest(const float *product, const float *length, size_t n)
{
	float least = length[0] - 2 * product[0], distance;
	size_t best = 0, c;

	for (c = 1; c < n; c++) {
		distance = length[c] - 2 * product[c];
		if (distance < least) {
			least = distance;
			best = c;
		}
	}
	return (uint32_t)best;
}

/* Find each vector's code: of the least |v|^2 - 2 v c + |c|^2. */
static void
choose(struct bsp_network *net, struct quantize *q, const float *codes)
{
	size_t at, rows, r;

	square_codes(q, codes);
	for (at = 0; at < q->vectors; at += rows) {
		rows = q->vectors - at < ROWS ? q->vectors - at : ROWS;
		learn_ok(net, dnnl_sgemm('N', 'N', (dnnl_dim_t)rows,
		    (dnnl_dim_t)q->n, (dnnl_dim_t)q->dim, 1,
		    q->vector + at * q->dim, (dnnl_dim_t)q->dim, codes,
		    (dnnl_dim_t)q->n, 0, q->product, (dnnl_dim_t)q->n),
		    "compare with codes");
#pragma omp parallel for schedule(static)
		for (r = 0; r < rows; r++)
			q->index[at + r] = nearest(q->product + r * q->n,
			    q->length, q->n);
	}
}

static void
look_up(struct quantize *q, const float *codes)
{
	size_t v, d;

#pragma omp parallel for schedule(static) private(d)
	for (v = 0; v < q->vectors; v++)
		for (d = 0; d < q->dim; d++)
			q->chosen[v * q->dim + d] =
			    codes[d * q->n + q->index[v]];
}

/* Move the codes towards the means of the vectors that chose them. */
static void
move_codes(struct quantize *q, const struct learn_weight *weight)
{
	float *counts = weight[COUNTS].tensor->data;
	float *sums = weight[SUMS].tensor->data;
	float *codes = weight[CODES].tensor->data;
	double total = 0, share;
	size_t v, d, c;

	memset(q->count, 0, q->n * sizeof *q->count);
	memset(q->sum, 0, q->n * q->dim * sizeof *q->sum);
	for (v = 0; v < q->vectors; v++) {
		c = q->index[v];
		q->count[c]++;
		for (d = 0; d < q->dim; d++)
			q->sum[c * q->dim + d] +=
			    (double)q->vector[v * q->dim + d];
	}
	for (c = 0; c < q->n; c++) {
		counts[c] = (float)(DECAY * (double)counts[c] +
		    (1 - DECAY) * q->count[c]);
		total += (double)counts[c];
	}
	for (c = 0; c < q->n; c++) {
		share = ((double)counts[c] + EPSILON) /
		    (total + (double)q->n * EPSILON) * total;
		for (d = 0; d < q->dim; d++) {
			sums[d * q->n + c] = (float)(DECAY *
			    (double)sums[d * q->n + c] + (1 - DECAY) *
			    q->sum[c * q->dim + d]);
			codes[d * q->n + c] = (float)(
			    (double)sums[d * q->n + c] / share);
		}
	}
}

/* The mean square of the difference; padding is 0 in both. */
static double
mean_square(const float *a, const float *b, size_t n, size_t count)
{
	double sum = 0, d;
	size_t i;

	for (i = 0; i < n; i++) {
		d = (double)a[i] - (double)b[i];
		sum += d * d;
	}
	return sum / (double)count;
}

static void
record(struct bsp_network *net, struct learn_node *node)
{
	size_t n = learn_floats(node->md), i;
	struct quantize *q = node->state;

	if (q->offset == NULL) {
		q->offset = learn_alloc(net, n * sizeof *q->offset);
		q->target = learn_alloc(net, n * sizeof *q->target);
	}
	for (i = 0; i < n && !net->failed; i++) {
		q->offset[i] = node->data[i] - node->from[0]->data[i];
		q->target[i] = node->data[i];
	}
}

static void
replay(struct bsp_network *net, struct learn_node *node)
{
	size_t n = learn_floats(node->md), i;
	struct quantize *q = node->state;

	for (i = 0; i < n; i++)
		node->data[i] = node->from[0]->data[i] + q->offset[i];
	net->latent_loss += mean_square(node->from[0]->data, q->target, n,
	    q->vectors * q->dim);
}

static void
forward(struct bsp_network *net, struct learn_node *node)
{
	const struct learn_weight *weight = &net->weight[node->layer->tensor];
	struct quantize *q = node->state;

	if (net->codes == LEARN_REPLAY) {
		replay(net, node);
		return;
	}
	learn_execute(net, &q->gather);
	choose(net, q, weight[CODES].tensor->data);
	look_up(q, weight[CODES].tensor->data);
	learn_execute(net, &q->scatter);
	if (!net->training || net->failed)
		return;
	net->latent_loss += mean_square(node->from[0]->data, node->data,
	    learn_floats(node->md), q->vectors * q->dim);
	if (net->codes == LEARN_RECORD)
		record(net, node);
	else
		move_codes(q, weight);
}

static void
prepare(struct bsp_network *net, struct learn_node *node)
{
	learn_gradient_into(net, node, 0, LEARN_OVER);
}

static void
backward(struct bsp_network *net, struct learn_node *node)
{
	const float *vector = node->from[0]->data, *code = node->data;
	const float *from = learn_memory_data(node->gradient);
	float *to = learn_memory_data(node->into[0]);
	struct quantize *q = node->state;
	size_t n = learn_floats(node->md), i;
	float slope = (float)(2 * LEARN_COMMITMENT /
	    (double)(q->vectors * q->dim));

	if (to == NULL)
		return;
#pragma omp parallel for schedule(static)
	for (i = 0; i < n; i++)
		to[i] = from[i] + slope * (vector[i] - code[i]);
	learn_gradient_done(net, node, 0);
}

static const struct learn_type type = {forward, prepare, backward};

static void
make_state(struct bsp_network *net, struct quantize *q,
    const struct learn_layer *layer)
{
	q->dim = layer->channels;
	q->n = layer->codes;
	q->vectors = net->batch * layer->rows * layer->cols;
	q->vector = learn_alloc(net, q->vectors * q->dim * sizeof(float));
	q->chosen = learn_alloc(net, q->vectors * q->dim * sizeof(float));
	q->index = learn_alloc(net, q->vectors * sizeof *q->index);
	q->product = learn_alloc(net, ROWS * q->n * sizeof(float));
	q->length = learn_alloc(net, q->n * sizeof(float));
	q->count = learn_alloc(net, q->n * sizeof(double));
	q->sum = learn_alloc(net, q->n * q->dim * sizeof(double));
}

struct learn_node *
learn_make_quantize(struct bsp_network *net, const struct learn_layer *layer,
    struct learn_node *from, struct learn_node *unused)
{
	struct learn_node *node = learn_node_add(net, &type, layer, from,
	    NULL);
	struct quantize *q = learn_alloc(net, sizeof *q);
	learn_md rows = learn_batch_layout(net, layer, dnnl_nhwc);

	(void)unused;
	if (node == NULL || q == NULL)
		return NULL;
	node->state = q;
	make_state(net, q, layer);
	learn_node_out(net, node, from->md);
	if (net->failed)
		return NULL;
	learn_reorder(net, &q->gather, from->md, from->out, rows,
	    learn_memory(net, rows, q->vector));
	learn_reorder(net, &q->scatter, rows,
	    learn_memory(net, rows, q->chosen), node->md, node->out);
	return node;
}
