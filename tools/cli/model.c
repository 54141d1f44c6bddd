/*
 * Model files: see model.h.
 *
 * A safetensors file whose metadata say what it is (architecture) and the XXH3
 * of its numbers, so that a damaged one is noticed.  The format of release 0.1,
 * lines of text, doubles and their XXH3, is read for one release more.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/learn/tensors.h"
#include "model.h"

#define OLD_MAGIC "blindspot model 1\n"
#define OLD_CHECK 17 /* bytes of the check at the end */
#define NUMBERS_MAX ((uint64_t)1 << 32)

static _Noreturn void
die(const char *path, struct bsp_error *e)
{
	e->stream = path;
	e->image = -1;
	cli_die(e);
}

static _Noreturn void
die_system(const char *path, int errnum, const char *what)
{
	struct bsp_error e;

	bsp_error_system(&e, errnum, "%s", what);
	die(path, &e);
}

void
model_bad(const char *path, const char *format, ...)
{
	struct bsp_error e;
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	bsp_error_set(&e, BSP_DATA, "%s", text);
	die(path, &e);
}

/* ------------------------------------------------------------------- parts */

static size_t
part_size(const struct model_part *part)
{
	return part->cols == 0 ? part->rows : part->rows * part->cols;
}

/* Of all numbers, part by part. */
static const char *
checksum(const struct bsp_tensors *tensors, char text[20])
{
	const struct bsp_tensor *tensor = tensors->tensor;
	struct bsp_hash hash = {0};
	size_t i;

	for (i = 0; i < tensors->count; i++, tensor++)
		if (tensor->doubles != NULL)
			bsp_hash_add(&hash, tensor->doubles, tensor->size *
			    sizeof *tensor->doubles);
		else
			bsp_hash_add(&hash, tensor->data, tensor->size *
			    sizeof *tensor->data);
	snprintf(text, 20, "%016" PRIx64, bsp_hash_value(&hash));
	return text;
}

/* ----------------------------------------------------------------- writing */

static bool
add_part(struct bsp_tensors *tensors, const struct model_part *part,
    bool doubles, struct bsp_error *e)
{
	size_t shape[2] = {part->rows, part->cols}, i;
	size_t rank = part->cols == 0 ? 1 : 2;
	struct bsp_tensor *tensor = (doubles ? bsp_tensors_add_doubles :
	    bsp_tensors_add)(tensors, part->name, rank, shape, e);

	for (i = 0; tensor != NULL && i < tensor->size; i++)
		if (doubles)
			tensor->doubles[i] = part->data[i];
		else
			tensor->data[i] = (float)part->data[i];
	return tensor != NULL;
}

void
model_write(const char *path, const struct model *model)
{
	struct bsp_tensors tensors = {0};
	struct bsp_error e = {0};
	char text[20];
	size_t i;

	for (i = 0; model->part[i].name != NULL; i++)
		if (!add_part(&tensors, &model->part[i], model->doubles, &e))
			die(path, &e);
	if (bsp_tensors_set_fact(&tensors, "blindspot", BSP_VERSION, &e) ||
	    bsp_tensors_set_fact(&tensors, "model_format", "1", &e) ||
	    bsp_tensors_set_fact(&tensors, "architecture", model->kind, &e) ||
	    bsp_tensors_set_number(&tensors, "rows", (double)model->rows, &e) ||
	    bsp_tensors_set_number(&tensors, "cols", (double)model->cols, &e) ||
	    bsp_tensors_set_fact(&tensors, "data_xxh3", checksum(&tensors,
	    text), &e) || bsp_tensors_write(path, &tensors, &e))
		die(path, &e);
	bsp_tensors_free(&tensors);
}

/* ----------------------------------------------------- reading, old format */

static char *
read_old(const char *path, int fd, const char *begun, size_t *n)
{
	size_t capacity = 1 << 16;
	char *bytes = malloc(capacity);
	ssize_t r = 1;

	for (*n = 8; r != 0; *n += r > 0 ? (size_t)r : 0) {
		if (bytes != NULL && *n == 8)
			memcpy(bytes, begun, 8);
		if (*n >= sizeof OLD_MAGIC - 1 && memcmp(bytes, OLD_MAGIC,
		    sizeof OLD_MAGIC - 1) != 0)
			break;
		if (*n == capacity) {
			capacity *= 2;
			bytes = realloc(bytes, capacity);
		}
		if (bytes == NULL)
			die_system(path, ENOMEM, "read the model");
		r = read(fd, bytes + *n, capacity - *n);
		if (r < 0 && errno != EINTR)
			die_system(path, errno, "read");
	}
	return bytes;
}

/* The line at *at, which then is past it; NULL where there is none. */
static char *
next_line(char **at, char *end)
{
	char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));

	if (stop == NULL)
		return NULL;
	*stop = '\0';
	*at = stop + 1;
	return line;
}

static uint64_t
read_count(const char *path, char *line, const char *name)
{
	size_t n = strlen(name);
	struct bsp_error e;
	uint64_t count;

	if (line == NULL || strncmp(line, name, n) != 0 || line[n] != ' ' ||
	    bsp_count_parse(line + n + 1, &count, &e) || count > NUMBERS_MAX)
		model_bad(path, "found '%.40s', expected the model's %s",
		    line == NULL ? "" : line, name);
	return count;
}

static void
check_whole(const char *path, const char *bytes, size_t n)
{
	struct bsp_hash hash = {0};
	char check[OLD_CHECK + 1];

	if (n < sizeof OLD_MAGIC + OLD_CHECK)
		model_bad(path, "is damaged or cut");
	bsp_hash_add(&hash, bytes, n - OLD_CHECK);
	snprintf(check, sizeof check, "%016" PRIx64 "\n",
	    bsp_hash_value(&hash));
	if (memcmp(bytes + n - OLD_CHECK, check, OLD_CHECK) != 0)
		model_bad(path, "is damaged or cut: its check does not fit "
		    "what it holds");
}

/* The numbers of all parts, one after another; the sizes are the model's. */
static double *
parse_old(const char *path, char *bytes, size_t length, struct model *model,
    uint64_t *n)
{
	char *at = bytes + sizeof OLD_MAGIC - 1, *line;
	char *end = bytes + length - OLD_CHECK;
	double *numbers;

	line = next_line(&at, end);
	if (line == NULL || strncmp(line, "kind ", 5) != 0 ||
	    strcmp(line + 5, model->kind) != 0)
		model_bad(path, "is a model of '%.40s', expected '%s'",
		    line == NULL || strlen(line) < 5 ? "" : line + 5,
		    model->kind);
	if (model->doubles) {
		read_count(path, next_line(&at, end), "bins");
		model->part[1].rows = (size_t)read_count(path, next_line(&at,
		    end), "components");
	}
	model->rows = (size_t)read_count(path, next_line(&at, end), "rows");
	model->cols = (size_t)read_count(path, next_line(&at, end), "cols");
	*n = read_count(path, next_line(&at, end), "doubles");
	line = next_line(&at, end);
	if (line == NULL || *line != '\0' ||
	    (size_t)(end - at) != *n * sizeof(double))
		model_bad(path, "holds %td bytes of numbers, expected %"
		    PRIu64 " doubles", end - at, *n);
	numbers = malloc(*n * sizeof(double) + 1);
	if (numbers == NULL)
		die_system(path, ENOMEM, "read the model");
	memcpy(numbers, at, *n * sizeof(double));
	return numbers;
}

/* Share the numbers among the parts, whose sizes they must have. */
static void
take_old(const char *path, struct model *model, const double *numbers,
    uint64_t n)
{
	struct model_part *part = model->part;
	size_t i, size, used = 0;

	if (model->doubles) { /* a vector, k of them, and k numbers */
		part[0].rows = part[1].cols = model->length;
		part[2].rows = part[1].rows;
	} else {
		for (i = 0; i < 2; i++) {
			part[i].rows = model->rows;
			part[i].cols = model->cols;
		}
	}
	for (i = 0; part[i].name != NULL; i++, used += size) {
		if (part[i].rows == 0 || (part[i].cols == 0 &&
		    !model->doubles))
			break;
		size = part_size(&part[i]);
		if (size > n - used)
			break;
		part[i].data = malloc(size * sizeof(double));
		if (part[i].data == NULL)
			die_system(path, ENOMEM, "read the model");
		memcpy(part[i].data, numbers + used, size * sizeof(double));
	}
	if (part[i].name != NULL || used != n)
		model_bad(path, "holds %" PRIu64 " numbers, expected those of "
		    "its sizes", n);
}

static void
read_old_model(const char *path, int fd, const char *begun,
    struct model *model)
{
	double *numbers;
	uint64_t count;
	char *bytes;
	size_t n;

	bytes = read_old(path, fd, begun, &n);
	check_whole(path, bytes, n);
	numbers = parse_old(path, bytes, n, model, &count);
	take_old(path, model, numbers, count);
	free(numbers);
	free(bytes);
	cli_note("%s: is in the format of release 0.1, which this release is "
	    "the last to read; fit it anew", path);
}

/* ----------------------------------------------------------------- reading */

static uint64_t
get_size(const char *path, const struct bsp_tensors *tensors,
    const char *name)
{
	const char *text = bsp_tensors_fact(tensors, name);
	struct bsp_error e;
	uint64_t n;

	if (text == NULL || bsp_count_parse(text, &n, &e) || n < 1 ||
	    n > NUMBERS_MAX)
		model_bad(path, "says '%.40s' of its %s, expected the %s of "
		    "the images", text == NULL ? "" : text, name, name);
	return n;
}

/* A matrix has two sizes, and what is not has one. */
static void
take_part(const char *path, const struct bsp_tensors *tensors,
    struct model_part *part, bool matrix)
{
	const struct bsp_tensor *tensor = bsp_tensors_find(tensors,
	    part->name);
	size_t i;

	if (tensor == NULL || tensor->rank != (matrix ? 2 : 1) ||
	    tensor->size == 0)
		model_bad(path, "has no tensor '%s' of %s, expected one",
		    part->name, matrix ? "two sizes" : "one size");
	part->rows = tensor->shape[0];
	part->cols = matrix ? tensor->shape[1] : 0;
	part->data = malloc(tensor->size * sizeof *part->data);
	if (part->data == NULL)
		die_system(path, ENOMEM, "read the model");
	for (i = 0; i < tensor->size; i++)
		part->data[i] = tensor->doubles != NULL ?
		    tensor->doubles[i] : (double)tensor->data[i];
}

static void
check_facts(const char *path, const struct bsp_tensors *tensors,
    const struct model *model)
{
	const char *kind = bsp_tensors_fact(tensors, "architecture");
	const char *check = bsp_tensors_fact(tensors, "data_xxh3");
	char text[20];

	if (kind == NULL || strcmp(kind, model->kind) != 0)
		model_bad(path, "is a model of '%.40s', expected '%s'",
		    kind == NULL ? "" : kind, model->kind);
	if (check != NULL && strcmp(check, checksum(tensors, text)) != 0)
		model_bad(path, "is damaged: its numbers are not those that "
		    "were written (data_xxh3)");
}

/* The order in which the parts were written is that of the check. */
static void
take_tensors(const char *path, const struct bsp_tensors *tensors,
    struct model *model)
{
	size_t i;

	check_facts(path, tensors, model);
	model->rows = (size_t)get_size(path, tensors, "rows");
	model->cols = (size_t)get_size(path, tensors, "cols");
	for (i = 0; model->part[i].name != NULL; i++)
		take_part(path, tensors, &model->part[i],
		    !model->doubles || i == 1);
	if (tensors->count != i)
		model_bad(path, "holds %zu tensors, expected %zu",
		    tensors->count, i);
}

void
model_read(const char *path, struct model *model)
{
	struct bsp_tensors tensors;
	struct bsp_error e = {0};
	int fd = cli_open(path);
	char begun[8];
	size_t n = 0;
	ssize_t r = 1;

	while (n < sizeof begun && r != 0) {
		r = read(fd, begun + n, sizeof begun - n);
		if (r < 0 && errno != EINTR)
			die_system(path, errno, "read");
		n += r > 0 ? (size_t)r : 0;
	}
	if (n == sizeof begun && memcmp(begun, OLD_MAGIC, n) == 0) {
		read_old_model(path, fd, begun, model);
	} else {
		if (learn_tensors_read_on(fd, path, begun, n, &tensors, &e))
			cli_die(&e);
		take_tensors(path, &tensors, model);
		bsp_tensors_free(&tensors);
	}
	close(fd);
}

void
model_free(struct model *model)
{
	size_t i;

	for (i = 0; model->part[i].name != NULL; i++) {
		free(model->part[i].data);
		model->part[i].data = NULL;
	}
}

/* -------------------------------------------------------- pixel statistics */

#define STATS {.kind = "zscore", .part = {{.name = "mean"}, {.name = "sd"}}}

void
model_write_stats(const char *path, const struct bsp_pixel_stats *stats)
{
	const struct bsp_image *image[2] = {&stats->mean, &stats->sd};
	size_t n = bsp_image_size(&stats->mean), i, k;
	struct model model = STATS;

	model.rows = stats->mean.rows;
	model.cols = stats->mean.cols;
	for (k = 0; k < 2; k++) {
		model.part[k].rows = model.rows;
		model.part[k].cols = model.cols;
		model.part[k].data = malloc(n * sizeof(double));
		if (model.part[k].data == NULL)
			die_system(path, ENOMEM, "write the model");
		for (i = 0; i < n; i++)
			model.part[k].data[i] = (double)image[k]->data[i];
	}
	model_write(path, &model);
	model_free(&model);
}

static void
take_stat(const char *path, const struct model *model, size_t k,
    struct bsp_image *image)
{
	const struct model_part *part = &model->part[k];
	struct bsp_error e;
	size_t i;

	if (part->rows != model->rows || part->cols != model->cols)
		model_bad(path, "tensor '%s': %zu x %zu, expected the %zu x "
		    "%zu of the images", part->name, part->cols, part->rows,
		    model->cols, model->rows);
	if (bsp_image_resize(image, part->rows, part->cols, &e))
		cli_die(&e);
	for (i = 0; i < part->rows * part->cols; i++) {
		image->data[i] = (float)part->data[i];
		if (!(image->data[i] > -3e38f && image->data[i] < 3e38f) ||
		    (k == 1 && image->data[i] < 0))
			model_bad(path, "tensor '%s': holds %g, expected "
			    "finite numbers, and of sd none below 0",
			    part->name, part->data[i]);
	}
}

void
model_read_stats(const char *path, struct bsp_pixel_stats *stats)
{
	struct model model = STATS;

	model_read(path, &model);
	take_stat(path, &model, 0, &stats->mean);
	take_stat(path, &model, 1, &stats->sd);
	model_free(&model);
}
