/*
 * nii-slices: the slices of NIfTI volumes as an image stream.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "nifti/nifti.h"
#include "cli/table.h"

static const char *axis_text = "z", *slices_text = "::";
static const char *normalize_text = "minmax", *index_path;
static uint64_t size; /* 0: that of the slice */
static enum bsp_format format = BSP_PFM;
static bool clip;

static const struct cli_option options[] = {
	{"axis", "x|y|z", "slice across this axis, as stored (default z)",
	    CLI_TEXT, &axis_text, 0, 0},
	{"slices", "A:B[:STEP]", "which slices, as in Python (default all)",
	    CLI_TEXT, &slices_text, 0, 0},
	{"size", "N", "crop or zero-pad each slice to N x N around its centre "
	    "(default: keep its size)", CLI_COUNT, &size, 1, 65535},
	{"normalize", "minmax|none|percentile:LO:HI", "how to scale the "
	    "intensities of each volume (default minmax)", CLI_TEXT,
	    &normalize_text, 0, 0},
	{"index", "TSV", "write a table with the columns image, file, slice",
	    CLI_TABLE_OUT, &index_path, 0, 0},
	CLI_FORMAT_OPTIONS(format, clip),
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
		"nii-slices --slices 2:6 brain.nii.gz > healthy.pfm",
		"nii-slices --axis x --size 64 --normalize percentile:1:99 "
		    "--index index.tsv brain.nii.gz > healthy.pfm",
	},
};

/* ------------------------------------------------------------- the request */

/* Which slices: a bound that is not given is where Python puts it. */
struct selection {
	long long begin, end, step;
	bool has_begin, has_end;
};

enum normalize { MINMAX, NONE, PERCENTILE };

struct request {
	size_t axis;
	struct selection slices;
	enum normalize normalize;
	double lo, hi; /* percentiles */
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
parse_percentiles(struct request *r, const char *text)
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
	if (bsp_number_parse(copy, &r->lo, &e) ||
	    bsp_number_parse(second, &r->hi, &e))
		cli_usage("--normalize: %s", e.text);
	if (!(0 <= r->lo && r->lo < r->hi && r->hi <= 100))
		cli_usage("--normalize: found percentiles %s, expected 0 <= LO "
		    "< HI <= 100", text);
}

static void
parse_request(struct request *r)
{
	const char *axis = strchr("xyz", *axis_text);

	if (axis == NULL || axis_text[1] != '\0')
		cli_usage("--axis: found '%s', expected x, y or z",
		    axis_text);
	r->axis = (size_t)(axis - "xyz");
	parse_slices(&r->slices);
	if (strcmp(normalize_text, "minmax") == 0)
		r->normalize = MINMAX;
	else if (strcmp(normalize_text, "none") == 0)
		r->normalize = NONE;
	else if (strncmp(normalize_text, "percentile:", 11) == 0) {
		r->normalize = PERCENTILE;
		parse_percentiles(r, normalize_text + 11);
	} else {
		cli_usage("--normalize: found '%s', expected minmax, none or "
		    "percentile:LO:HI", normalize_text);
	}
}

/* ------------------------------------------------------------- intensities */

/* value -> (value - base) / range, clipped to [0,1] where clips. */
struct scale {
	double base, range;
	bool clips;
};

static void
swap(double *a, double *b)
{
	double spare = *a;

	*a = *b;
	*b = spare;
}

/*
 * Put the k-th smallest of n values (from 0) in its place, the smaller before
 * and the greater after it.  Equal values, which medical images are full of,
 * are set aside together.  Source: Hoare 1961; Bentley and McIlroy 1993.
 */
static double
select_value(double *x, size_t n, size_t k)
{
	size_t low, i, high;
	double pivot;

	for (;;) {
		pivot = x[n / 2];
		for (low = i = 0, high = n; i < high; )
			if (x[i] < pivot)
				swap(&x[low++], &x[i++]);
			else if (x[i] > pivot)
				swap(&x[i], &x[--high]);
			else
				i++;
		if (k < low) {
			n = low;
		} else if (k < high) {
			return pivot;
		} else {
			x += high;
			k -= high;
			n -= high;
		}
	}
}

/* Values in any order; reading them in order rearranges them. */
struct values {
	double *x;
	size_t n;
};

static double
value_in_order(void *with, size_t i)
{
	struct values *values = with;

	return select_value(values->x, values->n, i);
}

static struct scale
find_percentiles(const struct volume *v, size_t n, double lo, double hi)
{
	double *x = malloc(n * sizeof *x), low, high;
	struct values values = {x, n};
	struct bsp_error e;
	size_t i;

	if (x == NULL) {
		bsp_error_system(&e, ENOMEM, "the percentiles of %zu voxels",
		    n);
		cli_die(&e);
	}
	for (i = 0; i < n; i++)
		x[i] = volume_value(v, i);
	low = bsp_quantile_of(value_in_order, &values, n, lo / 100);
	high = bsp_quantile_of(value_in_order, &values, n, hi / 100);
	free(x);
	return (struct scale){low, high - low, true};
}

static struct scale
find_scale(const struct request *r, const struct volume *v)
{
	size_t i, n = v->dim[0] * v->dim[1] * v->dim[2];
	double least, most, value;

	if (r->normalize == NONE)
		return (struct scale){0, 1, false};
	if (r->normalize == PERCENTILE)
		return find_percentiles(v, n, r->lo, r->hi);
	least = most = volume_value(v, 0);
	for (i = 1; i < n; i++) {
		value = volume_value(v, i);
		least = value < least ? value : least;
		most = value > most ? value : most;
	}
	return (struct scale){least, most - least, false};
}

static float
apply_scale(const struct scale *s, double value)
{
	/* A constant volume has no range; it becomes 0. */
	value = s->range > 0 ? (value - s->base) / s->range : 0;
	if (s->clips)
		value = value < 0 ? 0 : value > 1 ? 1 : value;
	return (float)value;
}

/* ------------------------------------------------------------------ slices */

/* Which voxels a slice shows: the strides of its rows, columns and number. */
struct plane {
	size_t rows, cols, slices;
	size_t row_stride, col_stride, slice_stride;
};

static struct plane
make_plane(const struct volume *v, size_t axis)
{
	size_t stride[3] = {1, v->dim[0], v->dim[0] * v->dim[1]};
	size_t col = axis == 0 ? 1 : 0, row = axis == 2 ? 1 : 2;

	return (struct plane){
		.rows = v->dim[row], .row_stride = stride[row],
		.cols = v->dim[col], .col_stride = stride[col],
		.slices = v->dim[axis], .slice_stride = stride[axis],
	};
}

/* Where output index i lies in n when cropped or padded to wanted. */
static size_t
source_index(size_t i, size_t n, size_t wanted)
{
	return n >= wanted ? i + (n - wanted) / 2 : i - (wanted - n) / 2;
}

static int
cut_slice(const struct volume *v, const struct plane *p,
    const struct scale *scale, size_t slice, struct bsp_image *image,
    struct bsp_error *e)
{
	size_t rows = size > 0 ? size : p->rows;
	size_t cols = size > 0 ? size : p->cols, row, col, r, c;
	float *out;

	if (bsp_image_resize(image, rows, cols, e))
		return -1;
	for (row = 0, out = image->data; row < rows; row++)
		for (col = 0; col < cols; col++) {
			/* Before the first, these wrap and are too large. */
			r = source_index(row, p->rows, rows);
			c = source_index(col, p->cols, cols);
			*out++ = r >= p->rows || c >= p->cols ? 0 :
			    apply_scale(scale, volume_value(v,
			    slice * p->slice_stride +
			    (p->rows - 1 - r) * p->row_stride +
			    c * p->col_stride));
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

static void
write_slices(const struct request *r, const char *path,
    struct bsp_writer *out, struct table *index)
{
	struct bsp_image image = {0};
	struct bsp_error e = {0};
	struct volume v;
	struct plane plane;
	struct scale scale;
	size_t begin, end, i;

	volume_read(&v, path);
	plane = make_plane(&v, r->axis);
	scale = find_scale(r, &v);
	begin = r->slices.has_begin ? resolve(r->slices.begin, plane.slices) :
	    0;
	end = r->slices.has_end ? resolve(r->slices.end, plane.slices) :
	    plane.slices;
	if (begin >= end) {
		bsp_error_set(&e, BSP_USAGE,
		    "--slices %s selects none of its %zu slices across %s",
		    slices_text, plane.slices, axis_text);
		e.stream = path;
		cli_die(&e);
	}
	for (i = begin; i < end; i += (size_t)r->slices.step) {
		if (index != NULL) {
			table_count(index, bsp_writer_count(out));
			table_text(index, path);
			table_count(index, i);
		}
		if (cut_slice(&v, &plane, &scale, i, &image, &e) ||
		    bsp_writer_put(out, &image, &e))
			cli_die(&e);
	}
	bsp_image_free(&image);
	volume_free(&v);
}

int
main(int argc, char **argv)
{
	static const char *const columns[] = {"image", "file", "slice", NULL};
	struct cli_command command;
	struct bsp_writer *out;
	struct request request;
	struct table index;
	size_t i;

	cli_parse(&program, argc, argv, &command);
	parse_request(&request);
	out = cli_stream(format, clip);
	if (index_path != NULL)
		table_begin(&index, cli_table(index_path), false,
		    cli_command_line(NULL), NULL,
		    columns);
	for (i = 0; i < command.operands; i++)
		write_slices(&request, command.operand[i], out,
		    index_path != NULL ? &index : NULL);
	return cli_finish(false);
}
