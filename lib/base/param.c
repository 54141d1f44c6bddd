/*
 * Typed parameters and tables of kinds.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kind.h"
#include "param.h"

const struct bsp_kind *
bsp_kind_find(const struct bsp_kind *kinds, const char *name)
{
	for (; kinds->name != NULL; kinds++)
		if (strcmp(kinds->name, name) == 0)
			return kinds;
	return NULL;
}

int
bsp_kind_unknown(const struct bsp_kind *kinds, const char *name,
    struct bsp_error *e)
{
	const struct bsp_kind *end = kinds;
	const struct bsp_absent *absent;

	while (end->name != NULL)
		end++;
	for (absent = end->absent; absent != NULL && absent->name != NULL;
	    absent++)
		if (strcmp(absent->name, name) == 0)
			return bsp_error_set(e, BSP_USAGE, "unknown kind "
			    "'%s': this build is without %s", name,
			    absent->lacks);
	return bsp_error_set(e, BSP_USAGE,
	    "unknown kind '%.99s'; the nearest is '%s'", name,
	    bsp_kind_nearest(kinds, name));
}

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

#define WORD_MAX 64 /* longer words are compared by their beginnings */

size_t
bsp_edit_distance(const char *a, const char *b)
{
	size_t row[3][WORD_MAX + 1], *before, *above, *here, *spare;
	size_t i, j, m = strlen(a), n = strlen(b);

	m = m < WORD_MAX ? m : WORD_MAX;
	n = n < WORD_MAX ? n : WORD_MAX;
	before = row[0];
	above = row[1];
	here = row[2];
	for (j = 0; j <= n; j++)
		above[j] = before[j] = j;
	for (i = 1; i <= m; i++) {
		here[0] = i;
		for (j = 1; j <= n; j++) {
			here[j] = min3(above[j] + 1, here[j - 1] + 1,
			    above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < here[j])
				here[j] = before[j - 2] + 1;
		}
		spare = before;
		before = above;
		above = here;
		here = spare;
	}
	return above[n];
}

static size_t
common_prefix(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] != '\0' && a[n] == b[n])
		n++;
	return n;
}

void
bsp_nearest(const char *word, const char *candidate, const char **nearest)
{
	size_t old, new = bsp_edit_distance(word, candidate);

	old = *nearest == NULL ? SIZE_MAX : bsp_edit_distance(word, *nearest);
	if (new < old || (new == old && common_prefix(word, candidate) >
	    common_prefix(word, *nearest)))
		*nearest = candidate;
}

const char *
bsp_kind_nearest(const struct bsp_kind *kinds, const char *name)
{
	const char *nearest = NULL;

	for (; kinds->name != NULL; kinds++)
		bsp_nearest(name, kinds->name, &nearest);
	return nearest;
}

static size_t
count_params(const struct bsp_param *params)
{
	size_t n = 0;

	if (params != NULL)
		while (params[n].name != NULL)
			n++;
	return n;
}

size_t
bsp_kind_params(const struct bsp_kind *kind)
{
	return count_params(kind->params) + count_params(kind->options);
}

const struct bsp_param *
bsp_kind_param(const struct bsp_kind *kind, size_t i)
{
	size_t own = count_params(kind->params);

	return i < own ? &kind->params[i] : &kind->options[i - own];
}

size_t
bsp_kind_param_find(const struct bsp_kind *kind, const char *name)
{
	size_t i, n = bsp_kind_params(kind);

	for (i = 0; i < n; i++)
		if (strcmp(bsp_kind_param(kind, i)->name, name) == 0)
			break;
	return i;
}

void
bsp_kind_defaults(const struct bsp_kind *kind, double *values)
{
	size_t i, n = bsp_kind_params(kind);

	for (i = 0; i < n; i++)
		values[i] = bsp_kind_param(kind, i)->initial;
}

char *
bsp_param_range(const struct bsp_param *param, char text[64])
{
	char lo[BSP_NUMBER_SIZE], hi[BSP_NUMBER_SIZE];

	bsp_number_format(lo, param->min);
	bsp_number_format(hi, param->max);
	if (isinf(param->min) && isinf(param->max))
		snprintf(text, 64, "any number");
	else if (isinf(param->max))
		snprintf(text, 64, "%s %s",
		    param->above_min ? "above" : "at least", lo);
	else if (isinf(param->min))
		snprintf(text, 64, "at most %s", hi);
	else
		snprintf(text, 64, param->above_min ?
		    "above %.20s, at most %.20s" : "%.20s to %.20s", lo, hi);
	return text;
}

static int
param_check(const struct bsp_param *param, double v, struct bsp_error *e)
{
	char text[BSP_NUMBER_SIZE], range[64];

	if (!isfinite(v))
		return bsp_error_set(e, BSP_USAGE,
		    "%s: %s is not finite, expected %s", param->name,
		    bsp_number_format(text, v), bsp_param_range(param, range));
	if (param->type != BSP_REAL && rint(v) != v)
		return bsp_error_set(e, BSP_USAGE,
		    "%s: %s is not a whole number", param->name,
		    bsp_number_format(text, v));
	if (v < param->min || v > param->max ||
	    (param->above_min && v == param->min))
		return bsp_error_set(e, BSP_USAGE,
		    "%s: %s is out of range, expected %s", param->name,
		    bsp_number_format(text, v), bsp_param_range(param, range));
	if (param->type == BSP_ODD && fmod(v, 2) == 0)
		return bsp_error_set(e, BSP_USAGE,
		    "%s: %s is even, expected an odd number", param->name,
		    bsp_number_format(text, v));
	return 0;
}

/* Put the parameter's name before an error about its text. */
static int
blame(const char *name, struct bsp_error *e)
{
	char text[sizeof e->text];

	memcpy(text, e->text, sizeof text);
	return bsp_error_set(e, e->status, "%s: %.400s", name, text);
}

int
bsp_param_parse(const struct bsp_param *param, const char *text,
    double *value, struct bsp_error *e)
{
	double v;

	if (bsp_number_parse(text, &v, e))
		return blame(param->name, e);
	if (param_check(param, v, e))
		return -1;
	*value = v;
	return 0;
}

static int
check_all(const struct bsp_param *param, const double *value,
    struct bsp_error *e)
{
	if (param != NULL)
		for (; param->name != NULL; param++, value++)
			if (param_check(param, *value, e))
				return -1;
	return 0;
}

int
bsp_params_check(const struct bsp_kind *kind, const double *params,
    struct bsp_error *e)
{
	size_t own = count_params(kind->params);

	if (params == NULL && bsp_kind_params(kind) > 0)
		return bsp_error_set(e, BSP_USAGE, "%s: no parameters, "
		    "expected %zu", kind->name, bsp_kind_params(kind));
	if (params == NULL)
		return 0;
	if (check_all(kind->params, params, e) ||
	    check_all(kind->options, params + own, e))
		return -1;
	return kind->apply == NULL || kind->apply->check == NULL ? 0 :
	    kind->apply->check(params, e);
}

double
bsp_range_point(const struct bsp_range *range, size_t i)
{
	char text[BSP_NUMBER_SIZE];
	struct bsp_error ignored;
	double v;

	if (range->n <= 1)
		return range->lo;
	v = range->lo + (range->hi - range->lo) * (double)i /
	    (double)(range->n - 1);
	bsp_number_round9(text, v);
	if (bsp_number_parse(text, &v, &ignored))
		return (double)NAN; /* not reached: %.9g of a finite number */
	return v;
}

#define POINTS_MAX 1000000

int
bsp_range_parse(const char *text, struct bsp_range *range,
    struct bsp_error *e)
{
	char copy[128], *middle, *count;
	uint64_t n;

	if (strlen(text) >= sizeof copy)
		return bsp_error_set(e, BSP_USAGE,
		    "'%.20s...' is too long for a number or LO:HI:N", text);
	strcpy(copy, text);
	middle = strchr(copy, ':');
	if (middle == NULL) {
		if (bsp_number_parse(text, &range->lo, e))
			return -1;
		range->hi = range->lo;
		range->n = 1;
		return 0;
	}
	*middle++ = '\0';
	count = strchr(middle, ':');
	if (count == NULL || strchr(count + 1, ':') != NULL)
		return bsp_error_set(e, BSP_USAGE,
		    "'%s' is neither a number nor LO:HI:N", text);
	*count++ = '\0';
	if (bsp_number_parse(copy, &range->lo, e) ||
	    bsp_number_parse(middle, &range->hi, e))
		return -1;
	if (bsp_count_parse(count, &n, e))
		return bsp_error_set(e, BSP_USAGE, "'%s': %s is no number of "
		    "points, expected LO:HI:N with N of 2 to %d", text, count,
		    POINTS_MAX);
	if (n < 2 || n > POINTS_MAX)
		return bsp_error_set(e, BSP_USAGE,
		    "'%s' has %s points, expected 2 to %d", text, count,
		    POINTS_MAX);
	range->n = n;
	return 0;
}

/* Every point of a parameter's range is a valid value of it. */
int
bsp_param_check_range(const struct bsp_param *param,
    const struct bsp_range *range, struct bsp_error *e)
{
	size_t i;

	for (i = 0; i < range->n; i++)
		if (param_check(param, bsp_range_point(range, i), e))
			return -1;
	return 0;
}
