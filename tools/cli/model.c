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
#include <sys/stat.h>
#include <unistd.h>

#include "model.h"

#define MAGIC "blindspot model 1\n"
#define CHECK 17 /* bytes of the check at the end */

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "models are read and written on little-endian machines only"
#endif

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
put(FILE *file, struct bsp_hash *hash, const void *bytes, size_t n)
{
	bsp_hash_add(hash, bytes, n);
	fwrite(bytes, 1, n, file);
}

/* A file on its way to a path. */
struct place {
	const char *path; /* as the user names it */
	char *target;     /* the file itself, where that is a link */
	char *part;       /* written first; NULL: the target is no file */
	mode_t mode;
};

static void
find_place(struct place *place, const char *path)
{
	struct stat s;
	mode_t mask = umask(0);

	umask(mask);
	*place = (struct place){.path = path, .mode = 0666 & ~mask};
	place->target = realpath(path, NULL);
	if (place->target == NULL)
		place->target = strdup(path);
	if (place->target == NULL)
		die_system(path, ENOMEM, "write the model");
	if (stat(path, &s) == 0) {
		place->mode = s.st_mode & 0777;
		if (!S_ISREG(s.st_mode))
			return; /* a device or a pipe is not replaced */
	}
	place->part = malloc(strlen(place->target) + 8);
	if (place->part == NULL)
		die_system(path, ENOMEM, "write the model");
	sprintf(place->part, "%s.XXXXXX", place->target);
}

static FILE *
open_place(struct place *place)
{
	int fd = place->part != NULL ?
	    mkostemp(place->part, O_CLOEXEC) :
	    open(place->target, O_WRONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");

	if (file == NULL)
		die_system(place->path, errno, "open for writing");
	return file;
}

/* All that was written is in its place, or what was there before still is. */
static void
close_place(struct place *place, FILE *file)
{
	bool failed = fflush(file) != 0 || ferror(file);
	int errnum;

	if (!failed && place->part != NULL)
		failed = fchmod(fileno(file), place->mode) != 0 ||
		    fsync(fileno(file)) != 0;
	errnum = errno;
	if (fclose(file) != 0 && !failed) {
		failed = true;
		errnum = errno;
	}
	if (!failed && place->part != NULL &&
	    rename(place->part, place->target) != 0) {
		failed = true;
		errnum = errno;
	}
	if (failed) {
		if (place->part != NULL)
			unlink(place->part);
		die_system(place->path, errnum, "write the model");
	}
	free(place->part);
	free(place->target);
}

void
model_write(const char *path, const struct model *model)
{
	char *header = make_header(model);
	struct bsp_hash hash = {0};
	struct place place;
	FILE *file;

	find_place(&place, path);
	file = open_place(&place);
	put(file, &hash, header, strlen(header));
	put(file, &hash, model->data, model->n * sizeof *model->data);
	fprintf(file, "%016" PRIx64 "\n", bsp_hash_value(&hash));
	close_place(&place, file);
	free(header);
}

/* ----------------------------------------------------------------- reading */

/* Of what is read so far, so that an endless file is no endless model. */
static void
check_magic(const char *path, const char *bytes, size_t n, bool whole)
{
	size_t magic = sizeof MAGIC - 1;

	if ((whole && n < magic + 1 + CHECK) ||
	    memcmp(bytes, MAGIC, n < magic ? n : magic) != 0)
		model_bad(path, "is no model, expected a file that begins "
		    "with 'blindspot model 1'");
}

static char *
read_all(const char *path, size_t *n)
{
	size_t capacity = 1 << 16;
	char *bytes = malloc(capacity);
	int fd = cli_open(path);
	ssize_t r = 1;

	for (*n = 0; r != 0; *n += r > 0 ? (size_t)r : 0) {
		if (bytes != NULL)
			check_magic(path, bytes, *n, false);
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
	struct bsp_hash hash = {0};
	char check[CHECK + 1];

	bsp_hash_add(&hash, bytes, n - CHECK);
	snprintf(check, sizeof check, "%016" PRIx64 "\n",
	    bsp_hash_value(&hash));
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
	check_magic(path, bytes, n, true);
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

/* -------------------------------------------------------- pixel statistics */

#define STATS {.kind = "zscore", .name = {"rows", "cols", NULL}}

void
model_write_stats(const char *path, const struct bsp_pixel_stats *stats)
{
	size_t n = bsp_image_size(&stats->mean), i;
	struct model model = STATS;

	model.count[0] = stats->mean.rows;
	model.count[1] = stats->mean.cols;
	model.n = 2 * n;
	model.data = malloc(2 * n * sizeof *model.data);
	if (model.data == NULL)
		die_system(path, ENOMEM, "write the model");
	for (i = 0; i < n; i++) {
		model.data[i] = (double)stats->mean.data[i];
		model.data[n + i] = (double)stats->sd.data[i];
	}
	model_write(path, &model);
	free(model.data);
}

void
model_read_stats(const char *path, struct bsp_pixel_stats *stats)
{
	struct model model = STATS;
	struct bsp_error e;
	size_t n, i;

	model_read(path, &model);
	n = (size_t)model.n / 2;
	if (model.count[0] == 0 || model.n % 2 != 0 ||
	    n % model.count[0] != 0 || n / model.count[0] != model.count[1])
		model_bad(path, "holds %" PRIu64 " numbers, expected two for "
		    "each of %" PRIu64 " x %" PRIu64 " samples", model.n,
		    model.count[1], model.count[0]);
	if (bsp_image_resize(&stats->mean, (size_t)model.count[0],
	    (size_t)model.count[1], &e) || bsp_image_resize(&stats->sd,
	    (size_t)model.count[0], (size_t)model.count[1], &e))
		cli_die(&e);
	for (i = 0; i < n; i++) {
		stats->mean.data[i] = (float)model.data[i];
		stats->sd.data[i] = (float)model.data[n + i];
		if (!(stats->sd.data[i] >= 0 && stats->sd.data[i] < 3e38f &&
		    stats->mean.data[i] > -3e38f && stats->mean.data[i] < 3e38f))
			model_bad(path, "holds a mean and standard deviation "
			    "of %g and %g, expected finite ones",
			    model.data[i], model.data[n + i]);
	}
	free(model.data);
}
