/*
 * Layers of two inputs: their sum, and their channels one after the other's.
 */
#include <string.h>

#include "learn.h"

/* --------------------------------------------------------------------- sum */

/* In place of the first, which is the output of a convolution. */
static void
add_forward(struct bsp_network *net, struct learn_node *node)
{
	const float *x = node->from[1]->data;
	size_t n = learn_floats(node->md), i;
	float *sum = node->data;

	(void)net;
#pragma omp parallel for schedule(static)
	for (i = 0; i < n; i++)
		sum[i] += x[i];
}

static void
add_prepare(struct bsp_network *net, struct learn_node *node)
{
	learn_gradient_into(net, node, 0, LEARN_EQUAL);
	learn_gradient_into(net, node, 1, LEARN_EQUAL);
}

static void
add_backward(struct bsp_network *net, struct learn_node *node)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (node->aside[i] == NULL)
			continue;
		memcpy(node->aside[i]->data,
		    learn_memory_data(node->gradient),
		    dnnl_memory_desc_get_size(node->md));
		learn_gradient_done(net, node, i);
	}
}

static const struct learn_type add_type = {add_forward, add_prepare,
    add_backward};

struct learn_node *
learn_make_add(struct bsp_network *net, const struct learn_layer *layer,
    struct learn_node *a, struct learn_node *b)
{
	struct learn_node *node;

	if (net->failed)
		return NULL;
	a = learn_reordered(net, a, b->md);
	node = learn_node_add(net, &add_type, layer, a, b);
	if (node == NULL)
		return NULL;
	node->md = a->md;
	node->out = a->out;
	node->data = a->data;
	return node;
}

/* ---------------------------------------------------------------- channels */

struct join {
	struct learn_call forward[2], backward[2];
};

static void
join_forward(struct bsp_network *net, struct learn_node *node)
{
	struct join *join = node->state;

	learn_execute(net, &join->forward[0]);
	learn_execute(net, &join->forward[1]);
}

static void
join_backward(struct bsp_network *net, struct learn_node *node)
{
	struct join *join = node->state;
	int i;

	for (i = 0; i < 2; i++) {
		learn_execute(net, &join->backward[i]);
		learn_gradient_done(net, node, i);
	}
}

/* The layout of the part of the output that is input i. */
static learn_md
part_md(struct bsp_network *net, const struct learn_node *node, int i)
{
	dnnl_dims_t offsets = {0, i == 0 ? 0 :
	    learn_md_dims(node->from[0]->md)[1]};
	learn_md md = NULL;

	learn_ok(net, learn_md_part(&net->layouts, &md, node->md,
	    learn_md_dims(node->from[i]->md), offsets), "join");
	return md;
}

static void
join_prepare(struct bsp_network *net, struct learn_node *node)
{
	struct join *join = node->state;
	learn_md md;
	dnnl_memory_t part, into;
	int i;

	for (i = 0; i < 2; i++) {
		into = learn_gradient_into(net, node, i, LEARN_APART);
		if (into == NULL)
			continue;
		md = part_md(net, node, i);
		part = learn_memory_later(net, md);
		net->bind[net->binds++] = (struct learn_bind){part,
		    node->slot};
		learn_reorder(net, &join->backward[i], md, part,
		    node->from[i]->md, into);
	}
}

static const struct learn_type join_type = {join_forward, join_prepare,
    join_backward};

/* That of the first, if channels come in whole blocks of it; else plain. */
static dnnl_format_tag_t
join_tag(struct bsp_network *net, const struct learn_node *a,
    const struct learn_node *b)
{
	size_t lanes = learn_lanes(net, a->md);

	if (lanes <= 1 || learn_md_dims(a->md)[1] % (dnnl_dim_t)lanes != 0 ||
	    learn_md_dims(b->md)[1] % (dnnl_dim_t)lanes != 0)
		return dnnl_nchw;
	return lanes == 16 ? dnnl_nChw16c : dnnl_nChw8c;
}

struct learn_node *
learn_make_join(struct bsp_network *net, const struct learn_layer *layer,
    struct learn_node *a, struct learn_node *b)
{
	struct learn_node *node = learn_node_add(net, &join_type, layer, a, b);
	struct join *join = learn_alloc(net, sizeof *join);
	learn_md md;
	int i;

	if (node == NULL || join == NULL)
		return NULL;
	node->state = join;
	learn_node_out(net, node, learn_batch_layout(net, layer,
	    join_tag(net, a, b)));
	for (i = 0; i < 2 && !net->failed; i++) {
		md = part_md(net, node, i);
		learn_reorder(net, &join->forward[i], node->from[i]->md,
		    node->from[i]->out, md, learn_memory(net, md,
		    node->data));
	}
	return node;
}
