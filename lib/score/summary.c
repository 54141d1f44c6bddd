/*
 * Mean over images, sample standard deviation, and an interval: by the
 * bootstrap or by Student's t.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"

/* What is resampled: an image, or a subject with all its images. */
struct unit {
	double sum;   /* of the defined values */
	size_t count; /* how many there are */
};

int
bsp_compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Units with no defined value carry nothing and are not drawn. */
static size_t
gather_units(const double *values, size_t n, const size_t *group,
    size_t groups, struct unit *units)
{
	size_t i, kept = 0;
	struct unit *unit;

	memset(units, 0, groups * sizeof *units);
	for (i = 0; i < n; i++) {
		unit = &units[group == NULL ? i : group[i]];
		if (!isnan(values[i])) {
			unit->sum += values[i];
			unit->count++;
		}
	}
	for (i = 0; i < groups; i++)
		if (units[i].count > 0)
			units[kept++] = units[i];
	return kept;
}

static double
replicate(const struct unit *units, size_t n, uint64_t seed, uint64_t index)
{
	struct bsp_random random;
	const struct unit *unit;
	double sum = 0;
	size_t i, count = 0;

	bsp_random_start(&random, seed, BSP_DRAW_BOOTSTRAP, 0, index);
	for (i = 0; i < n; i++) {
		unit = &units[bsp_random_below(&random, n)];
		sum += unit->sum;
		count += unit->count;
	}
	return sum / (double)count;
}

void
bsp_interval_of(double *value, size_t n, size_t subjects,
    const struct bsp_resampling *how, struct bsp_summary *out)
{
	double level = bsp_ci_level(how);

	if (how->ci != BSP_CI_PERCENTILE)
		level = bsp_expanded_level(level, subjects);
	qsort(value, n, sizeof *value, bsp_compare_doubles);
	out->ci_low = bsp_quantile(value, n, level);
	out->ci_high = bsp_quantile(value, n, 1 - level);
}

static int
bootstrap(const struct unit *units, size_t n,
    const struct bsp_resampling *how, struct bsp_summary *out,
    struct bsp_error *e)
{
	double *means = malloc(how->replicates * sizeof *means);
	size_t i;

	if (means == NULL)
		return bsp_error_system(e, ENOMEM,
		    "a bootstrap of %zu replicates", how->replicates);
	for (i = 0; i < how->replicates; i++)
		means[i] = replicate(units, n, how->seed, i);
	bsp_interval_of(means, how->replicates, n, how, out);
	free(means);
	return 0;
}

/* The mean is a ratio; its error is that of what a subject deviates by. */
static void
student(const struct unit *units, size_t n, const struct bsp_resampling *how,
    struct bsp_summary *out)
{
	double squares = 0, count = 0, d, half;
	size_t i;

	for (i = 0; i < n; i++) {
		d = units[i].sum - out->mean * (double)units[i].count;
		squares += d * d;
		count += (double)units[i].count;
	}
	half = -bsp_student_quantile(bsp_ci_level(how), n - 1) *
	    sqrt(squares * (double)n / (double)(n - 1)) / count;
	out->ci_low = out->mean - half;
	out->ci_high = out->mean + half;
}

void
bsp_moments_add(struct bsp_moments *moments, double value)
{
	double before = moments->mean;

	if (isnan(value)) {
		moments->undefined++;
		return;
	}
	moments->n++;
	moments->sum += value;
	moments->mean += (value - before) / (double)moments->n;
	moments->squares += (value - before) * (value - moments->mean);
}

double
bsp_moments_mean(const struct bsp_moments *moments)
{
	return moments->n == 0 ? (double)NAN :
	    moments->sum / (double)moments->n;
}

double
bsp_moments_sd(const struct bsp_moments *moments)
{
	return moments->n < 2 ? (double)NAN :
	    sqrt(moments->squares / (double)(moments->n - 1));
}

void
bsp_interval_clip(struct bsp_summary *summary, double low, double high)
{
	if (isnan(summary->ci_low))
		return;
	summary->ci_low = bsp_clip(summary->ci_low, low, high);
	summary->ci_high = bsp_clip(summary->ci_high, low, high);
}

void
bsp_metric_clip(const struct bsp_metric *metric, struct bsp_summary *summary)
{
	if (metric->bounded)
		bsp_interval_clip(summary, 0, 1);
	else if (metric->scope == BSP_AT_THRESHOLD)
		bsp_interval_clip(summary, 0, (double)INFINITY); /* a number */
}

double
bsp_ci_level(const struct bsp_resampling *how)
{
	return how->confidence > 0 && how->confidence < 1 ?
	    (1 - how->confidence) / 2 : .025;
}

int
bsp_summarize(const double *values, size_t n,
    const struct bsp_resampling *how, struct bsp_summary *out,
    struct bsp_error *e)
{
	static const struct bsp_resampling none = {.group = NULL};
	struct bsp_moments moments = {0};
	struct unit *units;
	size_t groups, i;
	int result = 0;

	how = how == NULL ? &none : how;
	groups = how->group == NULL ? n : how->groups;
	for (i = 0; i < n; i++)
		bsp_moments_add(&moments, values[i]);
	*out = (struct bsp_summary){
		.mean = bsp_moments_mean(&moments),
		.sd = bsp_moments_sd(&moments),
		.ci_low = (double)NAN, .ci_high = (double)NAN,
		.n = moments.n, .undefined = moments.undefined,
	};
	units = malloc((groups + 1) * sizeof *units);
	if (units == NULL)
		return bsp_error_system(e, ENOMEM, "%zu subjects", groups);
	out->subjects = gather_units(values, n, how->group, groups, units);
	if (out->subjects > 1 && how->ci == BSP_CI_T)
		student(units, out->subjects, how, out);
	else if (out->subjects > 1 && how->replicates > 0)
		result = bootstrap(units, out->subjects, how, out, e);
	free(units);
	return result;
}
