/*
 * Convolution and transposed convolution, with or without bias.  Weights lie
 * as PyTorch has them, output x input x rows x cols, and for a transposed one
 * input x output x rows x cols; oneDNN gets copies in the layouts it likes.
 */
#include <string.h>

#include "learn.h"

struct convolution {
	dnnl_memory_desc_t plain_md, bias_md;
	dnnl_memory_t plain, bias;
	dnnl_memory_t weights, weights_back;
	struct learn_call take, forward, take_back, backward;
	/* The gradient of the weights, from what, where it is not as it lies. */
	struct learn_call take_input, take_output, learn, give;
};

/* What describes one convolution to oneDNN. */
struct shape {
	dnnl_dims_t strides, before, after;
	bool transposed;
};

static void
make_shape(struct shape *shape, const struct learn_layer *layer,
    const struct learn_node *from)
{
	dnnl_dim_t size[2] = {(dnnl_dim_t)layer->rows,
	    (dnnl_dim_t)layer->cols};
	dnnl_dim_t kernel = (dnnl_dim_t)layer->kernel;
	int i;

	memset(shape, 0, sizeof *shape);
	shape->transposed = layer->op == LEARN_DECONV;
	for (i = 0; i < 2; i++) {
		shape->strides[i] = (dnnl_dim_t)layer->stride;
		shape->before[i] = (dnnl_dim_t)layer->pad;
		shape->after[i] = shape->transposed ?
		    (from->md.dims[2 + i] - 1) * shape->strides[i] + kernel -
		    size[i] - shape->before[i] : shape->before[i];
	}
}

static dnnl_primitive_desc_t
forward_pd(struct bsp_network *net, const struct shape *s,
    const dnnl_memory_desc_t *src, const dnnl_memory_desc_t *weights,
    const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *dst)
{
	dnnl_prop_kind_t kind = net->training ? dnnl_forward_training :
	    dnnl_forward_inference;
	dnnl_convolution_desc_t op;

	if (s->transposed)
		learn_ok(net, dnnl_deconvolution_forward_desc_init(&op, kind,
		    dnnl_deconvolution_direct, src, weights, bias, dst,
		    s->strides, s->before, s->after), "deconvolution");
	else
		learn_ok(net, dnnl_convolution_forward_desc_init(&op, kind,
		    dnnl_convolution_direct, src, weights, bias, dst,
		    s->strides, s->before, s->after), "convolution");
	return learn_pd(net, &op, NULL, "convolution");
}

static dnnl_primitive_desc_t
data_pd(struct bsp_network *net, const struct shape *s,
    const dnnl_memory_desc_t *src, const dnnl_memory_desc_t *weights,
    const dnnl_memory_desc_t *dst, dnnl_primitive_desc_t hint)
{
	dnnl_convolution_desc_t op;

	if (s->transposed)
		learn_ok(net, dnnl_deconvolution_backward_data_desc_init(&op,
		    dnnl_deconvolution_direct, src, weights, dst, s->strides,
		    s->before, s->after), "deconvolution");
	else
		learn_ok(net, dnnl_convolution_backward_data_desc_init(&op,
		    dnnl_convolution_direct, src, weights, dst, s->strides,
		    s->before, s->after), "convolution");
	return learn_pd(net, &op, hint, "convolution backward");
}

static dnnl_primitive_desc_t
weights_pd(struct bsp_network *net, const struct shape *s,
    const dnnl_memory_desc_t *src, const dnnl_memory_desc_t *weights,
    const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *dst,
    dnnl_primitive_desc_t hint)
{
	dnnl_convolution_desc_t op;

	if (s->transposed)
		learn_ok(net, dnnl_deconvolution_backward_weights_desc_init(
		    &op, dnnl_deconvolution_direct, src, weights, bias, dst,
		    s->strides, s->before, s->after), "deconvolution");
	else
		learn_ok(net, dnnl_convolution_backward_weights_desc_init(
		    &op, dnnl_convolution_direct, src, weights, bias, dst,
		    s->strides, s->before, s->after), "convolution");
	return learn_pd(net, &op, hint, "convolution of weights");
}

static void
forward(struct bsp_network *net, struct learn_node *node)
{
	struct convolution *c = node->state;

	if (net->stale)
		learn_execute(net, &c->take);
	learn_execute(net, &c->forward);
}

static void
backward(struct bsp_network *net, struct learn_node *node)
{
	struct convolution *c = node->state;

	learn_execute(net, &c->take_input);
	learn_execute(net, &c->take_output);
	learn_execute(net, &c->learn);
	learn_execute(net, &c->give);
	learn_execute(net, &c->take_back);
	learn_execute(net, &c->backward);
	learn_gradient_done(net, node, 0);
}

/* The descriptor of the weights in a layout: in oneDNN's order of dimensions,
 * output first. */
static dnnl_memory_desc_t
weights_md(const struct learn_layer *layer, const struct learn_node *from,
    dnnl_format_tag_t tag)
{
	dnnl_dim_t dims[4] = {(dnnl_dim_t)layer->channels, from->md.dims[1],
	    (dnnl_dim_t)layer->kernel, (dnnl_dim_t)layer->kernel};

	return learn_md(4, dims, tag);
}

/* The primitive that gives the weights' gradients, in layouts it likes: an
 * image of one channel is slow to learn from as it is. */
static void
prepare_weights(struct bsp_network *net, struct learn_node *node,
    const struct shape *shape, dnnl_primitive_desc_t hint)
{
	const struct learn_layer *layer = node->layer;
	const struct learn_weight *weight = &net->weight[layer->tensor];
	struct learn_node *from = node->from[0];
	struct convolution *c = node->state;
	dnnl_memory_desc_t any = weights_md(layer, from, dnnl_format_tag_any);
	dnnl_memory_desc_t src = learn_md(4, from->md.dims,
	    dnnl_format_tag_any);
	dnnl_memory_desc_t dst = learn_md(4, node->md.dims,
	    dnnl_format_tag_any);
	dnnl_memory_desc_t md;
	dnnl_primitive_desc_t pd;
	dnnl_memory_t plain, other;

	pd = weights_pd(net, shape, &src, &any,
	    layer->bias ? &c->bias_md : NULL, &dst, hint);
	src = learn_query(pd, dnnl_query_src_md);
	dst = learn_query(pd, dnnl_query_diff_dst_md);
	md = learn_query(pd, dnnl_query_diff_weights_md);
	plain = learn_memory(net, &c->plain_md, weight->gradient);
	other = plain;
	if (!net->failed && !dnnl_memory_desc_equal(&md, &c->plain_md)) {
		other = learn_memory(net, &md, NULL);
		learn_reorder(net, &c->give, &md, other, &c->plain_md, plain);
	}
	learn_call_make(net, &c->learn, pd);
	learn_call_arg(&c->learn, DNNL_ARG_SRC, learn_other(net,
	    &c->take_input, &from->md, from->out, &src));
	learn_call_arg(&c->learn, DNNL_ARG_DIFF_DST, learn_other(net,
	    &c->take_output, &node->md, node->gradient, &dst));
	learn_call_arg(&c->learn, DNNL_ARG_DIFF_WEIGHTS, other);
	if (layer->bias)
		learn_call_arg(&c->learn, DNNL_ARG_DIFF_BIAS,
		    learn_memory(net, &c->bias_md, weight[1].gradient));
}

static void
prepare(struct bsp_network *net, struct learn_node *node)
{
	struct learn_node *from = node->from[0];
	struct convolution *c = node->state;
	dnnl_memory_desc_t any = weights_md(node->layer, from,
	    dnnl_format_tag_any), md;
	dnnl_memory_t into = learn_gradient_into(net, node, 0, LEARN_APART);
	dnnl_primitive_desc_t hint, pd;
	struct shape shape;

	make_shape(&shape, node->layer, from);
	hint = forward_pd(net, &shape, &from->md, &any,
	    node->layer->bias ? &c->bias_md : NULL, &node->md);
	prepare_weights(net, node, &shape, hint);
	if (into != NULL) {
		pd = data_pd(net, &shape, &from->md, &any, &node->md, hint);
		md = learn_query(pd, dnnl_query_weights_md);
		c->weights_back = learn_other(net, &c->take_back,
		    &c->plain_md, c->plain, &md);
		learn_call_make(net, &c->backward, pd);
		learn_call_arg(&c->backward, DNNL_ARG_DIFF_DST,
		    node->gradient);
		learn_call_arg(&c->backward, DNNL_ARG_WEIGHTS,
		    c->weights_back);
		learn_call_arg(&c->backward, DNNL_ARG_DIFF_SRC, into);
	}
	if (hint != NULL)
		dnnl_primitive_desc_destroy(hint);
}

static const struct learn_type type = {forward, prepare, backward};

/* The input in the layout that oneDNN likes best. */
static struct learn_node *
liked(struct bsp_network *net, const struct shape *shape,
    const struct learn_layer *layer, struct learn_node *from)
{
	dnnl_memory_desc_t src = learn_md(4, from->md.dims,
	    dnnl_format_tag_any), md;
	dnnl_memory_desc_t weights = weights_md(layer, from,
	    dnnl_format_tag_any);
	dnnl_memory_desc_t dst = learn_batch_md(net, layer,
	    dnnl_format_tag_any);
	dnnl_primitive_desc_t pd = forward_pd(net, shape, &src, &weights,
	    NULL, &dst);

	if (pd == NULL)
		return from;
	md = learn_query(pd, dnnl_query_src_md);
	dnnl_primitive_desc_destroy(pd);
	return learn_reordered(net, from, &md);
}

struct learn_node *
learn_make_convolution(struct bsp_network *net,
    const struct learn_layer *layer, struct learn_node *from,
    struct learn_node *unused)
{
	const struct learn_weight *weight = &net->weight[layer->tensor];
	struct convolution *c = learn_alloc(net, sizeof *c);
	dnnl_dim_t outputs = (dnnl_dim_t)layer->channels;
	dnnl_memory_desc_t any, md, dst;
	struct learn_node *node;
	dnnl_primitive_desc_t pd;
	struct shape shape;

	(void)unused;
	if (c == NULL)
		return NULL;
	make_shape(&shape, layer, from);
	from = liked(net, &shape, layer, from);
	node = learn_node_add(net, &type, layer, from, NULL);
	if (node == NULL)
		return NULL;
	node->state = c;
	any = weights_md(layer, from, dnnl_format_tag_any);
	c->plain_md = weights_md(layer, from, shape.transposed ? dnnl_iohw :
	    dnnl_oihw);
	c->bias_md = learn_md(1, &outputs, dnnl_a);
	c->plain = learn_memory(net, &c->plain_md, weight->tensor->data);
	if (layer->bias)
		c->bias = learn_memory(net, &c->bias_md,
		    weight[1].tensor->data);
	dst = learn_batch_md(net, layer, dnnl_format_tag_any);
	pd = forward_pd(net, &shape, &from->md, &any,
	    layer->bias ? &c->bias_md : NULL, &dst);
	md = learn_query(pd, dnnl_query_weights_md);
	dst = learn_query(pd, dnnl_query_dst_md);
	c->weights = learn_other(net, &c->take, &c->plain_md, c->plain, &md);
	learn_node_out(net, node, &dst);
	learn_call_make(net, &c->forward, pd);
	learn_call_arg(&c->forward, DNNL_ARG_SRC, from->out);
	learn_call_arg(&c->forward, DNNL_ARG_WEIGHTS, c->weights);
	if (layer->bias)
		learn_call_arg(&c->forward, DNNL_ARG_BIAS, c->bias);
	learn_call_arg(&c->forward, DNNL_ARG_DST, node->out);
	return node;
}
