/*
 * Model files for programs: see learned.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model-file.h"

void
learned_read(const char *path, struct bsp_tensors *tensors)
{
	struct bsp_error e = {0};
	int fd = cli_open(path), r;

	r = bsp_tensors_read(fd, strcmp(path, "-") == 0 ? "standard input" :
	    path, tensors, &e);
	close(fd);
	if (r != 0)
		cli_die(&e);
}

void
learned_write(const char *path, const struct bsp_tensors *tensors)
{
	struct bsp_error e = {0};

	if (bsp_tensors_write(path, tensors, &e))
		cli_die(&e);
}

struct bsp_model *
learned_model(const char *path)
{
	struct bsp_tensors tensors;
	struct bsp_error e = {0};
	struct bsp_model *model;

	learned_read(path, &tensors);
	model = bsp_model_from(&tensors, &e);
	if (model == NULL) {
		e.stream = path;
		e.image = e.byte = -1;
		cli_die(&e);
	}
	return model;
}

void
learned_check_place(const char *path)
{
	char *part = malloc(strlen(path) + 6);
	struct bsp_error e;
	struct stat s;
	int fd;

	if (stat(path, &s) == 0 && S_ISDIR(s.st_mode)) {
		errno = EISDIR;
	} else if (stat(path, &s) == 0 && !S_ISREG(s.st_mode)) {
		free(part);
		return;
	} else if (part != NULL) {
		sprintf(part, "%s.part", path);
		fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (fd >= 0) {
			close(fd);
			unlink(part);
			free(part);
			return;
		}
	}
	bsp_error_system(&e, part == NULL ? ENOMEM : errno,
	    "open for writing");
	e.stream = path;
	cli_die(&e);
}

void
learned_threads(uint64_t threads)
{
	if (threads > 0)
		omp_set_num_threads((int)threads);
}
