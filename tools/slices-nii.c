/*
 * slices-nii: a stream of slices back into a NIfTI volume.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/index.h"
#include "nifti/plane.h"
#include "nifti/write.h"

#define ABSENT UINT64_MAX

static const char *like_path, *index_path, *output_path, *axis_text;
static uint64_t wanted_volume = ABSENT, label = ABSENT;
static bool as_stored;

static const struct cli_option options[] = {
	{"like", "REF", "the volume that was sliced, or another one on its "
	    "grid", CLI_INPUT, &like_path, 0, 0},
	{"index", "TSV", "which slices the images are, as nii-slices writes it "
	    "(default: all of one volume)", CLI_INPUT, &index_path, 0, 0},
	{"output", "FILE", "the volume to write, .nii or .nii.gz", CLI_TEXT,
	    &output_path, 0, 0},
	{"volume", "N", "which volume of the index (default: the one whose "
	    "file is REF)", CLI_COUNT, &wanted_volume, 0, UINT64_MAX - 1},
	{"label", "N", "MAPS are masks: write N where they are not 0, in "
	    "REF's type of integers, or uint8 (default: float32)", CLI_COUNT,
	    &label, 1, 1 << 24},
	{"axis", "axial|coronal|sagittal|x|y|z", "the axis that was sliced, "
	    "without --index (default axial, which is z)", CLI_TEXT,
	    &axis_text, 0, 0},
	{"as-stored", NULL, "without --index: the axes were taken as stored",
	    CLI_FLAG, &as_stored, 0, 0},
	CLI_EXPECT_OPTION,
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "slices-nii",
	.summary = "Put a stream of slices back into a NIfTI volume.",
	.operands = "[MAPS]",
	.options = options,
	.most = 1,
	.output = CLI_TABLE,
	.examples = {
		"nii-slices --normalize none brain.nii.gz | slices-nii "
		    "--like brain.nii.gz --output copy.nii.gz",
		"nii-slices --labels lesions.nii.gz | slices-nii "
		    "--like lesions.nii.gz --label 1 --output all.nii.gz",
	},
};

/* The volume to be, as the stream was cut from it. */
struct target {
	struct index index;
	uint64_t unit;      /* of the index's volumes */
	struct volume like;
	struct header header;
	struct plane plane;
	size_t rows, cols;  /* of its images */
	int datatype;
	float *value;       /* of each voxel */
	bool *has;          /* each slice: was it there? */
	uint64_t found;     /* slices */
};

/* ------------------------------------------------------------- the request */

static void
check_request(void)
{
	if (like_path == NULL)
		cli_usage("no --like, expected the volume that was sliced");
	if (output_path == NULL)
		cli_usage("no --output, expected a file to write");
	if (!volume_is_file_name(output_path))
		cli_usage("--output: found '%s', expected a name that ends "
		    "with .nii or .nii.gz", output_path);
	if (index_path == NULL && wanted_volume != ABSENT)
		cli_usage("--volume is one of --index, which is not given");
	if (index_path != NULL && (axis_text != NULL || as_stored))
		cli_usage("--axis and --as-stored: the index says how the "
		    "volume was sliced");
	if (axis_text != NULL && plane_axis(axis_text, as_stored) == 3)
		cli_usage("--axis: found '%s', expected %s", axis_text,
		    as_stored ? "x, y or z with --as-stored" :
		    "axial, coronal, sagittal, x, y or z");
	cli_place(output_path);
	cli_check_whole(output_path);
}

static _Noreturn void
die_of(const char *stream, struct bsp_error *e)
{
	e->stream = stream;
	e->image = e->byte = -1;
	cli_die(e);
}

/* --------------------------------------------------------------- the index */

static const char *
last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* How many volumes have that file, or name of a file; the last is *unit. */
static size_t
find_file(const struct index *index, bool by_name, uint64_t *unit)
{
	const struct index_row *row = index->row;
	size_t i, found = 0;

	for (i = 0; i < index->rows; i++) {
		if ((i > 0 && row[i].unit == row[i - 1].unit) ||
		    row[i].file == NULL)
			continue;
		if (strcmp(by_name ? last_name(row[i].file) : row[i].file,
		    by_name ? last_name(like_path) : like_path) != 0)
			continue;
		*unit = row[i].unit;
		found++;
	}
	return found;
}

static void
choose_volume(struct target *t)
{
	struct index *index = &t->index;
	struct bsp_error e;
	size_t found;

	if (wanted_volume != ABSENT) {
		if (wanted_volume >= index->units)
			cli_usage("--volume: found %llu, but %s has %zu "
			    "volumes, counted from 0",
			    (unsigned long long)wanted_volume, index->name,
			    index->units);
		t->unit = wanted_volume;
		return;
	}
	found = find_file(index, false, &t->unit);
	if (found == 0)
		found = find_file(index, true, &t->unit);
	if (found == 1)
		return;
	if (index->units == 1) {
		t->unit = 0;
		return;
	}
	bsp_error_set(&e, BSP_DATA, "%zu of its %zu volumes have the file "
	    "%.256s, expected one (--volume says which)", found, index->units,
	    like_path);
	die_of(index->name, &e);
}

static void
read_index(struct target *t)
{
	struct index *index = &t->index;
	struct bsp_error e;

	if (index_path == NULL) {
		index->stored = as_stored;
		strcpy(index->axis, axis_text != NULL ? axis_text : "z");
		return;
	}
	index_read(index, index_path);
	if (index->units == 0 || !index->has_slices)
		bsp_error_set(&e, BSP_DATA, "no columns volume and slice, "
		    "expected an index that nii-slices wrote");
	else if (plane_axis(index->axis, index->stored) == 3)
		bsp_error_set(&e, BSP_DATA, "no line '# axis' says how the "
		    "volumes were sliced, expected an index that nii-slices "
		    "wrote");
	else
		return choose_volume(t);
	die_of(index->name, &e);
}

/* -------------------------------------------------------------- the volume */

static void
open_target(struct target *t)
{
	struct volume_how how = {.header_only = true, .header = &t->header};
	struct bsp_error e = {0};
	char room[4096];
	size_t n;

	read_index(t);
	how.as_stored = t->index.stored;
	if (volume_read(&t->like, &how, cli_open(volume_header_path(like_path,
	    room, sizeof room)), strcmp(like_path, "-") == 0 ?
	    "standard input" : like_path, &e))
		cli_die(&e);
	t->plane = plane_make(&t->like, plane_axis(t->index.axis,
	    t->index.stored));
	t->rows = t->index.size > 0 ? t->index.size : t->plane.rows;
	t->cols = t->index.size > 0 ? t->index.size : t->plane.cols;
	t->datatype = label == ABSENT ? DT_FLOAT32 :
	    datatype_most(t->like.datatype) > 0 ? t->like.datatype : DT_UINT8;
	if (label != ABSENT && (double)label > datatype_most(t->datatype))
		cli_usage("--label: found %llu, expected at most %.0f, which "
		    "the voxels of %s can hold", (unsigned long long)label,
		    datatype_most(t->datatype), t->like.name);
	n = volume_size(&t->like);
	t->value = calloc(n, sizeof *t->value);
	t->has = calloc(t->plane.slices, sizeof *t->has);
	if (t->value == NULL || t->has == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu voxels", n);
		die_of(like_path, &e);
	}
}

/* Which slice image i is; SIZE_MAX: one of another volume. */
static size_t
find_slice(struct target *t, uint64_t i)
{
	const struct index_row *row;
	struct bsp_error e;
	uint64_t slice = i;

	if (index_path != NULL) {
		row = index_get(&t->index, i);
		if (row->unit != t->unit)
			return SIZE_MAX;
		slice = row->slice;
	}
	if (slice >= t->plane.slices) {
		bsp_error_set(&e, BSP_DATA, "image %llu is slice %llu, but "
		    "%.256s has %zu of them (axis %s), expected the volume "
		    "that was sliced", (unsigned long long)i,
		    (unsigned long long)slice, like_path, t->plane.slices,
		    t->index.axis);
		die_of(index_path != NULL ? t->index.name : NULL, &e);
	}
	if (t->has[slice]) {
		bsp_error_set(&e, BSP_DATA, "image %llu is slice %llu, as "
		    "another one before, expected each slice once",
		    (unsigned long long)i, (unsigned long long)slice);
		die_of(t->index.name, &e);
	}
	t->has[slice] = true;
	t->found++;
	return (size_t)slice;
}

static void
put_slice(struct target *t, const struct bsp_reader *in, size_t slice,
    const struct bsp_image *image)
{
	struct bsp_error e = {0};
	size_t row, col, i, at = 0;
	float x;

	if (image->rows != t->rows || image->cols != t->cols) {
		bsp_error_set(&e, BSP_DATA, "is %zu x %zu, expected the %zu x "
		    "%zu of the slices of %.256s%s", image->cols, image->rows,
		    t->cols, t->rows, like_path, index_path != NULL ? "" :
		    " (--index tells how they were cut, --axis across what)");
		bsp_reader_blame(in, &e);
		cli_die(&e);
	}
	for (row = 0; row < t->rows; row++)
		for (col = 0; col < t->cols; col++, at++) {
			i = plane_voxel(&t->plane, slice, t->rows, t->cols,
			    row, col);
			x = image->data[at];
			if (i != SIZE_MAX)
				t->value[i] = label == ABSENT ? x :
				    x > 0 ? (float)label : 0;
		}
}

/* All is read: is it what was to come? */
static void
check_end(const struct target *t, uint64_t images)
{
	struct bsp_error e;

	if (index_path != NULL) {
		index_check_end(&t->index, images);
		return;
	}
	if (images == t->plane.slices)
		return;
	bsp_error_set(&e, BSP_DATA, "%llu images, but %.256s has %zu slices "
	    "(axis %s), expected all (--index says which they are)",
	    (unsigned long long)images, like_path, t->plane.slices,
	    t->index.axis);
	die_of("the stream", &e);
}

int
main(int argc, char **argv)
{
	struct cli_command command;
	struct target target = {.found = 0};
	struct bsp_image image = {0};
	struct bsp_error e = {0};
	struct bsp_reader *in;
	size_t slice;
	uint64_t i;
	int r;

	cli_parse(&program, argc, argv, &command);
	check_request();
	open_target(&target);
	in = cli_reader(command.operand[0], label == ABSENT ? BSP_IMAGES :
	    BSP_MASKS);
	bsp_reader_expect(in, cli_expected);
	for (i = 0; (r = bsp_reader_next(in, &image, &e)) == 1; i++) {
		slice = find_slice(&target, i);
		if (slice != SIZE_MAX)
			put_slice(&target, in, slice, &image);
	}
	if (r < 0)
		cli_die(&e);
	check_end(&target, i);
	if (volume_write(output_path, &target.like, &target.header,
	    target.datatype, target.value, &e))
		cli_die(&e);
	bsp_image_free(&image);
	free(target.value);
	free(target.has);
	return cli_finish(false);
}
