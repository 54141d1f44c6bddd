/*
 * Batch normalisation as PyTorch does it: by the batch's mean and its biased
 * variance in training, by running statistics otherwise, which move by a tenth
 * towards the mean and the unbiased variance of each batch.
 * Source: Ioffe and Szegedy, ICML 2015.
 */
#include "learn.h"

#define EPSILON 1e-5f
#define MOMENTUM .1

enum { SCALE, SHIFT, MEAN, VARIANCE }; /* the tensors, in this order */

struct norm {
	dnnl_memory_desc_t md; /* of one number a channel */
	dnnl_memory_t tensor[4];
	float *mean, *variance; /* of the batch */
	dnnl_memory_t batch_mean, batch_variance;
	struct learn_call forward, backward;
};

static void
move(float *running, const float *batch, double scale, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		running[i] = (float)((1 - MOMENTUM) * (double)running[i] +
		    MOMENTUM * scale * (double)batch[i]);
}

static void
forward(struct bsp_network *net, struct learn_node *node)
{
	const struct learn_layer *layer = node->layer;
	struct learn_weight *weight = &net->weight[layer->tensor];
	double n = (double)(net->batch * layer->rows * layer->cols);
	struct norm *norm = node->state;

	learn_execute(net, &norm->forward);
	if (!net->training || net->failed)
		return;
	move(weight[MEAN].tensor->data, norm->mean, 1, layer->channels);
	move(weight[VARIANCE].tensor->data, norm->variance,
	    n > 1 ? n / (n - 1) : 1, layer->channels);
}

static void
backward(struct bsp_network *net, struct learn_node *node)
{
	learn_execute(net, &((struct norm *)node->state)->backward);
	learn_gradient_done(net, node, 0);
}

#define FLAGS (dnnl_use_scale | dnnl_use_shift)

static dnnl_primitive_desc_t
forward_pd(struct bsp_network *net, const dnnl_memory_desc_t *md)
{
	dnnl_batch_normalization_desc_t op;

	learn_ok(net, dnnl_batch_normalization_forward_desc_init(&op,
	    net->training ? dnnl_forward_training : dnnl_forward_inference,
	    md, EPSILON, net->training ? FLAGS : FLAGS |
	    dnnl_use_global_stats), "batch norm");
	return learn_pd(net, &op, NULL, "batch norm");
}

static void
prepare(struct bsp_network *net, struct learn_node *node)
{
	struct learn_weight *weight = &net->weight[node->layer->tensor];
	dnnl_memory_t into = learn_gradient_into(net, node, 0, LEARN_OVER);
	struct norm *norm = node->state;
	struct learn_call *call = &norm->backward;
	dnnl_batch_normalization_desc_t op;
	dnnl_primitive_desc_t hint = forward_pd(net, &node->md);

	learn_ok(net, dnnl_batch_normalization_backward_desc_init(&op,
	    dnnl_backward, &node->md, &node->md, EPSILON, FLAGS),
	    "batch norm");
	learn_call_make(net, call, learn_pd(net, &op, hint,
	    "batch norm backward"));
	learn_call_arg(call, DNNL_ARG_SRC, node->from[0]->out);
	learn_call_arg(call, DNNL_ARG_DIFF_DST, node->gradient);
	learn_call_arg(call, DNNL_ARG_MEAN, norm->batch_mean);
	learn_call_arg(call, DNNL_ARG_VARIANCE, norm->batch_variance);
	learn_call_arg(call, DNNL_ARG_SCALE, norm->tensor[SCALE]);
	learn_call_arg(call, DNNL_ARG_SHIFT, norm->tensor[SHIFT]);
	learn_call_arg(call, DNNL_ARG_DIFF_SRC, into);
	learn_call_arg(call, DNNL_ARG_DIFF_SCALE, learn_memory(net, &norm->md,
	    weight[SCALE].gradient));
	learn_call_arg(call, DNNL_ARG_DIFF_SHIFT, learn_memory(net, &norm->md,
	    weight[SHIFT].gradient));
	if (hint != NULL)
		dnnl_primitive_desc_destroy(hint);
}

static const struct learn_type type = {forward, prepare, backward};

static void
make_memories(struct bsp_network *net, struct norm *norm,
    const struct learn_layer *layer)
{
	dnnl_dim_t channels = (dnnl_dim_t)layer->channels;
	int i;

	norm->md = learn_md(1, &channels, dnnl_a);
	for (i = 0; i < 4; i++)
		norm->tensor[i] = learn_memory(net, &norm->md,
		    net->weight[layer->tensor + (size_t)i].tensor->data);
	norm->batch_mean = net->training ? learn_memory(net, &norm->md,
	    NULL) : norm->tensor[MEAN];
	norm->batch_variance = net->training ? learn_memory(net, &norm->md,
	    NULL) : norm->tensor[VARIANCE];
	norm->mean = learn_memory_data(norm->batch_mean);
	norm->variance = learn_memory_data(norm->batch_variance);
}

struct learn_node *
learn_make_norm(struct bsp_network *net, const struct learn_layer *layer,
    struct learn_node *from, struct learn_node *unused)
{
	struct learn_node *node = learn_node_add(net, &type, layer, from,
	    NULL);
	struct norm *norm = learn_alloc(net, sizeof *norm);
	struct learn_call *call;

	(void)unused;
	if (node == NULL || norm == NULL)
		return NULL;
	node->state = norm;
	make_memories(net, norm, layer);
	if (net->training) {
		learn_node_out(net, node, &from->md);
	} else { /* nobody needs its input again */
		node->md = from->md;
		node->out = from->out;
		node->data = from->data;
	}
	call = &norm->forward;
	learn_call_make(net, call, forward_pd(net, &from->md));
	learn_call_arg(call, DNNL_ARG_SRC, from->out);
	learn_call_arg(call, DNNL_ARG_MEAN, norm->batch_mean);
	learn_call_arg(call, DNNL_ARG_VARIANCE, norm->batch_variance);
	learn_call_arg(call, DNNL_ARG_SCALE, norm->tensor[SCALE]);
	learn_call_arg(call, DNNL_ARG_SHIFT, norm->tensor[SHIFT]);
	learn_call_arg(call, DNNL_ARG_DST, node->out);
	return node;
}
