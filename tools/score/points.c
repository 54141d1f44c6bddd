/*
 * Thresholds: from healthy maps, from the command line, to and from a file.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"

void
told_add(struct told *told, const struct bsp_image *image)
{
	bsp_fingerprint_add(&told->hash, image);
	told->count++;
}

struct table_fact
told_fact(struct told *told)
{
	return (struct table_fact){told->name,
	    table_images(told->text, told->count, &told->hash)};
}

/* --------------------------------------------------------------- the request */

/* A copy of a text, or death. */
static char *
copy_of(const char *text)
{
	char *copy = strdup(text);
	struct bsp_error e;

	if (copy == NULL) {
		bsp_error_system(&e, ENOMEM, "the text of thresholds");
		cli_die(&e);
	}
	return copy;
}

/* Numbers with commas between them; each is a threshold, or a rate. */
static void
parse_numbers(struct points *points, const char *option, const char *text,
    bool rates)
{
	struct point point[BSP_POINTS_MAX];
	size_t i;

	points->count = points_read(point, option, text, rates);
	for (i = 0; i < points->count; i++) {
		strcpy(points->label[i], point[i].label);
		points->q[i] = rates ? point[i].value : (double)NAN;
		points->at[i].value = point[i].value;
	}
}

void
points_parse(struct points *points, const struct points_request *r)
{
	*points = (struct points){.count = 0};
	if (r->fpr != NULL && r->threshold != NULL)
		cli_usage("--fpr and --threshold exclude each other");
	if (r->fpr != NULL && r->healthy == NULL)
		cli_usage("--fpr is a share of healthy pixels, expected "
		    "--healthy with maps of healthy images");
	if (r->healthy != NULL && r->fpr == NULL)
		cli_usage("--healthy sets thresholds, expected --fpr with the "
		    "share of its pixels that may exceed one, as 0.01");
	if (r->within != NULL && r->healthy == NULL)
		cli_usage("--healthy-within goes with --healthy");
	if (r->save != NULL && r->healthy == NULL)
		cli_usage("--save-threshold writes what --healthy and --fpr "
		    "found, expected both");
	if (r->fpr != NULL)
		parse_numbers(points, "--fpr", r->fpr, true);
	else if (r->threshold != NULL && r->threshold[0] != '@')
		parse_numbers(points, "--threshold", r->threshold, false);
	else if (r->threshold != NULL && r->threshold[1] == '\0')
		cli_usage("--threshold: @ and no name, expected the file that "
		    "--save-threshold wrote");
}

/* ------------------------------------------------------------- healthy maps */

/* Do pixels have no more than two values, as those of a mask? */
static bool
looks_like_mask(const struct bsp_healthy *healthy)
{
	const uint32_t *key = healthy->keys.key;
	size_t n = healthy->keys.count, i, values = 1;

	for (i = 1; i < n && values < 3; i++)
		values += key[i] != key[i - 1];
	return n > 2 && values == 2;
}

static void
read_healthy(struct points *points, const struct points_request *r,
    struct bsp_healthy *healthy)
{
	struct bsp_image image[2] = {{0}};
	struct bsp_image *images[2] = {&image[0], &image[1]};
	struct bsp_reader *reader[2];
	size_t n = r->within != NULL ? 2 : 1;
	struct bsp_error e = {0};
	int result;

	reader[0] = cli_reader(r->healthy, BSP_IMAGES);
	if (n == 2)
		reader[1] = cli_reader(r->within, BSP_MASKS);
	points->healthy.name = "healthy";
	points->within.name = n == 2 ? "healthy-within" : NULL;
	while ((result = bsp_readers_next(reader, images, n, &e)) == 1) {
		told_add(&points->healthy, &image[0]);
		if (n == 2)
			told_add(&points->within, &image[1]);
		if (bsp_healthy_add(healthy, &image[0], n == 2 ? &image[1] :
		    NULL, &e)) {
			bsp_reader_blame(reader[0], &e);
			cli_die(&e);
		}
	}
	if (result < 0)
		cli_die(&e);
	bsp_image_free(&image[0]);
	bsp_image_free(&image[1]);
}

static void
write_file(const struct points *points, const char *path)
{
	static const char *const columns[] = {"point", "fpr", "threshold",
	    "achieved", "pixels", "low", "high", NULL};
	struct told healthy = points->healthy, within = points->within;
	struct table_fact facts[3] = {{NULL, NULL}};
	struct table table;
	size_t i;

	facts[0] = told_fact(&healthy);
	facts[1] = (struct table_fact){"healthy-within", "none"};
	if (within.name != NULL)
		facts[1] = told_fact(&within);
	table_begin(&table, cli_table(path), false, cli_command_line(NULL),
	    facts, columns);
	for (i = 0; i < points->count; i++) {
		table_text(&table, points->label[i]);
		table_place(&table, points->q[i]);
		table_place(&table, points->at[i].value);
		table_place(&table, points->at[i].fpr);
		table_count(&table, points->at[i].pixels);
		table_place(&table, points->at[i].low);
		table_place(&table, points->at[i].high);
	}
	table_end(&table);
}

static void
find_thresholds(struct points *points, const struct points_request *r)
{
	struct bsp_healthy healthy = {.sorted = false};
	struct bsp_error e;
	size_t i;

	read_healthy(points, r, &healthy);
	for (i = 0; i < points->count; i++)
		if (bsp_healthy_threshold(&healthy, points->q[i],
		    &points->at[i], &e)) {
			e.stream = r->healthy;
			cli_die(&e);
		}
	if (looks_like_mask(&healthy))
		cli_warn("%s: its pixels have two values, as those of a mask; "
		    "expected maps of healthy images", r->healthy);
	bsp_healthy_free(&healthy);
	points->from_healthy = true;
}

/* ------------------------------------------------------------------ the file */

static void
take_fact(void *with, const char *text)
{
	struct points *points = with;

	if (strncmp(text, "healthy ", 8) == 0)
		points->healthy_text = copy_of(text + 8);
	if (strncmp(text, "healthy-within ", 15) == 0)
		points->within_text = copy_of(text + 15);
}

static double
read_number(const struct tsv *tsv, size_t column)
{
	struct bsp_error e;
	double value;

	if (bsp_number_parse(tsv_text(tsv, column), &value, &e))
		tsv_bad(tsv, e.text, "", "a number");
	return value;
}

static void
read_file(struct points *points, const char *path)
{
	static const char *const columns[] = {"point", "fpr", "threshold",
	    "achieved", "pixels", "low", "high", NULL};
	struct tsv tsv;
	size_t n, i;

	tsv_open_any(&tsv, path, take_fact, points);
	tsv_find(&tsv, columns);
	if (points->healthy_text == NULL || points->within_text == NULL)
		tsv_bad(&tsv, "no line above it tells the healthy images", "",
		    "a file that --save-threshold wrote");
	while (tsv_next(&tsv)) {
		n = points->count;
		if (n == BSP_POINTS_MAX ||
		    strlen(tsv_text(&tsv, 0)) >= POINT_SIZE)
			tsv_bad(&tsv, "more or longer than any", "",
			    "a file that --save-threshold wrote");
		strcpy(points->label[n], tsv_text(&tsv, 0));
		for (i = 0; i < n; i++)
			if (strcmp(points->label[i], points->label[n]) == 0)
				tsv_bad(&tsv, "two rows of ",
				    points->label[n], "one");
		points->q[n] = read_number(&tsv, 1);
		points->at[n] = (struct bsp_threshold){
			.value = read_number(&tsv, 2),
			.fpr = read_number(&tsv, 3),
			.pixels = (size_t)tsv_count(&tsv, 4, 0),
			.low = read_number(&tsv, 5),
			.high = read_number(&tsv, 6),
		};
		points->count++;
	}
	if (points->count == 0)
		tsv_bad(&tsv, "no rows", "", "a threshold");
	tsv_close(&tsv);
	points->from_healthy = true;
}

void
points_find(struct points *points, const struct points_request *r)
{
	if (r->healthy != NULL)
		find_thresholds(points, r);
	else if (r->threshold != NULL && r->threshold[0] == '@')
		read_file(points, r->threshold + 1);
	if (r->save != NULL)
		write_file(points, r->save);
}

/* ----------------------------------------------------------------- the facts */

size_t
points_facts(const struct points *points, struct table_fact *facts)
{
	static char text[BSP_POINTS_MAX][160], healthy[TABLE_IMAGES_SIZE];
	static char within[TABLE_IMAGES_SIZE];
	char value[BSP_NUMBER_SIZE], share[BSP_NUMBER_SIZE];
	size_t i, n = 0;

	for (i = 0; i < points->count && points->from_healthy; i++) {
		snprintf(text[i], sizeof text[i], "%s: %s, exceeded or met by "
		    "%s of %zu healthy pixels", points->label[i],
		    bsp_number_format(value, points->at[i].value),
		    bsp_number_format(share, points->at[i].fpr),
		    points->at[i].pixels);
		facts[n++] = (struct table_fact){"threshold", text[i]};
	}
	if (points->healthy_text != NULL) {
		facts[n++] = (struct table_fact){"healthy",
		    points->healthy_text};
		facts[n++] = (struct table_fact){"healthy-within",
		    points->within_text};
	} else if (points->from_healthy) {
		facts[n++] = (struct table_fact){"healthy", table_images(
		    healthy, points->healthy.count, &points->healthy.hash)};
		facts[n++] = (struct table_fact){"healthy-within",
		    points->within.name == NULL ? "none" : table_images(
		    within, points->within.count, &points->within.hash)};
	}
	return n;
}

/* ---------------------------------------------------------------- the checks */

static _Noreturn void
die_of(const char *text, double low, double high, float from, float to)
{
	struct bsp_error e;

	bsp_error_set(&e, BSP_DATA, "%s: it was set on scores from %g to %g, "
	    "and these maps have %g to %g, expected a threshold of the same "
	    "score", text, low, high, (double)from, (double)to);
	cli_die(&e);
}

/* The maps that thresholds were set on must be of other images. */
static void
check_other_maps(const struct points *points, const struct told *maps,
    const struct bsp_evaluation *evaluation)
{
	char own[TABLE_IMAGES_SIZE], set_on[TABLE_IMAGES_SIZE];
	struct bsp_error e;
	size_t i;

	table_images(own, maps->count, &maps->hash);
	table_images(set_on, points->healthy.count, &points->healthy.hash);
	if (strcmp(points->healthy_text != NULL ? points->healthy_text :
	    set_on, own) != 0)
		return;
	for (i = 0; i < evaluation->images; i++)
		if (evaluation->counts[i * evaluation->points].positives > 0) {
			bsp_error_set(&e, BSP_DATA, "the threshold was set on "
			    "the maps that are scored, in which the masks mark "
			    "anomalies, expected maps of healthy images");
			cli_die(&e);
		}
}

/* A threshold that finds all or nothing is probably of another score. */
static void
warn_of_extremes(const struct points *points,
    const struct bsp_evaluation *evaluation)
{
	const struct bsp_counts *c;
	uint64_t found, pixels;
	size_t i, k;

	for (k = 0; k < points->count; k++) {
		found = pixels = 0;
		for (i = 0; i < evaluation->images; i++) {
			c = &evaluation->counts[i * evaluation->points + k];
			found += c->tp + c->fp;
			pixels += c->positives + c->negatives;
		}
		if (pixels > 0 && (found == 0 || found == pixels))
			cli_warn("the threshold %s finds %s pixel of the "
			    "maps; expected one that was set on the same "
			    "score", points->label[k], found == 0 ? "no" :
			    "every");
	}
}

void
points_check(const struct points *points, const struct told *maps,
    bool within, float low, float high,
    const struct bsp_evaluation *evaluation)
{
	bool was_within;

	if (points->count == 0)
		return;
	if (points->from_healthy) {
		/* Maps of a single value are alike whatever they are of. */
		if (low < high)
			check_other_maps(points, maps, evaluation);
		if (low <= high && ((double)low > points->at[0].high ||
		    (double)high < points->at[0].low))
			die_of("the threshold is of another score",
			    points->at[0].low, points->at[0].high, low, high);
		was_within = points->healthy_text != NULL ?
		    strcmp(points->within_text, "none") != 0 :
		    points->within.name != NULL;
		if (was_within != within)
			cli_warn("the threshold was set %s a mask of what "
			    "counts, and the maps are scored %s --within",
			    was_within ? "within" : "without",
			    within ? "with" : "without");
	}
	warn_of_extremes(points, evaluation);
}
