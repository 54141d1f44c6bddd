/*
 * Summaries of many columns of values of the same images, as of the cells of a
 * sweep: bit by bit those of bsp_summarize, but that subjects are drawn once for
 * many columns, whose sums then stand side by side.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"

#define COLUMNS 256          /* at once, at most */
#define MEANS (1 << 19)      /* of all replicates of these */

/* What is resampled, of columns that are defined everywhere. */
struct units {
	size_t count, columns;
	double *sum;    /* [count][columns] */
	size_t *images; /* [count] */
};

static void
free_units(struct units *units)
{
	free(units->sum);
	free(units->images);
}

/* Sums of groups, in the order of images; groups without images are left out. */
static int
gather(const double *values, size_t n, size_t stride, size_t columns,
    const struct bsp_resampling *how, struct units *units,
    struct bsp_error *e)
{
	size_t groups = how->group == NULL ? n : how->groups, i, k, c;

	*units = (struct units){.columns = columns};
	units->sum = calloc(groups * columns + 1, sizeof *units->sum);
	units->images = calloc(groups + 1, sizeof *units->images);
	if (units->sum == NULL || units->images == NULL) {
		free_units(units);
		return bsp_error_system(e, ENOMEM, "%zu subjects", groups);
	}
	for (i = 0; i < n; i++) {
		k = how->group == NULL ? i : how->group[i];
		units->images[k]++;
		for (c = 0; c < columns; c++)
			units->sum[k * columns + c] += values[i * stride + c];
	}
	for (k = 0; k < groups; k++) {
		if (units->images[k] == 0)
			continue;
		units->images[units->count] = units->images[k];
		memmove(units->sum + units->count++ * columns,
		    units->sum + k * columns, columns * sizeof *units->sum);
	}
	return 0;
}

BSP_CLONES static void
add(double *restrict sum, const double *restrict x, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		sum[i] += x[i];
}

/* One replicate's means, of which those of one column lie apart by `apart'. */
static void
replicate(const struct units *units, const struct bsp_resampling *how,
    size_t index, double *mean, size_t apart)
{
	struct bsp_random random;
	double sum[COLUMNS] = {0};
	size_t i, k, count = 0;

	bsp_random_start(&random, how->seed, BSP_DRAW_BOOTSTRAP, 0, index);
	for (i = 0; i < units->count; i++) {
		k = bsp_random_below(&random, units->count);
		add(sum, units->sum + k * units->columns, units->columns);
		count += units->images[k];
	}
	for (i = 0; i < units->columns; i++)
		mean[i * apart] = sum[i] / (double)count;
}

static int
bootstrap(const double *values, size_t n, size_t stride, size_t columns,
    const struct bsp_resampling *how, struct bsp_summary *out,
    struct bsp_error *e)
{
	struct units units;
	double *mean;
	size_t i;

	if (gather(values, n, stride, columns, how, &units, e))
		return -1;
	mean = malloc(how->replicates * columns * sizeof *mean);
	if (mean == NULL) {
		free_units(&units);
		return bsp_error_system(e, ENOMEM,
		    "a bootstrap of %zu replicates", how->replicates);
	}
	for (i = 0; i < how->replicates; i++)
		replicate(&units, how, i, mean + i, how->replicates);
	for (i = 0; i < columns; i++)
		bsp_interval_of(mean + i * how->replicates, how->replicates,
		    units.count, how, &out[i]);
	free(mean);
	free_units(&units);
	return 0;
}

/* One column by itself: its values, and what bsp_summarize says of them. */
static int
summarize(const double *values, size_t n, size_t stride,
    const struct bsp_resampling *how, struct bsp_summary *out,
    struct bsp_error *e)
{
	double *column = malloc((n + 1) * sizeof *column);
	size_t i;
	int result;

	if (column == NULL)
		return bsp_error_system(e, ENOMEM, "%zu values", n);
	for (i = 0; i < n; i++)
		column[i] = values[i * stride];
	result = bsp_summarize(column, n, how, out, e);
	free(column);
	return result;
}

/* How many columns from here on are drawn together: all defined everywhere. */
static size_t
run_of(const struct bsp_summary *out, size_t columns, size_t most)
{
	size_t n = 0;

	while (n < columns && n < most && out[n].undefined == 0)
		n++;
	return n;
}

int
bsp_summarize_columns(const double *values, size_t n, size_t stride,
    size_t columns, const struct bsp_resampling *how,
    struct bsp_summary *out, struct bsp_error *e)
{
	struct bsp_resampling once = how == NULL ?
	    (struct bsp_resampling){.group = NULL} : *how;
	bool drawn = once.ci != BSP_CI_T && once.replicates > 0;
	size_t most = COLUMNS, c, run;

	if (drawn && MEANS / COLUMNS < once.replicates)
		most = MEANS / once.replicates + 1;
	if (drawn)
		once.replicates = 0;
	for (c = 0; c < columns; c++)
		if (summarize(values + c, n, stride, &once, &out[c], e))
			return -1;
	for (c = 0; drawn && c < columns; c += run) {
		run = run_of(out + c, columns - c, most);
		if (run > 0 && out[c].subjects > 1 && bootstrap(values + c, n,
		    stride, run, how, out + c, e))
			return -1;
		if (run == 0 && summarize(values + c, n, stride, how, &out[c],
		    e))
			return -1;
		run = run > 0 ? run : 1;
	}
	return 0;
}
