/*
 * Batch normalisation as PyTorch does it, and the leaky rectification after
 * it: by the batch's mean and its biased variance in training, by running
 * statistics otherwise, which move by a tenth towards the mean and the
 * unbiased variance of each batch.  Both in one, our own: apart, they read and
 * write the largest arrays of the network almost twice as often.
 * Source: Ioffe and Szegedy, ICML 2015.
 *
 * A layout has blocks of `lanes' channels, pixel after pixel; so all of an
 * image in one block lies in one piece, in which channels recur every `lanes'
 * floats.  Loops go by LANES floats, a multiple of lanes; compilers need to be
 * told (omp simd) that these are what to make vectors of.
 */
#include <math.h>
#include <string.h>

#include "learn.h"

#define EPSILON 1e-5
#define MOMENTUM .1

#define LANES 16

enum { SCALE, SHIFT, MEAN, VARIANCE }; /* the tensors, in this order */

/* What is done to one block's channels, lane by lane. */
struct block {
	float mean[LANES], shift[LANES];
	float scale[LANES];   /* over the standard deviation */
	float inverse[LANES]; /* of the standard deviation */
	float sum[LANES], product[LANES]; /* backward: means over the batch
	    of gradients, and of their products with normalised values */
};

struct norm {
	size_t channels, lanes, blocks;
	size_t piece; /* floats of an image in a block */
	float slope;
	struct block *block; /* [blocks] */
	double *sums;        /* [batch][blocks][2][LANES] */
	dnnl_memory_t into;  /* NULL: nobody wants the gradient */
};

/* ----------------------------------------------------------------- kernels */

/* Sums of the differences from what mean says, and of their squares: to
 * sums[2][LANES]. */
BSP_CLONES static void
moments(const struct block *b, float slope, const float *x,
    const float *gradient, size_t n, float *sums)
{
	size_t i, k;

	(void)slope;
	(void)gradient;
	for (i = 0; i + LANES <= n; i += LANES)
#pragma omp simd
		for (k = 0; k < LANES; k++) {
			float d = x[i + k] - b->mean[k];

			sums[k] += d;
			sums[LANES + k] += d * d;
		}
	for (k = 0; i < n; i++, k++) {
		float d = x[i] - b->mean[k];

		sums[k] += d;
		sums[LANES + k] += d * d;
	}
}

/* `of' where z is above 0, and slope times it else: as a sum, of which one part
 * is 0, since compilers make branches of a choice of products. */
static inline float
rectified(float z, float of, float slope)
{
	float kept = z > 0 ? of : 0, leaked = z > 0 ? 0 : of;

	return kept + slope * leaked;
}

/* One value; apart, so that forward and backward agree on its sign. */
static inline float
normalised(const struct block *b, float x, size_t k)
{
	return (x - b->mean[k]) * b->scale[k] + b->shift[k];
}

BSP_CLONES static void
normalise(const struct block *b, float slope, const float *x, float *y,
    size_t n)
{
	size_t i, k;

	for (i = 0; i + LANES <= n; i += LANES)
#pragma omp simd
		for (k = 0; k < LANES; k++) {
			float z = normalised(b, x[i + k], k);

			y[i + k] = rectified(z, z, slope);
		}
	for (k = 0; i < n; i++, k++) {
		float z = normalised(b, x[i], k);

		y[i] = rectified(z, z, slope);
	}
}

/* The gradient before rectification. */
static inline float
gradient_at(const struct block *b, float slope, float x, float gradient,
    size_t k)
{
	return rectified(normalised(b, x, k), gradient, slope);
}

/* Sums of gradients, and of their products with differences from the mean. */
BSP_CLONES static void
products(const struct block *b, float slope, const float *x,
    const float *gradient, size_t n, float *sums)
{
	size_t i, k;

	for (i = 0; i + LANES <= n; i += LANES)
#pragma omp simd
		for (k = 0; k < LANES; k++) {
			float g = gradient_at(b, slope, x[i + k],
			    gradient[i + k], k);

			sums[k] += g;
			sums[LANES + k] += g * (x[i + k] - b->mean[k]);
		}
	for (k = 0; i < n; i++, k++) {
		float g = gradient_at(b, slope, x[i], gradient[i], k);

		sums[k] += g;
		sums[LANES + k] += g * (x[i] - b->mean[k]);
	}
}

typedef void sum_fn(const struct block *b, float slope, const float *x,
    const float *gradient, size_t n, float *sums);

/* How many floats are summed in float before they are added in double. */
#define RUN ((size_t)64 * LANES)

/* The sums of every piece of a batch. */
static void
sum_pieces(const struct norm *norm, size_t batch, sum_fn *fn, const float *x,
    const float *gradient)
{
	size_t i, pieces = batch * norm->blocks;

#pragma omp parallel for schedule(static)
	for (i = 0; i < pieces; i++) {
		double *sums = norm->sums + i * 2 * LANES;
		size_t at, k, n = norm->piece;

		memset(sums, 0, 2 * LANES * sizeof *sums);
		for (at = 0; at < n; at += RUN) {
			float run[2 * LANES] = {0};

			fn(&norm->block[i % norm->blocks], norm->slope,
			    x + i * n + at, gradient + i * n + at,
			    n - at < RUN ? n - at : RUN, run);
			for (k = 0; k < 2 * LANES; k++)
				sums[k] += (double)run[k];
		}
	}
}

/* The gradient before normalisation. */
static inline float
descended(const struct block *b, float slope, float x, float gradient,
    size_t k)
{
	float u = (x - b->mean[k]) * b->inverse[k];

	return b->scale[k] * (gradient_at(b, slope, x, gradient, k) -
	    b->sum[k] - u * b->product[k]);
}

/* The input's gradient; to and gradient may be the same. */
BSP_CLONES static void
descend(const struct block *b, float slope, const float *x,
    const float *gradient, float *to, size_t n)
{
	size_t i, k;

	for (i = 0; i + LANES <= n; i += LANES)
#pragma omp simd
		for (k = 0; k < LANES; k++)
			to[i + k] = descended(b, slope, x[i + k],
			    gradient[i + k], k);
	for (k = 0; i < n; i++, k++)
		to[i] = descended(b, slope, x[i], gradient[i], k);
}

/* -------------------------------------------------------------- statistics */

/* Add up a block's sums over the batch, and lanes of the same channel: to
 * totals[2][lanes]. */
static void
total(const struct norm *norm, size_t batch, size_t block, double *totals)
{
	const double *sums;
	size_t i, k;

	memset(totals, 0, 2 * LANES * sizeof *totals);
	for (i = 0; i < batch; i++) {
		sums = norm->sums + (i * norm->blocks + block) * 2 * LANES;
		for (k = 0; k < LANES; k++) {
			totals[k % norm->lanes] += sums[k];
			totals[LANES + k % norm->lanes] += sums[LANES + k];
		}
	}
}

/* The block's lanes of a channel that is k-th in it. */
static void
set_channel(struct block *b, size_t lanes, size_t k, double mean,
    double variance, float scale, float shift)
{
	double inverse = 1 / sqrt(variance + EPSILON);

	for (; k < LANES; k += lanes) {
		b->mean[k] = (float)mean;
		b->inverse[k] = (float)inverse;
		b->scale[k] = (float)((double)scale * inverse);
		b->shift[k] = shift;
	}
}

static void
move(float *running, double to)
{
	*running = (float)((1 - MOMENTUM) * (double)*running + MOMENTUM * to);
}


/* How many samples of a channel a batch has. */
static double
samples(const struct norm *norm, size_t batch)
{
	return (double)(batch * norm->piece / norm->lanes);
}

/* The mean of differences, and the variance. */
static void
moments_of(const double *totals, size_t k, double n, double *mean,
    double *variance)
{
	*mean = totals[k] / n;
	*variance = totals[LANES + k] / n - *mean * *mean;
	if (*variance < 0)
		*variance = 0;
}

/* By how many standard deviations the value that differences are from may be
 * off the mean: so many squared times as wrong the variance is. */
#define OFF 16

/* Where it is further, take the mean itself.  Was it anywhere? */
static bool
recentre(struct norm *norm, size_t batch)
{
	double n = samples(norm, batch);
	double totals[2 * LANES], mean, variance;
	size_t block, k;
	bool any = false;

	for (block = 0; block < norm->blocks; block++) {
		total(norm, batch, block, totals);
		for (k = 0; k < LANES; k++) {
			moments_of(totals, k % norm->lanes, n, &mean,
			    &variance);
			if (mean * mean <= OFF * OFF * variance)
				continue;
			norm->block[block].mean[k] += (float)mean;
			any |= isfinite(mean);
		}
	}
	return any;
}

/* By the batch. */
static void
take_statistics(struct bsp_network *net, struct learn_node *node)
{
	struct learn_weight *weight = &net->weight[node->layer->tensor];
	struct norm *norm = node->state;
	double n = samples(norm, net->batch), totals[2 * LANES];
	double mean, variance;
	struct block *b;
	size_t block, c, k;

	for (block = 0; block < norm->blocks; block++) {
		b = &norm->block[block];
		total(norm, net->batch, block, totals);
		for (k = 0; k < norm->lanes; k++) {
			c = block * norm->lanes + k;
			if (c == norm->channels)
				return;
			moments_of(totals, k, n, &mean, &variance);
			/* So that the loss tells of it. */
			if (isinf(variance))
				variance = (double)NAN;
			mean += (double)b->mean[k];
			set_channel(b, norm->lanes, k, mean, variance,
			    weight[SCALE].tensor->data[c],
			    weight[SHIFT].tensor->data[c]);
			move(&weight[MEAN].tensor->data[c], mean);
			move(&weight[VARIANCE].tensor->data[c],
			    n > 1 ? variance * n / (n - 1) : variance);
		}
	}
}

/* By what is running. */
static void
recall_statistics(struct bsp_network *net, struct learn_node *node)
{
	struct learn_weight *weight = &net->weight[node->layer->tensor];
	struct norm *norm = node->state;
	size_t c;

	for (c = 0; c < norm->channels; c++)
		set_channel(&norm->block[c / norm->lanes], norm->lanes,
		    c % norm->lanes, (double)weight[MEAN].tensor->data[c],
		    (double)weight[VARIANCE].tensor->data[c],
		    weight[SCALE].tensor->data[c],
		    weight[SHIFT].tensor->data[c]);
}

/* The weights' gradients, and what the input's want. */
static void
take_products(struct bsp_network *net, struct learn_node *node)
{
	struct learn_weight *weight = &net->weight[node->layer->tensor];
	struct norm *norm = node->state;
	double n = samples(norm, net->batch), totals[2 * LANES], product;
	struct block *b;
	size_t block, c, k;

	for (block = 0; block < norm->blocks; block++) {
		b = &norm->block[block];
		total(norm, net->batch, block, totals);
		for (k = 0; k < LANES; k++) {
			c = block * norm->lanes + k % norm->lanes;
			if (c >= norm->channels)
				continue;
			product = totals[LANES + k % norm->lanes] *
			    (double)b->inverse[k];
			b->sum[k] = (float)(totals[k % norm->lanes] / n);
			b->product[k] = (float)(product / n);
			weight[SHIFT].gradient[c] =
			    (float)totals[k % norm->lanes];
			weight[SCALE].gradient[c] = (float)product;
		}
	}
}

/* ------------------------------------------------------------------ passes */

/* The values from which differences are summed: the first of the batch. */
static void
take_first(struct norm *norm, const float *x)
{
	struct block *b = norm->block;
	size_t block, k;

	for (block = 0; block < norm->blocks; block++, b++)
		for (k = 0; k < LANES; k++)
			b->mean[k] = x[block * norm->piece + k % norm->lanes];
}

static void
forward(struct bsp_network *net, struct learn_node *node)
{
	const float *x = node->from[0]->data;
	struct norm *norm = node->state;
	size_t i, pieces = net->batch * norm->blocks, piece = norm->piece;

	if (net->training) {
		take_first(norm, x);
		sum_pieces(norm, net->batch, moments, x, x);
		if (recentre(norm, net->batch))
			sum_pieces(norm, net->batch, moments, x, x);
		take_statistics(net, node);
	} else if (net->stale) {
		recall_statistics(net, node);
	}
#pragma omp parallel for schedule(static)
	for (i = 0; i < pieces; i++)
		normalise(&norm->block[i % norm->blocks], norm->slope,
		    x + i * piece, node->data + i * piece, piece);
}

static void
backward(struct bsp_network *net, struct learn_node *node)
{
	const float *x = node->from[0]->data;
	const float *gradient = learn_memory_data(node->gradient);
	struct norm *norm = node->state;
	size_t i, pieces = net->batch * norm->blocks, piece = norm->piece;
	float *into;

	sum_pieces(norm, net->batch, products, x, gradient);
	take_products(net, node);
	if (norm->into == NULL)
		return;
	into = learn_memory_data(norm->into);
#pragma omp parallel for schedule(static)
	for (i = 0; i < pieces; i++)
		descend(&norm->block[i % norm->blocks], norm->slope,
		    x + i * piece, gradient + i * piece, into + i * piece,
		    piece);
	learn_gradient_done(net, node, 0);
}

static void
prepare(struct bsp_network *net, struct learn_node *node)
{
	((struct norm *)node->state)->into = learn_gradient_into(net, node, 0,
	    LEARN_OVER);
}

static const struct learn_type type = {forward, prepare, backward};

/* ------------------------------------------------------------------ making */

struct learn_node *
learn_make_norm(struct bsp_network *net, const struct learn_layer *layer,
    struct learn_node *from, struct learn_node *unused)
{
	struct norm *norm = learn_alloc(net, sizeof *norm);
	struct learn_node *node;

	(void)unused;
	if (norm == NULL)
		return NULL;
	if (learn_lanes(net, from->md) == 0)
		from = learn_reordered(net, from, learn_layout(net, 4,
		    learn_md_dims(from->md), dnnl_nchw));
	node = learn_node_add(net, &type, layer, from, NULL);
	if (node == NULL)
		return NULL;
	node->state = norm;
	norm->slope = layer->slope;
	norm->channels = layer->channels;
	norm->lanes = learn_lanes(net, from->md);
	norm->blocks = (norm->channels + norm->lanes - 1) / norm->lanes;
	norm->piece = layer->rows * layer->cols * norm->lanes;
	norm->block = learn_alloc(net, norm->blocks * sizeof *norm->block);
	if (net->training) {
		norm->sums = learn_alloc(net, net->batch * norm->blocks * 2 *
		    LANES * sizeof *norm->sums);
		learn_node_out(net, node, from->md);
	} else { /* nobody needs its input again */
		node->md = from->md;
		node->out = from->out;
		node->data = from->data;
	}
	return node;
}
