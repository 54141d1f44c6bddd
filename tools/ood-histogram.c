/*
 * ood-histogram: is an image from the distribution of those seen?
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <learn/blindspot-learn.h>

#include "cli/index.h"
#include "cli/model.h"
#include "cli/table.h"

static const char *model_path;
static struct cli_list volumes;
static bool per_image, json;

static const struct cli_option options[] = {
	{"model", "MODEL", "the file that fit writes and apply reads",
	    CLI_TEXT, &model_path, 0, 0},
	{"volumes", "INDEX", "the images are slices, and volumes are scored: "
	    "columns image and volume; apply: twice, of NORMAL and TEST",
	    CLI_LIST, &volumes, 0, 0},
	{"per-image", NULL, "apply: a row an image instead of the summary",
	    CLI_FLAG, &per_image, 0, 0},
	CLI_EXPECT_OPTION,
	TABLE_DIGITS_OPTION,
	{"json", NULL, "apply: write JSON instead of TSV", CLI_FLAG, &json, 0,
	    0},
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "ood-histogram",
	.summary = "Score whole images by how unlike their histograms are.",
	.operands = "fit STREAM, or apply NORMAL TEST",
	.options = options,
	.least = 1,
	.most = 3,
	.output = CLI_TABLE,
	.examples = {
		"brain-phantom --count 20 --size 32 | ood-histogram fit "
		    "--model normal.ood -",
		"ood-histogram fit --model normal.ood recon.pfm; "
		    "ood-histogram apply --model normal.ood healthy.pfm "
		    "anom.pfm",
	},
	.cites = "frolova2022solving vasiliuk2023limitations",
};

static void
check(int result, struct bsp_reader *in, struct bsp_error *e)
{
	if (result == 0)
		return;
	if (in != NULL)
		bsp_reader_blame(in, e);
	cli_die(e);
}

/*
 * The fewer pixels, the rougher a histogram: with images of other sizes the
 * distance would tell the size.  *size is 0 x 0 where any is welcome.
 */
static void
check_size(const struct bsp_image *image, struct bsp_image *size,
    struct bsp_reader *in)
{
	struct bsp_error e;

	if (size->rows == 0) {
		size->rows = image->rows;
		size->cols = image->cols;
	}
	if (image->rows == size->rows && image->cols == size->cols)
		return;
	bsp_error_set(&e, BSP_DATA, "found %zu x %zu, expected one size "
	    "throughout, %zu x %zu", image->cols, image->rows, size->cols,
	    size->rows);
	bsp_reader_blame(in, &e);
	cli_die(&e);
}

/* The samples of a stream, images or volumes, as histograms. */
struct samples {
	double *histogram; /* [count][BSP_OOD_BINS] */
	size_t count, capacity;
	struct bsp_reader *in;
	struct index index; /* of the volumes; no rows: images are samples */
};

/* The histogram of one more sample. */
static void
add_sample(struct samples *s, const struct bsp_image *image)
{
	struct bsp_error e = {0};

	if (s->count == s->capacity) {
		s->capacity = 2 * s->capacity + 16;
		s->histogram = realloc(s->histogram, s->capacity *
		    BSP_OOD_BINS * sizeof *s->histogram);
		if (s->histogram == NULL) {
			bsp_error_system(&e, ENOMEM, "%zu histograms",
			    s->capacity);
			cli_die(&e);
		}
	}
	check(bsp_ood_histogram(image, s->histogram + s->count *
	    BSP_OOD_BINS, &e), s->in, &e);
	s->count++;
}

/* A slice beneath the others of its volume; *room is what volume has room for. */
static void
add_slice(const struct bsp_image *slice, struct bsp_image *volume,
    size_t *room)
{
	size_t before = bsp_image_size(volume), n = bsp_image_size(slice);
	struct bsp_error e;

	if (before + n > *room) {
		*room = 2 * (before + n);
		volume->data = realloc(volume->data, *room *
		    sizeof *volume->data);
		if (volume->data == NULL) {
			bsp_error_system(&e, ENOMEM, "a volume of %zu pixels",
			    *room);
			cli_die(&e);
		}
	}
	memcpy(volume->data + before, slice->data, n * sizeof *volume->data);
	volume->rows += slice->rows;
	volume->cols = slice->cols;
}

/* Read a stream's samples.  --expect is of the last operand. */
static void
read_samples(struct samples *s, const char *path, bool last,
    const char *index, struct bsp_image *size)
{
	struct bsp_image image = {0}, volume = {0};
	struct bsp_error e = {0};
	uint64_t n, unit = 0;
	size_t room = 0;
	int r;

	*s = (struct samples){.in = last ? cli_images(path) :
	    cli_reader(path, BSP_IMAGES)};
	if (index != NULL)
		index_read_volumes(&s->index, index);
	for (n = 0; (r = bsp_reader_next(s->in, &image, &e)) == 1; n++) {
		check_size(&image, size, s->in);
		if (index == NULL) {
			add_sample(s, &image);
			continue;
		}
		if (index_get(&s->index, n)->unit != unit) {
			add_sample(s, &volume);
			volume.rows = 0;
			unit++;
		}
		add_slice(&image, &volume, &room);
	}
	check(r, s->in, &e);
	if (index != NULL)
		index_check_end(&s->index, n);
	if (volume.rows > 0)
		add_sample(s, &volume);
	bsp_image_free(&image);
	free(volume.data);
	if (s->count > 0)
		return;
	bsp_error_set(&e, BSP_DATA, "no images, expected at least one");
	bsp_reader_blame(s->in, &e);
	e.image = -1;
	cli_die(&e);
}

/* ------------------------------------------------------------------- model */

#define MODEL {.kind = volumes.count > 0 ? "ood-histogram-volumes" : \
	"ood-histogram", .doubles = true, \
	.length = BSP_OOD_BINS, .part = {{.name = "mean"}, \
	{.name = "components"}, {.name = "variance"}}}

static void
fit(const char *path)
{
	struct model model = MODEL;
	struct bsp_error e = {0};
	struct bsp_image size = {0};
	const char *what = volumes.count > 0 ? "volumes" : "images";
	struct samples s;
	struct bsp_ood ood;

	read_samples(&s, path, true, volumes.count > 0 ? volumes.text[0] :
	    NULL, &size);
	if (bsp_ood_fit(s.histogram, s.count, &ood, &e)) {
		bsp_reader_blame(s.in, &e);
		e.image = -1;
		cli_die(&e);
	}
	if (ood.components == s.count - 1)
		cli_note("%zu %s have no more than %zu components, and all "
		    "are kept: each of these %s is equally far, and others "
		    "are told badly; fit more of them", s.count, what,
		    s.count - 1, what);
	model.rows = size.rows;
	model.cols = size.cols;
	model.part[0].rows = model.part[1].cols = BSP_OOD_BINS;
	model.part[1].rows = model.part[2].rows = ood.components;
	model.part[0].data = ood.mean;
	model.part[1].data = ood.axis;
	model.part[2].data = ood.variance;
	model_write(model_path, &model);
	free(s.histogram);
	bsp_ood_free(&ood);
	bsp_reader_close(s.in);
}

/* The numbers of *ood are then those of *model. */
static void
read_ood(struct model *model, struct bsp_ood *ood)
{
	const struct model_part *part = model->part;
	size_t i;

	model_read(model_path, model);
	if (part[0].rows != BSP_OOD_BINS || part[1].cols != BSP_OOD_BINS ||
	    part[1].rows != part[2].rows || part[2].rows > BSP_OOD_BINS)
		model_bad(model_path, "holds a mean of %zu bins, %zu "
		    "components of %zu and %zu variances, expected histograms "
		    "of %d bins", part[0].rows, part[1].rows, part[1].cols,
		    part[2].rows, BSP_OOD_BINS);
	for (i = 0; i < part[2].rows; i++)
		if (!(part[2].data[i] > 0))
			model_bad(model_path, "holds a variance of %g, expected "
			    "it above 0", part[2].data[i]);
	*ood = (struct bsp_ood){part[1].rows, part[0].data, part[1].data,
	    part[2].data};
}

/* ------------------------------------------------------------------- apply */

/* Distances of both streams' samples, those of the first first. */
static void
find_distances(const struct bsp_ood *ood, const struct samples samples[2],
    double **distance, bool **tested)
{
	size_t s, i, n = 0, all = samples[0].count + samples[1].count;
	struct bsp_error e;

	*distance = malloc(all * sizeof **distance);
	*tested = malloc(all * sizeof **tested);
	if (*distance == NULL || *tested == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu distances", all);
		cli_die(&e);
	}
	for (s = 0; s < 2; s++)
		for (i = 0; i < samples[s].count; i++, n++) {
			(*distance)[n] = bsp_ood_distance(ood,
			    samples[s].histogram + i * BSP_OOD_BINS);
			(*tested)[n] = s == 1;
		}
}

/* The name of a volume, from the row of its first slice. */
static const char *
name_of(const struct index *index, size_t unit)
{
	size_t i = 0;

	while (index->row[i].unit != unit)
		i++;
	return index->row[i].volume;
}

static void
write_samples(FILE *file, const double *distance,
    const struct samples samples[2])
{
	const char *const columns[] = {"stream", volumes.count > 0 ?
	    "volume" : "image", "distance", NULL};
	struct table table;
	size_t s, i;

	table_begin(&table, file, json, cli_command_line(NULL), NULL,
	    columns);
	for (s = 0; s < 2; s++)
		for (i = 0; i < samples[s].count; i++) {
			table_text(&table, s == 0 ? "normal" : "test");
			if (volumes.count > 0)
				table_text(&table, name_of(
				    &samples[s].index, i));
			else
				table_count(&table, i);
			table_number(&table, *distance++);
		}
	table_end(&table);
}

static void
write_summary(FILE *file, const double *distance, const bool *tested,
    const size_t count[2])
{
	static const char *const columns[] = {"metric", "value", "normal",
	    "test", NULL};
	struct bsp_image_level level = {.score = distance,
	    .anomalous = tested, .n = count[0] + count[1]};
	struct bsp_summary auroc, ap;
	struct bsp_error e;
	struct table table;
	double fpr95;

	if (bsp_image_level(&level, NULL, &auroc, &ap, &e) ||
	    bsp_ood_fpr95(distance, count[0], distance + count[0], count[1],
	    &fpr95, &e))
		cli_die(&e);
	table_begin(&table, file, json, cli_command_line(NULL), NULL,
	    columns);
	table_text(&table, "auroc");
	table_number(&table, auroc.mean);
	table_count(&table, count[0]);
	table_count(&table, count[1]);
	table_text(&table, "fpr95");
	table_number(&table, fpr95);
	table_count(&table, count[0]);
	table_count(&table, count[1]);
	table_end(&table);
}

static void
apply(FILE *file, const char *const *paths)
{
	struct model model = MODEL;
	struct bsp_image size = {0};
	struct samples samples[2];
	struct bsp_ood ood;
	double *distance;
	size_t s;
	bool *tested;

	read_ood(&model, &ood);
	size.rows = model.rows;
	size.cols = model.cols;
	for (s = 0; s < 2; s++)
		read_samples(&samples[s], paths[s], s == 1, volumes.count > 0 ?
		    volumes.text[s] : NULL, &size);
	find_distances(&ood, samples, &distance, &tested);
	if (per_image)
		write_samples(file, distance, samples);
	else
		write_summary(file, distance, tested, (const size_t[2]){
		    samples[0].count, samples[1].count});
	for (s = 0; s < 2; s++) {
		free(samples[s].histogram);
		bsp_reader_close(samples[s].in);
	}
	model_free(&model);
	free(distance);
	free(tested);
}

int
main(int argc, char **argv)
{
	struct cli_command command;
	const char *what;

	cli_parse(&program, argc, argv, &command);
	what = command.operand[0];
	if (strcmp(what, "fit") != 0 && strcmp(what, "apply") != 0)
		cli_usage("unknown command '%s', expected fit or apply", what);
	if (command.operands != (*what == 'f' ? 2 : 3))
		cli_usage("%s: found %zu streams, expected %s", what,
		    command.operands - 1, *what == 'f' ? "one" :
		    "two, NORMAL and TEST");
	if (model_path == NULL)
		cli_usage("%s: no --model, expected the model's file", what);
	if (volumes.count > 0 && volumes.count + 1 != command.operands)
		cli_usage("%s: found --volumes %zu times, expected %s", what,
		    volumes.count, *what == 'f' ? "once" :
		    "twice, of NORMAL and TEST");
	if (*what == 'f' && (per_image || json))
		cli_usage("fit writes no table, expected neither --per-image "
		    "nor --json");
	if (*what == 'f') {
		cli_place(model_path);
		cli_check_whole(model_path);
		fit(command.operand[1]);
	} else {
		apply(cli_table(NULL), command.operand + 1);
	}
	return cli_finish(false);
}
