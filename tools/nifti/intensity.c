/*
 * Intensities of a volume: see intensity.h.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "../../lib/base/base.h"
#include "intensity.h"

/* The step of float32 from 1/2 to 1. */
#define LEAST 0x1p-24

/* -------------------------------------------------------------- foreground */

/* A voxel's value, NaN only, of run n at a time: NaN only
 * where that is background, and whether the brain, where there is one, has it.
 */
struct run {
	double value[VOLUME_RUN];
	double inside[VOLUME_RUN]; /* above 0: yes */
	size_t n;
};

BSP_CLONES static void
replace_nan(double *value, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		value[i] = isnan(value[i]) ? 0 : value[i];
}

static void
read_run(const struct intensity *s, size_t first, size_t step, size_t n,
    struct run *run)
{
	size_t i;

	run->n = n;
	volume_values(s->volume, first, step, n, run->value);
	if (s->nan_is_zero)
		replace_nan(run->value, n);
	for (i = 0; i < n; i++)
		run->inside[i] = s->brain == NULL ? 1 :
		    s->brain[first + i * step];
}

/* Of the value of a voxel inside the brain; any where there is none. */
static inline bool
is_foreground(double value, double inside, bool zero_is_background)
{
	return !isnan(value) & (inside > 0) &
	    !(zero_is_background & (value == 0));
}

/* What decides how a volume is scaled. */
struct survey {
	size_t zeros, negatives, nans, foreground;
	double least, most;            /* of all but NaN */
	double least_front, most_front; /* of the foreground */
};

/* The extremes of a place in the run each: one hangs on no other. */
struct extremes {
	double least[VOLUME_RUN], most[VOLUME_RUN];
	double least_front[VOLUME_RUN], most_front[VOLUME_RUN];
};

/* No comparison holds of NaN.  Whether zeros are background is not known yet:
 * without a brain they are taken for it. */
BSP_CLONES static void
survey_run(const struct run *run, bool zero_is_background, struct survey *of,
    struct extremes *x)
{
	size_t zeros = 0, negatives = 0, nans = 0, foreground = 0, i;
	double value, infinite = (double)INFINITY, low, high;
	bool front;

	for (i = 0; i < run->n; i++) {
		value = run->value[i];
		zeros += value == 0;
		negatives += value < 0;
		nans += isnan(value) ? (size_t)1 : 0;
		x->least[i] = value < x->least[i] ? value : x->least[i];
		x->most[i] = value > x->most[i] ? value : x->most[i];
		front = is_foreground(value, run->inside[i],
		    zero_is_background);
		foreground += front;
		low = front ? value : infinite;
		high = front ? value : -infinite;
		x->least_front[i] = low < x->least_front[i] ? low :
		    x->least_front[i];
		x->most_front[i] = high > x->most_front[i] ? high :
		    x->most_front[i];
	}
	of->zeros += zeros;
	of->negatives += negatives;
	of->nans += nans;
	of->foreground += foreground;
}

static double
least_of(const double *x)
{
	double least = x[0];
	size_t i;

	for (i = 1; i < VOLUME_RUN; i++)
		least = x[i] < least ? x[i] : least;
	return least;
}

static double
most_of(const double *x)
{
	double most = x[0];
	size_t i;

	for (i = 1; i < VOLUME_RUN; i++)
		most = x[i] > most ? x[i] : most;
	return most;
}

static struct survey
survey(const struct intensity *s)
{
	double infinite = (double)INFINITY;
	struct survey found = {0};
	struct extremes x;
	struct run run;
	size_t i, n, size = volume_size(s->volume);

	for (i = 0; i < VOLUME_RUN; i++) {
		x.least[i] = x.least_front[i] = infinite;
		x.most[i] = x.most_front[i] = -infinite;
	}
	for (i = 0; i < size; i += n) {
		n = size - i < VOLUME_RUN ? size - i : VOLUME_RUN;
		read_run(s, i, 1, n, &run);
		survey_run(&run, s->brain == NULL, &found, &x);
	}
	found.least = least_of(x.least);
	found.most = most_of(x.most);
	found.least_front = least_of(x.least_front);
	found.most_front = most_of(x.most_front);
	return found;
}

/* ------------------------------------------------------------- percentiles */

static void
swap(double *a, double *b)
{
	double spare = *a;

	*a = *b;
	*b = spare;
}

/*
 * Put the k-th smallest of n values (from 0) in its place, the smaller before
 * and the greater after it.  Equal values, which medical images are full of,
 * are set aside together.  Source: Hoare 1961; Bentley and McIlroy 1993.
 */
static double
select_value(double *x, size_t n, size_t k)
{
	size_t low, i, high;
	double pivot;

	for (;;) {
		pivot = x[n / 2];
		for (low = i = 0, high = n; i < high; )
			if (x[i] < pivot)
				swap(&x[low++], &x[i++]);
			else if (x[i] > pivot)
				swap(&x[i], &x[--high]);
			else
				i++;
		if (k < low) {
			n = low;
		} else if (k < high) {
			return pivot;
		} else {
			x += high;
			k -= high;
			n -= high;
		}
	}
}

/* Values in any order; reading them in order rearranges them. */
struct values {
	double *x;
	size_t n;
};

static double
value_in_order(void *with, size_t i)
{
	struct values *values = with;

	return select_value(values->x, values->n, i);
}

/* Two percentiles, of the foreground or of all but NaN. */
static int
find_percentiles(const struct intensity *s, bool of_foreground, double lo,
    double hi, double *low, double *high, struct bsp_error *e)
{
	size_t i, k, n, all = volume_size(s->volume);
	struct values values = {malloc(all * sizeof *values.x), 0};
	struct run run;

	if (values.x == NULL)
		return bsp_error_system(e, ENOMEM, "the percentiles of %zu "
		    "voxels", all);
	for (i = 0; i < all; i += n) {
		n = all - i < VOLUME_RUN ? all - i : VOLUME_RUN;
		read_run(s, i, 1, n, &run);
		for (k = 0; k < n; k++)
			if (of_foreground ? is_foreground(run.value[k],
			    run.inside[k], s->zero_is_background) :
			    !isnan(run.value[k]))
				values.x[values.n++] = run.value[k];
	}
	*low = bsp_quantile_of(value_in_order, &values, values.n, lo / 100);
	*high = bsp_quantile_of(value_in_order, &values, values.n, hi / 100);
	free(values.x);
	return 0;
}

/* ----------------------------------------------------------------- scaling */

static int
find_range(struct intensity *s, const struct survey *found, bool lifts,
    const struct normalization *how, struct bsp_error *e)
{
	double low = lifts ? found->least_front : found->least;
	double high = lifts ? found->most_front : found->most;

	if (how->how == NONE) {
		s->range = 1;
		return 0;
	}
	if (how->how == PERCENTILE && find_percentiles(s, lifts, how->lo,
	    how->hi, &low, &high, e))
		return -1;
	s->clips = how->how == PERCENTILE;
	s->base = low;
	s->range = high - low;
	/* A constant foreground is 1; a constant volume is no foreground. */
	s->constant = lifts ? 1 : 0;
	if (lifts)
		s->least = LEAST;
	else if (s->zero_is_background && low <= 0)
		s->least = (double)FLT_TRUE_MIN; /* no quotient underflows */
	if (!isfinite(s->range))
		return bsp_error_set(e, BSP_DATA, "its values span from %g to "
		    "%g, expected a range that a double holds", low, high);
	return 0;
}

/* A volume's edge is background: if its corners are not, it is another value
 * than the one that was taken for it. */
static void
look_at_corners(struct intensity *s)
{
	const size_t *dim = s->volume->dim;
	size_t i, at;
	double value;
	float sample;

	for (i = 0; i < 8; i++) {
		at = (i & 1 ? dim[0] - 1 : 0) + dim[0] *
		    ((i & 2 ? dim[1] - 1 : 0) + dim[1] *
		    (i & 4 ? dim[2] - 1 : 0));
		volume_values(s->volume, at, 1, 1, &value);
		intensity_samples(s, at, 1, 1, &sample);
		if (i == 0)
			s->corner = value;
		/* NaN equals nothing, and is background anyway. */
		if (value != s->corner || !(sample > 0))
			return;
	}
	s->bright_corners = true;
}

/*
 * The samples of a run.  Background is 0, but a zero that was scaled keeps its
 * sign.
 */
BSP_CLONES static void
sample_run(const struct intensity *s, const struct run *run, float *to)
{
	double base = s->base, range = s->range > 0 ? s->range : 1;
	double least = s->least, constant = s->constant, value, sample;
	bool zero_is_background = s->zero_is_background, clips = s->clips;
	bool varies = s->range > 0;
	size_t i;

	for (i = 0; i < run->n; i++) {
		value = run->value[i];
		sample = (value - base) / range;
		sample = varies ? sample : constant;
		sample = (clips & (sample < 0)) ? 0 : sample;
		sample = (clips & (sample > 1)) ? 1 : sample;
		sample = sample < least ? least : sample;
		if (!is_foreground(value, run->inside[i], zero_is_background))
			sample = (zero_is_background & (value == 0)) ?
			    value : 0;
		to[i] = (float)sample;
	}
}

/* Foreground of a run that is not above 0. */
BSP_CLONES static size_t
count_run(const struct run *run, bool zero_is_background, const float *sample)
{
	size_t i, count = 0;

	for (i = 0; i < run->n; i++)
		count += is_foreground(run->value[i], run->inside[i],
		    zero_is_background) & (sample[i] <= 0);
	return count;
}

/* Voxels that no filter will take for foreground, though they are. */
static void
count_lost(struct intensity *s)
{
	size_t i, n, size = volume_size(s->volume);
	float sample[VOLUME_RUN];
	struct run run;

	for (i = 0; i < size; i += n) {
		n = size - i < VOLUME_RUN ? size - i : VOLUME_RUN;
		read_run(s, i, 1, n, &run);
		sample_run(s, &run, sample);
		s->lost += count_run(&run, s->zero_is_background, sample);
	}
}

int
intensity_find(struct intensity *s, const struct volume *volume,
    const double *brain, const struct normalization *how,
    struct bsp_error *e)
{
	struct survey found;
	bool has_background, lifts;

	*s = (struct intensity){.volume = volume, .brain = brain,
	    .nan_is_zero = how->nan_is_zero, .least = -(double)INFINITY};
	found = survey(s);
	has_background = brain != NULL || found.zeros > 0 || found.nans > 0;
	s->zero_is_background = brain == NULL && found.zeros > 0;
	lifts = brain != NULL || (found.zeros > 0 && found.negatives > 0) ||
	    (found.zeros == 0 && found.nans > 0);
	if (lifts && found.foreground == 0) {
		s->range = 1; /* there is nothing to scale */
		return 0;
	}
	if (find_range(s, &found, lifts, how, e)) {
		e->stream = volume->name;
		return -1;
	}
	if (brain == NULL)
		look_at_corners(s);
	if (has_background || how->how == NONE)
		count_lost(s);
	return 0;
}

void
intensity_samples(const struct intensity *s, size_t first, size_t step,
    size_t n, float *to)
{
	struct run run;
	size_t i, part;

	for (i = 0; i < n; i += part) {
		part = n - i < VOLUME_RUN ? n - i : VOLUME_RUN;
		read_run(s, first + i * step, step, part, &run);
		sample_run(s, &run, to + i);
	}
}
