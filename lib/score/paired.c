/*
 * Two methods on the same images, metric by metric.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "score.h"

static int
check(const double *a, const double *b, size_t n,
    const struct bsp_resampling *how, size_t permutations,
    struct bsp_error *e)
{
	size_t i;

	if (a == NULL || b == NULL || n == 0)
		return bsp_error_set(e, BSP_USAGE, "no values, expected those "
		    "of two methods on at least one image");
	if (permutations == 0)
		return bsp_error_set(e, BSP_USAGE, "no permutations, expected "
		    "at least one");
	for (i = 0; how->group != NULL && i < n; i++)
		if (how->group[i] >= how->groups)
			return bsp_error_set(e, BSP_USAGE, "image %zu is of "
			    "group %zu, expected one below %zu", i,
			    how->group[i], how->groups);
	return 0;
}

/* The differences, and how many images win, tie and lose. */
static void
count_wins(const double *a, const double *b, size_t n, bool lower,
    double *difference, struct bsp_paired *out)
{
	struct bsp_moments first = {0}, second = {0};
	double better;
	size_t i;

	for (i = 0; i < n; i++) {
		difference[i] = a[i] - b[i];
		if (isnan(difference[i]))
			continue;
		bsp_moments_add(&first, a[i]);
		bsp_moments_add(&second, b[i]);
		better = lower ? -difference[i] : difference[i];
		out->wins += better > 0;
		out->ties += better == 0;
		out->losses += better < 0;
	}
	out->mean_a = bsp_moments_mean(&first);
	out->mean_b = bsp_moments_mean(&second);
}

/* The sums of the defined differences of each unit that has any. */
static int
sum_units(const double *difference, size_t n,
    const struct bsp_resampling *how, double *sum, size_t *kept,
    struct bsp_error *e)
{
	size_t units = how->group == NULL ? n : how->groups, i, unit;
	bool *used = calloc(units, sizeof *used);

	if (used == NULL)
		return bsp_error_system(e, ENOMEM, "%zu units", units);
	for (i = 0; i < units; i++)
		sum[i] = 0;
	for (i = 0; i < n; i++)
		if (!isnan(difference[i])) {
			unit = how->group == NULL ? i : how->group[i];
			sum[unit] += difference[i];
			used[unit] = true;
		}
	*kept = 0;
	for (i = 0; i < units; i++)
		if (used[i])
			sum[(*kept)++] = sum[i];
	free(used);
	return 0;
}

/* The interval of the difference, and its one-sided bounds. */
static int
find_intervals(const double *difference, size_t n,
    const struct bsp_metric *metric, const struct bsp_resampling *how,
    struct bsp_paired *paired, struct bsp_error *e)
{
	struct bsp_resampling one_sided = *how;
	struct bsp_summary bounds;
	double least = metric->bounded ? -1 : -(double)INFINITY;

	one_sided.confidence = 1 - 4 * bsp_ci_level(how);
	if (bsp_summarize(difference, n, how, &paired->difference, e) ||
	    bsp_summarize(difference, n, &one_sided, &bounds, e))
		return -1;
	bsp_interval_clip(&paired->difference, least, -least);
	bsp_interval_clip(&bounds, least, -least);
	paired->one_low = bounds.ci_low;
	paired->one_high = bounds.ci_high;
	return 0;
}

int
bsp_compare_paired(const double *a, const double *b, size_t n,
    const struct bsp_metric *metric, const struct bsp_resampling *resampling,
    size_t permutations, struct bsp_paired *paired, struct bsp_error *e)
{
	static const struct bsp_resampling none = {.group = NULL};
	const struct bsp_resampling *how = resampling == NULL ? &none :
	    resampling;
	double *difference, *sum;
	int result = -1;

	if (check(a, b, n, how, permutations, e))
		return -1;
	*paired = (struct bsp_paired){.units = 0};
	difference = malloc(n * sizeof *difference);
	sum = malloc((how->group == NULL ? n : how->groups) * sizeof *sum);
	if (difference == NULL || sum == NULL) {
		bsp_error_system(e, ENOMEM, "%zu images", n);
		goto out;
	}
	count_wins(a, b, n, metric->lower, difference, paired);
	if (find_intervals(difference, n, metric, how, paired, e) ||
	    sum_units(difference, n, how, sum, &paired->units, e))
		goto out;
	paired->p = paired->p_holm = bsp_sign_flip(sum, paired->units,
	    permutations, how->seed);
	paired->p_min = bsp_sign_flip_min(paired->units, permutations);
	result = 0;
out:
	free(difference);
	free(sum);
	return result;
}

int
bsp_compare_adjust(struct bsp_paired *paired, size_t n, struct bsp_error *e)
{
	double *p = calloc(2 * n + 1, sizeof *p);
	size_t i;
	int result;

	if (p == NULL)
		return bsp_error_system(e, ENOMEM, "%zu comparisons", n);
	for (i = 0; i < n; i++)
		p[i] = paired[i].p;
	result = bsp_holm(p, n, p + n, e);
	for (i = 0; i < n && result == 0; i++)
		paired[i].p_holm = p[n + i];
	free(p);
	return result;
}
