/*
 * The list of metrics: see metrics.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"

size_t
metrics_find(const struct metric_list *list, const char *name, size_t length)
{
	const struct bsp_metric *metric = NULL;
	char *copy = strndup(name, length);
	size_t i;

	if (copy != NULL)
		metric = bsp_metric_find(copy);
	free(copy);
	for (i = 0; i < list->count && list->metric[i] != metric; i++)
		;
	return i;
}

static void
add_metric(struct metric_list *list, const char *name)
{
	const struct bsp_metric *metric = bsp_metric_find(name), *m;
	const char *nearest = NULL;

	if (strchr(name, '@') != NULL)
		cli_usage("--metrics: found %s, expected the metric without "
		    "its threshold: that is given by --threshold or --fpr",
		    name);
	for (m = bsp_metrics; m->name != NULL; m++)
		bsp_nearest(name, m->name, &nearest);
	if (metric == NULL)
		cli_usage("--metrics: unknown metric '%s'; the nearest is "
		    "'%s'", name, nearest);
	if (metrics_find(list, name, strlen(name)) < list->count)
		cli_usage("--metrics: %s is given twice", name);
	list->metric[list->count++] = metric;
}

void
metrics_parse(struct metric_list *list, const char *text)
{
	char *copy = strdup(text), *name, *next;
	struct bsp_error e;

	list->count = 0;
	if (copy == NULL) {
		bsp_error_system(&e, ENOMEM, "the list of metrics");
		cli_die(&e);
	}
	for (name = copy; name != NULL; name = next) {
		next = strchr(name, ',');
		if (next != NULL)
			*next++ = '\0';
		add_metric(list, name);
	}
	free(copy);
}
