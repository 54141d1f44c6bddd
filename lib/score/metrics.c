/*
 * The table of metrics.  Each is a function of the curve alone.
 */
#include <math.h>
#include <string.h>

#include "../base/base.h"
#include "score.h"

#define CHUNK 256

/* The terms of the steps after the first. */
BSP_CLONES static void
precision_terms(const struct bsp_step *step, size_t n, double *term)
{
	size_t i;

	for (i = 1; i < n; i++)
		term[i] = (double)(step[i].tp - step[i - 1].tp) *
		    (double)step[i].tp /
		    ((double)step[i].tp + (double)step[i].fp);
}

/* The divisions are made in blocks; the sum is in the order of the steps. */
double
bsp_average_precision(const struct bsp_curve *curve)
{
	const struct bsp_step *step = curve->steps;
	double sum = 0, term[CHUNK];
	size_t i, j, n;

	if (curve->positives == 0)
		return (double)NAN;
	sum = (double)step->tp * (double)step->tp /
	    ((double)step->tp + (double)step->fp);
	for (i = 0; i + 1 < curve->count; i += n - 1) {
		n = curve->count - i < CHUNK ? curve->count - i : CHUNK;
		precision_terms(step + i, n, term);
		for (j = 1; j < n; j++)
			sum += term[j];
	}
	return sum / (double)curve->positives;
}

double
bsp_auroc(const struct bsp_curve *curve)
{
	const struct bsp_step *step;
	uint64_t twice = 0; /* 2 (pairs won) + (pairs tied) */
	size_t i, found = 0;

	if (curve->positives == 0 || curve->negatives == 0)
		return (double)NAN;
	for (i = 0; i < curve->count; i++) {
		step = &curve->steps[i];
		twice += (step->tp - found) * (2 * curve->negatives -
		    step->fp - step->fp_above);
		found = step->tp;
	}
	return (double)twice / 2 /
	    (double)(curve->positives * curve->negatives);
}

/* The step with the best Dice coefficient; the first of equals. */
static const struct bsp_step *
best_dice(const struct bsp_curve *curve)
{
	const struct bsp_step *best = curve->steps, *step;
	size_t i;

	/* Dice = 2 TP / (P + TP + FP); compare the fractions' integers. */
	for (i = 1; i < curve->count; i++) {
		step = &curve->steps[i];
		if (step->tp * (curve->positives + best->tp + best->fp) >
		    best->tp * (curve->positives + step->tp + step->fp))
			best = step;
	}
	return best;
}

double
bsp_dice(const struct bsp_curve *curve)
{
	const struct bsp_step *best;

	if (curve->positives == 0)
		return (double)NAN;
	best = best_dice(curve);
	return 2 * (double)best->tp /
	    (double)(curve->positives + best->tp + best->fp);
}

double
bsp_dice_threshold(const struct bsp_curve *curve)
{
	if (curve->positives == 0)
		return (double)NAN;
	return (double)best_dice(curve)->threshold;
}

/* The n-th harmonic number: the sum, or its asymptotic series where the next
 * term is below the rounding of a double. */
static double
harmonic(uint64_t n)
{
	double x = (double)n, sum = 0;

	if (n > 256)
		return bsp_log(x) + 0.57721566490153286061 + 1 / (2 * x) -
		    1 / (12 * x * x) + 1 / (120 * x * x * x * x);
	for (; n > 0; n--)
		sum += 1 / (double)n;
	return sum;
}

double
bsp_chance_ap(uint64_t pixels, uint64_t anomalous)
{
	double n = (double)pixels, p = (double)anomalous;

	if (anomalous == 0)
		return (double)NAN;
	if (pixels == anomalous)
		return 1;
	return (p - 1) / (n - 1) + (n - p) / (n * (n - 1)) * harmonic(pixels);
}

double
bsp_fpr95(const struct bsp_curve *curve)
{
	size_t i;

	if (curve->positives == 0 || curve->negatives == 0)
		return (double)NAN;
	for (i = 0; 100 * (uint64_t)curve->steps[i].tp <
	    95 * curve->positives; i++)
		;
	return (double)curve->steps[i].fp / (double)curve->negatives;
}

double
bsp_mean_residual(const struct bsp_curve *curve)
{
	return curve->mean;
}

/* The end of a row: of a curve, or of what a threshold finds. */
#define OF(value, scope, lower, bounded) \
	value, scope, lower, bounded, NULL, BSP_COUNTS_PIXELS
#define AT(at, counted, lower, bounded) \
	NULL, BSP_AT_THRESHOLD, lower, bounded, at, counted

const struct bsp_metric bsp_metrics[] = {
	{"ap", "average precision",
	    "Manning, Raghavan, Schuetze 2008, ch. 8",
	    OF(bsp_average_precision, BSP_OF_PIXELS, false, true)},
	{"auroc", "area under the ROC curve",
	    "Hanley and McNeil 1982",
	    OF(bsp_auroc, BSP_OF_PIXELS, false, true)},
	{"dice", "best Dice coefficient over all thresholds",
	    "Dice 1945", OF(bsp_dice, BSP_OF_PIXELS, false, true)},
	{"dice_threshold", "the threshold that gives the best Dice",
	    "Dice 1945", OF(bsp_dice_threshold, BSP_OF_PIXELS, false, false)},
	{"fpr95", "false-positive rate where 95 % of the anomaly is found",
	    "Liang et al., ICLR 2018",
	    OF(bsp_fpr95, BSP_OF_PIXELS, true, true)},
	{"mean_residual", "mean of the map",
	    "Meissen et al., MIDL 2022",
	    OF(bsp_mean_residual, BSP_OF_PIXELS, true, false)},
	{"aupro", "mean share of each region found, up to an FPR of .3",
	    "Bergmann et al. 2021", OF(bsp_aupro, BSP_OF_REGIONS, false, true)},
	{"aupimo", "recall where anomaly-free images show almost nothing",
	    "Bertoldo et al. 2024", OF(NULL, BSP_OF_STREAM, false, true)},
	{"image_auroc", "area under the ROC curve of images",
	    "Hanley and McNeil 1982", OF(NULL, BSP_OF_IMAGES, false, true)},
	{"image_ap", "average precision of images",
	    "Manning, Raghavan, Schuetze 2008, ch. 8",
	    OF(NULL, BSP_OF_IMAGES, false, true)},
	{"froc", "mean share of lesions found at 1/8 to 8 false regions",
	    "Setio et al. 2017", OF(NULL, BSP_OF_LESIONS, false, true)},
	{"dice_at", "Dice coefficient at a threshold",
	    "Dice 1945", AT(bsp_dice_at, BSP_COUNTS_PIXELS, false, true)},
	{"sensitivity", "share of the anomalous pixels found at a threshold",
	    "Yerushalmy 1947",
	    AT(bsp_sensitivity_at, BSP_COUNTS_PIXELS, false, true)},
	{"precision", "share of the pixels found that are anomalous",
	    "Manning, Raghavan, Schuetze 2008, ch. 8",
	    AT(bsp_precision_at, BSP_COUNTS_PIXELS, false, true)},
	{"fpr", "false-positive rate at a threshold",
	    "Yerushalmy 1947", AT(bsp_fpr_at, BSP_COUNTS_PIXELS, true, true)},
	{"lesion_sensitivity", "share of the lesions found at a threshold",
	    "Bunch et al. 1977",
	    AT(bsp_lesion_sensitivity_at, BSP_COUNTS_LESIONS, false, true)},
	{"false_regions", "regions found that touch no lesion, a unit",
	    "Bunch et al. 1977",
	    AT(bsp_false_regions_at, BSP_COUNTS_REGIONS, true, false)},
	{NULL, NULL, NULL, OF(NULL, BSP_OF_PIXELS, false, false)},
};

bool
bsp_metrics_count(const struct bsp_metric *const *metric, size_t n,
    enum bsp_counted what)
{
	size_t m;

	for (m = 0; m < n; m++)
		if (metric[m]->scope == BSP_AT_THRESHOLD &&
		    metric[m]->counted == what)
			return true;
	return false;
}

/* Names of an earlier release. */
static const char *const renamed[][2] = {{"pimo", "aupimo"}};

/* Is text the metric's name as a table tells it at a threshold? */
static bool
is_at(const struct bsp_metric *metric, const char *text, size_t length)
{
	const char *name = strcmp(metric->name, "dice_at") == 0 ? "dice" :
	    metric->name;

	return metric->scope == BSP_AT_THRESHOLD && strlen(name) == length &&
	    strncmp(name, text, length) == 0;
}

const struct bsp_metric *
bsp_metric_find(const char *name)
{
	const struct bsp_metric *m = bsp_metrics;
	size_t i;

	if (name == NULL)
		return NULL;
	if (strchr(name, '@') != NULL) {
		while (m->name != NULL && !is_at(m, name, strcspn(name, "@")))
			m++;
		return m->name != NULL ? m : NULL;
	}
	for (i = 0; i < sizeof renamed / sizeof renamed[0]; i++)
		if (strcmp(name, renamed[i][0]) == 0)
			name = renamed[i][1];
	while (m->name != NULL && strcmp(m->name, name) != 0)
		m++;
	return m->name != NULL ? m : NULL;
}
