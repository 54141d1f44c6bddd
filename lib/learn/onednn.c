/*
 * What differs between releases 2 and 3 of oneDNN: see onednn.h.
 *
 * Release 2 describes layouts and primitives by structures, which the caller
 * fills and hands over; release 3 has handles and one call for each.
 */
#include <stdlib.h>
#include <string.h>

#include "onednn.h"

/* ----------------------------------------------------------------- layouts */

struct learn_layout {
	struct learn_layout *before;
	dnnl_memory_desc_t md;
};

/* How a layout's elements lie: blocks of `size' of dimension `dim', the
 * innermost last, in what the strides lead to. */
struct blocking {
	int n, blocks;
	const dnnl_dim_t *dims, *padded, *strides, *size, *dim;
};

#if DNNL_VERSION_MAJOR >= 3

#define make_tagged dnnl_memory_desc_create_with_tag
#define make_part   dnnl_memory_desc_create_submemory
#define make_copy   dnnl_memory_desc_clone

static learn_md
md_of(const struct learn_layout *layout)
{
	return layout->md;
}

static void
destroy(struct learn_layout *layout)
{
	dnnl_memory_desc_destroy(layout->md);
}

static const dnnl_dim_t *
query(learn_md md, dnnl_query_t what)
{
	const dnnl_dims_t *dims = NULL;

	dnnl_memory_desc_query(md, what, &dims);
	return *dims;
}

static int
query_number(learn_md md, dnnl_query_t what)
{
	int n = 0;

	dnnl_memory_desc_query(md, what, &n);
	return n;
}

static struct blocking
blocking_of(learn_md md)
{
	return (struct blocking){
		.n = query_number(md, dnnl_query_ndims_s32),
		.dims = query(md, dnnl_query_dims),
		.padded = query(md, dnnl_query_padded_dims),
		.strides = query(md, dnnl_query_strides),
		.blocks = query_number(md, dnnl_query_inner_nblks_s32),
		.size = query(md, dnnl_query_inner_blks),
		.dim = query(md, dnnl_query_inner_idxs),
	};
}

#else

#define make_tagged dnnl_memory_desc_init_by_tag
#define make_part   dnnl_memory_desc_init_submemory

static dnnl_status_t
make_copy(dnnl_memory_desc_t *to, learn_md md)
{
	*to = *md;
	return dnnl_success;
}

static learn_md
md_of(const struct learn_layout *layout)
{
	return &layout->md;
}

static void
destroy(struct learn_layout *layout)
{
	(void)layout;
}

static struct blocking
blocking_of(learn_md md)
{
	return (struct blocking){
		.n = md->ndims,
		.dims = md->dims,
		.padded = md->padded_dims,
		.strides = md->format_desc.blocking.strides,
		.blocks = md->format_desc.blocking.inner_nblks,
		.size = md->format_desc.blocking.inner_blks,
		.dim = md->format_desc.blocking.inner_idxs,
	};
}

#endif

const dnnl_dim_t *
learn_md_dims(learn_md md)
{
	return blocking_of(md).dims;
}

bool
learn_md_is_padded_twice(learn_md md)
{
	struct blocking b = blocking_of(md);

	return b.blocks > 1 &&
	    memcmp(b.dims, b.padded, (size_t)b.n * sizeof *b.dims) != 0;
}

size_t
learn_md_offset(learn_md md, const dnnl_dim_t *at)
{
	struct blocking b = blocking_of(md);
	dnnl_dim_t offset = 0, inner = 1;
	dnnl_dims_t outer;
	int i;

	memcpy(outer, at, (size_t)b.n * sizeof *at);
	for (i = b.blocks; i-- > 0; inner *= b.size[i]) {
		offset += inner * (outer[b.dim[i]] % b.size[i]);
		outer[b.dim[i]] /= b.size[i];
	}
	for (i = 0; i < b.n; i++)
		offset += b.strides[i] * outer[i];
	return (size_t)offset;
}

/* Keep a layout that was made, or drop it. */
static dnnl_status_t
keep(struct learn_layouts *layouts, struct learn_layout *layout,
    dnnl_status_t status, learn_md *md)
{
	if (status != dnnl_success) {
		free(layout);
		return status;
	}
	layout->before = layouts->last;
	layouts->last = layout;
	*md = md_of(layout);
	return dnnl_success;
}

static struct learn_layout *
start(learn_md *md)
{
	*md = NULL;
	return calloc(1, sizeof(struct learn_layout));
}

dnnl_status_t
learn_md_make(struct learn_layouts *layouts, learn_md *md, int n,
    const dnnl_dim_t *dims, dnnl_format_tag_t tag)
{
	struct learn_layout *layout = start(md);

	if (layout == NULL)
		return dnnl_out_of_memory;
	return keep(layouts, layout, make_tagged(&layout->md, n, dims,
	    dnnl_f32, tag), md);
}

dnnl_status_t
learn_md_part(struct learn_layouts *layouts, learn_md *md, learn_md whole,
    const dnnl_dim_t *dims, const dnnl_dim_t *offsets)
{
	struct learn_layout *layout = start(md);

	if (layout == NULL)
		return dnnl_out_of_memory;
	return keep(layouts, layout, make_part(&layout->md, whole, dims,
	    offsets), md);
}

dnnl_status_t
learn_md_query(struct learn_layouts *layouts, learn_md *md,
    const_dnnl_primitive_desc_t pd, dnnl_query_t what)
{
	learn_md theirs = dnnl_primitive_desc_query_md(pd, what, 0);
	struct learn_layout *layout = start(md);

	if (layout == NULL)
		return dnnl_out_of_memory;
	return keep(layouts, layout, theirs == NULL ? dnnl_invalid_arguments :
	    make_copy(&layout->md, theirs), md);
}

void
learn_layouts_free(struct learn_layouts *layouts)
{
	struct learn_layout *layout;

	while ((layout = layouts->last) != NULL) {
		layouts->last = layout->before;
		destroy(layout);
		free(layout);
	}
}

/* -------------------------------------------------------------- primitives */

#if DNNL_VERSION_MAJOR >= 3

static const dnnl_dims_t dense = {0, 0}; /* no dilation */

dnnl_status_t
learn_pd_convolution(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    dnnl_prop_kind_t kind, const struct learn_window *w,
    const struct learn_sides *s)
{
	*pd = NULL;
	return (w->transposed ? dnnl_deconvolution_forward_primitive_desc_create
	    : dnnl_convolution_forward_primitive_desc_create)(pd, engine, kind,
	    w->transposed ? dnnl_deconvolution_direct :
	    dnnl_convolution_direct, s->src, s->weights, s->bias, s->dst,
	    w->strides, dense, w->before, w->after, NULL);
}

dnnl_status_t
learn_pd_convolution_data(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    const struct learn_window *w, const struct learn_sides *s,
    const_dnnl_primitive_desc_t hint)
{
	*pd = NULL;
	return (w->transposed ?
	    dnnl_deconvolution_backward_data_primitive_desc_create :
	    dnnl_convolution_backward_data_primitive_desc_create)(pd, engine,
	    w->transposed ? dnnl_deconvolution_direct :
	    dnnl_convolution_direct, s->src, s->weights, s->dst, w->strides,
	    dense, w->before, w->after, hint, NULL);
}

dnnl_status_t
learn_pd_convolution_weights(dnnl_primitive_desc_t *pd,
    dnnl_engine_t engine, const struct learn_window *w,
    const struct learn_sides *s, const_dnnl_primitive_desc_t hint)
{
	*pd = NULL;
	return (w->transposed ?
	    dnnl_deconvolution_backward_weights_primitive_desc_create :
	    dnnl_convolution_backward_weights_primitive_desc_create)(pd,
	    engine, w->transposed ? dnnl_deconvolution_direct :
	    dnnl_convolution_direct, s->src, s->weights, s->bias, s->dst,
	    w->strides, dense, w->before, w->after, hint, NULL);
}

dnnl_status_t
learn_pd_linear(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    const struct learn_sides *s)
{
	*pd = NULL;
	return dnnl_inner_product_forward_primitive_desc_create(pd, engine,
	    dnnl_forward_training, s->src, s->weights, s->bias, s->dst, NULL);
}

dnnl_status_t
learn_pd_linear_data(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    const struct learn_sides *s, const_dnnl_primitive_desc_t hint)
{
	*pd = NULL;
	return dnnl_inner_product_backward_data_primitive_desc_create(pd,
	    engine, s->src, s->weights, s->dst, hint, NULL);
}

dnnl_status_t
learn_pd_linear_weights(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    const struct learn_sides *s, const_dnnl_primitive_desc_t hint)
{
	*pd = NULL;
	return dnnl_inner_product_backward_weights_primitive_desc_create(pd,
	    engine, s->src, s->weights, s->bias, s->dst, hint, NULL);
}

dnnl_status_t
learn_pd_relu(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, learn_md md)
{
	*pd = NULL;
	return dnnl_eltwise_forward_primitive_desc_create(pd, engine,
	    dnnl_forward_training, dnnl_eltwise_relu_use_dst_for_bwd, md, md,
	    0, 0, NULL);
}

dnnl_status_t
learn_pd_relu_data(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    learn_md md, const_dnnl_primitive_desc_t hint)
{
	*pd = NULL;
	return dnnl_eltwise_backward_primitive_desc_create(pd, engine,
	    dnnl_eltwise_relu_use_dst_for_bwd, md, md, md, 0, 0, hint, NULL);
}

#else

/* Describe the primitive of an operation that was filled in. */
static dnnl_status_t
describe(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    dnnl_status_t filled, const void *op, const_dnnl_primitive_desc_t hint)
{
	*pd = NULL;
	return filled != dnnl_success ? filled :
	    dnnl_primitive_desc_create(pd, op, NULL, engine, hint);
}

dnnl_status_t
learn_pd_convolution(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    dnnl_prop_kind_t kind, const struct learn_window *w,
    const struct learn_sides *s)
{
	dnnl_convolution_desc_t op;

	return describe(pd, engine, (w->transposed ?
	    dnnl_deconvolution_forward_desc_init :
	    dnnl_convolution_forward_desc_init)(&op, kind, w->transposed ?
	    dnnl_deconvolution_direct : dnnl_convolution_direct, s->src,
	    s->weights, s->bias, s->dst, w->strides, w->before, w->after),
	    &op, NULL);
}

dnnl_status_t
learn_pd_convolution_data(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    const struct learn_window *w, const struct learn_sides *s,
    const_dnnl_primitive_desc_t hint)
{
	dnnl_convolution_desc_t op;

	return describe(pd, engine, (w->transposed ?
	    dnnl_deconvolution_backward_data_desc_init :
	    dnnl_convolution_backward_data_desc_init)(&op, w->transposed ?
	    dnnl_deconvolution_direct : dnnl_convolution_direct, s->src,
	    s->weights, s->dst, w->strides, w->before, w->after), &op, hint);
}

dnnl_status_t
learn_pd_convolution_weights(dnnl_primitive_desc_t *pd,
    dnnl_engine_t engine, const struct learn_window *w,
    const struct learn_sides *s, const_dnnl_primitive_desc_t hint)
{
	dnnl_convolution_desc_t op;

	return describe(pd, engine, (w->transposed ?
	    dnnl_deconvolution_backward_weights_desc_init :
	    dnnl_convolution_backward_weights_desc_init)(&op, w->transposed ?
	    dnnl_deconvolution_direct : dnnl_convolution_direct, s->src,
	    s->weights, s->bias, s->dst, w->strides, w->before, w->after),
	    &op, hint);
}

dnnl_status_t
learn_pd_linear(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    const struct learn_sides *s)
{
	dnnl_inner_product_desc_t op;

	return describe(pd, engine, dnnl_inner_product_forward_desc_init(&op,
	    dnnl_forward_training, s->src, s->weights, s->bias, s->dst), &op,
	    NULL);
}

dnnl_status_t
learn_pd_linear_data(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    const struct learn_sides *s, const_dnnl_primitive_desc_t hint)
{
	dnnl_inner_product_desc_t op;

	return describe(pd, engine,
	    dnnl_inner_product_backward_data_desc_init(&op, s->src,
	    s->weights, s->dst), &op, hint);
}

dnnl_status_t
learn_pd_linear_weights(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    const struct learn_sides *s, const_dnnl_primitive_desc_t hint)
{
	dnnl_inner_product_desc_t op;

	return describe(pd, engine,
	    dnnl_inner_product_backward_weights_desc_init(&op, s->src,
	    s->weights, s->bias, s->dst), &op, hint);
}

dnnl_status_t
learn_pd_relu(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, learn_md md)
{
	dnnl_eltwise_desc_t op;

	return describe(pd, engine, dnnl_eltwise_forward_desc_init(&op,
	    dnnl_forward_training, dnnl_eltwise_relu_use_dst_for_bwd, md, 0,
	    0), &op, NULL);
}

dnnl_status_t
learn_pd_relu_data(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    learn_md md, const_dnnl_primitive_desc_t hint)
{
	dnnl_eltwise_desc_t op;

	return describe(pd, engine, dnnl_eltwise_backward_desc_init(&op,
	    dnnl_eltwise_relu_use_dst_for_bwd, md, md, 0, 0), &op, hint);
}

#endif

const char *
learn_pd_name(const_dnnl_primitive_desc_t pd)
{
	const char *name = NULL;

	dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
	return name == NULL ? "unknown" : name;
}

bool
learn_pd_is_reference(const_dnnl_primitive_desc_t pd)
{
	return strstr(learn_pd_name(pd), "ref") != NULL;
}
