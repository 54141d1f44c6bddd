/*
 * How often 95 % intervals of a mean hold the truth: simulated studies of few
 * subjects, each with ten correlated images, normal and skewed.  The figures of
 * score(1) are these.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../lib/blindspot.h"

enum { STUDIES = 1000, IMAGES = 10, MOST = 100, REPLICATES = 1000 };

/* Half of the variance is between subjects. */
#define INTRACLASS .5

static double value[MOST * IMAGES];
static size_t group[MOST * IMAGES];

/* Beta(.7, 2), by its distribution function on a grid: t = u^(1/.7) takes the
 * singularity at 0 away. */
#define GRID 4096
static double cumulated[GRID + 1];

static void
make_beta(void)
{
	double t, sum = 0;
	int i;

	for (i = 0; i < GRID; i++) {
		t = (i + .5) / GRID;
		sum += 1 - bsp_pow(t, 1 / .7); /* (1 - x)^1 x^-.3 dx */
		cumulated[i + 1] = sum;
	}
	for (i = 1; i <= GRID; i++)
		cumulated[i] /= sum;
}

static double
beta_of(double p)
{
	int low = 0, high = GRID, middle;

	while (high - low > 1) {
		middle = (low + high) / 2;
		if (cumulated[middle] <= p)
			low = middle;
		else
			high = middle;
	}
	p = (low + (p - cumulated[low]) / (cumulated[high] - cumulated[low])) /
	    GRID;
	return bsp_pow(p, 1 / .7);
}

/* Both kinds have the same correlation of normal scores. */
static void
draw(size_t subjects, size_t images, bool skewed, uint64_t study)
{
	struct bsp_random random;
	double own, z;
	size_t s, i, n = 0;

	bsp_random_start(&random, 2022, BSP_DRAW_PHANTOM, skewed, study);
	for (s = 0; s < subjects; s++) {
		own = bsp_random_normal(&random);
		for (i = 0; i < images; i++, n++) {
			z = sqrt(INTRACLASS) * own +
			    sqrt(1 - INTRACLASS) * bsp_random_normal(&random);
			value[n] = skewed ? beta_of(bsp_normal_cdf(z)) : z;
			group[n] = s;
		}
	}
}

static double
cover(size_t subjects, size_t images, bool skewed, enum bsp_ci ci)
{
	double truth = skewed ? .7 / 2.7 : 0;
	struct bsp_summary summary;
	struct bsp_error e;
	int study, covered = 0;

	for (study = 0; study < STUDIES; study++) {
		struct bsp_resampling how = {group, subjects, REPLICATES,
		    (uint64_t)study, ci, 0};

		draw(subjects, images, skewed, (uint64_t)study);
		if (bsp_summarize(value, subjects * images, &how, &summary,
		    &e)) {
			fprintf(stderr, "%s\n", e.text);
			exit(1);
		}
		covered += summary.ci_low <= truth && truth <= summary.ci_high;
	}
	return (double)covered / STUDIES;
}

int
main(void)
{
	static const size_t subjects[] = {5, 10, 20, 100};
	size_t i, images, skewed;

	make_beta();
	printf("# %d studies each\nvalues\tsubjects\timages\texpanded\tt\t"
	    "percentile\n", STUDIES);
	for (skewed = 0; skewed < 2; skewed++)
		for (i = 0; i < 5; i++) {
			/* Last what a comparison of few slices has. */
			images = i < 4 ? IMAGES : 3;
			printf("%s\t%zu\t%zu\t%.3f\t%.3f\t%.3f\n",
			    skewed ? "beta(.7, 2)" : "normal",
			    subjects[i % 4], images,
			    cover(subjects[i % 4], images, skewed,
			    BSP_CI_EXPANDED),
			    cover(subjects[i % 4], images, skewed, BSP_CI_T),
			    cover(subjects[i % 4], images, skewed,
			    BSP_CI_PERCENTILE));
			fflush(stdout);
		}
	return 0;
}
