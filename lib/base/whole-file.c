/*
 * Files that are written whole or not at all: see whole-file.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "whole-file.h"

#define TRIES 100

int
bsp_open(const char *path, int flags)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC, 0666);
	while (fd < 0 && errno == EINTR);
	return fd;
}

void
bsp_file_spoil(int fd, bool begun)
{
	off_t end = lseek(fd, 0, SEEK_CUR);
	struct stat s;

	if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode))
		return;
	if (end <= 0) /* that is appended to */
		end = s.st_size;
	if (end == s.st_size && ftruncate(fd, end + 1) == 0)
		return;
	if (begun && end > 0 && ftruncate(fd, end - 1) != 0)
		return; /* nothing more can be done */
}

static int
fail(const struct bsp_file *file, struct bsp_error *e, int errnum,
    const char *what)
{
	bsp_error_system(e, errnum, "%s", what);
	e->stream = file->path;
	return -1;
}

/* The file that the path leads to; NULL with errno set. */
static char *
find_target(const char *path)
{
	size_t n = strlen(path);
	struct stat s;
	char *target;

	/* The path of a pipe, as of standard output, may lead to no name. */
	if (stat(path, &s) == 0 && !S_ISREG(s.st_mode))
		return strdup(path);
	target = realpath(path, NULL);
	if (target != NULL || errno != ENOENT)
		return target;
	if (n > 0 && path[n - 1] == '/') {
		errno = EISDIR;
		return NULL;
	}
	if (lstat(path, &s) != 0)
		return errno == ENOENT ? strdup(path) : NULL;
	errno = ENOENT; /* a link to nothing */
	return NULL;
}

/* A name in the folder of the target, which it does not lengthen. */
static char *
name_part(const char *target)
{
	static const char name[] = "/.blindspot-00000000-00000000";
	char *copy = strdup(target), *part = NULL;
	struct timespec now;

	if (copy == NULL)
		return NULL;
	part = malloc(strlen(target) + sizeof name + 2);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (part != NULL)
		sprintf(part, "%s/.blindspot-%08x-%08x", dirname(copy),
		    (unsigned)getpid(), (unsigned)now.tv_nsec);
	free(copy);
	return part;
}

static void
block_signals(struct bsp_file *file)
{
	sigset_t all;

	sigfillset(&all);
	/* What these say cannot wait. */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_BLOCK, &all, &file->signals);
}

static void
forget(struct bsp_file *file)
{
	int errnum = errno;

	if (file->part != NULL)
		pthread_sigmask(SIG_SETMASK, &file->signals, NULL);
	free(file->part);
	free(file->target);
	file->part = file->target = NULL;
	errno = errnum;
}

static int
open_part(struct bsp_file *file)
{
	int i, fd = -1;

	for (i = 0; i < TRIES && fd < 0; i++) {
		file->part = name_part(file->target);
		if (file->part == NULL) {
			errno = ENOMEM;
			return -1;
		}
		block_signals(file);
		fd = bsp_open(file->part, O_RDWR | O_CREAT | O_EXCL);
		if (fd >= 0)
			break;
		pthread_sigmask(SIG_SETMASK, &file->signals, NULL);
		free(file->part);
		file->part = NULL;
		if (errno != EEXIST)
			break;
	}
	return fd;
}

/* As the file that it replaces: its mode, and its owner where that may be. */
static int
take_mode(int fd, const struct stat *old)
{
	struct stat s;

	if (fstat(fd, &s) != 0)
		return -1;
	if ((s.st_uid != old->st_uid || s.st_gid != old->st_gid) &&
	    fchown(fd, old->st_uid, old->st_gid) != 0 && errno != EPERM)
		return -1;
	return fchmod(fd, old->st_mode & 0777);
}

int
bsp_file_open(struct bsp_file *file, const char *path, struct bsp_error *e)
{
	struct stat old;
	bool exists;
	int errnum;

	*file = (struct bsp_file){.path = path, .fd = -1};
	file->target = find_target(path);
	if (file->target == NULL)
		return fail(file, e, errno, "open for writing");
	exists = stat(file->target, &old) == 0;
	if (exists && S_ISDIR(old.st_mode))
		errno = EISDIR;
	else if (exists && !S_ISREG(old.st_mode))
		file->fd = bsp_open(file->target, O_WRONLY);
	else if (!exists || access(file->target, W_OK) == 0)
		file->fd = open_part(file);
	errnum = errno;
	if (file->fd >= 0 && exists && file->part != NULL &&
	    take_mode(file->fd, &old) != 0) {
		errnum = errno;
		bsp_file_drop(file);
		return fail(file, e, errnum, "open for writing");
	}
	if (file->fd >= 0)
		return 0;
	forget(file);
	return fail(file, e, errnum, "open for writing");
}

void
bsp_file_drop(struct bsp_file *file)
{
	int errnum = errno;

	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	if (file->part != NULL)
		unlink(file->part);
	errno = errnum;
	forget(file);
}

/*
 * Make a rename last.  Where that fails, what the path holds is whole all the
 * same, be it the old or the new.
 */
static void
sync_directory(char *path)
{
	int fd = bsp_open(dirname(path), O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return;
	while (fsync(fd) != 0 && errno == EINTR)
		;
	close(fd);
}

int
bsp_file_keep(struct bsp_file *file, struct bsp_error *e)
{
	int errnum, r = 0;

	if (file->part != NULL)
		do
			r = fsync(file->fd);
		while (r != 0 && errno == EINTR);
	errnum = errno;
	/* Where close is interrupted, the file is closed. */
	if (close(file->fd) != 0 && r == 0 && errno != EINTR) {
		errnum = errno;
		r = -1;
	}
	file->fd = -1;
	if (r == 0 && file->part != NULL) {
		r = rename(file->part, file->target);
		errnum = errno;
	}
	if (r != 0) {
		bsp_file_drop(file);
		return fail(file, e, errnum, "write");
	}
	if (file->part != NULL)
		sync_directory(file->target);
	forget(file);
	return 0;
}

int
bsp_file_check(const char *path, struct bsp_error *e)
{
	struct bsp_file file;
	struct stat s;

	/* To open a pipe is to begin with it. */
	if (stat(path, &s) == 0 && !S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode))
		return 0;
	if (bsp_file_open(&file, path, e))
		return -1;
	bsp_file_drop(&file);
	return 0;
}
