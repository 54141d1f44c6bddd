/*
 * Random rectangles and ellipses, sheared and turned, around a position, or,
 * where none of many fits there, around another place.
 * Source: Baugh, Tan, Mueller, Dombrowski, Batten, Kainz, "Many tasks make
 * light work", MICCAI 2023.
 */
#ifndef BSP_INJECT_SHAPE_H
#define BSP_INJECT_SHAPE_H

#include "inject.h"

struct bsp_shape {
	bool ellipse;
	double row, col;       /* the centre */
	double height, width;  /* sides, before shear and turn */
	double shear, angle;
	double cosine, sine;
	size_t row_begin, row_end, col_begin, col_end; /* its box */
};

#define BSP_SHAPE_DRAWN "centre-row", "centre-col", "ellipse", "height", \
	"width", "shear", "angle"
#define BSP_SHAPE_NUMBERS 7

/*
 * Draw a shape that lies at least half in the foreground, as try number i of
 * BSP_TRIES; false where this one does not.  At a convex corner of the
 * foreground none does, so that from half of the tries on its centre is drawn
 * too.
 */
bool bsp_shape_draw(const struct bsp_inject_job *job,
    struct bsp_random *random, int i, struct bsp_shape *shape);

/* Does it hold the place? */
bool bsp_shape_holds(const struct bsp_shape *shape, double row, double col);

/* A place in it, uniform. */
void bsp_shape_place(const struct bsp_shape *shape,
    struct bsp_random *random, double *row, double *col);

/* How far from a place in it its edge is, in a direction of length 1. */
double bsp_shape_edge(const struct bsp_shape *shape, double row, double col,
    double down, double right);

/* Record it, from number first of what is drawn. */
void bsp_shape_tell(const struct bsp_inject_job *job,
    const struct bsp_shape *shape, size_t first);

#endif
