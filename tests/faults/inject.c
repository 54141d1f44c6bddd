/*
 * What stands between a program and the system: read, write, open, close,
 * fsync, rename, memory, mmap and threads, by their names, in the place of the
 * C library's.  stdio calls what it calls by no name, so that its streams are
 * made of callbacks here that do as its own do.
 *
 * What a program says on standard error is never touched.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inject.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static struct {
	bool armed;
	struct inject_seen *seen;
	enum mode mode;
	enum call call;
	uint64_t k;
	bool full;        /* a write has been cut, all others fail */
	bool interrupted[CALLS]; /* the next of these calls goes through */
} plan;

static const int errors[CALLS] = {
	[CALL_READ] = EIO, [CALL_WRITE] = ENOSPC, [CALL_OPEN] = EMFILE,
	[CALL_CLOSE] = EIO, [CALL_FSYNC] = EIO, [CALL_RENAME] = EACCES,
	[CALL_MEMORY] = ENOMEM, [CALL_MMAP] = ENOMEM, [CALL_THREAD] = EAGAIN,
};

/* Of calls that fail one after another it is the last that matters. */
static void
note_owner(void *caller)
{
	struct inject_seen *seen = plan.seen;
	const char *name;
	Dl_info info;

	plan.armed = false;
	strcpy(seen->owner, "?");
	if (dladdr(caller, &info) != 0 && info.dli_fname != NULL) {
		name = strrchr(info.dli_fname, '/');
		name = name == NULL ? info.dli_fname : name + 1;
		strncpy(seen->owner, name, sizeof seen->owner - 1);
		snprintf(seen->where, sizeof seen->where, "%#lx",
		    (unsigned long)((char *)caller - (char *)info.dli_fbase));
	}
	plan.armed = true;
}

/* Only a signal interrupts a call, and the program may keep all away. */
static bool
may_interrupt(void)
{
	sigset_t blocked;

	return pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0 &&
	    sigismember(&blocked, SIGTERM) == 0;
}

/* Does this call fail?  errno says how. */
static bool
fails(enum call call, void *caller)
{
	uint64_t n;

	if (!plan.armed)
		return false;
	n = __atomic_add_fetch(&plan.seen->count[call], 1, __ATOMIC_RELAXED);
	if (plan.mode == MODE_INTERRUPTED && call <= CALL_FSYNC &&
	    may_interrupt()) {
		plan.interrupted[call] = !plan.interrupted[call];
		errno = EINTR;
		return plan.interrupted[call];
	}
	if (call != plan.call || plan.mode == MODE_COUNT ||
	    plan.mode == MODE_SHORT || n < plan.k ||
	    (plan.mode == MODE_ONCE && n > plan.k))
		return false;
	note_owner(caller);
	errno = errors[call];
	return true;
}

/* How much of a transfer of n bytes is made at once. */
static size_t
piece(size_t n)
{
	static unsigned calls;
	size_t most = ++calls % 2 == 0 ? 1 : 3;

	return plan.armed && plan.mode == MODE_SHORT && n > most ? most : n;
}

#define CALLER __builtin_return_address(0)

/* ------------------------------------------------------------ descriptors */

static ssize_t
do_read(int fd, void *bytes, size_t n, void *caller)
{
	if (fails(CALL_READ, caller))
		return -1;
	return syscall(SYS_read, fd, bytes, piece(n));
}

static ssize_t
do_write(int fd, const void *bytes, size_t n, void *caller)
{
	if (fd == STDERR_FILENO || !fails(CALL_WRITE, caller))
		return syscall(SYS_write, fd, bytes,
		    fd == STDERR_FILENO ? n : piece(n));
	/* A disk is full in the middle of what is written. */
	if (plan.mode == MODE_FROM && !plan.full && n > 1) {
		plan.full = true;
		return syscall(SYS_write, fd, bytes, n / 2);
	}
	return -1;
}

/* What cannot be closed well is closed all the same. */
static int
do_close(int fd, void *caller)
{
	bool failed = fails(CALL_CLOSE, caller);
	int errnum = errno;

	if (syscall(SYS_close, fd) != 0)
		return -1;
	errno = errnum;
	return failed ? -1 : 0;
}

ssize_t
read(int fd, void *bytes, size_t n)
{
	return do_read(fd, bytes, n, CALLER);
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	return do_write(fd, bytes, n, CALLER);
}

int
close(int fd)
{
	return do_close(fd, CALLER);
}

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (fails(CALL_OPEN, CALLER))
		return -1;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int
fsync(int fd)
{
	return fails(CALL_FSYNC, CALLER) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
rename(const char *from, const char *to)
{
	return fails(CALL_RENAME, CALLER) ? -1 :
	    (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* ------------------------------------------------------------------ stdio */

/* The callers of stdio's callbacks are in the C library, whoever calls it. */
static void *
stdio(void)
{
	return (void *)(uintptr_t)fflush;
}

static ssize_t
cookie_read(void *cookie, char *bytes, size_t n)
{
	return do_read((int)(intptr_t)cookie, bytes, n, stdio());
}

static ssize_t
cookie_write(void *cookie, const char *bytes, size_t n)
{
	size_t done = 0;
	ssize_t written;

	while (done < n) {
		written = do_write((int)(intptr_t)cookie, bytes + done,
		    n - done, stdio());
		if (written < 0)
			break;
		done += (size_t)written;
	}
	return (ssize_t)done;
}

static int
cookie_close(void *cookie)
{
	return do_close((int)(intptr_t)cookie, stdio());
}

FILE *
fdopen(int fd, const char *mode)
{
	static const cookie_io_functions_t io = {.read = cookie_read,
	    .write = cookie_write, .close = cookie_close};

	return fopencookie((void *)(intptr_t)fd, mode, io);
}

/* ----------------------------------------------------------------- memory */

void *
malloc(size_t size)
{
	return fails(CALL_MEMORY, CALLER) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails(CALL_MEMORY, CALLER) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return fails(CALL_MEMORY, CALLER) ? NULL : __libc_realloc(old, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return fails(CALL_MEMORY, CALLER) ? NULL :
	    __libc_memalign(alignment, size);
}

int
posix_memalign(void **to, size_t alignment, size_t size)
{
	if (fails(CALL_MEMORY, CALLER))
		return ENOMEM;
	*to = __libc_memalign(alignment, size);
	return *to == NULL ? ENOMEM : 0;
}

void *
mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (fails(CALL_MMAP, CALLER))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, at, size, protection, flags, fd,
	    offset);
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *), void *with)
{
	static int (*create)(pthread_t *, const pthread_attr_t *,
	    void *(*)(void *), void *);

	if (fails(CALL_THREAD, CALLER))
		return EAGAIN;
	if (create == NULL)
		*(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
	return create(thread, attributes, run, with);
}

void
inject_begin(struct inject_seen *seen, enum mode mode, enum call call,
    uint64_t k)
{
	plan.seen = seen;
	plan.mode = mode;
	plan.call = call;
	plan.k = k;
	stdout = fdopen(STDOUT_FILENO, "w");
	if (stdout == NULL)
		abort();
	plan.armed = true;
}
