/*
 * Networks: nodes in order, what they are made of, and the passes over them.
 * See learn.h; layers are in files of their own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "learn.h"

/* ---------------------------------------------------------------- failures */

static const char *
status_text(dnnl_status_t status)
{
	switch (status) {
	case dnnl_out_of_memory: return "out of memory";
	case dnnl_invalid_arguments: return "invalid arguments";
	case dnnl_unimplemented: return "not implemented";
	default: return "failed";
	}
}

bool
learn_ok(struct bsp_network *net, dnnl_status_t status, const char *what)
{
	if (net->failed)
		return false;
	if (status == dnnl_success)
		return true;
	net->failed = true;
	if (status == dnnl_out_of_memory)
		bsp_error_system(&net->error, ENOMEM, "%s", what);
	else
		bsp_error_set(&net->error, BSP_SYSTEM, "oneDNN: %s: %s", what,
		    status_text(status));
	return false;
}

static void
fail_memory(struct bsp_network *net, const char *what)
{
	learn_ok(net, dnnl_out_of_memory, what);
}

/* ------------------------------------------------------------------ memory */

#define ALIGNMENT 64 /* a cache line, and the widest vector */

void *
learn_alloc(struct bsp_network *net, size_t bytes)
{
	size_t rounded = (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
	void *block;

	if (net->failed || net->blocks ==
	    sizeof net->block / sizeof net->block[0] ||
	    (block = aligned_alloc(ALIGNMENT, rounded)) == NULL) {
		fail_memory(net, "a network");
		return NULL;
	}
	memset(block, 0, rounded);
	net->block[net->blocks++] = block;
	return block;
}

static dnnl_memory_t
make_memory(struct bsp_network *net, learn_md md, void *data)
{
	dnnl_memory_t memory = NULL;

	if (net->memories == sizeof net->memory / sizeof net->memory[0])
		fail_memory(net, "a network");
	if (net->failed || !learn_ok(net, dnnl_memory_create(&memory, md,
	    net->engine, data), "memory"))
		return NULL;
	net->memory[net->memories++] = memory;
	return memory;
}

dnnl_memory_t
learn_memory(struct bsp_network *net, learn_md md, void *data)
{
	if (data == NULL && md != NULL)
		data = learn_alloc(net, dnnl_memory_desc_get_size(md));
	return data == NULL ? NULL : make_memory(net, md, data);
}

dnnl_memory_t
learn_memory_later(struct bsp_network *net, learn_md md)
{
	return make_memory(net, md, DNNL_MEMORY_NONE);
}

void *
learn_memory_data(dnnl_memory_t memory)
{
	void *data = NULL;

	if (memory != NULL)
		dnnl_memory_get_data_handle(memory, &data);
	return data;
}

/* ----------------------------------------------------------------- layouts */

learn_md
learn_layout(struct bsp_network *net, int n, const dnnl_dim_t *dims,
    dnnl_format_tag_t tag)
{
	learn_md md = NULL;

	if (!net->failed)
		learn_ok(net, learn_md_make(&net->layouts, &md, n, dims, tag),
		    "a layout");
	return md;
}

learn_md
learn_batch_layout(struct bsp_network *net, const struct learn_layer *layer,
    dnnl_format_tag_t tag)
{
	dnnl_dim_t dims[4] = {(dnnl_dim_t)net->batch,
	    (dnnl_dim_t)layer->channels, (dnnl_dim_t)layer->rows,
	    (dnnl_dim_t)layer->cols};

	return learn_layout(net, 4, dims, tag);
}

learn_md
learn_query(struct bsp_network *net, dnnl_primitive_desc_t pd,
    dnnl_query_t what)
{
	learn_md md = NULL;

	if (!net->failed && pd != NULL)
		learn_ok(net, learn_md_query(&net->layouts, &md, pd, what),
		    "a layout");
	return md;
}

bool
learn_same(learn_md a, learn_md b)
{
	return a != NULL && b != NULL && dnnl_memory_desc_equal(a, b);
}

size_t
learn_lanes(struct bsp_network *net, learn_md md)
{
	static const dnnl_format_tag_t tags[] = {dnnl_nchw, dnnl_nChw8c,
	    dnnl_nChw16c};
	static const size_t lanes[] = {1, 8, 16};
	size_t i;

	for (i = 0; i < 3 && md != NULL; i++)
		if (learn_same(md, learn_layout(net, 4, learn_md_dims(md),
		    tags[i])))
			return lanes[i];
	return 0;
}

size_t
learn_floats(learn_md md)
{
	return dnnl_memory_desc_get_size(md) / sizeof(float);
}

/* -------------------------------------------------------------- primitives */

void
learn_call_make(struct bsp_network *net, struct learn_call *call,
    dnnl_primitive_desc_t pd)
{
	call->n = 0;
	call->primitive = NULL;
	if (pd == NULL)
		return;
	if (net->primitives ==
	    sizeof net->primitive / sizeof net->primitive[0])
		fail_memory(net, "a network");
	if (!net->failed && learn_ok(net,
	    dnnl_primitive_create(&call->primitive, pd), "a primitive"))
		net->primitive[net->primitives++] = call->primitive;
	dnnl_primitive_desc_destroy(pd);
}

void
learn_call_arg(struct learn_call *call, int arg, dnnl_memory_t memory)
{
	call->arg[call->n++] = (dnnl_exec_arg_t){arg, memory};
}

/* Copy as the call's places say. */
static void
copy_places(const struct learn_call *call)
{
	const float *from = learn_memory_data(call->arg[0].memory);
	float *to = learn_memory_data(call->arg[1].memory);
	size_t i;

	for (i = 0; i < call->places; i++)
		to[call->place[i].to] = from[call->place[i].from];
}

void
learn_execute(struct bsp_network *net, const struct learn_call *call)
{
	if (net->failed)
		return;
	if (call->place != NULL)
		copy_places(call);
	else if (call->primitive != NULL)
		learn_ok(net, dnnl_primitive_execute(call->primitive,
		    net->stream, call->n, call->arg), "execute");
}

/* Note where each element of four dimensions is in both layouts. */
static void
make_places(struct bsp_network *net, struct learn_call *call, learn_md from,
    learn_md to)
{
	const dnnl_dim_t *n = learn_md_dims(to);
	size_t count = (size_t)(n[0] * n[1] * n[2] * n[3]);
	struct learn_place *place = learn_alloc(net, count * sizeof *place);
	dnnl_dim_t at[4];

	if (place == NULL)
		return;
	call->place = place;
	call->places = count;
	for (at[0] = 0; at[0] < n[0]; at[0]++)
		for (at[1] = 0; at[1] < n[1]; at[1]++)
			for (at[2] = 0; at[2] < n[2]; at[2]++)
				for (at[3] = 0; at[3] < n[3]; at[3]++)
					*place++ = (struct learn_place){
					    learn_md_offset(from, at),
					    learn_md_offset(to, at)};
}

void
learn_reorder(struct bsp_network *net, struct learn_call *call,
    learn_md from_md, dnnl_memory_t from, learn_md to_md, dnnl_memory_t to)
{
	dnnl_primitive_desc_t pd = NULL;

	if (!net->failed && learn_md_is_padded_twice(to_md))
		make_places(net, call, from_md, to_md);
	else if (!net->failed && learn_ok(net,
	    dnnl_reorder_primitive_desc_create(&pd, from_md, net->engine,
	    to_md, net->engine, NULL), "reorder"))
		learn_call_make(net, call, pd);
	learn_call_arg(call, DNNL_ARG_FROM, from);
	learn_call_arg(call, DNNL_ARG_TO, to);
}

dnnl_memory_t
learn_other(struct bsp_network *net, struct learn_call *call,
    learn_md plain_md, dnnl_memory_t plain, learn_md md)
{
	dnnl_memory_t other;

	if (learn_same(plain_md, md))
		return plain;
	other = learn_memory(net, md, NULL);
	learn_reorder(net, call, plain_md, plain, md, other);
	return other;
}

/* ------------------------------------------------------------------- nodes */

/* Does a layer have weights of its own? */
static bool
has_weights(const struct learn_layer *layer)
{
	return layer != NULL && layer->op != LEARN_RELU &&
	    layer->op != LEARN_ADD && layer->op != LEARN_JOIN &&
	    layer->op != LEARN_QUANTIZE;
}

struct learn_node *
learn_node_add(struct bsp_network *net, const struct learn_type *type,
    const struct learn_layer *layer, struct learn_node *from0,
    struct learn_node *from1)
{
	struct learn_node *node;
	int i;

	if (net->nodes == LEARN_NODES)
		fail_memory(net, "a network");
	if (net->failed)
		return NULL;
	node = &net->node[net->nodes++];
	*node = (struct learn_node){.type = type, .layer = layer,
	    .from = {from0, from1}, .wanted = has_weights(layer)};
	for (i = 0; i < 2 && node->from[i] != NULL; i++) {
		node->from[i]->consumers++;
		node->wanted |= node->from[i]->wanted;
	}
	return node;
}

void
learn_node_out(struct bsp_network *net, struct learn_node *node, learn_md md)
{
	node->md = md;
	node->out = learn_memory(net, md, NULL);
	node->data = learn_memory_data(node->out);
}

/* --------------------------------------------------------------- gradients */

/* A slot that nothing is in, now used once, and large enough. */
static struct learn_slot *
take_slot(struct bsp_network *net, size_t bytes)
{
	struct learn_slot *best = NULL, *slot;

	for (slot = net->slot; slot < net->slot + net->slots; slot++)
		if (slot->users == 0 && (best == NULL ||
		    (best->bytes < bytes ? slot->bytes > best->bytes :
		    slot->bytes >= bytes && slot->bytes < best->bytes)))
			best = slot;
	if (best == NULL)
		best = &net->slot[net->slots++];
	if (best->bytes < bytes)
		best->bytes = bytes;
	best->users = 1;
	return best;
}

static dnnl_memory_t
memory_in(struct bsp_network *net, learn_md md, struct learn_slot *slot)
{
	dnnl_memory_t memory = learn_memory_later(net, md);

	net->bind[net->binds++] = (struct learn_bind){memory, slot};
	return memory;
}

static void
claim(struct bsp_network *net, struct learn_node *node,
    struct learn_slot *slot)
{
	node->claimed = true;
	node->slot = slot;
	node->gradient = memory_in(net, node->md, slot);
}

dnnl_memory_t
learn_gradient_into(struct bsp_network *net, struct learn_node *node, int i,
    enum learn_reuse reuse)
{
	struct learn_node *from = node->from[i];
	size_t bytes;

	if (net->failed || from == NULL || !from->wanted)
		return NULL;
	bytes = dnnl_memory_desc_get_size(from->md);
	if (from->claimed) {
		/* What is added to must be no other node's as well. */
		if (from->slot->users > 1 + (from->slot == node->slot))
			learn_ok(net, dnnl_runtime_error, "gradients");
		node->aside[i] = take_slot(net, bytes);
		node->into[i] = memory_in(net, from->md, node->aside[i]);
		return node->into[i];
	}
	if (reuse == LEARN_EQUAL ||
	    (reuse == LEARN_OVER && node->slot->users == 1)) {
		node->slot->users++;
		claim(net, from, node->slot);
	} else {
		claim(net, from, take_slot(net, bytes));
	}
	node->into[i] = from->gradient;
	return node->into[i];
}

static void
add_floats(float *to, const float *from, size_t n)
{
	size_t i;

#pragma omp parallel for schedule(static)
	for (i = 0; i < n; i++)
		to[i] += from[i];
}

void
learn_gradient_done(struct bsp_network *net, struct learn_node *node, int i)
{
	if (!net->failed && node->aside[i] != NULL)
		add_floats(learn_memory_data(node->from[i]->gradient),
		    node->aside[i]->data, learn_floats(node->from[i]->md));
}

/* ---------------------------------------------------------------- reorders */

struct reorder {
	struct learn_call forward, backward;
};

static void
reorder_forward(struct bsp_network *net, struct learn_node *node)
{
	learn_execute(net, &((struct reorder *)node->state)->forward);
}

static void
reorder_prepare(struct bsp_network *net, struct learn_node *node)
{
	struct reorder *reorder = node->state;
	dnnl_memory_t into = learn_gradient_into(net, node, 0, LEARN_APART);

	if (into != NULL)
		learn_reorder(net, &reorder->backward, node->md,
		    node->gradient, node->from[0]->md, into);
}

static void
reorder_backward(struct bsp_network *net, struct learn_node *node)
{
	learn_execute(net, &((struct reorder *)node->state)->backward);
	learn_gradient_done(net, node, 0);
}

static const struct learn_type reorder_type = {reorder_forward,
    reorder_prepare, reorder_backward};

struct learn_node *
learn_reordered(struct bsp_network *net, struct learn_node *from,
    learn_md md)
{
	struct learn_node *node;
	struct reorder *reorder;

	if (net->failed || learn_same(from->md, md))
		return from;
	node = learn_node_add(net, &reorder_type, NULL, from, NULL);
	reorder = learn_alloc(net, sizeof *reorder);
	if (node == NULL || reorder == NULL)
		return from;
	node->state = reorder;
	learn_node_out(net, node, md);
	learn_reorder(net, &reorder->forward, from->md, from->out, md,
	    node->out);
	return node;
}

/* ---------------------------------------------------------------- networks */

static learn_make_fn *const makers[] = {
	[LEARN_CONV] = learn_make_convolution,
	[LEARN_DECONV] = learn_make_convolution,
	[LEARN_LINEAR] = learn_make_linear,
	[LEARN_UNFLATTEN] = learn_make_linear,
	[LEARN_NORM] = learn_make_norm,
	[LEARN_RELU] = learn_make_relu,
	[LEARN_ADD] = learn_make_add,
	[LEARN_JOIN] = learn_make_join,
	[LEARN_QUANTIZE] = learn_make_quantize,
};

static void
take_weights(struct bsp_network *net, const struct bsp_tensors *tensors)
{
	struct learn_weight *weight = net->weight;
	size_t i;

	for (i = 0; i < net->plan->specs; i++, weight++) {
		weight->tensor = &tensors->tensor[i];
		weight->trained = net->plan->spec[i].trained;
		if (weight->trained && net->training)
			weight->gradient = learn_alloc(net,
			    weight->tensor->size * sizeof(float));
	}
}

static struct learn_node *
make_input(struct bsp_network *net, bool input_gradient)
{
	struct learn_layer image = {.channels = 1, .rows = net->plan->rows,
	    .cols = net->plan->cols};
	learn_md md = learn_batch_layout(net, &image, dnnl_nchw);
	struct learn_node *node = learn_node_add(net, NULL, NULL, NULL, NULL);

	if (node == NULL)
		return NULL;
	node->wanted = input_gradient;
	learn_node_out(net, node, md);
	return node;
}

static void
make_forward(struct bsp_network *net, bool input_gradient)
{
	struct learn_node *made[LEARN_LAYERS + 1] = {NULL};
	const struct learn_layer *layer = net->plan->layer;
	size_t i;

	made[0] = make_input(net, input_gradient);
	for (i = 0; i < net->plan->layers && !net->failed; i++, layer++)
		made[i + 1] = makers[layer->op](net, layer,
		    made[layer->from[0]], made[layer->from[1]]);
	if (net->failed)
		return;
	net->output = learn_reordered(net, made[i], learn_batch_layout(net,
	    layer - 1, dnnl_nchw));
}

static void
release(struct learn_slot *slot)
{
	if (slot != NULL)
		slot->users--;
}

/* Plan the backward pass, and where its gradients lie. */
static void
make_backward(struct bsp_network *net)
{
	struct learn_node *node;
	size_t i;

	if (net->failed)
		return;
	claim(net, net->output, take_slot(net,
	    dnnl_memory_desc_get_size(net->output->md)));
	for (node = net->output; node > net->node && !net->failed; node--) {
		if (!node->claimed)
			continue;
		node->type->prepare(net, node);
		release(node->aside[0]);
		release(node->aside[1]);
		release(node->slot);
	}
	for (i = 0; i < net->slots; i++)
		net->slot[i].data = learn_alloc(net, net->slot[i].bytes);
	for (i = 0; i < net->binds && !net->failed; i++)
		learn_ok(net, dnnl_memory_set_data_handle(net->bind[i].memory,
		    net->bind[i].slot->data), "memory");
}

static int
report(struct bsp_network *net, struct bsp_error *e)
{
	if (!net->failed)
		return 0;
	*e = net->error;
	return -1;
}

struct bsp_network *
learn_network_new(const struct learn_plan *plan,
    const struct bsp_tensors *tensors, size_t batch, bool training,
    bool input_gradient, struct bsp_error *e)
{
	struct bsp_network *net = calloc(1, sizeof *net);

	if (net == NULL) {
		bsp_error_system(e, ENOMEM, "a network");
		return NULL;
	}
	net->plan = plan;
	net->batch = batch;
	net->training = training;
	net->version = UINT64_MAX;
	learn_ok(net, dnnl_engine_create(&net->engine, dnnl_cpu, 0), "start");
	if (!net->failed)
		learn_ok(net, dnnl_stream_create(&net->stream, net->engine,
		    dnnl_stream_default_flags), "start");
	take_weights(net, tensors);
	make_forward(net, input_gradient);
	if (training)
		make_backward(net);
	if (report(net, e)) {
		learn_network_free(net);
		return NULL;
	}
	return net;
}

void
learn_network_free(struct bsp_network *net)
{
	size_t i;

	if (net == NULL)
		return;
	for (i = 0; i < net->primitives; i++)
		dnnl_primitive_destroy(net->primitive[i]);
	for (i = 0; i < net->memories; i++)
		dnnl_memory_destroy(net->memory[i]);
	for (i = 0; i < net->blocks; i++)
		free(net->block[i]);
	learn_layouts_free(&net->layouts);
	if (net->stream != NULL)
		dnnl_stream_destroy(net->stream);
	if (net->engine != NULL)
		dnnl_engine_destroy(net->engine);
	free(net);
}

float *
learn_network_input(struct bsp_network *net)
{
	return net->node[0].data;
}

const float *
learn_network_output(const struct bsp_network *net)
{
	return net->output->data;
}

float *
learn_network_output_gradient(struct bsp_network *net)
{
	return learn_memory_data(net->output->gradient);
}

const float *
learn_network_input_gradient(const struct bsp_network *net)
{
	return learn_memory_data(net->node[0].gradient);
}

const char *
learn_network_runs(const struct bsp_network *net, size_t i, bool *reference)
{
	const_dnnl_primitive_desc_t pd = NULL;

	*reference = false;
	if (dnnl_primitive_get_primitive_desc(net->primitive[i], &pd) !=
	    dnnl_success)
		return "unknown";
	*reference = learn_pd_is_reference(pd);
	return learn_pd_name(pd);
}

int
learn_network_forward(struct bsp_network *net, uint64_t version,
    struct bsp_error *e)
{
	size_t i;

	net->stale = version != net->version;
	net->version = version;
	net->latent_loss = 0;
	for (i = 1; i < net->nodes && !net->failed; i++)
		net->node[i].type->forward(net, &net->node[i]);
	learn_ok(net, dnnl_stream_wait(net->stream), "wait");
	return report(net, e);
}

int
learn_network_backward(struct bsp_network *net, struct bsp_error *e)
{
	struct learn_node *node;

	for (node = net->output; node > net->node && !net->failed; node--)
		if (node->claimed)
			node->type->backward(net, node);
	learn_ok(net, dnnl_stream_wait(net->stream), "wait");
	return report(net, e);
}
