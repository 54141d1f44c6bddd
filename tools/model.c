/*
 * Model files: see model.h.
 *
 * Lines of text say what it is; an empty line ends them.  Then come n doubles,
 * little-endian, and the XXH3 of all before it, as 16 hexadecimal digits and a
 * newline.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "model.h"

#define MAGIC "blindspot model 1\n"
#define CHECK 17 /* bytes of the check at the end */

static _Noreturn void
die_system(const char *path, int errnum, const char *what)
{
	struct bsp_error e;

	bsp_error_system(&e, errnum, "%s", what);
	e.stream = path;
	cli_die(&e);
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
	e.stream = path;
	cli_die(&e);
}

static char *
make_header(const struct model *model)
{
	char *text = malloc(1024);
	int n, i;

	if (text == NULL)
		die_system(NULL, ENOMEM, "a model");
	n = sprintf(text, MAGIC "kind %s\n", model->kind);
	for (i = 0; model->name[i] != NULL; i++)
		n += sprintf(text + n, "%s %" PRIu64 "\n", model->name[i],
		    model->count[i]);
	sprintf(text + n, "doubles %" PRIu64 "\n\n", model->n);
	return text;
}

/* ----------------------------------------------------------------- writing */

static void
put(FILE *file, XXH3_state_t *hash, const void *bytes, size_t n)
{
	XXH3_64bits_update(hash, bytes, n);
	fwrite(bytes, 1, n, file);
}

void
model_write(const char *path, const struct model *model)
{
	char *header = make_header(model), *part = malloc(strlen(path) + 6);
	XXH3_state_t *hash = XXH3_createState();
	FILE *file;
	bool failed;

	if (part == NULL || hash == NULL)
		die_system(path, ENOMEM, "write the model");
	sprintf(part, "%s.part", path);
	file = fopen(part, "wbe");
	if (file == NULL)
		die_system(part, errno, "open");
	XXH3_64bits_reset(hash);
	put(file, hash, header, strlen(header));
	put(file, hash, model->data, model->n * sizeof *model->data);
	fprintf(file, "%016" PRIx64 "\n", (uint64_t)XXH3_64bits_digest(hash));
	failed = fflush(file) != 0 || ferror(file) ||
	    fsync(fileno(file)) != 0;
	if (fclose(file) != 0 || failed || rename(part, path) != 0) {
		int errnum = errno;

		remove(part);
		die_system(path, errnum, "write the model");
	}
	XXH3_freeState(hash);
	free(part);
	free(header);
}

/* ----------------------------------------------------------------- reading */

static char *
read_all(const char *path, size_t *n)
{
	size_t capacity = 1 << 16;
	char *bytes = malloc(capacity);
	int fd = cli_open(path);
	ssize_t r = 1;

	for (*n = 0; r != 0; *n += r > 0 ? (size_t)r : 0) {
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
	close(fd);
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

static void
read_count(const char *path, char *line, const char *name, uint64_t *count)
{
	size_t n = strlen(name);
	struct bsp_error e;

	if (line == NULL || strncmp(line, name, n) != 0 || line[n] != ' ' ||
	    bsp_count_parse(line + n + 1, count, &e))
		model_bad(path, "found '%.40s', expected the model's %s",
		    line == NULL ? "" : line, name);
}

static void
check_whole(const char *path, const char *bytes, size_t n)
{
	char check[CHECK + 1];

	snprintf(check, sizeof check, "%016" PRIx64 "\n",
	    (uint64_t)XXH3_64bits(bytes, n - CHECK));
	if (memcmp(bytes + n - CHECK, check, CHECK) != 0)
		model_bad(path, "is damaged or cut: its check does not fit "
		    "what it holds");
}

void
model_read(const char *path, struct model *model)
{
	char *bytes, *at, *end, *line;
	size_t n, i;

	bytes = read_all(path, &n);
	if (n < sizeof MAGIC + CHECK ||
	    memcmp(bytes, MAGIC, sizeof MAGIC - 1) != 0)
		model_bad(path, "is no model, expected a file that begins "
		    "with 'blindspot model 1'");
	check_whole(path, bytes, n);
	at = bytes + sizeof MAGIC - 1;
	end = bytes + n - CHECK;
	line = next_line(&at, end);
	if (line == NULL || strncmp(line, "kind ", 5) != 0 ||
	    strcmp(line + 5, model->kind) != 0)
		model_bad(path, "is a model of '%.40s', expected '%s'",
		    line == NULL || strlen(line) < 5 ? "" : line + 5,
		    model->kind);
	for (i = 0; model->name[i] != NULL; i++)
		read_count(path, next_line(&at, end), model->name[i],
		    &model->count[i]);
	read_count(path, next_line(&at, end), "doubles", &model->n);
	line = next_line(&at, end);
	if (line == NULL || *line != '\0' ||
	    (size_t)(end - at) % sizeof(double) != 0 ||
	    (size_t)(end - at) / sizeof(double) != model->n)
		model_bad(path, "holds %td bytes of numbers, expected %"
		    PRIu64 " doubles", end - at, model->n);
	model->data = malloc(model->n * sizeof(double) + 1);
	if (model->data == NULL)
		die_system(path, ENOMEM, "read the model");
	memcpy(model->data, at, model->n * sizeof(double));
	free(bytes);
}

/* -------------------------------------------------------------------- norm */

#define NORM {.kind = "zscore", .name = {"rows", "cols", NULL}}

void
model_write_norm(const char *path, const struct bsp_norm *norm)
{
	size_t n = bsp_image_size(&norm->mean), i;
	struct model model = NORM;

	model.count[0] = norm->mean.rows;
	model.count[1] = norm->mean.cols;
	model.n = 2 * n;
	model.data = malloc(2 * n * sizeof *model.data);
	if (model.data == NULL)
		die_system(path, ENOMEM, "write the model");
	for (i = 0; i < n; i++) {
		model.data[i] = (double)norm->mean.data[i];
		model.data[n + i] = (double)norm->sd.data[i];
	}
	model_write(path, &model);
	free(model.data);
}

void
model_read_norm(const char *path, struct bsp_norm *norm)
{
	struct model model = NORM;
	struct bsp_error e;
	size_t n, i;

	model_read(path, &model);
	n = (size_t)model.n / 2;
	if (model.count[0] == 0 || model.n % 2 != 0 ||
	    n % model.count[0] != 0 || n / model.count[0] != model.count[1])
		model_bad(path, "holds %" PRIu64 " numbers, expected two for "
		    "each of %" PRIu64 " x %" PRIu64 " samples", model.n,
		    model.count[1], model.count[0]);
	if (bsp_image_resize(&norm->mean, (size_t)model.count[0],
	    (size_t)model.count[1], &e) || bsp_image_resize(&norm->sd,
	    (size_t)model.count[0], (size_t)model.count[1], &e))
		cli_die(&e);
	for (i = 0; i < n; i++) {
		norm->mean.data[i] = (float)model.data[i];
		norm->sd.data[i] = (float)model.data[n + i];
		if (!(norm->sd.data[i] >= 0 && norm->sd.data[i] < 3e38f &&
		    norm->mean.data[i] > -3e38f && norm->mean.data[i] < 3e38f))
			model_bad(path, "holds a mean and standard deviation "
			    "of %g and %g, expected finite ones",
			    model.data[i], model.data[n + i]);
	}
	free(model.data);
}
