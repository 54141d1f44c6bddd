/*
 * Run a program again and again, each time with another fault, and judge what
 * is left.  Preloaded, this begins before main: it forks a process that goes on
 * to main for each fault, which costs far less than to start a program, and
 * ends without a run of its own.
 *
 * In the environment:
 * FAULTS_OUTPUTS  what the program writes, as KIND:NAME with spaces between
 *                 them; KIND is stream, masks, table, json or whole.  Standard
 *                 output goes to a file called out.
 * FAULTS_INPUT    the file that is standard input
 * FAULTS_LIMIT    the most calls of a kind that fail, one a run
 * FAULTS_REPORT   a file to which a line a fault of a library is added
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/blindspot.h"
#include "inject.h"

#define SECONDS 10 /* a run that takes longer hangs */
#define OUTPUTS 8
#define ENTRIES 64
#define OLDER "what was there before\n"

struct text {
	char *bytes;
	size_t size;
	bool exists;
};

static struct {
	const char *program;
	const char *input;
	uint64_t limit;
	struct inject_seen *seen; /* shared with the runs */
	struct output {
		char *kind, *name;
		struct text expected;
	} output[OUTPUTS];
	size_t outputs;
	char *entry[ENTRIES]; /* what the folder holds after a whole run */
	size_t entries;
	struct text notes; /* on standard error, of a whole run */
	uint64_t faults, failures;
	char counts[512]; /* how many calls of each kind failed */
	FILE *report, *say;
} drive;

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "faults: %s: %s\n", what, strerror(errno));
	_exit(2);
}

/* ------------------------------------------------------------------- files */

static struct text
load(const char *name)
{
	struct text text = {0};
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat s;

	if (fd < 0)
		return text;
	if (fstat(fd, &s) != 0)
		die(name);
	text.exists = true;
	text.bytes = malloc((size_t)s.st_size + 1);
	if (text.bytes == NULL)
		die(name);
	while (text.size < (size_t)s.st_size) {
		ssize_t n = read(fd, text.bytes + text.size,
		    (size_t)s.st_size - text.size);

		if (n <= 0)
			die(name);
		text.size += (size_t)n;
	}
	text.bytes[text.size] = '\0';
	close(fd);
	return text;
}

static void
store(const char *name, const char *bytes, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		die(name);
	close(fd);
}

static bool
same(const struct text *a, const struct text *b)
{
	return a->exists == b->exists && a->size == b->size &&
	    (a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0);
}

static bool
is_known(const char *name)
{
	size_t i;

	for (i = 0; i < drive.entries; i++)
		if (strcmp(drive.entry[i], name) == 0)
			return true;
	return false;
}

/* A file that no whole run leaves, which is removed; NULL: none. */
static const char *
find_leftover(bool learn)
{
	static char left[256];
	DIR *folder = opendir(".");
	struct dirent *entry;

	if (folder == NULL)
		die(".");
	left[0] = '\0';
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.' && (entry->d_name[1] == '\0' ||
		    strcmp(entry->d_name, "..") == 0))
			continue;
		if (learn && drive.entries < ENTRIES) {
			drive.entry[drive.entries++] = strdup(entry->d_name);
		} else if (!is_known(entry->d_name)) {
			snprintf(left, sizeof left, "%s", entry->d_name);
			unlink(left);
		}
	}
	closedir(folder);
	return left[0] == '\0' ? NULL : left;
}

/* -------------------------------------------------------------------- runs */

static void
set_up(void)
{
	size_t i;

	for (i = 0; i < drive.outputs; i++)
		if (strcmp(drive.output[i].kind, "whole") == 0)
			store(drive.output[i].name, OLDER, sizeof OLDER - 1);
		else
			unlink(drive.output[i].name);
}

static void
redirect(int to, const char *path, int flags)
{
	int fd = open(path, flags, 0666);

	if (fd < 0 || dup2(fd, to) != to)
		die(path);
	if (fd != to)
		close(fd);
}

/*
 * Returns true in a process that is to go on to main; and in the one that
 * drives false, with the status of that process.
 */
static bool
run(enum mode mode, enum call call, uint64_t k, int *status)
{
	pid_t child;

	set_up();
	memset(drive.seen, 0, sizeof *drive.seen);
	fflush(drive.say);
	fflush(drive.report);
	child = fork();
	if (child < 0)
		die("fork");
	if (child > 0) {
		while (waitpid(child, status, 0) != child)
			if (errno != EINTR)
				die("wait");
		return false;
	}
	redirect(STDIN_FILENO, drive.input, O_RDONLY);
	redirect(STDOUT_FILENO, "out", O_WRONLY | O_CREAT | O_TRUNC);
	redirect(STDERR_FILENO, "err", O_WRONLY | O_CREAT | O_TRUNC);
	alarm(SECONDS);
	inject_begin(drive.seen, mode, call, k);
	return true;
}

/* ------------------------------------------------------------------- judge */

static char reason[512];

static const char *
because(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(reason, sizeof reason, format, ap);
	va_end(ap);
	return reason;
}

/* Would a program that reads the output take it for whole? */
static bool
reads_whole(const struct output *output, const struct text *text)
{
	enum bsp_content content = strcmp(output->kind, "masks") == 0 ?
	    BSP_MASKS : BSP_IMAGES;
	static const char end[] = "# incomplete\n";
	size_t n = sizeof end - 1;
	struct bsp_image image = {0};
	struct bsp_reader *reader;
	struct bsp_error e;
	int r;

	if (!text->exists)
		return false;
	if (strcmp(output->kind, "table") == 0)
		return text->size > 0 && text->bytes[text->size - 1] == '\n' &&
		    (text->size < n || memcmp(text->bytes + text->size - n,
		    end, n) != 0);
	if (strcmp(output->kind, "json") == 0)
		return text->size > 3 && strcmp(text->bytes + text->size - 3,
		    "]}\n") == 0;
	reader = bsp_reader_open_memory((unsigned char *)text->bytes,
	    text->size, output->name, content, &e);
	if (reader == NULL)
		die("reader");
	while ((r = bsp_reader_next(reader, &image, &e)) == 1)
		;
	bsp_reader_close(reader);
	bsp_image_free(&image);
	return r == 0;
}

static const char *
judge_output(const struct output *output, bool succeeded)
{
	struct text text = load(output->name);
	bool right = same(&text, &output->expected), whole;

	if (strcmp(output->kind, "whole") == 0)
		whole = !text.exists || text.size != sizeof OLDER - 1 ||
		    memcmp(text.bytes, OLDER, text.size) != 0;
	else
		whole = reads_whole(output, &text);
	free(text.bytes);
	if (right || (!succeeded && !whole))
		return NULL;
	if (succeeded)
		return because("status 0, but %s is not as it was",
		    output->name);
	return because("%s is wrong, and nothing says so", output->name);
}

/* One line of the program's beyond the notes of a whole run. */
static const char *
judge_message(void)
{
	struct text text = load("err");
	char *line = text.bytes, *end;
	const char *wrong = NULL;
	size_t n = strlen(drive.program), lines = 0;

	for (; wrong == NULL && *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		if (end == NULL) {
			wrong = because("a line without an end: %s", line);
			break;
		}
		*end = '\0';
		if (drive.notes.size > 0 && strstr(drive.notes.bytes, line))
			continue;
		if (strncmp(line, drive.program, n) != 0 || line[n] != ':')
			wrong = because("words of others: %s", line);
		else if (strstr(line, "Success") != NULL)
			wrong = because("an error of no kind: %s", line);
		else if (++lines > 1)
			wrong = because("a second line: %s", line);
	}
	if (wrong == NULL && lines == 0)
		wrong = because("no message");
	free(text.bytes);
	return wrong;
}

/* The status, and the last line on standard error. */
static const char *
because_status(int status)
{
	struct text text = load("err");
	char *line;

	while (text.size > 0 && text.bytes[text.size - 1] == '\n')
		text.bytes[--text.size] = '\0';
	line = strrchr(text.bytes, '\n');
	because("status %d: %s", WEXITSTATUS(status),
	    line == NULL ? text.bytes : line + 1);
	free(text.bytes);
	return reason;
}

static const char *
judge_status(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGALRM ?
		    because("still there after %d s", SECONDS) :
		    because("ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == 0)
		return NULL;
	if (WEXITSTATUS(status) == BSP_SYSTEM)
		return judge_message();
	return because_status(status);
}

/* What is wrong with a run; *harm: with what it left. */
static const char *
judge(int status, bool *harm)
{
	bool succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	const char *wrong, *left;
	size_t i;

	*harm = true;
	for (i = 0; i < drive.outputs; i++) {
		wrong = judge_output(&drive.output[i], succeeded);
		if (wrong != NULL)
			return wrong;
	}
	left = find_leftover(false);
	*harm = false;
	wrong = judge_status(status);
	if (wrong == NULL && left != NULL)
		wrong = because("%s is left", left);
	return wrong;
}

/* ------------------------------------------------------------------- faults */

static const char *const names[CALLS] = {
	[CALL_READ] = "read", [CALL_WRITE] = "write", [CALL_OPEN] = "open",
	[CALL_CLOSE] = "close", [CALL_FSYNC] = "fsync",
	[CALL_RENAME] = "rename", [CALL_MEMORY] = "memory",
	[CALL_MMAP] = "mmap", [CALL_THREAD] = "thread",
};

static void
fail(const char *what, uint64_t k, uint64_t of, const char *wrong)
{
	drive.failures++;
	fprintf(drive.say, "%s: %s %llu of %llu (%s %s): %.*s\n",
	    drive.program, what, (unsigned long long)k,
	    (unsigned long long)of, drive.seen->owner, drive.seen->where,
	    (int)strcspn(wrong, "\n"), wrong);
}

/* Of the program, or of the C library that it calls. */
static bool
is_ours(const char *owner)
{
	return owner[0] == '\0' || strcmp(owner, drive.program) == 0 ||
	    strncmp(owner, "libc.so", 7) == 0;
}

/* Returns true in a process that is to go on to main. */
static bool
inject(enum mode mode, enum call call, uint64_t k, uint64_t of)
{
	char what[32];
	const char *wrong;
	bool harm;
	int status;

	if (run(mode, call, k, &status))
		return true;
	drive.faults++;
	wrong = judge(status, &harm);
	snprintf(what, sizeof what, "%s%s", names[call],
	    mode == MODE_FROM ? " from" : "");
	/* A library words its own failures; it must do no harm. */
	if (!is_ours(drive.seen->owner))
		fprintf(drive.report, "%s\t%s\t%s\t%.*s\n",
		    drive.seen->owner, wrong == NULL ? "held" :
		    harm ? "harm" : "own", drive.program, wrong == NULL ? 0 :
		    (int)strcspn(wrong, "\n"), wrong);
	if (wrong != NULL && (harm || is_ours(drive.seen->owner)))
		fail(what, k, of, wrong);
	return false;
}

/* Of n calls the first half of the limit, and others evenly to the last. */
static uint64_t
choose(uint64_t i, uint64_t n)
{
	uint64_t half = (drive.limit + 1) / 2;

	if (n <= drive.limit || i < half)
		return i + 1;
	return half + (n - half) * (i + 1 - half) / (drive.limit - half);
}

static void
count(const char *format, ...)
{
	size_t used = strlen(drive.counts);
	va_list ap;

	drive.counts[used++] = ' ';
	va_start(ap, format);
	vsnprintf(drive.counts + used, sizeof drive.counts - used, format, ap);
	va_end(ap);
}

static bool
inject_all(enum mode mode, enum call call, uint64_t n)
{
	uint64_t i, runs = n < drive.limit ? n : drive.limit;

	for (i = 0; i < runs; i++)
		if (inject(mode, call, choose(i, n), n))
			return true;
	if (n > 0)
		count("%s%s %llu", names[call], mode == MODE_FROM ? " on" : "",
		    (unsigned long long)runs);
	if (n > runs)
		count("of %llu", (unsigned long long)n);
	return false;
}

/* A run that is slowed down but not stopped is as any other. */
static bool
disturb(enum mode mode, const char *what)
{
	const char *wrong;
	bool harm;
	int status;

	if (run(mode, CALLS, 0, &status))
		return true;
	drive.faults++;
	wrong = judge(status, &harm);
	if (wrong == NULL && WEXITSTATUS(status) != 0)
		wrong = because_status(status);
	if (wrong != NULL)
		fail(what, 0, 0, wrong);
	return false;
}

static bool
learn_whole(void)
{
	int status;
	size_t i;

	if (run(MODE_COUNT, CALLS, 0, &status))
		return true;
	drive.notes = load("err");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "faults: %s does not run: %s",
		    drive.program, drive.notes.bytes);
		_exit(2);
	}
	for (i = 0; i < drive.outputs; i++) {
		drive.output[i].expected = load(drive.output[i].name);
		if (drive.output[i].expected.size == 0) {
			fprintf(stderr, "faults: %s: %s is empty\n",
			    drive.program, drive.output[i].name);
			_exit(2);
		}
	}
	find_leftover(true);
	return false;
}

static bool
drive_all(void)
{
	uint64_t calls[CALLS];
	enum call call;

	if (learn_whole())
		return true;
	if (drive.seen->count[CALL_OPEN] + drive.seen->count[CALL_WRITE] ==
	    0 || drive.seen->count[CALL_MEMORY] == 0) {
		fprintf(stderr, "faults: nothing of %s is seen\n",
		    drive.program);
		_exit(2);
	}
	memcpy(calls, drive.seen->count, sizeof calls);
	for (call = 0; call < CALLS; call++)
		if (inject_all(MODE_ONCE, call, calls[call]))
			return true;
	if (inject_all(MODE_FROM, CALL_WRITE, calls[CALL_WRITE]) ||
	    inject_all(MODE_FROM, CALL_MEMORY, calls[CALL_MEMORY]) ||
	    disturb(MODE_INTERRUPTED, "interrupted calls") ||
	    disturb(MODE_SHORT, "short reads and writes"))
		return true;
	fprintf(drive.say, "%llu faults, %llu failures, %s:%s\n",
	    (unsigned long long)drive.faults,
	    (unsigned long long)drive.failures, drive.program,
	    drive.counts);
	return false;
}

/* --------------------------------------------------------------- beginning */

static const char *
setting(const char *name)
{
	const char *value = getenv(name);

	if (value == NULL) {
		errno = EINVAL;
		die(name);
	}
	return value;
}

static void
parse_outputs(char *text)
{
	char *word, *colon;

	for (word = strtok(text, " "); word != NULL && drive.outputs <
	    OUTPUTS; word = strtok(NULL, " ")) {
		colon = strchr(word, ':');
		if (colon == NULL)
			die(word);
		*colon = '\0';
		drive.output[drive.outputs].kind = word;
		drive.output[drive.outputs++].name = colon + 1;
	}
}

__attribute__((constructor)) static void
begin(void)
{
	int fd;

	unsetenv("LD_PRELOAD");
	drive.program = program_invocation_short_name;
	drive.input = setting("FAULTS_INPUT");
	drive.limit = strtoull(setting("FAULTS_LIMIT"), NULL, 10);
	parse_outputs(strdup(setting("FAULTS_OUTPUTS")));
	drive.seen = mmap(NULL, sizeof *drive.seen, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100);
	drive.say = fd < 0 ? NULL : fdopen(fd, "w");
	fd = open(setting("FAULTS_REPORT"), O_WRONLY | O_CREAT | O_APPEND |
	    O_CLOEXEC, 0666);
	drive.report = fd < 0 ? NULL : fdopen(fd, "w");
	if (drive.seen == MAP_FAILED || drive.say == NULL ||
	    drive.report == NULL)
		die("the driver");
	if (drive_all())
		return; /* to main */
	fflush(drive.say);
	fflush(drive.report);
	_exit(drive.failures > 0);
}
