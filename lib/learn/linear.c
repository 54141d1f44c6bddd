/*
 * Linear layers without bias between feature maps and a vector: from a map to
 * a vector, and the transpose of such a layer, from a vector to a map.  One
 * oneDNN primitive, the inner product, does both: what is its forward pass for
 * the one is its backward pass for the other.
 */
#include <string.h>

#include "learn.h"

struct linear {
	bool back; /* from a vector to a map */
	struct learn_node *map, *vector;
	dnnl_memory_desc_t plain_md;
	dnnl_memory_t plain;
	struct learn_call take_down, down; /* map to vector */
	struct learn_call take_up, up;     /* vector to map */
	struct learn_call learn, give;
};

static void
run(struct bsp_network *net, const struct learn_call *take,
    const struct learn_call *call)
{
	learn_execute(net, take);
	learn_execute(net, call);
}

static void
forward(struct bsp_network *net, struct learn_node *node)
{
	static const struct learn_call nothing;
	struct linear *l = node->state;

	if (l->back)
		run(net, net->stale ? &l->take_up : &nothing, &l->up);
	else
		run(net, net->stale ? &l->take_down : &nothing, &l->down);
}

static void
backward(struct bsp_network *net, struct learn_node *node)
{
	struct linear *l = node->state;

	run(net, &l->learn, &l->give);
	if (l->back)
		run(net, &l->take_down, &l->down);
	else
		run(net, &l->take_up, &l->up);
	learn_gradient_done(net, node, 0);
}

/*
 * The weights in oneDNN's order, vector x channels x rows x cols.  PyTorch has
 * them so for the layer to a vector, and vector last for the other.
 */
static dnnl_memory_desc_t
weights_md(const struct linear *l, const dnnl_memory_desc_t *map,
    dnnl_dim_t length, bool any)
{
	dnnl_dims_t dims = {length, map->dims[1], map->dims[2],
	    map->dims[3]};
	dnnl_dims_t strides = {1, dims[2] * dims[3] * length,
	    dims[3] * length, length};
	dnnl_memory_desc_t md;

	if (any || !l->back)
		return learn_md(4, dims, any ? dnnl_format_tag_any :
		    dnnl_oihw);
	memset(&md, 0, sizeof md);
	dnnl_memory_desc_init_by_strides(&md, 4, dims, dnnl_f32, strides);
	return md;
}

static dnnl_primitive_desc_t
down_pd(struct bsp_network *net, const struct linear *l,
    const dnnl_memory_desc_t *map, const dnnl_memory_desc_t *vector)
{
	dnnl_memory_desc_t any = weights_md(l, map, vector->dims[1], true);
	dnnl_inner_product_desc_t op;

	learn_ok(net, dnnl_inner_product_forward_desc_init(&op,
	    dnnl_forward_training, map, &any, NULL, vector), "linear");
	return learn_pd(net, &op, NULL, "linear");
}

static dnnl_primitive_desc_t
up_pd(struct bsp_network *net, const struct linear *l,
    const dnnl_memory_desc_t *map, const dnnl_memory_desc_t *vector,
    dnnl_primitive_desc_t hint)
{
	dnnl_memory_desc_t any = weights_md(l, map, vector->dims[1], true);
	dnnl_inner_product_desc_t op;

	learn_ok(net, dnnl_inner_product_backward_data_desc_init(&op, map,
	    &any, vector), "linear");
	return learn_pd(net, &op, hint, "linear backward");
}

/* Make the call from a map to a vector. */
static void
make_down(struct bsp_network *net, struct linear *l, dnnl_memory_t map,
    dnnl_memory_t vector)
{
	dnnl_primitive_desc_t pd = down_pd(net, l, &l->map->md,
	    &l->vector->md);
	dnnl_memory_desc_t md = learn_query(pd, dnnl_query_weights_md);
	dnnl_memory_t weights = learn_other(net, &l->take_down, &l->plain_md,
	    l->plain, &md);

	learn_call_make(net, &l->down, pd);
	learn_call_arg(&l->down, DNNL_ARG_SRC, map);
	learn_call_arg(&l->down, DNNL_ARG_WEIGHTS, weights);
	learn_call_arg(&l->down, DNNL_ARG_DST, vector);
}

/* Make the call from a vector to a map. */
static void
make_up(struct bsp_network *net, struct linear *l, dnnl_memory_t map,
    dnnl_memory_t vector)
{
	dnnl_primitive_desc_t hint = down_pd(net, l, &l->map->md,
	    &l->vector->md);
	dnnl_primitive_desc_t pd = up_pd(net, l, &l->map->md, &l->vector->md,
	    hint);
	dnnl_memory_desc_t md = learn_query(pd, dnnl_query_weights_md);
	dnnl_memory_t weights = learn_other(net, &l->take_up, &l->plain_md,
	    l->plain, &md);

	learn_call_make(net, &l->up, pd);
	learn_call_arg(&l->up, DNNL_ARG_DIFF_DST, vector);
	learn_call_arg(&l->up, DNNL_ARG_WEIGHTS, weights);
	learn_call_arg(&l->up, DNNL_ARG_DIFF_SRC, map);
	if (hint != NULL)
		dnnl_primitive_desc_destroy(hint);
}

/* Make the call that gives the weights' gradient. */
static void
make_learn(struct bsp_network *net, struct linear *l, dnnl_memory_t map,
    dnnl_memory_t vector, float *gradient)
{
	dnnl_memory_desc_t any = weights_md(l, &l->map->md,
	    l->vector->md.dims[1], true), md;
	dnnl_primitive_desc_t hint = down_pd(net, l, &l->map->md,
	    &l->vector->md), pd;
	dnnl_memory_t plain = learn_memory(net, &l->plain_md, gradient);
	dnnl_memory_t other = plain;
	dnnl_inner_product_desc_t op;

	learn_ok(net, dnnl_inner_product_backward_weights_desc_init(&op,
	    &l->map->md, &any, NULL, &l->vector->md), "linear");
	pd = learn_pd(net, &op, hint, "linear weights");
	md = learn_query(pd, dnnl_query_diff_weights_md);
	if (!net->failed && !dnnl_memory_desc_equal(&md, &l->plain_md)) {
		other = learn_memory(net, &md, NULL);
		learn_reorder(net, &l->give, &md, other, &l->plain_md, plain);
	}
	learn_call_make(net, &l->learn, pd);
	learn_call_arg(&l->learn, DNNL_ARG_SRC, map);
	learn_call_arg(&l->learn, DNNL_ARG_DIFF_DST, vector);
	learn_call_arg(&l->learn, DNNL_ARG_DIFF_WEIGHTS, other);
	if (hint != NULL)
		dnnl_primitive_desc_destroy(hint);
}

static void
prepare(struct bsp_network *net, struct learn_node *node)
{
	struct linear *l = node->state;
	dnnl_memory_t into = learn_gradient_into(net, node, 0, LEARN_APART);
	float *gradient = net->weight[node->layer->tensor].gradient;

	if (l->back) {
		make_learn(net, l, node->gradient, l->vector->out, gradient);
		if (into != NULL)
			make_down(net, l, node->gradient, into);
	} else {
		make_learn(net, l, l->map->out, node->gradient, gradient);
		if (into != NULL)
			make_up(net, l, into, node->gradient);
	}
}

static const struct learn_type type = {forward, prepare, backward};

/* The output: a vector, or a map in the layout that oneDNN likes. */
static void
make_out(struct bsp_network *net, struct learn_node *node,
    const struct linear *l)
{
	dnnl_dims_t dims = {(dnnl_dim_t)net->batch,
	    (dnnl_dim_t)node->layer->channels};
	dnnl_memory_desc_t md = l->back ? learn_batch_md(net, node->layer,
	    dnnl_nchw) : learn_md(2, dims, dnnl_nc);

	learn_node_out(net, node, &md);
}

struct learn_node *
learn_make_linear(struct bsp_network *net, const struct learn_layer *layer,
    struct learn_node *from, struct learn_node *unused)
{
	struct learn_node *node = learn_node_add(net, &type, layer, from,
	    NULL);
	struct linear *l = learn_alloc(net, sizeof *l);

	(void)unused;
	if (node == NULL || l == NULL)
		return NULL;
	node->state = l;
	l->back = layer->op == LEARN_UNFLATTEN;
	l->map = l->back ? node : from;
	l->vector = l->back ? from : node;
	make_out(net, node, l);
	l->plain_md = weights_md(l, &l->map->md, l->vector->md.dims[1],
	    false);
	l->plain = learn_memory(net, &l->plain_md,
	    net->weight[layer->tensor].tensor->data);
	if (l->back)
		make_up(net, l, node->out, from->out);
	else
		make_down(net, l, from->out, node->out);
	return node;
}
