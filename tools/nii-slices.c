/*
 * nii-slices: the slices of NIfTI volumes as an image stream.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/table.h"
#include "cli/warning.h"
#include "nifti/intensity.h"
#include "nifti/labels.h"
#include "nifti/plane.h"
#include "nifti/subject.h"

#define NO_FORMAT ((enum bsp_format)-1)

static const char *axis_text, *slices_text = "::", *normalize_text;
static const char *index_path, *labels_text, *ignore_text, *threshold_text;
static const char *brain_path, *like_path, *nan_text, *subject_text;
static uint64_t size; /* 0: that of the slice */
static enum bsp_format format = NO_FORMAT;
static bool clip, as_stored;

static const struct cli_option options[] = {
	{"axis", "axial|coronal|sagittal|x|y|z", "slice across this axis "
	    "(default axial, which is z)", CLI_TEXT, &axis_text, 0, 0},
	{"as-stored", NULL, "take the axes as stored, whatever the header "
	    "says", CLI_FLAG, &as_stored, 0, 0},
	{"slices", "A:B[:STEP]", "which slices, as in Python (default all)",
	    CLI_TEXT, &slices_text, 0, 0},
	{"size", "N", "crop or zero-pad each slice to N x N around its centre "
	    "(default: keep its size)", CLI_COUNT, &size, 1, 65535},
	{"brain", "MASK", "a volume: where it is 0 is background",
	    CLI_INPUT, &brain_path, 0, 0},
	{"normalize", "minmax|none|percentile:LO:HI", "how to scale the "
	    "intensities of each volume (default minmax)", CLI_TEXT,
	    &normalize_text, 0, 0},
	{"labels", "[LIST]", "write the mask of these labels, as in 1,4 "
	    "(default: of all above 0)", CLI_NUMBERS, &labels_text, 0, 0},
	{"threshold", "T", "of a resampled mask: take values of at least T for "
	    "1, others for 0", CLI_TEXT, &threshold_text, 0, 0},
	{"ignore", "LIST", "write the mask of what has none of these labels, "
	    "for --within", CLI_TEXT, &ignore_text, 0, 0},
	{"nan", "0|background", "what NaN stands for (default: an error)",
	    CLI_TEXT, &nan_text, 0, 0},
	{"like", "FILE", "refuse volumes on another grid than this one's",
	    CLI_INPUT, &like_path, 0, 0},
	{"index", "TSV", "write a table of the images: subject, volume, "
	    "slice, file", CLI_TABLE_OUT, &index_path, 0, 0},
	{"subject-from", "REGEX", "an extended regular expression whose group "
	    "is the subject, of the path (default: sub-..., the folder or the "
	    "file)", CLI_TEXT, &subject_text, 0, 0},
	CLI_FORMAT_OPTIONS(format, clip),
	CLI_STRICT_OPTION,
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "nii-slices",
	.summary = "Cut NIfTI volumes into a stream of slices.",
	.operands = "FILE...",
	.options = options,
	.least = 1,
	.most = SIZE_MAX,
	.output = CLI_STREAM,
	.examples = {
		"nii-slices --axis coronal --slices 2:6 brain.nii.gz "
		    "> healthy.pfm",
		"nii-slices --like brain.nii.gz --labels lesions.nii.gz "
		    "> mask.pgm",
	},
};

/* ------------------------------------------------------------- the request */

/* Which slices: a bound that is not given is where Python puts it. */
struct selection {
	long long begin, end, step;
	bool has_begin, has_end;
};

/* What is written: intensities, or one of two masks. */
enum content { INTENSITIES, LABELS, WITHIN };

struct request {
	size_t axis;
	struct selection slices;
	enum content content;
	struct normalization normalization;
	struct labels labels;  /* none: every one above 0; or those ignored */
	double threshold;      /* NaN: not given */
	struct volume like;    /* its header, where it is given */
	struct volume brain;   /* likewise */
	double *inside;        /* labels of the brain, one a voxel; or NULL */
};

#define BOUND_MAX 1000000000

/* Read one part of A:B:STEP; false where it is empty. */
static bool
parse_bound(const char *text, long long *value)
{
	bool negative = *text == '-';
	struct bsp_error e;
	uint64_t n;

	if (*text == '\0')
		return false;
	if (bsp_count_parse(text + negative, &n, &e))
		cli_usage("--slices: %s", e.text);
	if (n > BOUND_MAX)
		cli_usage("--slices: found %s, expected at most %d", text,
		    BOUND_MAX);
	*value = negative ? -(long long)n : (long long)n;
	return true;
}

static void
parse_slices(struct selection *s)
{
	char text[128], *second, *third;

	if (strlen(slices_text) >= sizeof text)
		cli_usage("--slices: too long, expected A:B or A:B:STEP");
	strcpy(text, slices_text);
	second = strchr(text, ':');
	if (second == NULL)
		cli_usage("--slices: found '%s', expected A:B or A:B:STEP",
		    slices_text);
	*second++ = '\0';
	third = strchr(second, ':');
	if (third != NULL)
		*third++ = '\0';
	s->has_begin = parse_bound(text, &s->begin);
	s->has_end = parse_bound(second, &s->end);
	s->step = 1;
	if (third != NULL)
		parse_bound(third, &s->step);
	if (s->step < 1)
		cli_usage("--slices: a step of %lld, expected at least 1",
		    s->step);
}

static void
parse_percentiles(struct normalization *n, const char *text)
{
	char copy[128], *second;
	struct bsp_error e;

	if (strlen(text) >= sizeof copy)
		cli_usage("--normalize: too long, expected percentile:LO:HI");
	strcpy(copy, text);
	second = strchr(copy, ':');
	if (second == NULL)
		cli_usage("--normalize: found '%s', expected "
		    "percentile:LO:HI", normalize_text);
	*second++ = '\0';
	if (bsp_number_parse(copy, &n->lo, &e) ||
	    bsp_number_parse(second, &n->hi, &e))
		cli_usage("--normalize: %s", e.text);
	if (!(0 <= n->lo && n->lo < n->hi && n->hi <= 100))
		cli_usage("--normalize: found percentiles %s, expected 0 <= LO "
		    "< HI <= 100", text);
}

static void
parse_normalize(struct normalization *n)
{
	const char *text = normalize_text == NULL ? "minmax" : normalize_text;

	if (strcmp(text, "minmax") == 0)
		n->how = MINMAX;
	else if (strcmp(text, "none") == 0)
		n->how = NONE;
	else if (strncmp(text, "percentile:", 11) == 0) {
		n->how = PERCENTILE;
		parse_percentiles(n, text + 11);
	} else {
		cli_usage("--normalize: found '%s', expected minmax, none or "
		    "percentile:LO:HI", text);
	}
}

static size_t
parse_axis(void)
{
	size_t axis;

	if (axis_text == NULL)
		axis_text = as_stored ? "z" : "axial";
	axis = plane_axis(axis_text, false);
	if (axis == 3)
		cli_usage("--axis: found '%s', expected axial, coronal, "
		    "sagittal, x, y or z", axis_text);
	if (plane_axis(axis_text, as_stored) == 3)
		cli_usage("--axis: %s is a direction of the patient, which "
		    "--as-stored does not know, expected x, y or z",
		    axis_text);
	return axis;
}

static void
parse_nan(struct normalization *n)
{
	n->nan_is_zero = nan_text != NULL && strcmp(nan_text, "0") == 0;
	if (nan_text != NULL && !n->nan_is_zero &&
	    strcmp(nan_text, "background") != 0)
		cli_usage("--nan: found '%s', expected 0 or background",
		    nan_text);
}

/* A threshold above 0: the background is below it. */
static double
parse_threshold(const struct request *r)
{
	struct bsp_error e;
	double t;

	if (threshold_text == NULL)
		return (double)NAN;
	if (bsp_number_parse(threshold_text, &t, &e))
		cli_usage("--threshold: %s", e.text);
	if (t <= 0)
		cli_usage("--threshold: found %s, expected more than 0",
		    threshold_text);
	if (brain_path == NULL && (r->content != LABELS ||
	    r->labels.count > 0))
		cli_usage("--threshold cuts a mask, expected --labels without "
		    "a list, or --brain");
	return t;
}

/* What has no meaning for labels must not be ignored. */
static void
refuse_with_labels(const char *option, bool given)
{
	if (given)
		cli_usage("%s has no meaning for labels, which are never "
		    "scaled (--labels and --ignore write a mask)", option);
}

static void
parse_labels(struct request *r)
{
	const char *text = labels_text;
	struct bsp_error e;
	size_t i;

	r->content = ignore_text != NULL ? WITHIN : labels_text != NULL ?
	    LABELS : INTENSITIES;
	if (r->content == INTENSITIES)
		return;
	refuse_with_labels("--normalize", normalize_text != NULL);
	refuse_with_labels("--clip", clip);
	refuse_with_labels("--format pfm", format == BSP_PFM);
	refuse_with_labels("--format pgm16", format == BSP_PGM16);
	if (r->content == WITHIN) {
		if (labels_text != NULL && *labels_text != '\0')
			cli_usage("--labels %s and --ignore %s: two masks, "
			    "expected one a run", labels_text, ignore_text);
		text = ignore_text;
	} else if (brain_path != NULL) {
		cli_usage("--brain: what lies outside would be lost from the "
		    "mask of labels, expected --ignore or neither");
	}
	if (*text == '\0')
		return;
	if (labels_parse(text, &r->labels, &e))
		cli_refuse(r->content == WITHIN ? "ignore" : "labels", &e);
	for (i = 0; r->content == LABELS && i < r->labels.count; i++)
		if (r->labels.value[i] <= 0)
			cli_usage("--labels: found %lld, expected labels "
			    "above 0: what is 0 or less is not anomalous",
			    (long long)r->labels.value[i]);
}

static void
parse_request(struct request *r)
{
	*r = (struct request){.axis = parse_axis()};
	parse_slices(&r->slices);
	parse_labels(r);
	parse_normalize(&r->normalization);
	parse_nan(&r->normalization);
	r->threshold = parse_threshold(r);
}

/* ----------------------------------------------------------------- volumes */

enum { UNKNOWN, DISPUTED, LOST, CORNERS, ABSENT, WARNINGS };
static struct warning warnings[WARNINGS];

static void
read_volume(struct volume *volume, const char *path, bool header_only)
{
	struct volume_how how = {.as_stored = as_stored,
	    .allows_nan = nan_text != NULL, .header_only = header_only};
	struct bsp_error e = {0};
	char room[4096];
	int fd = cli_open(volume_header_path(path, room, sizeof room));

	if (volume_read(volume, &how, fd, strcmp(path, "-") == 0 ?
	    "standard input" : path, &e))
		cli_die(&e);
	if (as_stored)
		return;
	if (volume->unknown)
		warning_add(&warnings[UNKNOWN], path, "qform_code and "
		    "sform_code are 0: left and right are unknown, the axes "
		    "are taken from right to left, to the front and up");
	if (volume->disputed)
		warning_add(&warnings[DISPUTED], path, "sform and "
		    "qform tell two orientations: the sform's is taken");
}

/* The labels of a volume, one a voxel. */
static double *
read_labels(const struct volume *volume, double threshold)
{
	struct labels_how how = {threshold};
	size_t n = volume_size(volume);
	double *label = malloc(n * sizeof *label);
	struct bsp_error e = {0};

	if (label == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu labels", n);
		cli_die(&e);
	}
	if (labels_of(volume, &how, label, &e))
		cli_die(&e);
	return label;
}

static void
read_sides(struct request *r)
{
	if (like_path != NULL)
		read_volume(&r->like, like_path, true);
	if (brain_path == NULL)
		return;
	read_volume(&r->brain, brain_path, false);
	r->inside = read_labels(&r->brain, r->threshold);
}

static void
check_grids(const struct request *r, const struct volume *volume)
{
	struct bsp_error e = {0};

	if (like_path != NULL && volume_same_grid(volume, &r->like, &e))
		cli_die(&e);
	/* Where axes are taken as stored, so is the brain. */
	if (brain_path != NULL && (as_stored ?
	    volume_same_shape(volume, &r->brain, &e) :
	    volume_same_grid(volume, &r->brain, &e)))
		cli_die(&e);
}

/* ------------------------------------------------------------------ masks */

static bool
is_in_mask(const struct request *r, double label, size_t i)
{
	if (r->content == WITHIN)
		return !labels_have(&r->labels, label) &&
		    (r->inside == NULL || r->inside[i] > 0);
	return label > 0 && (r->labels.count == 0 ||
	    labels_have(&r->labels, label));
}

/* Turn labels into 0 and 1. */
static void
make_mask(const struct request *r, const struct volume *v, double *label)
{
	size_t i, n = volume_size(v), set = 0, others = 0;

	for (i = 0; i < n; i++) {
		others += label[i] > 0;
		label[i] = is_in_mask(r, label[i], i);
		set += label[i] > 0;
	}
	if (r->content == LABELS && set == 0 && others > 0)
		warning_add(&warnings[ABSENT], v->name, "no voxel has "
		    "a label of --labels %s, but %zu have others", labels_text,
		    others);
}

/* -------------------------------------------------------------- intensities */

static void
scale_intensities(const struct request *r, const struct volume *v,
    struct intensity *intensity)
{
	struct bsp_error e = {0};
	const char *how = normalize_text == NULL ? "minmax" : normalize_text;

	if (intensity_find(intensity, v, r->inside, &r->normalization, &e))
		cli_die(&e);
	if (intensity->lost > 0)
		warning_add(&warnings[LOST], v->name, "%llu voxels of "
		    "the foreground become 0 or less by --normalize %s, which "
		    "is background to all programs", (unsigned long long)
		    intensity->lost, how);
	if (intensity->bright_corners)
		warning_add(&warnings[CORNERS], v->name, "its corners "
		    "are %g, but the background was taken to be %s (--brain "
		    "says where it is)", intensity->corner,
		    intensity->zero_is_background ? "0" : r->normalization.how
		    == NONE ? "0 or less" : "the least value");
}

/* ------------------------------------------------------------------ slices */

/* What is cut: intensities, or a mask where there is one. */
struct source {
	struct intensity intensity;
	double *mask;
};

/* The voxels that a row shows, step apart. */
static void
cut_row(const struct source *source, size_t first, size_t step, size_t n,
    float *to)
{
	size_t i;

	if (source->mask == NULL)
		intensity_samples(&source->intensity, first, step, n, to);
	else
		for (i = 0; i < n; i++)
			to[i] = (float)source->mask[first + i * step];
}

static int
cut_slice(const struct source *source, const struct plane *p, size_t slice,
    struct bsp_image *image, struct bsp_error *e)
{
	size_t rows = size > 0 ? size : p->rows, row, first;
	size_t cols = size > 0 ? size : p->cols;
	size_t shown = cols < p->cols ? cols : p->cols;
	size_t left = (cols - shown) / 2; /* columns of padding */
	float *out;

	if (bsp_image_resize(image, rows, cols, e))
		return -1;
	for (row = 0, out = image->data; row < rows; row++, out += cols) {
		first = plane_voxel(p, slice, rows, cols, row, left);
		if (first == SIZE_MAX || shown < cols)
			memset(out, 0, cols * sizeof *out);
		if (first != SIZE_MAX)
			cut_row(source, first, p->col_stride, shown,
			    out + left);
	}
	return 0;
}

/* A bound of a Python slice as an index from 0 to n. */
static size_t
resolve(long long bound, size_t n)
{
	if (bound < 0)
		bound += (long long)n;
	if (bound < 0)
		return 0;
	return bound < (long long)n ? (size_t)bound : n;
}

/* The first slice and the one after the last. */
static void
find_bounds(const struct selection *s, const struct plane *plane,
    const char *path, size_t *begin, size_t *end)
{
	struct bsp_error e;

	*begin = s->has_begin ? resolve(s->begin, plane->slices) : 0;
	*end = s->has_end ? resolve(s->end, plane->slices) : plane->slices;
	if (*begin < *end)
		return;
	bsp_error_set(&e, BSP_USAGE,
	    "--slices %s selects none of its %zu %s slices", slices_text,
	    plane->slices, axis_text);
	e.stream = path;
	cli_die(&e);
}

/* ------------------------------------------------------------------ index */

/* The table of the images, where it is wanted. */
struct listing {
	struct table table;
	struct subject_rule rule;
	char *subject;   /* of the volume */
	uint64_t volume; /* its number */
	double mm[3];
};

static void
begin_listing(struct listing *listing, const struct cli_command *command)
{
	static const char *const columns[] = {"image", "subject", "volume",
	    "slice", "file", "row_mm", "col_mm", "slice_mm", "foreground",
	    NULL};
	struct table_fact facts[4] = {{"axis", axis_text},
	    {"axes", as_stored ? "stored" : "canonical"}};
	char digits[BSP_NUMBER_SIZE];
	struct bsp_error e;

	*listing = (struct listing){.subject = NULL};
	if (index_path == NULL && subject_text != NULL)
		cli_usage("--subject-from names subjects for --index, which is "
		    "not given");
	if (index_path == NULL)
		return;
	if (subject_rule_make(&listing->rule, command->operand,
	    command->operands, subject_text, &e))
		cli_usage("--subject-from: %s", e.text);
	if (size > 0)
		facts[2] = (struct table_fact){"size",
		    table_digits(digits, size)};
	table_begin(&listing->table, cli_table(index_path), false,
	    cli_command_line(NULL), facts, columns);
}

/* What the rows of a volume have in common. */
static void
list_volume(struct listing *listing, const struct volume *v,
    const struct plane *plane, long long step)
{
	struct bsp_error e = {0};

	if (index_path == NULL)
		return;
	free(listing->subject);
	listing->subject = subject_of(&listing->rule, v->name, &e);
	if (listing->subject == NULL) {
		e.stream = v->name;
		cli_die(&e);
	}
	plane_mm(plane, v, listing->mm);
	listing->mm[2] *= (double)step;
}

static void
list_slice(struct listing *listing, const char *path, uint64_t number,
    uint64_t slice, const struct bsp_image *image)
{
	struct table *table = &listing->table;
	size_t i;

	if (index_path == NULL)
		return;
	table_count(table, number);
	table_text(table, listing->subject);
	table_count(table, listing->volume);
	table_count(table, slice);
	table_text(table, path);
	for (i = 0; i < 3; i++)
		table_number(table, listing->mm[i]);
	table_count(table, bsp_image_foreground(image));
}

/* ------------------------------------------------------------ the stream */

static void
write_slices(const struct request *r, const char *path,
    struct bsp_writer *out, struct listing *listing)
{
	struct source source = {.mask = NULL};
	struct bsp_image image = {0};
	struct bsp_error e = {0};
	struct volume v;
	struct plane plane;
	size_t begin, end, i;

	read_volume(&v, path, false);
	check_grids(r, &v);
	plane = plane_make(&v, r->axis);
	find_bounds(&r->slices, &plane, path, &begin, &end);
	if (r->content == INTENSITIES) {
		scale_intensities(r, &v, &source.intensity);
	} else {
		source.mask = read_labels(&v, r->content == LABELS ?
		    r->threshold : (double)NAN);
		make_mask(r, &v, source.mask);
	}
	list_volume(listing, &v, &plane, r->slices.step);
	for (i = begin; i < end; i += (size_t)r->slices.step) {
		if (cut_slice(&source, &plane, i, &image, &e))
			cli_die(&e);
		list_slice(listing, path, bsp_writer_count(out), i, &image);
		if (bsp_writer_put(out, &image, &e))
			cli_die(&e);
	}
	free(source.mask);
	bsp_image_free(&image);
	volume_free(&v);
}

int
main(int argc, char **argv)
{
	struct cli_command command;
	struct bsp_writer *out;
	struct request request;
	struct listing listing;
	size_t i;

	cli_parse(&program, argc, argv, &command);
	parse_request(&request);
	if (format == NO_FORMAT)
		format = request.content == INTENSITIES ? BSP_PFM : BSP_PGM8;
	out = cli_stream(format, clip);
	begin_listing(&listing, &command);
	read_sides(&request);
	for (i = 0; i < command.operands; i++, listing.volume++)
		write_slices(&request, command.operand[i], out, &listing);
	free(listing.subject);
	subject_rule_free(&listing.rule);
	for (i = 0; i < WARNINGS; i++)
		warning_say(&warnings[i], "volumes");
	return cli_finish(false);
}
