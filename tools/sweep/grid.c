/*
 * The table of a sweep: see grid.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"

static char *
join(const char *a, const char *middle, const char *b)
{
	size_t n = strlen(a) + strlen(middle) + strlen(b) + 1;
	char *text = malloc(n);
	struct bsp_error e;

	if (text == NULL) {
		bsp_error_system(&e, ENOMEM, "a column's name");
		cli_die(&e);
	}
	snprintf(text, n, "%s%s%s", a, middle, b);
	return text;
}

static void
add_swept(struct grid *grid, const char *stage, const struct bsp_spec *spec)
{
	size_t i;

	for (i = 0; i < spec->swept_count; i++)
		grid->columns[grid->params++] = join(stage, ".",
		    bsp_kind_param(spec->kind, spec->swept[i])->name);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **
grid_labels(const struct bsp_sweep *sweep, const char **twice)
{
	size_t n = bsp_sweep_residuals(sweep), i, k, at = 0;
	char **label = malloc(2 * n * sizeof *label), **sorted = label + n;
	char text[BSP_SPEC_SIZE];
	struct bsp_error e;

	if (label == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu residuals", n);
		cli_die(&e);
	}
	for (i = 0; i < sweep->residuals; i++)
		for (k = 0; k < bsp_spec_cells(&sweep->residual[i]); k++, at++)
			label[at] = sorted[at] = join(bsp_spec_label(
			    &sweep->residual[i], k, text), "", "");
	qsort(sorted, n, sizeof *sorted, compare);
	*twice = NULL;
	for (i = 1; i < n; i++)
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			*twice = sorted[i];
	return label;
}

#define COLUMNS_MAX (3 * BSP_PARAMS_MAX + 5 * BSP_METRICS_MAX + \
	BSP_POINTS_MAX + 4)
#define READ_MAX 64 /* columns that readers of tables take */

/* Columns of a metric; the number of columns is then n. */
static size_t
add_metric(const struct grid *grid, size_t m, size_t n)
{
	const struct bsp_sweep *sweep = grid->sweep;
	char text[POINT_METRIC_SIZE];

	points_metric(text, sweep->metric[m], grid->point == NULL ? "" :
	    grid->point[sweep->at[m]].label);
	grid->columns[n++] = join(text, "", "");
	if (grid->per_image)
		return n;
	grid->columns[n++] = join(text, "", "_sd");
	grid->columns[n++] = join(text, "", "_undefined");
	if (!grid->bands)
		return n;
	grid->columns[n++] = join(text, "", "_low");
	grid->columns[n++] = join(text, "", "_high");
	return n;
}

void
grid_begin(struct grid *grid)
{
	static const char *columns[COLUMNS_MAX + 1];
	const struct bsp_sweep *sweep = grid->sweep;
	const char *twice;
	size_t m, k, n;

	grid->injects = bsp_spec_cells(&sweep->inject);
	grid->degrades = bsp_spec_cells(&sweep->degrade);
	grid->residuals = bsp_sweep_residuals(sweep);
	grid->begin = 0;
	grid->end = bsp_sweep_pairs(sweep);
	grid->columns = columns;
	grid->params = 0;
	add_swept(grid, "inject", &sweep->inject);
	add_swept(grid, "degrade", &sweep->degrade);
	if (sweep->residuals > 1) {
		grid->label = grid_labels(sweep, &twice);
		if (twice != NULL)
			cli_usage("--residual: %s is given twice", twice);
		columns[grid->params++] = "residual";
	} else {
		add_swept(grid, "residual", sweep->residual);
	}
	n = grid->params;
	if (grid->per_image) {
		columns[n++] = "image";
		columns[n++] = "pixels";
		columns[n++] = "anomalous";
	}
	for (m = 0; m < grid->asked; m++)
		n = add_metric(grid, m, n);
	if (!grid->per_image)
		columns[n++] = "n";
	for (m = grid->asked; m < sweep->metrics; m++)
		columns[n++] = sweep->metric[m]->name;
	for (k = 0; k < sweep->points; k++)
		columns[n++] = join("threshold", "@", grid->point[k].label);
	if (n > READ_MAX)
		cli_usage("a table of %zu columns, expected at most %d: fewer "
		    "metrics or thresholds", n, READ_MAX);
}

void
grid_take_shard(struct grid *grid, uint64_t k, uint64_t n)
{
	size_t unit = grid->degrades >= n ? grid->injects : 1;
	size_t units = grid->injects * grid->degrades / unit;

	grid->begin = (size_t)((k - 1) * units / n) * unit;
	grid->end = (size_t)(k * units / n) * unit;
}

size_t
grid_cells(const struct grid *grid)
{
	return (grid->end - grid->begin) * grid->residuals;
}

static void
put_swept(struct table *table, const struct bsp_spec *spec, size_t cell)
{
	double params[BSP_PARAMS_MAX];
	size_t i;

	if (spec->swept_count == 0)
		return;
	bsp_spec_cell(spec, cell, params);
	for (i = 0; i < spec->swept_count; i++)
		table_place(table, params[spec->swept[i]]);
}

/* The thresholds of a cell. */
static void
put_thresholds(struct table *table, const struct grid *grid,
    const struct grid_cell *cell)
{
	const struct bsp_sweep *sweep = grid->sweep;
	size_t k, at = (cell->degrade * grid->residuals + cell->residual) *
	    sweep->points;

	for (k = 0; k < sweep->points; k++)
		table_number(table, sweep->threshold[at + k]);
}

static void
put_row(struct table *table, const struct grid *grid, const void *values,
    const struct grid_cell *cell, grid_put_fn *put)
{
	const struct bsp_sweep *sweep = grid->sweep;

	put_swept(table, &sweep->inject, cell->inject);
	put_swept(table, &sweep->degrade, cell->degrade);
	if (grid->label != NULL)
		table_text(table, grid->label[cell->residual]);
	else
		put_swept(table, sweep->residual, cell->residual);
	put(table, values, grid, cell);
	put_thresholds(table, grid, cell);
}

void
grid_rows(const struct grid *grid, struct table *table, const void *values,
    size_t size, grid_put_fn *put)
{
	struct grid_cell cell;
	const char *value;
	size_t pair;

	for (cell.inject = 0; cell.inject < grid->injects; cell.inject++)
		for (cell.degrade = 0; cell.degrade < grid->degrades;
		    cell.degrade++) {
			pair = cell.degrade * grid->injects + cell.inject;
			if (pair < grid->begin || pair >= grid->end)
				continue;
			value = (const char *)values +
			    (pair - grid->begin) * grid->residuals * size;
			for (cell.residual = 0;
			    cell.residual < grid->residuals;
			    cell.residual++, value += size)
				put_row(table, grid, value, &cell, put);
		}
}
