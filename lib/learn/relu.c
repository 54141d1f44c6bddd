/*
 * Rectification: x above 0, 0 below.  It is done in place, its gradient found
 * from its output, unless something else takes its input too.
 */
#include "learn.h"

struct relu {
	struct learn_call forward, backward;
};

static void
forward(struct bsp_network *net, struct learn_node *node)
{
	learn_execute(net, &((struct relu *)node->state)->forward);
}

static void
backward(struct bsp_network *net, struct learn_node *node)
{
	learn_execute(net, &((struct relu *)node->state)->backward);
	learn_gradient_done(net, node, 0);
}

static dnnl_primitive_desc_t
forward_pd(struct bsp_network *net, learn_md md)
{
	dnnl_primitive_desc_t pd = NULL;

	if (!net->failed)
		learn_ok(net, learn_pd_relu(&pd, net->engine, md), "relu");
	return pd;
}

static void
prepare(struct bsp_network *net, struct learn_node *node)
{
	dnnl_memory_t into = learn_gradient_into(net, node, 0, LEARN_OVER);
	struct relu *relu = node->state;
	dnnl_primitive_desc_t hint, pd = NULL;

	if (into == NULL)
		return;
	hint = forward_pd(net, node->md);
	if (hint == NULL)
		return;
	learn_ok(net, learn_pd_relu_data(&pd, net->engine, node->md, hint),
	    "relu backward");
	dnnl_primitive_desc_destroy(hint);
	learn_call_make(net, &relu->backward, pd);
	learn_call_arg(&relu->backward, DNNL_ARG_DST, node->out);
	learn_call_arg(&relu->backward, DNNL_ARG_DIFF_DST, node->gradient);
	learn_call_arg(&relu->backward, DNNL_ARG_DIFF_SRC, into);
}

static const struct learn_type type = {forward, prepare, backward};

struct learn_node *
learn_make_relu(struct bsp_network *net, const struct learn_layer *layer,
    struct learn_node *from, struct learn_node *unused)
{
	struct learn_node *node = learn_node_add(net, &type, layer, from,
	    NULL);
	struct relu *relu = learn_alloc(net, sizeof *relu);

	(void)unused;
	if (node == NULL || relu == NULL)
		return NULL;
	node->state = relu;
	if (layer->keep) {
		learn_node_out(net, node, from->md);
	} else {
		node->md = from->md;
		node->out = from->out;
		node->data = from->data;
	}
	learn_call_make(net, &relu->forward, forward_pd(net, from->md));
	learn_call_arg(&relu->forward, DNNL_ARG_SRC, from->out);
	learn_call_arg(&relu->forward, DNNL_ARG_DST, node->out);
	return node;
}
