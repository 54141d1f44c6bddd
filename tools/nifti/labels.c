/*
 * Label volumes: see labels.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "labels.h"

#define LABEL_MAX 1000000000

static int
parse_label(char *text, int64_t *value, struct bsp_error *e)
{
	bool negative = *text == '-';
	uint64_t n;

	if (bsp_count_parse(text + negative, &n, e) || n > LABEL_MAX)
		return bsp_error_set(e, BSP_USAGE, "found '%s', expected whole "
		    "numbers with commas between them", text);
	*value = negative ? -(int64_t)n : (int64_t)n;
	return 0;
}

int
labels_parse(const char *text, struct labels *labels, struct bsp_error *e)
{
	char *copy = strdup(text), *part, *rest;
	size_t n = 1;
	const char *p;

	for (p = text; *p != '\0'; p++)
		n += *p == ',';
	*labels = (struct labels){malloc(n * sizeof *labels->value), 0};
	if (copy == NULL || labels->value == NULL)
		return bsp_error_system(e, ENOMEM, "%zu labels", n);
	for (rest = copy; (part = strsep(&rest, ",")) != NULL; )
		if (parse_label(part, &labels->value[labels->count++], e))
			return -1;
	free(copy);
	return 0;
}

bool
labels_have(const struct labels *labels, double label)
{
	size_t i;

	for (i = 0; i < labels->count; i++)
		if ((double)labels->value[i] == label)
			return true;
	return false;
}

/* How far a stored label may be from the whole number that it stands for. */
#define NEAR 1e-3

int
labels_of(const struct volume *volume, const struct labels_how *how,
    double *label, struct bsp_error *e)
{
	size_t i, n = volume_size(volume), at[3];
	double value;

	for (i = 0; i < n; i++) {
		value = volume_value(volume, i);
		value = isnan(value) ? 0 : value;
		if (!isnan(how->threshold)) {
			label[i] = value >= how->threshold;
			continue;
		}
		label[i] = rint(value);
		if (fabs(value - label[i]) <= NEAR)
			continue;
		volume_where(volume, i, at);
		bsp_error_set(e, BSP_DATA, "voxel (%zu, %zu, %zu) is %g, "
		    "expected a whole number, as a label is (--threshold cuts "
		    "a resampled mask)", at[0], at[1], at[2], value);
		e->stream = volume->name;
		return -1;
	}
	return 0;
}
