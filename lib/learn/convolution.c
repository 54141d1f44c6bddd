/*
 * Convolution and transposed convolution, with or without bias.  Weights lie
 * as PyTorch has them, output x input x rows x cols, and for a transposed one
 * input x output x rows x cols; oneDNN gets copies in the layouts it likes.
 *
 * Which code oneDNN runs follows from the layouts, and where it has none for
 * them it runs plain loops, which take a hundred times as long.  The layouts it
 * proposes for the forward pass can have that effect on the backward pass.  So
 * layouts are chosen by what all passes would run.
 */
#include <string.h>

#include "learn.h"

struct convolution {
	learn_md plain_md, bias_md;
	dnnl_memory_t plain, bias;
	dnnl_memory_t weights, weights_back;
	struct learn_call take, forward, take_back, backward;
	/* The gradient of the weights, from what, where it is not as it lies. */
	struct learn_call take_input, take_output, learn, give;
};

/* The layouts of input and output that are tried, in this order. */
static const struct {
	dnnl_format_tag_t src, dst;
} tried[] = {
	{dnnl_format_tag_any, dnnl_format_tag_any},
	{dnnl_nchw, dnnl_nChw8c}, /* of an image */
	{dnnl_nChw8c, dnnl_nChw8c},
	{dnnl_nhwc, dnnl_nhwc},
	{dnnl_nchw, dnnl_nchw},
};

#define TRIED (sizeof tried / sizeof tried[0])

static void
make_window(struct learn_window *window, const struct learn_layer *layer,
    const struct learn_node *from)
{
	const dnnl_dim_t *input = learn_md_dims(from->md);
	dnnl_dim_t size[2] = {(dnnl_dim_t)layer->rows,
	    (dnnl_dim_t)layer->cols};
	dnnl_dim_t kernel = (dnnl_dim_t)layer->kernel;
	int i;

	memset(window, 0, sizeof *window);
	window->transposed = layer->op == LEARN_DECONV;
	for (i = 0; i < 2; i++) {
		window->strides[i] = (dnnl_dim_t)layer->stride;
		window->before[i] = (dnnl_dim_t)layer->pad;
		window->after[i] = window->transposed ?
		    (input[2 + i] - 1) * window->strides[i] + kernel -
		    size[i] - window->before[i] : window->before[i];
	}
}

/* The layout of the weights: in oneDNN's order of dimensions, output first. */
static learn_md
weights_md(struct bsp_network *net, const struct learn_layer *layer,
    const struct learn_node *from, dnnl_format_tag_t tag)
{
	dnnl_dim_t dims[4] = {(dnnl_dim_t)layer->channels,
	    learn_md_dims(from->md)[1], (dnnl_dim_t)layer->kernel,
	    (dnnl_dim_t)layer->kernel};

	return learn_layout(net, 4, dims, tag);
}

/* ---------------------------------------------------------- choosing layouts */

/* A convolution, but for the layouts of input and output. */
struct task {
	struct learn_window window;
	struct learn_sides any;     /* weights in any layout, and the bias */
	const dnnl_dim_t *src, *dst; /* dimensions */
	bool back;                  /* the input's gradient is wanted */
	dnnl_primitive_desc_t hint; /* of the forward pass; NULL: not yet */
};

static void
make_task(struct bsp_network *net, struct task *task,
    const struct learn_layer *layer, const struct learn_node *from,
    learn_md bias)
{
	learn_md dst = learn_batch_layout(net, layer, dnnl_format_tag_any);

	memset(task, 0, sizeof *task);
	if (net->failed)
		return;
	make_window(&task->window, layer, from);
	task->any.weights = weights_md(net, layer, from, dnnl_format_tag_any);
	task->any.bias = bias;
	task->src = learn_md_dims(from->md);
	task->dst = learn_md_dims(dst);
	task->back = net->training && from->wanted;
}

/* One pass with the layouts of `sides'; NULL where oneDNN has nothing. */
typedef dnnl_primitive_desc_t pass_fn(struct bsp_network *net,
    const struct task *task, const struct learn_sides *sides);

static dnnl_primitive_desc_t
forward_pass(struct bsp_network *net, const struct task *task,
    const struct learn_sides *sides)
{
	dnnl_primitive_desc_t pd;

	learn_pd_convolution(&pd, net->engine, net->training ?
	    dnnl_forward_training : dnnl_forward_inference, &task->window,
	    sides);
	return pd;
}

static dnnl_primitive_desc_t
weights_pass(struct bsp_network *net, const struct task *task,
    const struct learn_sides *sides)
{
	dnnl_primitive_desc_t pd;

	learn_pd_convolution_weights(&pd, net->engine, &task->window, sides,
	    task->hint);
	return pd;
}

static dnnl_primitive_desc_t
data_pass(struct bsp_network *net, const struct task *task,
    const struct learn_sides *sides, dnnl_primitive_desc_t hint)
{
	dnnl_primitive_desc_t pd;

	learn_pd_convolution_data(&pd, net->engine, &task->window, sides,
	    hint);
	return pd;
}

/* Is this no plain loop, nor the backward pass that its layouts entail? */
static bool
runs_well(struct bsp_network *net, const struct task *task,
    dnnl_primitive_desc_t pd)
{
	struct learn_sides sides = task->any;
	dnnl_primitive_desc_t data;
	bool well;

	if (pd == NULL || learn_pd_is_reference(pd))
		return false;
	if (task->hint != NULL || !task->back)
		return true;
	sides.src = learn_query(net, pd, dnnl_query_src_md);
	sides.dst = learn_query(net, pd, dnnl_query_dst_md);
	data = net->failed ? NULL : data_pass(net, task, &sides, pd);
	well = data != NULL && !learn_pd_is_reference(data);
	if (data != NULL)
		dnnl_primitive_desc_destroy(data);
	return well;
}

/* The pass with the first layouts with which it runs well, or any that do. */
static dnnl_primitive_desc_t
choose(struct bsp_network *net, const struct task *task, pass_fn *pass)
{
	struct learn_sides sides = task->any;
	dnnl_primitive_desc_t pd, first = NULL;
	size_t i;

	for (i = 0; i < TRIED && !net->failed; i++) {
		sides.src = learn_layout(net, 4, task->src, tried[i].src);
		sides.dst = learn_layout(net, 4, task->dst, tried[i].dst);
		pd = net->failed ? NULL : pass(net, task, &sides);
		if (runs_well(net, task, pd)) {
			if (first != NULL)
				dnnl_primitive_desc_destroy(first);
			return pd;
		}
		if (first == NULL)
			first = pd;
		else if (pd != NULL)
			dnnl_primitive_desc_destroy(pd);
	}
	if (first == NULL)
		learn_ok(net, dnnl_unimplemented, "convolution");
	return first;
}

/* ---------------------------------------------------------------- backward */

/* The primitive that gives the weights' gradients, in layouts it likes: an
 * image of one channel is slow to learn from as it is. */
static void
prepare_weights(struct bsp_network *net, struct learn_node *node,
    const struct task *task)
{
	const struct learn_layer *layer = node->layer;
	const struct learn_weight *weight = &net->weight[layer->tensor];
	struct learn_node *from = node->from[0];
	struct convolution *c = node->state;
	dnnl_primitive_desc_t pd = choose(net, task, weights_pass);
	learn_md src = learn_query(net, pd, dnnl_query_src_md);
	learn_md dst = learn_query(net, pd, dnnl_query_diff_dst_md);
	learn_md md = learn_query(net, pd, dnnl_query_diff_weights_md);
	dnnl_memory_t plain, other;

	plain = learn_memory(net, c->plain_md, weight->gradient);
	other = plain;
	if (!net->failed && !learn_same(md, c->plain_md)) {
		other = learn_memory(net, md, NULL);
		learn_reorder(net, &c->give, md, other, c->plain_md, plain);
	}
	learn_call_make(net, &c->learn, pd);
	learn_call_arg(&c->learn, DNNL_ARG_SRC, learn_other(net,
	    &c->take_input, from->md, from->out, src));
	learn_call_arg(&c->learn, DNNL_ARG_DIFF_DST, learn_other(net,
	    &c->take_output, node->md, node->gradient, dst));
	learn_call_arg(&c->learn, DNNL_ARG_DIFF_WEIGHTS, other);
	if (layer->bias)
		learn_call_arg(&c->learn, DNNL_ARG_DIFF_BIAS,
		    learn_memory(net, c->bias_md, weight[1].gradient));
}

/* The primitive that gives the input's gradient. */
static void
prepare_data(struct bsp_network *net, struct learn_node *node,
    const struct task *task, const struct learn_sides *sides,
    dnnl_memory_t into)
{
	struct convolution *c = node->state;
	dnnl_primitive_desc_t pd = data_pass(net, task, sides, task->hint);

	if (pd == NULL) {
		learn_ok(net, dnnl_unimplemented, "convolution backward");
		return;
	}
	c->weights_back = learn_other(net, &c->take_back, c->plain_md,
	    c->plain, learn_query(net, pd, dnnl_query_weights_md));
	learn_call_make(net, &c->backward, pd);
	learn_call_arg(&c->backward, DNNL_ARG_DIFF_DST, node->gradient);
	learn_call_arg(&c->backward, DNNL_ARG_WEIGHTS, c->weights_back);
	learn_call_arg(&c->backward, DNNL_ARG_DIFF_SRC, into);
}

static void
prepare(struct bsp_network *net, struct learn_node *node)
{
	struct learn_node *from = node->from[0];
	struct convolution *c = node->state;
	dnnl_memory_t into = learn_gradient_into(net, node, 0, LEARN_APART);
	struct learn_sides sides;
	struct task task;

	make_task(net, &task, node->layer, from, c->bias_md);
	if (net->failed)
		return;
	sides = task.any;
	sides.src = from->md;
	sides.dst = node->md;
	task.hint = forward_pass(net, &task, &sides);
	if (task.hint == NULL) {
		learn_ok(net, dnnl_unimplemented, "convolution");
		return;
	}
	prepare_weights(net, node, &task);
	if (into != NULL && !net->failed)
		prepare_data(net, node, &task, &sides, into);
	dnnl_primitive_desc_destroy(task.hint);
}

/* ------------------------------------------------------------------ making */

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

static const struct learn_type type = {forward, prepare, backward};

/* The weights and bias as they lie, and as the primitive takes them. */
static void
take_weights(struct bsp_network *net, struct learn_node *node,
    struct convolution *c, learn_md md)
{
	const struct learn_layer *layer = node->layer;
	const struct learn_weight *weight = &net->weight[layer->tensor];

	c->plain_md = weights_md(net, layer, node->from[0],
	    layer->op == LEARN_DECONV ? dnnl_iohw : dnnl_oihw);
	c->plain = learn_memory(net, c->plain_md, weight->tensor->data);
	c->weights = learn_other(net, &c->take, c->plain_md, c->plain, md);
	if (layer->bias)
		c->bias = learn_memory(net, c->bias_md,
		    weight[1].tensor->data);
}

struct learn_node *
learn_make_convolution(struct bsp_network *net,
    const struct learn_layer *layer, struct learn_node *from,
    struct learn_node *unused)
{
	struct convolution *c = learn_alloc(net, sizeof *c);
	dnnl_dim_t outputs = (dnnl_dim_t)layer->channels;
	dnnl_primitive_desc_t pd;
	struct learn_node *node;
	struct task task;

	(void)unused;
	if (c == NULL)
		return NULL;
	if (layer->bias)
		c->bias_md = learn_layout(net, 1, &outputs, dnnl_a);
	make_task(net, &task, layer, from, c->bias_md);
	pd = choose(net, &task, forward_pass);
	from = learn_reordered(net, from, learn_query(net, pd,
	    dnnl_query_src_md));
	node = learn_node_add(net, &type, layer, from, NULL);
	if (node == NULL) {
		if (pd != NULL)
			dnnl_primitive_desc_destroy(pd);
		return NULL;
	}
	node->state = c;
	take_weights(net, node, c, learn_query(net, pd,
	    dnnl_query_weights_md));
	learn_node_out(net, node, learn_query(net, pd, dnnl_query_dst_md));
	learn_call_make(net, &c->forward, pd);
	learn_call_arg(&c->forward, DNNL_ARG_SRC, from->out);
	learn_call_arg(&c->forward, DNNL_ARG_WEIGHTS, c->weights);
	if (layer->bias)
		learn_call_arg(&c->forward, DNNL_ARG_BIAS, c->bias);
	learn_call_arg(&c->forward, DNNL_ARG_DST, node->out);
	return node;
}
