/*
 * Thresholds and rates: see points.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "points.h"

static void
add_point(struct point *point, size_t n, const char *option,
    const char *prefix, double value)
{
	char number[BSP_NUMBER_SIZE];
	size_t i;

	if (n == BSP_POINTS_MAX)
		cli_usage("%s: more than %d values, expected no more", option,
		    BSP_POINTS_MAX);
	snprintf(point[n].label, POINT_SIZE, "%s%s", prefix,
	    bsp_number_format(number, value));
	for (i = 0; i < n; i++)
		if (strcmp(point[i].label, point[n].label) == 0)
			cli_usage("%s: %s is given twice", option, number);
	point[n].value = value;
}

size_t
points_read(struct point point[BSP_POINTS_MAX], const char *option,
    const char *text, bool rates)
{
	char *copy = strdup(text), *word, *next;
	struct bsp_error e;
	size_t n = 0;
	double value;

	if (copy == NULL) {
		bsp_error_system(&e, ENOMEM, "the text of thresholds");
		cli_die(&e);
	}
	for (word = copy; word != NULL; word = next) {
		next = strchr(word, ',');
		if (next != NULL)
			*next++ = '\0';
		if (bsp_number_parse(word, &value, &e))
			cli_usage("%s: %s", option, e.text);
		if (rates && !(value > 0 && value < 1))
			cli_usage("%s: found %s, expected a share of the "
			    "healthy pixels above 0 and below 1, as 0.01",
			    option, word);
		add_point(point, n++, option, rates ? "fpr=" : "", value);
	}
	free(copy);
	return n;
}

void
points_metric(char text[POINT_METRIC_SIZE], const struct bsp_metric *metric,
    const char *label)
{
	if (metric->scope == BSP_AT_THRESHOLD)
		snprintf(text, POINT_METRIC_SIZE, "%s@%s",
		    strcmp(metric->name, "dice_at") == 0 ? "dice" :
		    metric->name, label);
	else
		snprintf(text, POINT_METRIC_SIZE, "%s", metric->name);
}
