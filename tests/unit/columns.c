/*
 * Summaries of many columns against those of each alone, bit by bit.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/blindspot.h"
#include "tap.h"
#include "words.h"

#define IMAGES 40
#define COLUMNS 600
#define STRIDE 605

static double values[IMAGES * STRIDE];
static struct bsp_summary found[COLUMNS];
static size_t group[IMAGES];

static bool
same(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static bool
same_summary(const struct bsp_summary *a, const struct bsp_summary *b)
{
	return same(a->mean, b->mean) && same(a->sd, b->sd) &&
	    same(a->ci_low, b->ci_low) && same(a->ci_high, b->ci_high) &&
	    a->n == b->n && a->undefined == b->undefined &&
	    a->subjects == b->subjects;
}

/* Values with ties; every so many-th column has some that are undefined. */
static void
draw(size_t n, unsigned undefined)
{
	size_t i, c;

	for (i = 0; i < n; i++)
		for (c = 0; c < STRIDE; c++)
			values[i * STRIDE + c] = undefined > 0 &&
			    c % undefined == 0 && word() % 3 == 0 ?
			    (double)NAN : (word() % 1000) / 999. - .2;
}

static void
compare(const struct bsp_resampling *how, size_t n, size_t columns,
    const char *name)
{
	double column[IMAGES];
	struct bsp_summary alone;
	struct bsp_error e;
	size_t c, i, wrong = 0;

	memset(found, 0xFF, sizeof found);
	if (bsp_summarize_columns(values, n, STRIDE, columns, how, found, &e))
		wrong++;
	for (c = 0; c < columns; c++) {
		for (i = 0; i < n; i++)
			column[i] = values[i * STRIDE + c];
		if (bsp_summarize(column, n, how, &alone, &e) ||
		    !same_summary(&alone, &found[c]))
			wrong++;
	}
	ok(wrong == 0, "%s, %zu images, %zu columns: %zu differ", name, n,
	    columns, wrong);
}

int
main(void)
{
	static const size_t images[] = {1, 2, 7, IMAGES};
	static const size_t columns[] = {0, 1, 255, 256, 257, COLUMNS};
	struct bsp_resampling how = {.replicates = 25, .seed = 9};
	unsigned undefined;
	size_t i, k;

	for (undefined = 0; undefined < 4; undefined++)
		for (i = 0; i < 4; i++)
			for (k = 0; k < 6; k++) {
				draw(images[i], undefined);
				compare(&how, images[i], columns[k],
				    "images for subjects");
			}
	draw(IMAGES, 7);
	for (i = 0; i < IMAGES; i++)
		group[i] = word() % 8 + (word() % 8 == 0); /* some may be empty */
	how.group = group;
	how.groups = 12;
	compare(&how, IMAGES, COLUMNS, "subjects, three without images");
	how.ci = BSP_CI_PERCENTILE;
	compare(&how, IMAGES, COLUMNS, "plain percentiles");
	how.ci = BSP_CI_T;
	compare(&how, IMAGES, COLUMNS, "Student's t");
	how.ci = BSP_CI_EXPANDED;
	how.replicates = 0;
	compare(&how, IMAGES, COLUMNS, "no replicates");
	compare(NULL, IMAGES, COLUMNS, "no interval");
	how.replicates = 30000; /* few columns at once */
	compare(&how, 7, 20, "many replicates");
	for (i = 0; i < IMAGES; i++)
		group[i] = 3;
	compare(&how, IMAGES, 9, "one subject");
	return done();
}
