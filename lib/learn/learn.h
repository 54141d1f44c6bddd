/*
 * What the parts of libblindspot-learn share.
 *
 * A network is a list of nodes, each with one output.  Its builder makes every
 * oneDNN primitive and memory once, for one shape of input; forward and
 * backward then only execute them.  Failures while building are kept in the
 * network (failed) and later calls do nothing, so that layers need not check
 * every line.
 */
#ifndef BSP_LEARN_H
#define BSP_LEARN_H

#include "../base/base.h"
#include "blindspot-learn.h"
#include "onednn.h"
#include "tensors.h"

struct bsp_network;
struct learn_node;

/* ------------------------------------------------------------------- plans */

enum learn_op {
	LEARN_END,
	LEARN_CONV,     /* convolution */
	LEARN_DECONV,   /* transposed convolution */
	LEARN_LINEAR,   /* of the whole input, to a vector */
	LEARN_UNFLATTEN, /* linear, from a vector to what `like' is shaped as */
	LEARN_NORM,     /* batch norm, then leaky rectification */
	LEARN_RELU,
	LEARN_ADD,      /* of two nodes */
	LEARN_JOIN,     /* of two nodes' channels */
	LEARN_QUANTIZE, /* to the nearest code */
};

#define LEARN_NAME 64

/*
 * One layer of a network for a given image size.  from: the layers whose
 * outputs it takes, 0 being the network's input and i + 1 layer i.
 */
struct learn_layer {
	enum learn_op op;
	size_t from[2];
	size_t channels; /* of the output */
	size_t rows, cols; /* of the output */
	size_t kernel, stride, pad;
	bool bias;
	bool keep;       /* a relu whose input something else takes too */
	float slope;     /* after a norm, below 0; 1: not rectified */
	size_t codes;    /* of a quantizer */
	char name[LEARN_NAME]; /* what its tensors' names begin with */
	size_t tensor;   /* its first tensor */
};

enum learn_start {
	LEARN_UNIFORM, /* within 1/sqrt(fan_in) */
	LEARN_ONES,
	LEARN_ZEROS,
	LEARN_NORMAL,
	LEARN_SAME,    /* as the tensor two before it: embed_avg as embed */
};

/* One tensor of a model. */
struct learn_spec {
	char name[LEARN_NAME + 16];
	size_t rank, shape[BSP_RANK_MAX];
	enum learn_start start;
	size_t fan_in;
	bool trained; /* by the optimiser; else a running statistic */
};

#define LEARN_LAYERS 128
#define LEARN_TENSORS 256

struct learn_plan {
	struct learn_layer layer[LEARN_LAYERS];
	size_t layers;
	struct learn_spec spec[LEARN_TENSORS];
	size_t specs;
	size_t rows, cols; /* of the images */
};

/* What a model's parameters are, wherever they come from. */
struct learn_sizes {
	const struct bsp_kind *kind;
	size_t rows, cols; /* 0: any */
	size_t latent;     /* of the bottleneck: numbers or channels */
	size_t width;      /* channels of the first layer */
};

/*
 * Lay out the network of a kind.  Fails on sizes that it cannot have: of
 * images BSP_DATA, of itself BSP_USAGE.
 */
int learn_plan_make(struct learn_plan *plan, const struct learn_sizes *sizes,
    struct bsp_error *e);

/* The sizes that a kind's parameters give, and back. */
void learn_sizes_of(struct learn_sizes *sizes, const struct bsp_kind *kind,
    const double *params);
void learn_sizes_params(const struct learn_sizes *sizes, double *params);

/* Find out from its tensors what a model is. */
int learn_sizes_infer(struct learn_sizes *sizes,
    const struct bsp_tensors *tensors, struct bsp_error *e);

/* The least and greatest image size that networks take. */
#define LEARN_SIZE_MAX 4096

/* ---------------------------------------------------------------- networks */

/* Where an element is copied from and to, in floats. */
struct learn_place {
	size_t from, to;
};

/* A primitive, or a copy of our own, and what it works on. */
struct learn_call {
	dnnl_primitive_t primitive;
	const struct learn_place *place; /* NULL: a primitive */
	size_t places;
	int n;
	dnnl_exec_arg_t arg[12];
};

/* How a kind of layer runs; state is the layer's own. */
struct learn_type {
	void (*forward)(struct bsp_network *net, struct learn_node *node);
	/* Make what backward needs; its input's gradients are then wanted. */
	void (*prepare)(struct bsp_network *net, struct learn_node *node);
	void (*backward)(struct bsp_network *net, struct learn_node *node);
};

/* Memory of gradients, which several nodes use one after another. */
struct learn_slot {
	size_t bytes;
	void *data;
	size_t users; /* who has something there now, while building */
};

/* A memory object and the slot that it will lie in. */
struct learn_bind {
	dnnl_memory_t memory;
	struct learn_slot *slot;
};

#define LEARN_NODES (2 * LEARN_LAYERS)

struct learn_node {
	const struct learn_type *type;
	const struct learn_layer *layer; /* NULL: an input or a reorder */
	void *state;
	struct learn_node *from[2];
	size_t consumers;      /* of its output */
	learn_md md;           /* of its output */
	dnnl_memory_t out;
	float *data;
	/* Training: */
	bool wanted;           /* does its gradient lead anywhere? */
	bool claimed;          /* has something written it? */
	struct learn_slot *slot;
	dnnl_memory_t gradient;
	dnnl_memory_t into[2]; /* where the gradients of its inputs go */
	struct learn_slot *aside[2]; /* not NULL: and are then added from */
};

/* A tensor of the model as the network sees it. */
struct learn_weight {
	struct bsp_tensor *tensor;
	bool trained;
	float *gradient; /* [size], as the tensor lies; NULL: not trained */
};

struct bsp_network {
	dnnl_engine_t engine;
	dnnl_stream_t stream;
	const struct learn_plan *plan;
	size_t batch;
	bool training; /* batch norm by the batch, and a backward pass */
	enum {
		LEARN_RUN,
		LEARN_RECORD, /* quantizers note what they do */
		LEARN_REPLAY, /* and do it again: to test gradients, which pass
		                 them as if they added a constant */
	} codes;
	struct learn_node node[LEARN_NODES];
	size_t nodes;
	struct learn_node *output;
	struct learn_weight weight[LEARN_TENSORS];
	uint64_t version; /* of the weights that were taken over last */
	bool stale;       /* they must be taken over anew */
	struct learn_slot slot[LEARN_NODES];
	size_t slots;
	struct learn_bind bind[4 * LEARN_NODES];
	size_t binds;
	double latent_loss; /* of the last forward pass in training */
	/* What must be freed. */
	struct learn_layouts layouts;
	dnnl_memory_t memory[64 * LEARN_LAYERS];
	size_t memories;
	dnnl_primitive_t primitive[32 * LEARN_LAYERS];
	size_t primitives;
	void *block[32 * LEARN_LAYERS];
	size_t blocks;
	bool failed;
	struct bsp_error error;
};

/*
 * Make the network of a plan for batches of images, on the weights tensors,
 * which are in the plan's order and borrowed.  input_gradient: make that of
 * the input too.  NULL on failure.
 */
struct bsp_network *learn_network_new(const struct learn_plan *plan,
    const struct bsp_tensors *tensors, size_t batch, bool training,
    bool input_gradient, struct bsp_error *e);
void learn_network_free(struct bsp_network *net);

/* Where the input goes: [batch][rows][cols]. */
float *learn_network_input(struct bsp_network *net);

/*
 * Run forward; version is a number that changes with the weights.  The output
 * is plain, [batch][channels][rows][cols].
 */
int learn_network_forward(struct bsp_network *net, uint64_t version,
    struct bsp_error *e);
const float *learn_network_output(const struct bsp_network *net);

/*
 * Run backward from the gradient of the output, which goes here first, and
 * fill the weights' gradients.
 */
float *learn_network_output_gradient(struct bsp_network *net);
int learn_network_backward(struct bsp_network *net, struct bsp_error *e);
const float *learn_network_input_gradient(const struct bsp_network *net);

/* What oneDNN runs for the i-th of net->primitives: "convolution jit:avx2". */
const char *learn_network_runs(const struct bsp_network *net, size_t i,
    bool *reference);

/* ------------------------------------------------------- for layers' makers */

/* Keep the first failure. */
bool learn_ok(struct bsp_network *net, dnnl_status_t status,
    const char *what);

/* Zeroed memory, freed with the network. */
void *learn_alloc(struct bsp_network *net, size_t bytes);

/* A memory object; data NULL: with memory of its own. */
dnnl_memory_t learn_memory(struct bsp_network *net, learn_md md, void *data);

/* A memory object whose place is given later. */
dnnl_memory_t learn_memory_later(struct bsp_network *net, learn_md md);

void *learn_memory_data(dnnl_memory_t memory);

/* A layout: of floats, dims in oneDNN's order, in a format. */
learn_md learn_layout(struct bsp_network *net, int n, const dnnl_dim_t *dims,
    dnnl_format_tag_t tag);

/* The layout of a batch of a layer's output in a format. */
learn_md learn_batch_layout(struct bsp_network *net,
    const struct learn_layer *layer, dnnl_format_tag_t tag);

/* What a primitive's descriptor tells of one of its sides. */
learn_md learn_query(struct bsp_network *net, dnnl_primitive_desc_t pd,
    dnnl_query_t what);

/* Are they the same layout?  No, where one of them could not be made. */
bool learn_same(learn_md a, learn_md b);

/*
 * How many channels a block of a layout has, in which an image's pixels follow
 * one another: 1, 8 or 16; 0 for other layouts.
 */
size_t learn_lanes(struct bsp_network *net, learn_md md);

/* How many floats a memory of that layout holds, padding included. */
size_t learn_floats(learn_md md);

/* Make a primitive of the descriptor, which is freed, without arguments. */
void learn_call_make(struct bsp_network *net, struct learn_call *call,
    dnnl_primitive_desc_t pd);
void learn_call_arg(struct learn_call *call, int arg, dnnl_memory_t memory);
void learn_execute(struct bsp_network *net, const struct learn_call *call);

/* A reorder from one memory to another. */
void learn_reorder(struct bsp_network *net, struct learn_call *call,
    learn_md from_md, dnnl_memory_t from, learn_md to_md, dnnl_memory_t to);

/*
 * The memory in which another layout of `plain' is kept, and the call that
 * fills it: none, and plain itself, where the layouts are the same.
 */
dnnl_memory_t learn_other(struct bsp_network *net, struct learn_call *call,
    learn_md plain_md, dnnl_memory_t plain, learn_md md);

/* The same node, or one that reorders its output to this layout. */
struct learn_node *learn_reordered(struct bsp_network *net,
    struct learn_node *from, learn_md md);

struct learn_node *learn_node_add(struct bsp_network *net,
    const struct learn_type *type, const struct learn_layer *layer,
    struct learn_node *from0, struct learn_node *from1);

/* Give a node an output of its own in that layout. */
void learn_node_out(struct bsp_network *net, struct learn_node *node,
    learn_md md);

/* How the gradient of a node's input relates to the node's own. */
enum learn_reuse {
	LEARN_APART, /* it is another */
	LEARN_OVER,  /* it may be written over it */
	LEARN_EQUAL, /* it is the same */
};

/*
 * Where the gradient of input i of a node is to be written: NULL where nobody
 * wants it.
 */
dnnl_memory_t learn_gradient_into(struct bsp_network *net,
    struct learn_node *node, int i, enum learn_reuse reuse);

/* Add it to what other layers wrote, where that is so. */
void learn_gradient_done(struct bsp_network *net, struct learn_node *node,
    int i);

/* The makers: each adds the nodes of a layer and returns its output. */
typedef struct learn_node *learn_make_fn(struct bsp_network *net,
    const struct learn_layer *layer, struct learn_node *from0,
    struct learn_node *from1);
learn_make_fn learn_make_convolution, learn_make_linear, learn_make_norm,
    learn_make_relu, learn_make_add, learn_make_join, learn_make_quantize;

/* ------------------------------------------------------ losses and descent */

/* How much a quantizer's latent loss weighs beside that of the images. */
#define LEARN_COMMITMENT .25

/* Mean |a - b| over n, and its gradient by a. */
double learn_l1(const float *a, const float *b, float *gradient, size_t n);

struct learn_adamw {
	double lr, weight_decay;
	uint64_t step; /* that is being done, from 1 */
};

/* One step of n weights. */
void learn_adamw_step(const struct learn_adamw *adamw, float *weight,
    const float *gradient, float *first, float *second, size_t n);

/* ------------------------------------------------------------------ models */

struct bsp_model {
	struct learn_sizes sizes;
	double params[BSP_PARAMS_MAX];
	struct learn_plan *plan; /* NULL: pca, or a size not yet known */
	struct bsp_tensors tensors; /* in the plan's order */
	uint64_t version;
	struct bsp_network *net; /* for reconstruction */
	double *scratch; /* pca: [pixels] */
	double (*activation)(double x); /* of the output; NULL: none */
};

/*
 * Add the tensors `mean' [pixels] and `components' [latent][pixels] of n images
 * of one size, the largest component first.
 */
int learn_pca_fit(const struct bsp_image *images, size_t n, size_t latent,
    struct bsp_tensors *tensors, struct bsp_error *e);

/* Reconstruct an image by them; sum is room for its pixels. */
void learn_pca_reconstruct(const struct bsp_tensor *mean,
    const struct bsp_tensor *components, const float *in, float *out,
    double *sum);

#endif
