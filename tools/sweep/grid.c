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

void
grid_begin(struct grid *grid, const struct bsp_sweep *sweep, size_t asked,
    bool per_image, bool bands)
{
	static const char *columns[3 * BSP_PARAMS_MAX + 5 * BSP_METRICS_MAX +
	    4];
	const char *name;
	size_t m, n;

	*grid = (struct grid){
		.sweep = sweep,
		.injects = bsp_spec_cells(&sweep->inject),
		.degrades = bsp_spec_cells(&sweep->degrade),
		.residuals = bsp_spec_cells(&sweep->residual),
		.end = bsp_sweep_pairs(sweep),
		.asked = asked,
		.per_image = per_image,
		.bands = bands,
		.columns = columns,
	};
	add_swept(grid, "inject", &sweep->inject);
	add_swept(grid, "degrade", &sweep->degrade);
	add_swept(grid, "residual", &sweep->residual);
	n = grid->params;
	if (per_image) {
		columns[n++] = "image";
		columns[n++] = "pixels";
		columns[n++] = "anomalous";
	}
	for (m = 0; m < asked; m++) {
		name = sweep->metric[m]->name;
		columns[n++] = name;
		if (per_image)
			continue;
		columns[n++] = join(name, "", "_sd");
		columns[n++] = join(name, "", "_undefined");
		if (!bands)
			continue;
		columns[n++] = join(name, "", "_low");
		columns[n++] = join(name, "", "_high");
	}
	if (!per_image)
		columns[n++] = "n";
	for (m = asked; m < sweep->metrics; m++)
		columns[n++] = sweep->metric[m]->name;
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

void
grid_rows(const struct grid *grid, struct table *table, const void *values,
    size_t size, grid_put_fn *put)
{
	const struct bsp_sweep *sweep = grid->sweep;
	size_t inject, degrade, residual, pair;
	const char *value;

	for (inject = 0; inject < grid->injects; inject++)
		for (degrade = 0; degrade < grid->degrades; degrade++) {
			pair = degrade * grid->injects + inject;
			if (pair < grid->begin || pair >= grid->end)
				continue;
			value = (const char *)values +
			    (pair - grid->begin) * grid->residuals * size;
			for (residual = 0; residual < grid->residuals;
			    residual++, value += size) {
				put_swept(table, &sweep->inject, inject);
				put_swept(table, &sweep->degrade, degrade);
				put_swept(table, &sweep->residual, residual);
				put(table, value, grid, inject);
			}
		}
}
