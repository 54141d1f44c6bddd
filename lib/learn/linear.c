/*
 * Linear layers without bias between feature maps and a vector: from a map to
 * a vector, and the transpose of such a layer, from a vector to a map.  One
 * oneDNN primitive, the inner product, does both: what is its forward pass for
 * the one is its backward pass for the other.  All is as PyTorch lays it: the
 * weights are by far the largest of the network, and slow to bring into another
 * layout at every step.
 */
#include "learn.h"

struct linear {
	bool back; /* from a vector to a map */
	struct learn_node *map, *vector;
	learn_md weights_md;
	dnnl_memory_t weights;
	struct learn_call down; /* map to vector */
	struct learn_call up;   /* vector to map */
	struct learn_call learn;
};

static void
forward(struct bsp_network *net, struct learn_node *node)
{
	struct linear *l = node->state;

	learn_execute(net, l->back ? &l->up : &l->down);
}

static void
backward(struct bsp_network *net, struct learn_node *node)
{
	struct linear *l = node->state;

	learn_execute(net, &l->learn);
	learn_execute(net, l->back ? &l->down : &l->up);
	learn_gradient_done(net, node, 0);
}

/*
 * The weights in oneDNN's order, vector x channels x rows x cols.  PyTorch has
 * them so for the layer to a vector, and vector last for the other.
 */
static learn_md
weights_md(struct bsp_network *net, const struct linear *l)
{
	const dnnl_dim_t *map = learn_md_dims(l->map->md);
	dnnl_dim_t length = learn_md_dims(l->vector->md)[1];
	dnnl_dim_t dims[4] = {length, map[1], map[2], map[3]};

	return learn_layout(net, 4, dims, l->back ? dnnl_bcda : dnnl_abcd);
}

static struct learn_sides
sides(const struct linear *l)
{
	return (struct learn_sides){.src = l->map->md,
	    .weights = l->weights_md, .dst = l->vector->md};
}

static dnnl_primitive_desc_t
down_pd(struct bsp_network *net, const struct linear *l)
{
	struct learn_sides s = sides(l);
	dnnl_primitive_desc_t pd = NULL;

	if (!net->failed)
		learn_ok(net, learn_pd_linear(&pd, net->engine, &s),
		    "linear");
	return pd;
}

/* Make the call from a map to a vector. */
static void
make_down(struct bsp_network *net, struct linear *l, dnnl_memory_t map,
    dnnl_memory_t vector)
{
	learn_call_make(net, &l->down, down_pd(net, l));
	learn_call_arg(&l->down, DNNL_ARG_SRC, map);
	learn_call_arg(&l->down, DNNL_ARG_WEIGHTS, l->weights);
	learn_call_arg(&l->down, DNNL_ARG_DST, vector);
}

/* Make the call from a vector to a map. */
static void
make_up(struct bsp_network *net, struct linear *l, dnnl_memory_t map,
    dnnl_memory_t vector)
{
	dnnl_primitive_desc_t hint = down_pd(net, l), pd = NULL;
	struct learn_sides s = sides(l);

	if (hint == NULL)
		return;
	learn_ok(net, learn_pd_linear_data(&pd, net->engine, &s, hint),
	    "linear backward");
	dnnl_primitive_desc_destroy(hint);
	learn_call_make(net, &l->up, pd);
	learn_call_arg(&l->up, DNNL_ARG_DIFF_DST, vector);
	learn_call_arg(&l->up, DNNL_ARG_WEIGHTS, l->weights);
	learn_call_arg(&l->up, DNNL_ARG_DIFF_SRC, map);
}

/* Make the call that gives the weights' gradient. */
static void
make_learn(struct bsp_network *net, struct linear *l, dnnl_memory_t map,
    dnnl_memory_t vector, float *gradient)
{
	dnnl_primitive_desc_t hint = down_pd(net, l), pd = NULL;
	struct learn_sides s = sides(l);

	if (hint == NULL)
		return;
	learn_ok(net, learn_pd_linear_weights(&pd, net->engine, &s, hint),
	    "linear weights");
	dnnl_primitive_desc_destroy(hint);
	learn_call_make(net, &l->learn, pd);
	learn_call_arg(&l->learn, DNNL_ARG_SRC, map);
	learn_call_arg(&l->learn, DNNL_ARG_DIFF_DST, vector);
	learn_call_arg(&l->learn, DNNL_ARG_DIFF_WEIGHTS, learn_memory(net,
	    l->weights_md, gradient));
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

/* The output: a vector, or a map. */
static void
make_out(struct bsp_network *net, struct learn_node *node,
    const struct linear *l)
{
	dnnl_dim_t dims[2] = {(dnnl_dim_t)net->batch,
	    (dnnl_dim_t)node->layer->channels};

	learn_node_out(net, node, l->back ? learn_batch_layout(net,
	    node->layer, dnnl_nchw) : learn_layout(net, 2, dims, dnnl_nc));
}

struct learn_node *
learn_make_linear(struct bsp_network *net, const struct learn_layer *layer,
    struct learn_node *from, struct learn_node *unused)
{
	struct linear *l = learn_alloc(net, sizeof *l);
	struct learn_node *node;

	(void)unused;
	if (l == NULL)
		return NULL;
	l->back = layer->op == LEARN_UNFLATTEN;
	if (!l->back)
		from = learn_reordered(net, from, learn_layout(net, 4,
		    learn_md_dims(from->md), dnnl_nchw));
	node = learn_node_add(net, &type, layer, from, NULL);
	if (node == NULL)
		return NULL;
	node->state = l;
	l->map = l->back ? node : from;
	l->vector = l->back ? from : node;
	make_out(net, node, l);
	if (net->failed)
		return NULL;
	l->weights_md = weights_md(net, l);
	l->weights = learn_memory(net, l->weights_md,
	    net->weight[layer->tensor].tensor->data);
	if (l->back)
		make_up(net, l, node->out, from->out);
	else
		make_down(net, l, from->out, node->out);
	return node;
}
