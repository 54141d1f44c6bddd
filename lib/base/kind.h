/*
 * How kinds are applied, and what a stage's entry point checks before.  Users
 * of the library see neither the functions nor their types: a kind trusts that
 * its parameters are within their ranges, and that what it needs is there.
 */
#ifndef BSP_BASE_KIND_H
#define BSP_BASE_KIND_H

#include "base.h"

typedef int bsp_inject_fn(const struct bsp_inject_job *job,
    const double *params, struct bsp_image *image, struct bsp_image *label,
    struct bsp_error *e);

typedef int bsp_degrade_fn(const struct bsp_degrade_job *job,
    const double *params, const struct bsp_image *in, struct bsp_image *out,
    struct bsp_error *e);

typedef int bsp_residual_fn(const struct bsp_residual_job *job,
    const double *params, struct bsp_image *map, struct bsp_error *e);

/*
 * Fail (BSP_USAGE) where parameters, each of which is within its range, do not
 * go together.  0 or -1.
 */
typedef int bsp_check_fn(const double *params, struct bsp_error *e);

/* How far from a sample of the map the samples lie that it depends on. */
typedef size_t bsp_reach_fn(const double *params);

/* The functions of a kind; the one of its stage is there. */
struct bsp_apply {
	bsp_inject_fn *inject;
	bsp_degrade_fn *degrade;
	bsp_residual_fn *residual;
	bsp_check_fn *check; /* NULL: any parameters within their ranges go */
	bsp_reach_fn *reach; /* residuals: NULL: on all, unless pointwise */
};

/* In a row: .apply = BSP_DEGRADE(bsp_degrade_blur) */
#define BSP_INJECT(...) (&(const struct bsp_apply){.inject = __VA_ARGS__})
#define BSP_DEGRADE(...) (&(const struct bsp_apply){.degrade = __VA_ARGS__})
#define BSP_RESIDUAL(...) (&(const struct bsp_apply){.residual = __VA_ARGS__})

/* Is the kind of the stage whose function has that name? */
#define BSP_KIND_IS(kind, function) ((kind) != NULL && \
	(kind)->apply != NULL && (kind)->apply->function != NULL)

/* Fail (BSP_USAGE): there is no kind, or it is no `what'. */
int bsp_kind_refuse(const struct bsp_kind *kind, const char *what,
    struct bsp_error *e);

/* Fail (BSP_USAGE): the kind lacks `what'. */
int bsp_kind_lacks(const struct bsp_kind *kind, const char *what,
    struct bsp_error *e);

/*
 * Fail unless an image, `what' to the kind, is there (BSP_USAGE), has samples
 * in memory and, unless it is NULL, the size of another (BSP_DATA).
 */
int bsp_image_check(const struct bsp_kind *kind, const char *what,
    const struct bsp_image *image, const struct bsp_image *like,
    struct bsp_error *e);

/* Fail (BSP_DATA) where a sample of such an image is NaN or infinite. */
int bsp_finite_check(const char *what, const struct bsp_image *image,
    struct bsp_error *e);

/* Both: for what a kind reads. */
int bsp_input_check(const struct bsp_kind *kind, const char *what,
    const struct bsp_image *image, const struct bsp_image *like,
    struct bsp_error *e);

/* Fail (BSP_USAGE) where an image that is written is one that is read. */
int bsp_apart_check(const struct bsp_kind *kind,
    const struct bsp_image *written, const struct bsp_image *read,
    struct bsp_error *e);

/* Fail (BSP_USAGE) where draws of this number would be those of another. */
int bsp_draw_number_check(uint32_t number, struct bsp_error *e);

#endif
