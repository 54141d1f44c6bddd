/*
 * Mean over images, sample standard deviation, bootstrap interval.
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

static void
bootstrap(const struct unit *units, size_t n, size_t replicates,
    uint64_t seed, double *means, struct bsp_summary *out)
{
	size_t i;

	for (i = 0; i < replicates; i++)
		means[i] = replicate(units, n, seed, i);
	qsort(means, replicates, sizeof *means, bsp_compare_doubles);
	out->ci_low = bsp_quantile(means, replicates, .025);
	out->ci_high = bsp_quantile(means, replicates, .975);
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

int
bsp_summarize(const double *values, size_t n, const size_t *group,
    size_t groups, size_t replicates, uint64_t seed, struct bsp_summary *out,
    struct bsp_error *e)
{
	struct bsp_moments moments = {0};
	struct unit *units;
	double *means;
	size_t kept, i;

	for (i = 0; i < n; i++)
		bsp_moments_add(&moments, values[i]);
	*out = (struct bsp_summary){
		.mean = bsp_moments_mean(&moments),
		.sd = bsp_moments_sd(&moments),
		.ci_low = (double)NAN, .ci_high = (double)NAN,
		.n = moments.n, .undefined = moments.undefined,
	};
	if (replicates == 0 || n == 0)
		return 0;
	if (group == NULL)
		groups = n;
	units = malloc(groups * sizeof *units);
	means = malloc(replicates * sizeof *means);
	if (units == NULL || means == NULL) {
		free(units);
		free(means);
		return bsp_error_system(e, ENOMEM,
		    "a bootstrap of %zu replicates", replicates);
	}
	kept = gather_units(values, n, group, groups, units);
	if (kept > 1)
		bootstrap(units, kept, replicates, seed, means, out);
	free(units);
	free(means);
	return 0;
}
