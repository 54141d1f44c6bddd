/*
 * The spec language: kind:key=value,key=LO:HI:N.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "param.h"

static int
unknown_key(const struct bsp_kind *kind, const char *key, struct bsp_error *e)
{
	size_t i, n = bsp_kind_params(kind);
	const char *nearest = NULL;

	for (i = 0; i < n; i++)
		bsp_nearest(key, bsp_kind_param(kind, i)->name, &nearest);
	if (nearest == NULL)
		return bsp_error_set(e, BSP_USAGE,
		    "%s: unknown parameter '%.99s'; it has none", kind->name,
		    key);
	return bsp_error_set(e, BSP_USAGE,
	    "%s: unknown parameter '%.99s'; the nearest is '%s'", kind->name,
	    key, nearest);
}

/* Read key=value into the spec; given[] marks what was set before. */
static int
read_setting(struct bsp_spec *spec, char *key, bool *given,
    struct bsp_error *e)
{
	const struct bsp_param *param;
	char *value = strchr(key, '=');
	struct bsp_error why = {0};
	size_t i, n = bsp_kind_params(spec->kind);
	char on[] = "1";

	if (value != NULL)
		*value++ = '\0';
	i = bsp_kind_param_find(spec->kind, key);
	if (i == n && value != NULL)
		return unknown_key(spec->kind, key, e);
	param = i < n ? bsp_kind_param(spec->kind, i) : NULL;
	if (value == NULL && param != NULL && param->type == BSP_FLAG)
		value = on;
	if (value == NULL)
		return bsp_error_set(e, BSP_USAGE,
		    "%s: '%.99s' is not key=value", spec->kind->name, key);
	if (given[i])
		return bsp_error_set(e, BSP_USAGE, "%s: %s is given twice",
		    spec->kind->name, key);
	given[i] = true;
	if (bsp_range_parse(value, &spec->range[i], &why))
		return bsp_error_set(e, why.status, "%s: %s: %.400s",
		    spec->kind->name, key, why.text);
	if (bsp_param_check_range(param, &spec->range[i], &why))
		return bsp_error_set(e, why.status, "%s: %.400s",
		    spec->kind->name, why.text);
	if (spec->range[i].n > 1)
		spec->swept[spec->swept_count++] = i;
	return 0;
}

static int
read_settings(struct bsp_spec *spec, char *text, struct bsp_error *e)
{
	bool given[BSP_PARAMS_MAX] = {false};
	char *next;

	for (; text != NULL; text = next) {
		next = strchr(text, ',');
		if (next != NULL)
			*next++ = '\0';
		if (read_setting(spec, text, given, e))
			return -1;
	}
	return 0;
}

static int
read_kind(const struct bsp_kind *kinds, const char *name,
    struct bsp_spec *spec, struct bsp_error *e)
{
	double values[BSP_PARAMS_MAX];
	size_t i, n;

	spec->kind = bsp_kind_find(kinds, name);
	if (spec->kind == NULL)
		return bsp_kind_unknown(kinds, name, e);
	n = bsp_kind_params(spec->kind);
	bsp_kind_defaults(spec->kind, values);
	for (i = 0; i < n; i++)
		spec->range[i] = (struct bsp_range){values[i], values[i], 1};
	spec->swept_count = 0;
	return 0;
}

static int
check_cells(const struct bsp_spec *spec, struct bsp_error *e)
{
	size_t i, n, cells = 1;

	for (i = 0; i < spec->swept_count; i++) {
		n = spec->range[spec->swept[i]].n;
		if (n > BSP_CELLS_MAX / cells)
			return bsp_error_set(e, BSP_USAGE,
			    "%s: the ranges make more than %d cells",
			    spec->kind->name, BSP_CELLS_MAX);
		cells *= n;
	}
	return 0;
}

int
bsp_spec_parse(const struct bsp_kind *kinds, const char *text,
    struct bsp_spec *spec, struct bsp_error *e)
{
	char *copy, *settings;
	int result;

	copy = strdup(text);
	if (copy == NULL)
		return bsp_error_system(e, ENOMEM, "a spec");
	settings = strchr(copy, ':');
	if (settings != NULL)
		*settings++ = '\0';
	result = read_kind(kinds, copy, spec, e);
	if (result == 0 && settings != NULL)
		result = read_settings(spec, settings, e);
	free(copy);
	return result == 0 ? check_cells(spec, e) : result;
}

size_t
bsp_spec_cells(const struct bsp_spec *spec)
{
	size_t i, cells = 1;

	for (i = 0; i < spec->swept_count; i++)
		cells *= spec->range[spec->swept[i]].n;
	return cells;
}

void
bsp_spec_cell(const struct bsp_spec *spec, size_t cell, double *params)
{
	size_t i, n = bsp_kind_params(spec->kind);
	const struct bsp_range *range;

	for (i = 0; i < n; i++)
		params[i] = bsp_range_point(&spec->range[i], 0);
	for (i = spec->swept_count; i-- > 0; cell /= range->n) {
		range = &spec->range[spec->swept[i]];
		params[spec->swept[i]] = bsp_range_point(range,
		    cell % range->n);
	}
}

static char *
write_range(char *to, const struct bsp_range *range)
{
	char lo[BSP_NUMBER_SIZE], hi[BSP_NUMBER_SIZE];

	bsp_number_format(lo, range->lo);
	if (range->n == 1)
		return to + sprintf(to, "%s", lo);
	bsp_number_format(hi, range->hi);
	return to + sprintf(to, "%s:%s:%zu", lo, hi, range->n);
}

static char *
write_setting(char *to, const struct bsp_spec *spec, size_t param, bool first)
{
	to += sprintf(to, "%c%s=", first ? ':' : ',',
	    bsp_kind_param(spec->kind, param)->name);
	return write_range(to, &spec->range[param]);
}

/* Fixed parameters first, then the swept ones in their order. */
char *
bsp_spec_format(const struct bsp_spec *spec, char *text)
{
	char *to = text + sprintf(text, "%s", spec->kind->name);
	size_t i, n = bsp_kind_params(spec->kind);
	bool first = true;

	for (i = 0; i < n; i++)
		if (spec->range[i].n == 1) {
			to = write_setting(to, spec, i, first);
			first = false;
		}
	for (i = 0; i < spec->swept_count; i++) {
		to = write_setting(to, spec, spec->swept[i], first);
		first = false;
	}
	return text;
}

char *
bsp_spec_label(const struct bsp_spec *spec, size_t cell, char *text)
{
	struct bsp_spec one = *spec;
	double params[BSP_PARAMS_MAX], defaults[BSP_PARAMS_MAX];
	size_t i, k, n = bsp_kind_params(spec->kind);
	char *to = text + sprintf(text, "%s", spec->kind->name);
	bool first = true, swept;

	bsp_spec_cell(spec, cell, params);
	bsp_kind_defaults(spec->kind, defaults);
	for (i = 0; i < n; i++) {
		for (k = 0, swept = false; k < spec->swept_count; k++)
			swept = swept || spec->swept[k] == i;
		if (!swept && !(params[i] < defaults[i]) &&
		    !(params[i] > defaults[i]))
			continue;
		one.range[i] = (struct bsp_range){params[i], params[i], 1};
		to = write_setting(to, &one, i, first);
		first = false;
	}
	return text;
}
