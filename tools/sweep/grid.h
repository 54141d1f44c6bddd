/*
 * The table of a sweep: its columns, the facts above it, and its rows.
 */
#ifndef GRID_H
#define GRID_H

#include "../cli/points.h"
#include "../cli/table.h"

/* A grid, the part of it that is run, and how it is told. */
struct grid {
	const struct bsp_sweep *sweep;
	size_t injects, degrades, residuals; /* cells */
	size_t begin, end;                   /* the shard's pairs */
	bool per_image;
	bool bands;   /* with columns of intervals */
	const struct point *point; /* names of the sweep's thresholds */
	size_t asked; /* metrics with all their columns */
	char **label; /* [residuals] of several --residual, else NULL */
	const char **columns;
	size_t params;                       /* columns of swept parameters */
};

/*
 * Count the cells and name the columns; the shard is the whole.  The caller has
 * set sweep, asked, per_image, bands and point: asked metrics were asked for;
 * those after them are told by their mean alone.
 */
void grid_begin(struct grid *grid);

/* What the table calls each cell of several residuals; *twice is a name of two,
 * or NULL. */
char **grid_labels(const struct bsp_sweep *sweep, const char **twice);

/* Take shard k of n, k from 1: degradations first, then anomalies. */
void grid_take_shard(struct grid *grid, uint64_t k, uint64_t n);

/* How many cells the shard has. */
size_t grid_cells(const struct grid *grid);

struct grid_cell {
	size_t inject, degrade, residual;
};

/* What is written of one cell: the parameters, then what put says, then its
 * thresholds. */
typedef void grid_put_fn(struct table *table, const void *values,
    const struct grid *grid, const struct grid_cell *cell);

/*
 * Write the shard's rows in order: inject outermost, then degrade, then
 * residual.  values are an array over pairs of the shard, then residuals, of
 * size bytes each.
 */
void grid_rows(const struct grid *grid, struct table *table,
    const void *values, size_t size, grid_put_fn *put);

#endif
