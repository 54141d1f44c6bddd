/*
 * What goes out: messages, streams, masks and tables, and what they look like
 * when the program fails.  See cli.h and output.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/base/whole-file.h"
#include "output.h"

/* One open output: a stream or a table. */
struct output {
	const char *path; /* NULL: standard output */
	struct bsp_writer *writer;
	FILE *table;
	int fd;           /* of the table */
	uint64_t printed; /* bytes of the table, also what is in its buffer */
	dev_t device;
	ino_t inode;
	bool closed;
};

#define OUTPUTS 8

/* Where a file stands or will stand. */
struct place {
	const char *path, *name; /* name: the last part of path */
	dev_t device; /* of its folder */
	ino_t inode;
};

static struct {
	const struct cli_program *program;
	int argc;
	char **argv;
	struct output output[OUTPUTS];
	size_t outputs;
	struct place place[OUTPUTS];
	size_t places;
	pthread_t main; /* the thread that writes */
	volatile sig_atomic_t printing; /* a table is in stdio's hands */
	volatile sig_atomic_t dying, done;
	volatile sig_atomic_t signal;   /* to end by; 0: none */
	volatile sig_atomic_t group;    /* of a command; 0: none */
} out;

/* Write one line to standard error at once, free of control characters. */
static void
say(char *line)
{
	size_t n = strlen(line), i;

	for (i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7F)
			line[i] = '?';
	line[n] = '\n';
	if (write(STDERR_FILENO, line, n + 1) < 0)
		return; /* there is nowhere left to say so */
}

#define MESSAGE_MAX 8192

static void
say_va(const char *format, va_list ap)
{
	char line[MESSAGE_MAX];
	int n;

	n = snprintf(line, sizeof line - 1, "%s: ", out.program->name);
	vsnprintf(line + n, sizeof line - 1 - (size_t)n, format, ap);
	say(line);
}

void
cli_note(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say_va(format, ap);
	va_end(ap);
}

void
cli_warn(const char *format, ...)
{
	struct bsp_error e;
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (!cli_strict) {
		cli_note("warning: %s", text);
		return;
	}
	bsp_error_set(&e, BSP_DATA, "warning, and --strict: %s", text);
	cli_die(&e);
}

bool
output_same_file(const struct stat *a, dev_t device, ino_t inode)
{
	return a->st_dev == device && a->st_ino == inode;
}

static bool
is_path_of(const char *word, const struct stat *file)
{
	struct stat s;

	return stat(word, &s) == 0 &&
	    output_same_file(&s, file->st_dev, file->st_ino);
}

/* Does the path name a regular file that the words of argv name too, as they
 * are or after the @ of a file that an option reads? */
static bool
is_named_elsewhere(const char *path)
{
	const char *word, *value;
	struct stat mine;
	int i;

	if (stat(path, &mine) != 0 || !S_ISREG(mine.st_mode))
		return false;
	for (i = 1; i < out.argc; i++) {
		word = out.argv[i];
		value = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
		if (value != NULL)
			word = value + 1;
		if (word != path && (is_path_of(word, &mine) ||
		    (*word == '@' && is_path_of(word + 1, &mine))))
			return true;
	}
	return false;
}

static const struct output *
find_output(const char *path)
{
	size_t i;

	for (i = 0; i < out.outputs; i++)
		if (out.output[i].path == path || (path != NULL &&
		    out.output[i].path != NULL &&
		    strcmp(out.output[i].path, path) == 0))
			return &out.output[i];
	return NULL;
}

/* Write a short text, however it is interrupted; false if it did not fit. */
static bool
put(int fd, const char *text)
{
	ssize_t n;

	do
		n = write(fd, text, strlen(text));
	while (n < 0 && errno == EINTR);
	return n > 0;
}

/* The value of an option in argv, whether or not the rest makes sense. */
static const char *
scan_option(const char *name)
{
	size_t n = strlen(name);
	int i;

	for (i = 1; i < out.argc; i++) {
		if (strcmp(out.argv[i], "--") == 0)
			break;
		if (strncmp(out.argv[i], "--", 2) != 0 ||
		    strncmp(out.argv[i] + 2, name, n) != 0)
			continue;
		if (out.argv[i][2 + n] == '=')
			return out.argv[i] + 2 + n + 1;
		if (out.argv[i][2 + n] == '\0')
			return out.argv[i + 1]; /* NULL at the end */
	}
	return NULL;
}

/* An output that the command line names but that was never opened. */
static void
spoil_unopened(const struct cli_option *option)
{
	const char *path = scan_option(option->name);
	int fd;

	if (path == NULL || *path == '\0' || find_output(path) != NULL ||
	    is_named_elsewhere(path))
		return;
	fd = bsp_open(path, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0)
		return;
	if (!put(fd, option->type == CLI_MASK_OUT ? "P5\n" :
	    "# incomplete\n"))
		bsp_file_spoil(fd, false);
	close(fd);
}

/*
 * End a table that is not whole: on a line of its own where its last line may
 * be cut.  A file that has no room for that ends inside a line.  stdio is left
 * alone, which a signal may have interrupted: what is in its buffer is lost.
 */
static void
spoil_table(const struct output *output)
{
	bool begun = out.printing || ferror_unlocked(output->table) ||
	    output->printed > __fpending(output->table);

	if (!put(output->fd, begun ? "\n# incomplete\n" : "# incomplete\n"))
		bsp_file_spoil(output->fd, output->printed > 0);
}

/* The same after all the rows so far. */
static bool
end_table(FILE *table)
{
	return !ferror(table) && fputs("# incomplete\n", table) >= 0 &&
	    fflush(table) == 0;
}

/*
 * Make sure that nothing the program was to write is mistaken for whole; by a
 * signal, from its handler.
 */
static void
spoil_outputs(bool by_signal)
{
	const struct cli_option *option;
	struct output *output;
	size_t i;

	signal(SIGPIPE, SIG_IGN); /* the status is to be the error's */
	if (out.program->output == CLI_STREAM && find_output(NULL) == NULL &&
	    !isatty(STDOUT_FILENO))
		put(STDOUT_FILENO, "Pf\n");
	for (i = 0; i < out.outputs; i++) {
		output = &out.output[i];
		if (output->closed)
			continue;
		if (output->writer != NULL)
			bsp_writer_poison(output->writer);
		else if (by_signal || !end_table(output->table))
			spoil_table(output);
	}
	for (option = out.program->options; option->name != NULL; option++)
		if (option->type == CLI_MASK_OUT ||
		    option->type == CLI_TABLE_OUT)
			spoil_unopened(option);
}

/* ---------------------------------------------------------------- signals */

static const struct {
	int number;
	const char *name;
} endings[] = {{SIGHUP, "SIGHUP"}, {SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}};

#define ENDINGS (sizeof endings / sizeof endings[0])

/* End the command that runs, and all that it started. */
static void
end_group(void)
{
	if (out.group > 0)
		kill(-(pid_t)out.group, SIGTERM);
	out.group = 0;
}

void
cli_group(pid_t group)
{
	out.group = group;
}

/* Say by which signal the program ends, spoil what it writes, and end by it.
 * A handler runs this: nothing that it calls allocates or locks. */
static _Noreturn void
end_by_signal(int number)
{
	static char line[256];
	const char *name = "";
	sigset_t set;
	size_t i;

	out.dying = 1;
	for (i = 0; i < ENDINGS; i++)
		if (endings[i].number == number)
			name = endings[i].name;
	strncpy(line, out.program->name, 64);
	strcat(strcat(line, ": ended by "), name);
	say(line);
	end_group();
	spoil_outputs(true);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	_exit(128 + number);
}

/*
 * The thread that writes knows where its outputs stand, unless it is inside an
 * image: then it ends as soon as it knows.
 */
static void
handle_signal(int number)
{
	bool between = true;
	int saved = errno;
	size_t i;

	if (out.dying || out.signal != 0)
		return;
	if (!pthread_equal(pthread_self(), out.main)) {
		pthread_kill(out.main, number);
		errno = saved;
		return;
	}
	for (i = 0; i < out.outputs; i++)
		if (!out.output[i].closed && out.output[i].writer != NULL &&
		    !bsp_writer_stop(out.output[i].writer))
			between = false;
	if (between)
		end_by_signal(number);
	out.signal = number;
	errno = saved;
}

/* Calls are not restarted, so that a write that waits for room ends. */
static void
catch_signals(void)
{
	struct sigaction action = {.sa_handler = handle_signal}, old;
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < ENDINGS; i++)
		sigaddset(&action.sa_mask, endings[i].number);
	for (i = 0; i < ENDINGS; i++)
		if (sigaction(endings[i].number, NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN) /* as under nohup */
			sigaction(endings[i].number, &action, NULL);
}

/* -------------------------------------------------------------- libraries */

/*
 * Libraries for mathematics end the program where they cannot go on, most often
 * for want of memory: they exit or abort after words of their own, or use what
 * they did not get.  What is being written is spoiled then as for any failure.
 */
static void
spoil_by_library(const char *how)
{
	static char line[512];

	out.dying = 1;
	strncpy(line, out.program->name, 64);
	say(strcat(strcat(line, how), ", most often for want of memory: fewer "
	    "--threads and smaller batches need less"));
	end_group();
	spoil_outputs(true);
}

/* A fault of memory may be a mistake, of which the signal tells more. */
static void
handle_crash(int number)
{
	signal(number, SIG_DFL); /* what fails from here on is beyond help */
	raise(number); /* once this returns, as the fault itself may not */
	if (out.dying || out.done)
		return;
	spoil_by_library(number == SIGABRT ? ": a library aborted" :
	    ": a fault of memory (SIGSEGV or SIGBUS)");
	if (number == SIGABRT)
		_exit(BSP_SYSTEM);
}

static void
handle_exit(void)
{
	if (out.done || out.dying)
		return;
	spoil_by_library(": a library ended the program");
	_exit(BSP_SYSTEM);
}

/* Sanitizers have handlers of their own, which stay. */
static void
catch_crashes(void)
{
	static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS};
	struct sigaction action = {.sa_handler = handle_crash}, old;
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
		if (sigaction(crashes[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_DFL)
			sigaction(crashes[i], &action, NULL);
	atexit(handle_exit);
}

void
output_setup(const struct cli_program *program, int argc, char **argv)
{
	out.program = program;
	out.argc = argc;
	out.argv = argv;
	out.main = pthread_self();
	catch_signals();
	catch_crashes();
}

/* ------------------------------------------------------------------ dying */

/* From here on no signal is heard, unless one asked for the end before. */
static void
begin_to_die(void)
{
	if (out.signal != 0)
		end_by_signal(out.signal);
	out.dying = 1;
}

void
cli_die(const struct bsp_error *e)
{
	char line[MESSAGE_MAX];
	size_t room = sizeof line - 1, n;

	begin_to_die();
	n = (size_t)snprintf(line, room, "%s: ", out.program->name);
	if (e->stream != NULL)
		n += (size_t)snprintf(line + n, room - n, "%.4096s: ",
		    e->stream);
	if (e->stream != NULL && e->image >= 0)
		n += (size_t)snprintf(line + n, room - n, "image %lld: ",
		    (long long)e->image);
	if (e->stream != NULL && e->byte >= 0)
		n += (size_t)snprintf(line + n, room - n, "byte %lld: ",
		    (long long)e->byte);
	snprintf(line + n, room - n, "%s", e->text);
	say(line);
	end_group();
	spoil_outputs(false);
	_exit((int)e->status);
}

void
cli_usage(const char *format, ...)
{
	va_list ap;

	begin_to_die();
	va_start(ap, format);
	say_va(format, ap);
	va_end(ap);
	spoil_outputs(false);
	_exit(BSP_USAGE);
}

void
cli_refuse(const char *option, const struct bsp_error *e)
{
	if (e->status == BSP_SYSTEM)
		cli_die(e);
	cli_usage("--%s: %s", option, e->text);
}

void
output_die(int errnum, const char *path, const char *what)
{
	struct bsp_error e;

	bsp_error_system(&e, errnum, "%s", what);
	e.stream = path;
	cli_die(&e);
}

/* Remember an output, which may not be the same file as another. */
static struct output *
add_output(const char *path, int fd)
{
	struct stat s;
	size_t i;

	if (fstat(fd, &s) != 0)
		output_die(errno, path, "fstat");
	for (i = 0; i < out.outputs; i++)
		if (output_same_file(&s, out.output[i].device, out.output[i].inode) &&
		    !S_ISCHR(s.st_mode))
			cli_usage("%s: is another output of this program",
			    path);
	out.output[out.outputs] = (struct output){.path = path,
	    .device = s.st_dev, .inode = s.st_ino};
	return &out.output[out.outputs];
}

/* What holds a path's last part. */
static bool
stat_folder(const char *path, struct stat *s)
{
	char *copy = strdup(path);
	bool done = copy != NULL && stat(dirname(copy), s) == 0;

	free(copy);
	return done;
}

void
cli_apart(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	const struct place *place;
	struct stat s;

	if ((stat(path, &s) == 0 && !S_ISREG(s.st_mode)) ||
	    !stat_folder(path, &s))
		return;
	for (place = out.place; place < out.place + out.places; place++) {
		if (place->path == path)
			return;
		if (strcmp(place->name, name) == 0 &&
		    output_same_file(&s, place->device, place->inode))
			cli_usage("%s: is another output of this program",
			    path);
	}
	out.place[out.places++] = (struct place){path, name, s.st_dev,
	    s.st_ino};
}

void
cli_place(const char *path)
{
	if (strcmp(path, "-") == 0)
		cli_usage("-: standard output carries something else, expected "
		    "the name of a file");
	if (is_named_elsewhere(path))
		cli_usage("%s: would be written while it is read or named "
		    "twice", path);
	cli_apart(path);
}

void
cli_check_whole(const char *path)
{
	struct bsp_error e = {0};

	if (bsp_file_check(path, &e))
		cli_die(&e);
}

static int
open_output(const char *path)
{
	int fd;

	cli_place(path);
	fd = bsp_open(path, O_WRONLY | O_CREAT);
	if (fd < 0)
		output_die(errno, path, "open for writing");
	return fd;
}

/* Empty a regular file but for its first bytes, now that it is known to be no
 * other output. */
static void
truncate_output(int fd, const char *path, off_t kept)
{
	struct stat s;

	if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) &&
	    (ftruncate(fd, kept) != 0 || lseek(fd, kept, SEEK_SET) < 0))
		output_die(errno, path, "truncate");
}

struct bsp_writer *
cli_stream(enum bsp_format format, bool clip)
{
	struct bsp_error e = {0};
	struct output *output;

	if (isatty(STDOUT_FILENO))
		cli_usage("standard output is a terminal, expected a file or a "
		    "pipe for the image stream");
	output = add_output(NULL, STDOUT_FILENO);
	output->writer = bsp_writer_open(STDOUT_FILENO, "standard output",
	    format, clip, &e);
	if (output->writer == NULL)
		cli_die(&e);
	out.outputs++;
	return output->writer;
}

struct bsp_writer *
cli_mask(const char *path)
{
	struct bsp_error e = {0};
	struct output *output;
	int fd = open_output(path);

	output = add_output(path, fd);
	truncate_output(fd, path, 0);
	output->writer = bsp_writer_open(fd, path, BSP_PGM8, false, &e);
	if (output->writer == NULL)
		cli_die(&e);
	out.outputs++;
	return output->writer;
}

/* As stdio's own streams write, but however it is interrupted. */
static ssize_t
write_text(void *with, const char *bytes, size_t n)
{
	struct pollfd wait = {.fd = *(const int *)with, .events = POLLOUT};
	size_t done = 0;
	ssize_t written;

	while (done < n) {
		written = write(wait.fd, bytes + done, n - done);
		if (written < 0 && errno == EAGAIN)
			poll(&wait, 1, -1);
		else if (written < 0 && errno != EINTR)
			break;
		else if (written > 0)
			done += (size_t)written;
	}
	return (ssize_t)done;
}

static int
close_text(void *with)
{
	/* Where close is interrupted, the file is closed. */
	return close(*(const int *)with) != 0 && errno != EINTR ? -1 : 0;
}

FILE *
cli_table(const char *path)
{
	return cli_table_after(path, 0);
}

FILE *
cli_table_after(const char *path, off_t kept)
{
	static const cookie_io_functions_t io = {.write = write_text,
	    .close = close_text};
	int fd = path == NULL ? STDOUT_FILENO : open_output(path);
	struct output *output = add_output(path, fd);

	if (path != NULL)
		truncate_output(fd, path, kept);
	output->fd = fd;
	output->table = fopencookie(&output->fd, "w", io);
	if (output->table == NULL)
		output_die(errno, path, "open for writing");
	if (isatty(fd))
		setvbuf(output->table, NULL, _IOLBF, 0);
	out.outputs++;
	return output->table;
}

static _Noreturn void
die_table(FILE *table, int errnum)
{
	const char *path = NULL;
	size_t i;

	for (i = 0; i < out.outputs; i++)
		if (out.output[i].table == table)
			path = out.output[i].path;
	output_die(errnum, path != NULL ? path : "standard output", "write");
}

void
cli_print(FILE *table, const char *format, ...)
{
	va_list ap;
	size_t i;
	int n;

	out.printing = 1;
	va_start(ap, format);
	n = vfprintf(table, format, ap);
	va_end(ap);
	out.printing = 0;
	if (n < 0)
		die_table(table, errno);
	for (i = 0; i < out.outputs; i++)
		if (out.output[i].table == table)
			out.output[i].printed += (uint64_t)n;
}

void
cli_flush(FILE *table)
{
	int r;

	out.printing = 1;
	r = fflush(table);
	out.printing = 0;
	if (r != 0)
		die_table(table, errno);
}

static void
close_output(struct output *output)
{
	struct bsp_error e = {0};

	if (output->writer != NULL) {
		output->closed = true;
		if (bsp_writer_close(output->writer, &e))
			cli_die(&e);
		return;
	}
	cli_flush(output->table);
	output->closed = true;
	if (fclose(output->table) != 0)
		output_die(errno, output->path, "close");
}

void
output_done(void)
{
	out.done = 1;
}

int
cli_finish(bool said_no)
{
	uint64_t clipped = 0, raised = 0;
	size_t i;

	cli_check_masks();
	/* Standard output was opened first and is closed last, so that a
	 * failure of another output can still be told downstream. */
	for (i = out.outputs; i-- > 0; ) {
		if (out.output[i].writer != NULL) {
			clipped += bsp_writer_clipped(out.output[i].writer);
			raised += bsp_writer_raised(out.output[i].writer);
		}
		close_output(&out.output[i]);
	}
	if (clipped > 0)
		cli_note("%llu samples outside 0 to 1 were clipped",
		    (unsigned long long)clipped);
	if (raised > 0)
		cli_note("%llu samples above 0 that would round to 0, the "
		    "background, were written as 1 step",
		    (unsigned long long)raised);
	output_done();
	return said_no ? 1 : 0;
}
