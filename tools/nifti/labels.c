/*
 * Label volumes: see labels.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/base/base.h"
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

static inline bool
is_whole(double value)
{
	return fabs(value - rint(value)) <= NEAR;
}

/* NaN is below every threshold. */
BSP_CLONES static void
cut_run(const double *value, size_t n, double threshold, double *label)
{
	size_t i;

	for (i = 0; i < n; i++)
		label[i] = value[i] >= threshold ? 1 : 0;
}

/* False where a value is no label. */
BSP_CLONES static bool
round_run(double *value, size_t n, double *label)
{
	unsigned others = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		value[i] = isnan(value[i]) ? 0 : value[i];
		label[i] = rint(value[i]);
		others |= !is_whole(value[i]);
	}
	return others == 0;
}

int
labels_of(const struct volume *volume, const struct labels_how *how,
    double *label, struct bsp_error *e)
{
	size_t i, k, n, size = volume_size(volume), at[3];
	double value[VOLUME_RUN];

	for (i = 0; i < size; i += n) {
		n = size - i < VOLUME_RUN ? size - i : VOLUME_RUN;
		volume_values(volume, i, 1, n, value);
		if (!isnan(how->threshold)) {
			cut_run(value, n, how->threshold, label + i);
			continue;
		}
		if (round_run(value, n, label + i))
			continue;
		for (k = 0; is_whole(value[k]); k++)
			;
		volume_where(volume, i + k, at);
		bsp_error_set(e, BSP_DATA, "voxel (%zu, %zu, %zu) is %g, "
		    "expected a whole number, as a label is (--threshold cuts "
		    "a resampled mask)", at[0], at[1], at[2], value[k]);
		e->stream = volume->name;
		return -1;
	}
	return 0;
}
