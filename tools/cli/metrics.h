/*
 * The list of metrics that --metrics names.
 */
#ifndef METRICS_H
#define METRICS_H

#include "cli.h"

struct metric_list {
	const struct bsp_metric *metric[BSP_METRICS_MAX];
	size_t count;
};

/* Read names with commas between them, or die of a usage error. */
void metrics_parse(struct metric_list *list, const char *text);

/* Where in the list the metric of a name is, or the list's count. */
size_t metrics_find(const struct metric_list *list, const char *name,
    size_t length);

#endif
