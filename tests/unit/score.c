/*
 * Metrics and summaries of cases worked by hand.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/score/score.h"
#include "tap.h"

static struct bsp_ranking ranking;
static struct bsp_curve curve;
static struct bsp_error e;

static void
rank(size_t n, const float *scores, const float *labels, const float *within)
{
	struct bsp_image s = {1, n, (float *)scores, n};
	struct bsp_image l = {1, n, (float *)labels, n};
	struct bsp_image w = {1, n, (float *)within, n};

	bsp_ranking_clear(&ranking);
	bsp_ranking_add(&ranking, &s, &l, within != NULL ? &w : NULL, &e);
	bsp_ranking_curve(&ranking, &curve, &e);
}

#define F(...) (const float[]){__VA_ARGS__}

static bool
near(double a, double b)
{
	return fabs(a - b) < 1e-15;
}

static void
metrics(void)
{
	/*
	 * Descending: .9 (1), .8 (0), .7 (1), .7 (0), .1 (0).
	 * AP: at .9 1/1, at .7 2/4: (1 + .5)/2 = .75.
	 * AUROC: .9 beats 3; .7 beats .1 and ties .7: (3 + 1.5)/6 = .75.
	 * Dice: at .9 2/(2+1) = 2/3; at .7 4/(2+4) = 2/3: the higher, .9.
	 * FPR95: TP must be 2: at .7, 2 of 3 negatives.
	 */
	rank(5, F(.7f, .9f, .1f, .7f, .8f), F(1, 1, 0, 0, 0), NULL);
	ok(near(bsp_average_precision(&curve), .75), "AP by hand");
	ok(near(bsp_auroc(&curve), .75), "AUROC by hand");
	ok(near(bsp_dice(&curve), 2. / 3), "Dice by hand");
	ok(bsp_dice_threshold(&curve) == (double).9f,
	    "of equal Dice the higher threshold");
	ok(near(bsp_fpr95(&curve), 2. / 3), "FPR95 by hand");
	ok(fabs(bsp_mean_residual(&curve) - .64) < 1e-7, "mean by hand");

	rank(4, F(0, -0.f, 0, -0.f), F(1, 0, 0, 0), NULL);
	ok(near(bsp_average_precision(&curve), .25) &&
	    near(bsp_auroc(&curve), .5), "0 and -0 tie");
	rank(3, F(-3, -1, -2), F(0, 1, 0), NULL);
	ok(bsp_average_precision(&curve) == 1 && bsp_auroc(&curve) == 1 &&
	    bsp_fpr95(&curve) == 0, "negative scores are ordered");
	rank(3, F(1, 2, 3), F(0, 0, 0), NULL);
	ok(isnan(bsp_average_precision(&curve)) && isnan(bsp_auroc(&curve)) &&
	    isnan(bsp_dice(&curve)) && isnan(bsp_dice_threshold(&curve)) &&
	    isnan(bsp_fpr95(&curve)) && bsp_mean_residual(&curve) == 2,
	    "without positives all but the mean is undefined");
	rank(3, F(1, 2, 3), F(1, 1, 1), NULL);
	ok(bsp_average_precision(&curve) == 1 && isnan(bsp_auroc(&curve)) &&
	    bsp_dice(&curve) == 1 && bsp_dice_threshold(&curve) == 1 &&
	    isnan(bsp_fpr95(&curve)), "without negatives AP and Dice are 1");
	/* Only the first and third pixel count: the positive is first. */
	rank(4, F(.5f, .9f, .1f, .8f), F(1, 0, 0, 0), F(1, 0, 1, 0));
	ok(bsp_average_precision(&curve) == 1 && curve.positives == 1 &&
	    curve.negatives == 1 &&
	    fabs(bsp_mean_residual(&curve) - .3) < 1e-7,
	    "within leaves pixels out");
	rank(2, F(1, 2), F(1, 0), F(0, 0));
	ok(isnan(bsp_mean_residual(&curve)) && curve.positives == 0,
	    "within nothing there is no mean");
	/* 20 positives: 19 of them are 95 %. */
	{
		float s[21], l[21];
		int i;

		for (i = 0; i < 21; i++) {
			s[i] = (float)(21 - i);
			l[i] = i != 19;
		}
		rank(21, s, l, NULL);
		ok(bsp_fpr95(&curve) == 0, "exactly 95 %% is enough");
	}
}

/* By plain percentiles, whose ends are easily found by hand. */
static void
summarize(const double *values, size_t n, const size_t *group, size_t groups,
    size_t replicates, uint64_t seed, struct bsp_summary *out,
    struct bsp_error *error)
{
	const struct bsp_resampling how = {.group = group, .groups = groups,
	    .replicates = replicates, .seed = seed,
	    .ci = BSP_CI_PERCENTILE};

	bsp_summarize(values, n, &how, out, error);
}

static void
summaries(void)
{
	const double v[] = {1, 2, (double)NAN, 6}, none[] = {(double)NAN};
	const double same[] = {3, 3, 3, 3, 3};
	const size_t group[] = {0, 0, 1, 2}, one[] = {0, 0, 0, 0};
	struct bsp_summary s, t;

	summarize(v, 4, NULL, 0, 1000, 0, &s, &e);
	/* Mean 3; squares 4 + 1 + 9 = 14, over 2. */
	ok(s.mean == 3 && near(s.sd, sqrt(7)) && s.n == 3 && s.undefined == 1,
	    "mean and sample sd by hand, NaN left out");
	ok(s.ci_low >= 1 && s.ci_low < 3 && s.ci_high > 3 && s.ci_high <= 6,
	    "the interval lies around the mean: %g %g", s.ci_low, s.ci_high);
	summarize(v, 4, NULL, 0, 1000, 0, &t, &e);
	ok(t.ci_low == s.ci_low && t.ci_high == s.ci_high,
	    "the same seed, the same interval");
	summarize(v, 4, NULL, 0, 0, 0, &s, &e);
	ok(s.mean == 3 && isnan(s.ci_low) && isnan(s.ci_high),
	    "no bootstrap, no interval");
	summarize(same, 5, NULL, 0, 100, 0, &s, &e);
	ok(s.mean == 3 && s.sd == 0 && s.ci_low == 3 && s.ci_high == 3,
	    "a constant has no spread");
	summarize(none, 1, NULL, 0, 100, 0, &s, &e);
	ok(isnan(s.mean) && isnan(s.sd) && isnan(s.ci_low) && s.n == 0 &&
	    s.undefined == 1, "all undefined");
	summarize(v, 1, NULL, 0, 100, 0, &s, &e);
	ok(s.mean == 1 && isnan(s.sd) && isnan(s.ci_low),
	    "one image has no spread and no interval");
	/* Subjects: {1, 2}, {} and {6}.  Means of pairs drawn: 1.5, 3, 6. */
	summarize(v, 4, group, 3, 1000, 0, &s, &e);
	ok(s.mean == 3 && s.ci_low == 1.5 && s.ci_high == 6,
	    "subjects are drawn with all their images");
	summarize(v, 4, one, 1, 1000, 0, &s, &e);
	ok(s.mean == 3 && isnan(s.ci_low), "one subject has no interval");
}

/* Percentile intervals of the mean of 100 normal values. */
static void
coverage(void)
{
	enum { STUDIES = 1000, N = 100 };
	struct bsp_random random;
	struct bsp_summary s;
	double x[N];
	int i, j, covered = 0;

	for (i = 0; i < STUDIES; i++) {
		bsp_random_start(&random, 11, BSP_DRAW_PHANTOM, 0,
		    (uint64_t)i);
		for (j = 0; j < N; j++)
			x[j] = .5 + .1 * bsp_random_normal(&random);
		summarize(x, N, NULL, 0, 400, (uint64_t)i, &s, &e);
		covered += s.ci_low <= .5 && .5 <= s.ci_high;
	}
	ok(covered > 920 && covered < 970,
	    "95 %% intervals cover the truth: %d of %d", covered, STUDIES);
}

#define MOST 2000 /* pixels of a drawn map */

static float map[MOST], label[MOST], within[MOST];

/* Scores of many ties or few, plateaus and the ends of the range. */
static float
draw_score(struct bsp_random *random, uint32_t levels)
{
	uint32_t x = (uint32_t)bsp_random_below(random, levels);

	if (levels == 3)
		return x == 0 ? -FLT_MAX : x == 1 ? -0.f : FLT_MAX;
	return ((float)x - 3) / 8;
}

static bool
same_events(const struct bsp_froc *a, const struct bsp_froc *b)
{
	size_t i;

	for (i = 0; i < a->events && i < b->events; i++)
		if (a->event[i].key != b->event[i].key ||
		    a->event[i].unit != b->event[i].unit ||
		    a->event[i].change != b->event[i].change)
			return false;
	return a->events == b->events;
}

/* The false regions of drawn maps, from their peaks and pixel by pixel. */
static void
peaks(void)
{
	static const uint32_t levels[] = {1, 2, 3, 5, 20, 1000000};
	static const size_t shapes[][3] = {{1, 1, 1}, {1, 1, 9}, {1, 9, 1},
	    {1, 23, 37}, {2, 1, 1}, {7, 1, 1}, {3, 5, 4}, {11, 9, 13},
	    {2, 31, 17}, {9, 1, 40}};
	size_t bad = 0, events = 0, n, i, draw, k;
	struct bsp_random random;

	bsp_random_start(&random, 5, BSP_DRAW_RESIDUAL, 0, 0);
	for (draw = 0; draw < 3000; draw++) {
		const size_t *shape = shapes[draw % 10];
		struct bsp_froc a = {0}, b = {0};
		struct bsp_image m = {shape[0] * shape[1], shape[2], map, 0};
		struct bsp_image l = m, w = m;
		struct bsp_scored in = {.map = &m, .label = &l,
		    .slices = shape[0], .within = draw % 3 ? &w : NULL};

		l.data = label;
		w.data = within;
		n = bsp_image_size(&m);
		k = draw / 10 % 6;
		for (i = 0; i < n; i++) {
			map[i] = draw_score(&random, levels[k]);
			label[i] = bsp_random_below(&random, 400) <
			    (draw % 7 < 6 ? draw % 7 : 200);
			within[i] = bsp_random_below(&random, 4) >
			    draw % 4 * (draw % 2);
		}
		if (bsp_froc_add_peaks(&a, &in, draw, &e) ||
		    bsp_froc_add_pixels(&b, &in, draw, 1, &e) ||
		    !same_events(&a, &b))
			bad++;
		events += b.events;
		bsp_froc_free(&a);
		bsp_froc_free(&b);
	}
	ok(bad == 0 && events > 10000, "false regions from peaks are those "
	    "pixel by pixel");
}

int
main(void)
{
	peaks();
	metrics();
	summaries();
	coverage();
	bsp_ranking_free(&ranking);
	bsp_curve_free(&curve);
	return done();
}
