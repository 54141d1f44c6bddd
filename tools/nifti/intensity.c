/*
 * Intensities of a volume: see intensity.h.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "intensity.h"

/* The step of float32 from 1/2 to 1. */
#define LEAST 0x1p-24

/* -------------------------------------------------------------- foreground */

/* A voxel's value, NaN only where that is background. */
static double
value_of(const struct intensity *s, size_t i)
{
	double value = volume_value(s->volume, i);

	return isnan(value) && s->nan_is_zero ? 0 : value;
}

static bool
is_foreground(const struct intensity *s, size_t i, double value)
{
	if (isnan(value) || (s->brain != NULL && s->brain[i] <= 0))
		return false;
	return s->brain != NULL || !s->zero_is_background || value != 0;
}

/* What decides how a volume is scaled. */
struct survey {
	size_t zeros, negatives, nans, foreground;
	double least, most;            /* of all but NaN */
	double least_front, most_front; /* of the foreground */
};

static struct survey
survey(const struct intensity *s)
{
	double infinite = (double)INFINITY, value;
	struct survey found = {.least = infinite, .most = -infinite,
	    .least_front = infinite, .most_front = -infinite};
	size_t i, n = volume_size(s->volume);

	for (i = 0; i < n; i++) {
		value = value_of(s, i);
		if (isnan(value)) {
			found.nans++;
			continue;
		}
		found.zeros += value == 0;
		found.negatives += value < 0;
		found.least = value < found.least ? value : found.least;
		found.most = value > found.most ? value : found.most;
		/* Whether zeros are background is not known yet. */
		if (!is_foreground(s, i, value) ||
		    (s->brain == NULL && value == 0))
			continue;
		found.foreground++;
		found.least_front = value < found.least_front ? value :
		    found.least_front;
		found.most_front = value > found.most_front ? value :
		    found.most_front;
	}
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
	size_t i, all = volume_size(s->volume);
	struct values values = {malloc(all * sizeof *values.x), 0};
	double value;

	if (values.x == NULL)
		return bsp_error_system(e, ENOMEM, "the percentiles of %zu "
		    "voxels", all);
	for (i = 0; i < all; i++) {
		value = value_of(s, i);
		if (of_foreground ? is_foreground(s, i, value) : !isnan(value))
			values.x[values.n++] = value;
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

	for (i = 0; i < 8; i++) {
		at = (i & 1 ? dim[0] - 1 : 0) + dim[0] *
		    ((i & 2 ? dim[1] - 1 : 0) + dim[1] *
		    (i & 4 ? dim[2] - 1 : 0));
		value = value_of(s, at);
		if (i == 0)
			s->corner = value;
		if (value != s->corner || !(intensity_sample(s, at) > 0))
			return;
	}
	s->bright_corners = true;
}

/* Voxels that no filter will take for foreground, though they are. */
static void
count_lost(struct intensity *s)
{
	size_t i, n = volume_size(s->volume);

	for (i = 0; i < n; i++)
		s->lost += is_foreground(s, i, value_of(s, i)) &&
		    intensity_sample(s, i) <= 0;
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

float
intensity_sample(const struct intensity *s, size_t i)
{
	double value = value_of(s, i), sample;

	if (!is_foreground(s, i, value))
		/* A zero that was scaled keeps its sign. */
		return s->zero_is_background && value == 0 ? (float)value : 0;
	sample = s->range > 0 ? (value - s->base) / s->range : s->constant;
	if (s->clips)
		sample = sample < 0 ? 0 : sample > 1 ? 1 : sample;
	return (float)(sample < s->least ? s->least : sample);
}
