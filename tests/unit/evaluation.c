/*
 * Sets of images and paired comparisons, of cases worked by hand.
 */
#include <math.h>
#include <string.h>

#include "../../lib/blindspot.h"
#include "tap.h"

static struct bsp_error e;

#define ROW(...) {1, sizeof (float[]){__VA_ARGS__} / sizeof(float), \
	(float[]){__VA_ARGS__}, 0}

static const struct bsp_image
    map0 = ROW(.7f, .9f, .1f, .7f, .8f), mask0 = ROW(1, 1, 0, 0, 0),
    within0 = ROW(0, 1, 0, 0, 1),
    map1 = ROW(0, 0, 0, 0), mask1 = ROW(1, 0, 0, 0),
    map2 = ROW(.5f, .2f), mask2 = ROW(0, 0);

static bool
near(double a, double b)
{
	return fabs(a - b) < 1e-7;
}

static struct bsp_evaluation
of(const char *const *name)
{
	struct bsp_evaluation v = {.rule = BSP_RULE_MEAN};

	while (*name != NULL)
		v.metric[v.metrics++] = bsp_metric_find(*name++);
	return v;
}

#define OF(...) of((const char *const[]){__VA_ARGS__, NULL})

static bool
fails(int result, enum bsp_status status, const char *text)
{
	bool so = result == -1 && e.status == status &&
	    strstr(e.text, text) != NULL;

	if (!so)
		printf("# %d, status %d: %s\n", result, (int)e.status, e.text);
	return so;
}

/* The first and second image have an anomaly, the third is healthy. */
static void
images(void)
{
	struct bsp_evaluation v = OF("ap", "auroc", "image_auroc", "image_ap",
	    "pimo");
	const size_t group[] = {0, 0, 1};
	struct bsp_resampling how = {.group = group, .groups = 2,
	    .replicates = 200};
	struct bsp_summary s[5];

	ok(bsp_evaluation_has(&v, BSP_OF_STREAM) &&
	    !bsp_evaluation_has(&v, BSP_OF_REGIONS) &&
	    strcmp(v.metric[4]->name, "aupimo") == 0,
	    "the scopes that are there, and the old name of one");
	ok(bsp_evaluation_add(&v, &map0, &mask0, NULL, &e) == 0 &&
	    bsp_evaluation_add(&v, &map1, &mask1, NULL, &e) == 0 &&
	    bsp_evaluation_add(&v, &map2, &mask2, NULL, &e) == 0 &&
	    v.images == 3, "three images of three sizes");
	/* AP and AUROC as in score.c; all of a constant tie. */
	ok(near(v.image[0].value[0], .75) && near(v.image[0].value[1], .75) &&
	    near(v.image[1].value[0], .25) && near(v.image[1].value[1], .5) &&
	    isnan(v.image[2].value[0]) && isnan(v.image[2].value[1]),
	    "AP and AUROC of each are there at once");
	ok(v.image[0].pixels == 5 && v.image[0].anomalous == 2 &&
	    v.image[2].pixels == 2 && v.image[2].anomalous == 0,
	    "pixels are counted");
	ok(near(v.image[0].score, .64) && v.image[1].score == 0 &&
	    near(v.image[2].score, .35), "each has its score");
	ok(isnan(v.image[0].value[2]) && isnan(v.image[0].value[4]),
	    "what needs all images is not there yet");
	ok(bsp_evaluation_finish(&v, &e) == 0, "all are there");
	/* Above .5, where no healthy pixel scores, lie .7 and .9. */
	ok(v.image[0].value[4] == 1 && v.image[1].value[4] == 0 &&
	    isnan(v.image[2].value[4]), "AUPIMO by hand");
	ok(bsp_evaluation_summarize(&v, NULL, s, &e) == 0, "a summary");
	ok(near(s[0].mean, .5) && near(s[0].sd, sqrt(.125)) && s[0].n == 2 &&
	    s[0].undefined == 1 && isnan(s[0].ci_low),
	    "mean and sd of AP, no interval");
	/* .64 (1), .35 (0), 0 (1): one pair of two; (1 + 2/3) / 2. */
	ok(near(s[2].mean, .5) && near(s[3].mean, 5. / 6),
	    "images ranked by hand");
	ok(s[4].mean == .5 && s[4].n == 2, "the mean AUPIMO");
	/* One subject has both values of AP: there is nothing to draw. */
	ok(bsp_evaluation_summarize(&v, &how, s, &e) == 0 &&
	    isnan(s[0].ci_low), "one subject has no interval");
	how.group = NULL;
	ok(bsp_evaluation_summarize(&v, &how, s, &e) == 0 &&
	    s[0].ci_low == .25 && s[0].ci_high == .75,
	    "the bootstrap of two images");
	how = (struct bsp_resampling){.group = group, .groups = 1,
	    .replicates = 200};
	ok(fails(bsp_evaluation_summarize(&v, &how, s, &e), BSP_USAGE,
	    "image 2 is of group 1, expected one below 1"),
	    "a group beyond the last");
	bsp_evaluation_free(&v);
	ok(v.images == 0 && v.image == NULL && v.metrics == 0, "it is empty");
	bsp_evaluation_free(&v);
}

static void
pooled(void)
{
	struct bsp_evaluation v = OF("ap", "aupro");
	struct bsp_summary s[2];

	v.pooled = true;
	bsp_evaluation_add(&v, &map0, &mask0, NULL, &e);
	bsp_evaluation_add(&v, &map1, &mask1, NULL, &e);
	ok(bsp_evaluation_finish(&v, &e) == 0 && v.images == 2 &&
	    v.all.pixels == 9 && v.all.anomalous == 3, "pixels are pooled");
	/* .9: 1/1, .7: 2/4, 0: 3/9. */
	ok(near(v.all.value[0], 11. / 18), "their AP by hand");
	/* At .9 and .7 half of one region of two: FPR 0 and 2/6 beyond .3. */
	ok(near(v.all.value[1], (1. / 6 * .25 + (.25 + (.25 + .25 *
	    (.3 - 1. / 6) * 6)) / 2 * (.3 - 1. / 6)) / .3),
	    "their AUPRO by hand: %g", v.all.value[1]);
	ok(fails(bsp_evaluation_summarize(&v, NULL, s, &e), BSP_USAGE,
	    "pooled"), "there is no mean over images");
	bsp_evaluation_free(&v);
}

static void
within(void)
{
	struct bsp_evaluation v = OF("ap");

	ok(bsp_evaluation_add(&v, &map0, &mask0, &within0, &e) == 0 &&
	    v.image[0].value[0] == 1 && v.image[0].pixels == 2 &&
	    v.image[0].anomalous == 1, "within leaves pixels out");
	bsp_evaluation_free(&v);
}

static void
refused(void)
{
	struct bsp_evaluation v = OF("ap"), bad = v;
	struct bsp_image none = {0};
	struct bsp_summary s[1];

	bad.metrics = 0;
	ok(fails(bsp_evaluation_add(&bad, &map0, &mask0, NULL, &e), BSP_USAGE,
	    "found 0 metrics"), "no metrics");
	bad.metrics = BSP_METRICS_MAX + 1;
	ok(fails(bsp_evaluation_add(&bad, &map0, &mask0, NULL, &e), BSP_USAGE,
	    "expected 1 to 48"), "too many metrics");
	bad.metrics = 2;
	ok(fails(bsp_evaluation_add(&bad, &map0, &mask0, NULL, &e), BSP_USAGE,
	    "metric 1 is missing"), "a metric that is not there");
	bad = OF("image_ap");
	bad.pooled = true;
	ok(fails(bsp_evaluation_add(&bad, &map0, &mask0, NULL, &e), BSP_USAGE,
	    "image_ap is of images"), "pooled metrics of images");
	ok(fails(bsp_evaluation_add(&v, NULL, &mask0, NULL, &e), BSP_USAGE,
	    "no map"), "no map");
	ok(fails(bsp_evaluation_add(&v, &none, &mask0, NULL, &e), BSP_USAGE,
	    "no map"), "an empty map");
	ok(fails(bsp_evaluation_add(&v, &map0, NULL, NULL, &e), BSP_USAGE,
	    "no mask"), "no mask");
	ok(fails(bsp_evaluation_add(&v, &map0, &mask1, NULL, &e), BSP_DATA,
	    "the mask is 4 x 1, expected the 5 x 1"), "a mask too small");
	ok(fails(bsp_evaluation_add(&v, &map0, &mask0, &mask2, &e), BSP_DATA,
	    "2 x 1, expected the 5 x 1"), "a mask of what counts too small");
	ok(v.images == 0, "none of them was added");
	ok(fails(bsp_evaluation_finish(&v, &e), BSP_DATA, "no images"),
	    "the end without images");
	ok(fails(bsp_evaluation_summarize(&v, NULL, s, &e), BSP_DATA,
	    "no images"), "a summary without images");
	ok(bsp_metric_find("app") == NULL && bsp_metric_find("") == NULL &&
	    bsp_metric_find(NULL) == NULL, "no metric of that name");
	bsp_evaluation_free(&v);
	bsp_evaluation_free(&bad);
}

static void
paired(void)
{
	const double a[] = {1, 2, 3, (double)NAN}, b[] = {0, 2, 1, 5};
	const double none[] = {(double)NAN};
	const size_t group[] = {0, 0, 1, 1};
	const struct bsp_metric *ap = bsp_metric_find("ap");
	const struct bsp_metric *fpr = bsp_metric_find("fpr95");
	struct bsp_resampling how = {.group = group, .groups = 2};
	struct bsp_paired p, all[3] = {{.p = .04}, {.p = (double)NAN},
	    {.p = .03}};

	ok(bsp_compare_paired(a, b, 4, ap, NULL, 10000, &p, &e) == 0 &&
	    p.mean_a == 2 && p.mean_b == 1 && p.difference.mean == 1 &&
	    p.difference.sd == 1 && p.difference.n == 3 &&
	    p.difference.undefined == 1, "differences 1, 0 and 2");
	ok(p.wins == 2 && p.ties == 1 && p.losses == 0, "two of them won");
	/* Of 8 sign patterns those with +1 +2 and -1 -2: 4. */
	ok(p.units == 3 && p.p == .5 && p.p_min == .25 && p.p_holm == .5,
	    "p by hand");
	ok(bsp_compare_paired(a, b, 4, fpr, NULL, 10000, &p, &e) == 0 &&
	    p.wins == 0 && p.ties == 1 && p.losses == 2 && p.p == .5,
	    "where less is better they are lost");
	/* Sums 1 and 2: two of four patterns. */
	ok(bsp_compare_paired(a, b, 4, ap, &how, 10000, &p, &e) == 0 &&
	    p.units == 2 && p.p == .5 && p.p_min == .5, "by subject");
	/* Drawn: the observed one is one of them. */
	ok(bsp_compare_paired(a, b, 4, ap, NULL, 1, &p, &e) == 0 &&
	    p.p >= .5 && p.p_min == .5, "one sign flip");
	ok(bsp_compare_paired(none, none, 1, ap, NULL, 9, &p, &e) == 0 &&
	    p.units == 0 && isnan(p.p) && isnan(p.p_min) && isnan(p.mean_a) &&
	    p.wins + p.ties + p.losses == 0, "no image where both are");
	/* .03 twice is .06, and .04 is no less. */
	ok(bsp_compare_adjust(all, 3, &e) == 0 && near(all[0].p_holm, .06) &&
	    near(all[2].p_holm, .06) && isnan(all[1].p_holm), "Holm by hand");
	ok(fails(bsp_compare_paired(NULL, b, 4, ap, NULL, 9, &p, &e),
	    BSP_USAGE, "no values"), "no values of A");
	ok(fails(bsp_compare_paired(a, NULL, 4, ap, NULL, 9, &p, &e),
	    BSP_USAGE, "no values"), "no values of B");
	ok(fails(bsp_compare_paired(a, b, 0, ap, NULL, 9, &p, &e),
	    BSP_USAGE, "no values"), "no images");
	ok(fails(bsp_compare_paired(a, b, 4, ap, NULL, 0, &p, &e),
	    BSP_USAGE, "no permutations"), "no permutations");
	how.groups = 1;
	ok(fails(bsp_compare_paired(a, b, 4, ap, &how, 9, &p, &e),
	    BSP_USAGE, "image 2 is of group 1"), "a group beyond the last");
}

int
main(void)
{
	images();
	pooled();
	within();
	refused();
	paired();
	return done();
}
