/*
 * How intervals are made, and the warning that few subjects are behind them.
 */
#ifndef INTERVAL_H
#define INTERVAL_H

#include "cli.h"

/* The row of an option whose text goes to interval_parse. */
#define INTERVAL_OPTION(text)                                              \
	{"interval", "expanded|t|percentile", "expanded percentiles of the " \
	    "bootstrap, Student's t, or plain percentiles (default "       \
	    "expanded)", CLI_TEXT, &(text), 0, 0}

/* The kind of that name (NULL: the default), or death. */
enum bsp_ci interval_parse(const char *text);

/* Warn where a summary that has an interval is of few subjects, once. */
void interval_warn(const struct bsp_summary *const *summary, size_t n,
    bool grouped);

#endif
