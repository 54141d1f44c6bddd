/*
 * oneDNN, release 2 or 3, as the layers see it.  The releases differ in how
 * layouts of memory are kept and in how primitives are described; what differs
 * is here and in onednn.c, and nowhere else.
 *
 * A layout is borrowed: it lives as long as the list that it was made for.
 */
#ifndef BSP_ONEDNN_H
#define BSP_ONEDNN_H

#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stddef.h>

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t learn_md;
#else
typedef const dnnl_memory_desc_t *learn_md;
#endif

/* The layouts that a network has made, which are freed together. */
struct learn_layouts {
	struct learn_layout *last;
};

void learn_layouts_free(struct learn_layouts *layouts);

/*
 * Each of these keeps its result in the list and puts it in *md: of floats of
 * these dimensions in a format; of the part of another that has these
 * dimensions and begins at these offsets; and a copy of what a primitive's
 * descriptor tells.  *md is NULL on failure.
 */
dnnl_status_t learn_md_make(struct learn_layouts *layouts, learn_md *md,
    int n, const dnnl_dim_t *dims, dnnl_format_tag_t tag);
dnnl_status_t learn_md_part(struct learn_layouts *layouts, learn_md *md,
    learn_md whole, const dnnl_dim_t *dims, const dnnl_dim_t *offsets);
dnnl_status_t learn_md_query(struct learn_layouts *layouts, learn_md *md,
    const_dnnl_primitive_desc_t pd, dnnl_query_t what);

/* The dimensions of a layout, in oneDNN's order. */
const dnnl_dim_t *learn_md_dims(learn_md md);

/*
 * Does a layout have blocks within blocks of channels, of which the last are
 * padded?  Copies to it must be our own: release 3.7 leaves out values there.
 */
bool learn_md_is_padded_twice(learn_md md);

/* Where a layout has the element at these indices, in floats. */
size_t learn_md_offset(learn_md md, const dnnl_dim_t *at);

/* ------------------------------------------------- descriptors of primitives */

/* The window of a convolution. */
struct learn_window {
	dnnl_dims_t strides, before, after; /* padding */
	bool transposed;
};

/*
 * The layouts of a layer's input, weights, bias and output, or of their
 * gradients: whichever the pass takes.  bias NULL: there is none.
 */
struct learn_sides {
	learn_md src, weights, bias, dst;
};

/*
 * Describe a primitive: *pd is the caller's to destroy, and NULL on failure.
 * kind: dnnl_forward_training or dnnl_forward_inference.  hint: the descriptor
 * of the forward pass.
 */
dnnl_status_t learn_pd_convolution(dnnl_primitive_desc_t *pd,
    dnnl_engine_t engine, dnnl_prop_kind_t kind,
    const struct learn_window *window, const struct learn_sides *sides);
dnnl_status_t learn_pd_convolution_data(dnnl_primitive_desc_t *pd,
    dnnl_engine_t engine, const struct learn_window *window,
    const struct learn_sides *sides, const_dnnl_primitive_desc_t hint);
dnnl_status_t learn_pd_convolution_weights(dnnl_primitive_desc_t *pd,
    dnnl_engine_t engine, const struct learn_window *window,
    const struct learn_sides *sides, const_dnnl_primitive_desc_t hint);

dnnl_status_t learn_pd_linear(dnnl_primitive_desc_t *pd,
    dnnl_engine_t engine, const struct learn_sides *sides);
dnnl_status_t learn_pd_linear_data(dnnl_primitive_desc_t *pd,
    dnnl_engine_t engine, const struct learn_sides *sides,
    const_dnnl_primitive_desc_t hint);
dnnl_status_t learn_pd_linear_weights(dnnl_primitive_desc_t *pd,
    dnnl_engine_t engine, const struct learn_sides *sides,
    const_dnnl_primitive_desc_t hint);

/* Rectification whose backward pass works from the output. */
dnnl_status_t learn_pd_relu(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    learn_md md);
dnnl_status_t learn_pd_relu_data(dnnl_primitive_desc_t *pd,
    dnnl_engine_t engine, learn_md md, const_dnnl_primitive_desc_t hint);

/* What oneDNN calls the implementation that it chose: "jit:avx2". */
const char *learn_pd_name(const_dnnl_primitive_desc_t pd);

/* Is it the plain loop, which takes a hundred times as long as the others? */
bool learn_pd_is_reference(const_dnnl_primitive_desc_t pd);

#endif
