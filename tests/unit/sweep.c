/*
 * Images of a sweep run at once, against the same images run one by one.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/blindspot.h"
#include "tap.h"

#define IMAGES 7
#define SIDE 24
#define VALUES (IMAGES * 4 * 3 * 2)

static struct bsp_error e;
static struct bsp_image image[IMAGES];
static struct bsp_sweep_image in[IMAGES];
static struct bsp_sweep sweep;
static double values[VALUES], want[VALUES];
static size_t anomalous[IMAGES * 4], want_anomalous[IMAGES * 4];

static void
make_images(void)
{
	struct bsp_random random;
	size_t i, k;

	for (i = 0; i < IMAGES; i++) {
		bsp_random_start(&random, 5, BSP_DRAW_PHANTOM, 0, i);
		bsp_image_resize(&image[i], SIDE, SIDE, &e);
		for (k = 0; k < SIDE * SIDE; k++)
			image[i].data[k] = (float)(.1 + .8 *
			    bsp_random_uniform(&random));
		in[i] = (struct bsp_sweep_image){.image = &image[i],
		    .index = 10 + i};
	}
}

/* Nowhere to put an anomaly into. */
static void
darken(size_t i, bool dark)
{
	static float kept[IMAGES][SIDE * SIDE];
	size_t bytes = sizeof kept[i];

	if (dark) {
		memcpy(kept[i], image[i].data, bytes);
		memset(image[i].data, 0, bytes);
	} else {
		memcpy(image[i].data, kept[i], bytes);
	}
}

static bool
make_sweep(const char *inject, const char *residual)
{
	static struct bsp_spec spec;

	sweep = (struct bsp_sweep){.seed = 3, .metrics = 2,
	    .residual = &spec, .residuals = 1};
	sweep.metric[0] = bsp_metric_find("ap");
	sweep.metric[1] = bsp_metric_find("mean_residual");
	return bsp_spec_parse(bsp_inject_kinds, inject, &sweep.inject,
	    &e) == 0 && bsp_spec_parse(bsp_degrade_kinds,
	    "blur:sigma=0:2:3", &sweep.degrade, &e) == 0 &&
	    bsp_spec_parse(bsp_residual_kinds, residual, &spec,
	    &e) == 0;
}

static struct bsp_sweep_batch
batch_of(size_t threads)
{
	return (struct bsp_sweep_batch){.sweep = &sweep, .image = in,
	    .images = IMAGES, .end = bsp_sweep_pairs(&sweep),
	    .threads = threads, .values = values, .anomalous = anomalous};
}

static uint64_t told, calls;

static void
tell(void *with, uint64_t pairs)
{
	calls += pairs > told && with == &told;
	told = pairs;
}

/* Values of pairs from begin on, one image after another. */
static void
run_one_by_one(size_t begin, size_t end)
{
	size_t i;

	for (i = 0; i < IMAGES; i++)
		bsp_sweep_run(&sweep, &in[i], begin, end, want +
		    i * (end - begin) * 2, want_anomalous + i * 4, &e);
}

static bool
same(size_t pairs)
{
	return memcmp(values, want, IMAGES * pairs * 2 * sizeof *want) == 0;
}

static void
equal(const char *inject, const char *residual)
{
	static const size_t threads[] = {1, 2, 3, 50, 0};
	struct bsp_sweep_batch batch;
	size_t i;

	ok(make_sweep(inject, residual), "%s, %s", inject, residual);
	run_one_by_one(0, 12);
	for (i = 0; i < sizeof threads / sizeof threads[0]; i++) {
		batch = batch_of(threads[i]);
		batch.progress = tell;
		batch.with = &told;
		told = calls = 0;
		memset(values, 0xFF, sizeof values);
		memset(anomalous, 0xFF, sizeof anomalous);
		ok(bsp_sweep_images(&batch, &e) == 0 && same(12) &&
		    memcmp(anomalous, want_anomalous, sizeof anomalous) == 0,
		    "%zu threads: the values of one image after another",
		    threads[i]);
		ok(told == 12 * IMAGES && calls > 0, "all pairs are told");
	}
	run_one_by_one(5, 11);
	batch = batch_of(2);
	batch.begin = 5;
	batch.end = 11;
	batch.anomalous = NULL;
	ok(bsp_sweep_images(&batch, &e) == 0 && same(6), "a part of the grid");
}

static void
first_error(void)
{
	static const size_t threads[] = {1, 2, 3, 50};
	struct bsp_sweep_batch batch;
	size_t i, round;
	bool good;

	make_sweep("disk:radius=3,intensity=0:1:4", "abs");
	darken(3, true);
	darken(4, true);
	for (i = 0; i < sizeof threads / sizeof threads[0]; i++) {
		for (round = 0, good = true; round < 50; round++) {
			batch = batch_of(threads[i]);
			e = (struct bsp_error){0};
			good = good && bsp_sweep_images(&batch, &e) == -1 &&
			    e.status == BSP_DATA && e.image == 3 &&
			    strstr(e.text, "without foreground") != NULL;
		}
		ok(good, "%zu threads: the first of two errors", threads[i]);
	}
	darken(3, false);
	darken(4, false);
	batch = batch_of(3);
	ok(bsp_sweep_images(&batch, &e) == 0, "and none without them");
}

static bool
fails(const struct bsp_sweep_batch *batch, const char *text)
{
	return bsp_sweep_images(batch, &e) == -1 && e.status == BSP_USAGE &&
	    strstr(e.text, text) != NULL;
}

/* The maps of one image, counted by hand. */
struct tally {
	size_t maps, above[2]; /* pixels at or above .1 and .2 */
};

static int
take_map(void *with, size_t residual, const struct bsp_image *map,
    struct bsp_error *error)
{
	struct tally *tally = with;
	size_t i;

	(void)error;
	tally->maps += residual == 0;
	for (i = 0; i < SIDE * SIDE; i++) {
		tally->above[0] += map->data[i] >= .1f;
		tally->above[1] += map->data[i] >= .2f;
	}
	return 0;
}

/* Outside the disk a threshold finds what it finds in the healthy map there. */
static void
thresholds(void)
{
	double threshold[2] = {(double).1f, (double).2f}, value[4];
	struct bsp_sweep_batch batch;
	struct tally tally = {0};
	size_t covered = 0;

	make_sweep("disk:radius=3,intensity=.5", "abs");
	bsp_spec_parse(bsp_degrade_kinds, "blur:sigma=1", &sweep.degrade, &e);
	sweep.metric[0] = sweep.metric[1] = bsp_metric_find("fpr");
	sweep.metric[2] = bsp_metric_find("sensitivity");
	sweep.metrics = 3;
	sweep.at[0] = sweep.at[2] = 0;
	sweep.at[1] = 1;
	batch = batch_of(1);
	ok(bsp_sweep_images(&batch, &e) == -1 && e.status == BSP_USAGE &&
	    strstr(e.text, "fpr: no threshold") != NULL, "no thresholds");
	sweep.threshold = threshold;
	sweep.points = 2;
	sweep.at[1] = 2;
	ok(bsp_sweep_images(&batch, &e) == -1 && e.status == BSP_USAGE,
	    "a threshold that is not there");
	sweep.at[1] = 1;
	sweep.metric[2] = bsp_metric_find("froc");
	ok(bsp_sweep_images(&batch, &e) == -1 && e.status == BSP_USAGE &&
	    strstr(e.text, "froc: needs a whole") != NULL,
	    "a metric of all images");
	sweep.metric[2] = bsp_metric_find("sensitivity");
	ok(bsp_sweep_healthy(&sweep, &in[0], 0, take_map, &tally, &e) == 0 &&
	    tally.maps == 1, "the map without an anomaly");
	ok(bsp_sweep_run(&sweep, &in[0], 0, 1, value, &covered, &e) == 0 &&
	    covered > 0, "a cell with thresholds");
	/* What the disk covers is left out of the negatives. */
	ok((size_t)(value[0] * (double)(SIDE * SIDE - covered) + .5) +
	    covered >= tally.above[0] && value[0] * (double)(SIDE * SIDE -
	    covered) <= (double)tally.above[0] + .5 &&
	    value[1] < value[0], "false positives are healthy pixels");
	sweep.on_anomalous = true;
	in[0].recon = &image[1];
	ok(bsp_sweep_healthy(&sweep, &in[0], 0, take_map, &tally, &e) == -1 &&
	    e.status == BSP_USAGE, "reconstructions of anomalous images");
	in[0].recon = NULL;
	sweep.on_anomalous = false;
	bsp_spec_parse(bsp_degrade_kinds, "inpaint", &sweep.degrade, &e);
	ok(bsp_sweep_healthy(&sweep, &in[0], 0, take_map, &tally, &e) == -1 &&
	    e.status == BSP_USAGE, "a degradation that fills the anomaly");
	make_sweep("disk:radius=3,intensity=0:1:4", "abs");
}

static void
refused(void)
{
	struct bsp_sweep_batch batch = batch_of(2);

	batch.sweep = NULL;
	ok(fails(&batch, "no sweep"), "no sweep");
	batch = batch_of(2);
	batch.image = NULL;
	ok(fails(&batch, "no images"), "no images to be run");
	batch = batch_of(2);
	batch.values = NULL;
	ok(fails(&batch, "no room"), "no room for values");
	batch = batch_of(2);
	batch.end = 13;
	ok(fails(&batch, "0 to 13, expected some of the grid's 12"),
	    "pairs beyond the grid");
	batch.begin = 5;
	batch.end = 4;
	ok(fails(&batch, "5 to 4"), "pairs that end before they begin");
	batch = batch_of(2);
	batch.images = 0;
	ok(bsp_sweep_images(&batch, &e) == 0, "of no images nothing is run");
	batch = batch_of(2);
	batch.begin = batch.end;
	ok(bsp_sweep_images(&batch, &e) == 0, "nor of no pairs");
}

int
main(void)
{
	size_t i;

	make_images();
	equal("disk:radius=3,intensity=0:1:4", "abs");
	equal("shuffle:radius=3:6:4", "ssim");
	first_error();
	thresholds();
	refused();
	for (i = 0; i < IMAGES; i++)
		bsp_image_free(&image[i]);
	return done();
}
