/*
 * Kinds of intervals: see interval.h.
 */
#include <math.h>
#include <string.h>

#include "interval.h"

/* Fewer subjects than these are too few to trust an interval. */
#define SUBJECTS_ENOUGH 20

enum bsp_ci
interval_parse(const char *text)
{
	static const char *const names[] = {
		[BSP_CI_EXPANDED] = "expanded", [BSP_CI_T] = "t",
		[BSP_CI_PERCENTILE] = "percentile",
	};
	size_t i;

	if (text == NULL)
		return BSP_CI_EXPANDED;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(text, names[i]) == 0)
			return (enum bsp_ci)i;
	cli_usage("--interval: found '%s', expected expanded, t or percentile",
	    text);
}

void
interval_warn(const struct bsp_summary *const *summary, size_t n,
    bool grouped)
{
	size_t least = SUBJECTS_ENOUGH, i;

	for (i = 0; i < n; i++)
		if (!isnan(summary[i]->ci_low) && summary[i]->subjects < least)
			least = summary[i]->subjects;
	if (least < SUBJECTS_ENOUGH)
		cli_warn("%zu %s behind an interval, fewer than %d: it may be "
		    "too narrow, and hardly tells methods apart; see --interval",
		    least,
		    grouped ? "subjects are" :
		    "images, taken for subjects, are", SUBJECTS_ENOUGH);
}
