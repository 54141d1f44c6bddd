/*
 * Thresholds and false-positive rates as options give them, and what a metric
 * at one is called in a table.
 */
#ifndef POINTS_H
#define POINTS_H

#include "cli.h"

#define POINT_SIZE 48
#define POINT_METRIC_SIZE (POINT_SIZE + 32)

struct point {
	char label[POINT_SIZE]; /* "fpr=0.01", "0.35" */
	double value;
};

/*
 * Read numbers with commas between them, or die; rates are shares of healthy
 * pixels, above 0 and below 1.  How many.
 */
size_t points_read(struct point point[BSP_POINTS_MAX], const char *option,
    const char *text, bool rates);

/* The metric's name, with the threshold it is at if it is at one. */
void points_metric(char text[POINT_METRIC_SIZE],
    const struct bsp_metric *metric, const char *label);

#endif
