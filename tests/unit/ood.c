/*
 * Out-of-distribution scores of cases worked by hand.
 */
#include <math.h>
#include <string.h>

#include <learn/blindspot-learn.h>
#include "tap.h"

static struct bsp_error e;
static double histogram[BSP_OOD_BINS];

static bool
make(size_t n, float *data)
{
	struct bsp_image image = {1, n, data, n};

	return bsp_ood_histogram(&image, histogram, &e) == 0;
}

static bool
fails(int result, enum bsp_status status, const char *text)
{
	bool so = result == -1 && e.status == status &&
	    strstr(e.text, text) != NULL;

	if (!so)
		printf("# %d, status %d: %s\n", result, (int)e.status, e.text);
	return so;
}

static void
histograms(void)
{
	float half[] = {0, 1, 0, 1}, same[] = {7, 7, 7}, scaled[] = {-3, 5,
	    -3, 5}, nan[] = {1, NAN}, zeros[] = {0, -0.f, 0, 0};
	/* .5 % of 2 steps is .01: clipped to .01 and 1.99, and in the middle
	 * 1 lies at .5. */
	float three[] = {2, 0, 1}, five[] = {0, 1, 2, 3, 4};
	struct bsp_image empty = {0};

	ok(make(4, half) && histogram[0] == 250 && histogram[499] == 250 &&
	    histogram[1] == 0, "half of the samples at either end");
	ok(make(4, scaled) && histogram[0] == 250 && histogram[499] == 250,
	    "scale and offset change nothing");
	ok(make(3, three) && histogram[0] == 500. / 3 &&
	    histogram[250] == 500. / 3 && histogram[499] == 500. / 3,
	    "the percentiles are interpolated");
	/* .5 % of 4 steps is .02: 1 lies at .98/3.96 = .2475, bin 123. */
	ok(make(5, five) && histogram[123] == 100 && histogram[376] == 100,
	    "the percentiles .5 and 99.5");
	ok(make(3, same) && histogram[0] == 500, "a constant image");
	ok(make(4, zeros) && histogram[0] == 500, "0 and -0 are one");
	ok(fails(bsp_ood_histogram(NULL, histogram, &e), BSP_USAGE,
	    "no image"), "no image");
	ok(fails(bsp_ood_histogram(&empty, histogram, &e), BSP_USAGE,
	    "no image"), "an empty image");
	ok(!make(2, nan) && e.status == BSP_DATA &&
	    strstr(e.text, "sample 1") != NULL, "a sample that is NaN");
}

static double two[2][BSP_OOD_BINS], other[BSP_OOD_BINS];

static void
distances(void)
{
	struct bsp_ood ood;

	two[0][0] = two[1][1] = 500;
	/* Centred they are +-(250, -250): one axis, along (1, -1), and a
	 * variance of 2 (250^2 + 250^2). */
	ok(bsp_ood_fit(two[0], 2, &ood, &e) == 0 && ood.components == 1 &&
	    fabs(ood.variance[0] / (250000 * (1 + 1e-6)) - 1) < 1e-12 &&
	    fabs(fabs(ood.axis[0]) - sqrt(.5)) < 1e-12 &&
	    ood.axis[0] * ood.axis[1] < 0 && ood.mean[0] == 250,
	    "two histograms have one component");
	ok(fabs(bsp_ood_distance(&ood, two[0]) * (1 + 1e-6) - .5) < 1e-12 &&
	    fabs(bsp_ood_distance(&ood, two[1]) * (1 + 1e-6) - .5) < 1e-12,
	    "each is at a squared distance of a half");
	other[0] = other[1] = 250;
	ok(bsp_ood_distance(&ood, other) == 0, "their mean is at 0");
	other[2] = 100;
	ok(fabs(bsp_ood_distance(&ood, other)) < 1e-20,
	    "the part outside the components is ignored");
	other[0] = 1250;
	other[1] = -750;
	ok(fabs(bsp_ood_distance(&ood, other) * (1 + 1e-6) - 8) < 1e-11,
	    "four times as far, sixteen times the square");
	bsp_ood_free(&ood);
	ok(ood.mean == NULL && ood.components == 0, "it is empty");
	bsp_ood_free(&ood);
}

static void
refused(void)
{
	struct bsp_ood ood;

	ok(fails(bsp_ood_fit(NULL, 2, &ood, &e), BSP_USAGE, "no histograms"),
	    "no histograms");
	ok(fails(bsp_ood_fit(two[0], 0, &ood, &e), BSP_DATA, "0 images"),
	    "none of them");
	ok(fails(bsp_ood_fit(two[0], 1, &ood, &e), BSP_DATA, "1 images"),
	    "one of them");
	memcpy(two[1], two[0], sizeof two[0]);
	ok(fails(bsp_ood_fit(two[0], 2, &ood, &e), BSP_DATA,
	    "one and the same"), "two that are alike");
	ok(ood.mean == NULL && ood.axis == NULL && ood.components == 0,
	    "nothing is left of a fit that failed");
	two[1][3] = (double)NAN;
	ok(fails(bsp_ood_fit(two[0], 2, &ood, &e), BSP_DATA, "finite"),
	    "one that is not finite");
}

static void
rates(void)
{
	const double normal[] = {4, 1, 3, 2}, one[] = {5};
	double test[20], fpr = -1;
	size_t i;

	for (i = 0; i < 20; i++)
		test[i] = (double)((i * 7) % 20 + 1);
	/* 19 of 1 to 20 are at or above 2. */
	ok(bsp_ood_fpr95(normal, 4, test, 20, &fpr, &e) == 0 && fpr == .75,
	    "the FPR that finds 19 of 20");
	ok(test[0] == 1 && test[1] == 8, "nothing is sorted in place");
	ok(bsp_ood_fpr95(normal, 4, one, 1, &fpr, &e) == 0 && fpr == 0,
	    "all tell");
	ok(bsp_ood_fpr95(one, 1, normal, 4, &fpr, &e) == 0 && fpr == 1,
	    "none does");
	ok(bsp_ood_fpr95(one, 1, one, 1, &fpr, &e) == 0 && fpr == 1,
	    "a tie counts");
	ok(fails(bsp_ood_fpr95(NULL, 1, one, 1, &fpr, &e), BSP_USAGE,
	    "no distances") && fails(bsp_ood_fpr95(one, 0, one, 1, &fpr, &e),
	    BSP_USAGE, "no distances"), "no normal images");
	ok(fails(bsp_ood_fpr95(one, 1, NULL, 1, &fpr, &e), BSP_USAGE,
	    "no distances") && fails(bsp_ood_fpr95(one, 1, one, 0, &fpr, &e),
	    BSP_USAGE, "no distances"), "no tested images");
}

int
main(void)
{
	histograms();
	distances();
	refused();
	rates();
	return done();
}
