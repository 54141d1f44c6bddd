/*
 * Options, messages, outputs and exit statuses: see cli.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "help.h"

/* ---------------------------------------------------------------- outputs */

/* One open output: a stream or a table. */
struct output {
	const char *path; /* NULL: standard output */
	struct bsp_writer *writer;
	FILE *table;
	dev_t device;
	ino_t inode;
	bool closed;
};

#define OUTPUTS 8

static struct {
	const struct cli_program *program;
	int argc;
	char **argv;
	const char **input; /* paths that are read */
	size_t inputs;
	struct output output[OUTPUTS];
	size_t outputs;
} cli;

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

	n = snprintf(line, sizeof line - 1, "%s: ", cli.program->name);
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

static bool
same_file(const struct stat *a, dev_t device, ino_t inode)
{
	return a->st_dev == device && a->st_ino == inode;
}

/* Does the path name a regular file that the words of argv name too? */
static bool
is_named_elsewhere(const char *path)
{
	struct stat out, other;
	const char *word, *value;
	int i;

	if (stat(path, &out) != 0 || !S_ISREG(out.st_mode))
		return false;
	for (i = 1; i < cli.argc; i++) {
		word = cli.argv[i];
		value = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
		if (value != NULL)
			word = value + 1;
		if (word != path && stat(word, &other) == 0 &&
		    same_file(&other, out.st_dev, out.st_ino))
			return true;
	}
	return false;
}

static const struct output *
find_output(const char *path)
{
	size_t i;

	for (i = 0; i < cli.outputs; i++)
		if (cli.output[i].path == path || (path != NULL &&
		    cli.output[i].path != NULL &&
		    strcmp(cli.output[i].path, path) == 0))
			return &cli.output[i];
	return NULL;
}

static void
put_start(int fd, const char *start)
{
	if (write(fd, start, strlen(start)) < 0)
		return; /* nothing more can be done */
}

/* The value of an option in argv, whether or not the rest makes sense. */
static const char *
scan_option(const char *name)
{
	size_t n = strlen(name);
	int i;

	for (i = 1; i < cli.argc; i++) {
		if (strcmp(cli.argv[i], "--") == 0)
			break;
		if (strncmp(cli.argv[i], "--", 2) != 0 ||
		    strncmp(cli.argv[i] + 2, name, n) != 0)
			continue;
		if (cli.argv[i][2 + n] == '=')
			return cli.argv[i] + 2 + n + 1;
		if (cli.argv[i][2 + n] == '\0')
			return cli.argv[i + 1]; /* NULL at the end */
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
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	put_start(fd, option->type == CLI_MASK_OUT ? "P5\n" :
	    "# incomplete\n");
	close(fd);
}

/*
 * Make sure that nothing the program was to write is mistaken for whole.
 */
static void
spoil_outputs(void)
{
	const struct cli_option *option;
	struct output *output;
	size_t i;

	signal(SIGPIPE, SIG_IGN); /* the status is to be the error's */
	if (cli.program->output == CLI_STREAM && find_output(NULL) == NULL &&
	    !isatty(STDOUT_FILENO))
		put_start(STDOUT_FILENO, "Pf\n");
	for (i = 0; i < cli.outputs; i++) {
		output = &cli.output[i];
		if (output->closed)
			continue;
		if (output->writer != NULL) {
			bsp_writer_poison(output->writer);
		} else if (!ferror(output->table)) {
			fputs("# incomplete\n", output->table);
			fflush(output->table);
		}
	}
	for (option = cli.program->options; option->name != NULL; option++)
		if (option->type == CLI_MASK_OUT ||
		    option->type == CLI_TABLE_OUT)
			spoil_unopened(option);
}

void
cli_die(const struct bsp_error *e)
{
	char line[MESSAGE_MAX];
	size_t room = sizeof line - 1, n;

	n = (size_t)snprintf(line, room, "%s: ", cli.program->name);
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
	spoil_outputs();
	_exit((int)e->status);
}

void
cli_usage(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say_va(format, ap);
	va_end(ap);
	spoil_outputs();
	_exit(BSP_USAGE);
}

static _Noreturn void
die_system(int errnum, const char *path, const char *what)
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
		die_system(errno, path, "fstat");
	for (i = 0; i < cli.outputs; i++)
		if (same_file(&s, cli.output[i].device, cli.output[i].inode) &&
		    !S_ISCHR(s.st_mode))
			cli_usage("%s: is another output of this program",
			    path);
	cli.output[cli.outputs] = (struct output){.path = path,
	    .device = s.st_dev, .inode = s.st_ino};
	return &cli.output[cli.outputs];
}

static int
open_output(const char *path)
{
	int fd;

	if (strcmp(path, "-") == 0)
		cli_usage("-: standard output carries something else, expected "
		    "the name of a file");
	if (is_named_elsewhere(path))
		cli_usage("%s: would be written while it is read or named "
		    "twice", path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		die_system(errno, path, "open for writing");
	return fd;
}

/* Empty a regular file, now that it is known to be no other output. */
static void
truncate_output(int fd, const char *path)
{
	struct stat s;

	if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && ftruncate(fd, 0) != 0)
		die_system(errno, path, "truncate");
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
	cli.outputs++;
	return output->writer;
}

struct bsp_writer *
cli_mask(const char *path)
{
	struct bsp_error e = {0};
	struct output *output;
	int fd = open_output(path);

	output = add_output(path, fd);
	truncate_output(fd, path);
	output->writer = bsp_writer_open(fd, path, BSP_PGM8, false, &e);
	if (output->writer == NULL)
		cli_die(&e);
	cli.outputs++;
	return output->writer;
}

FILE *
cli_table(const char *path)
{
	int fd = path == NULL ? STDOUT_FILENO : open_output(path);
	struct output *output = add_output(path, fd);

	if (path != NULL)
		truncate_output(fd, path);
	output->table = path == NULL ? stdout : fdopen(fd, "w");
	if (output->table == NULL)
		die_system(errno, path, "open for writing");
	cli.outputs++;
	return output->table;
}

static _Noreturn void
die_table(FILE *table, int errnum)
{
	const char *path = NULL;
	size_t i;

	for (i = 0; i < cli.outputs; i++)
		if (cli.output[i].table == table)
			path = cli.output[i].path;
	die_system(errnum, path != NULL ? path : "standard output", "write");
}

void
cli_print(FILE *table, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vfprintf(table, format, ap);
	va_end(ap);
	if (n < 0)
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
	if (fflush(output->table) != 0)
		die_table(output->table, errno);
	output->closed = true;
	if (fclose(output->table) != 0)
		die_system(errno, output->path, "close");
}

int
cli_finish(bool said_no)
{
	uint64_t clipped = 0;
	size_t i;

	/* Standard output was opened first and is closed last, so that a
	 * failure of another output can still be told downstream. */
	for (i = cli.outputs; i-- > 0; ) {
		if (cli.output[i].writer != NULL)
			clipped += bsp_writer_clipped(cli.output[i].writer);
		close_output(&cli.output[i]);
	}
	if (clipped > 0)
		cli_note("%llu samples outside 0 to 1 were clipped",
		    (unsigned long long)clipped);
	return said_no ? 1 : 0;
}

/* ----------------------------------------------------------------- inputs */

static int
open_input(const char *path)
{
	struct stat in, out;
	int fd = STDIN_FILENO;

	if (strcmp(path, "-") != 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die_system(errno, path, "open");
	if (fstat(fd, &in) == 0 && S_ISREG(in.st_mode) &&
	    fstat(STDOUT_FILENO, &out) == 0 &&
	    same_file(&in, out.st_dev, out.st_ino))
		cli_usage("%s: is standard output too, and would be read while "
		    "it is written", path);
	return fd;
}

static const char *
input_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

struct bsp_reader *
cli_reader(const char *path, enum bsp_content content)
{
	struct bsp_error e = {0};
	struct bsp_reader *reader;

	reader = bsp_reader_open(open_input(path), input_name(path), content,
	    &e);
	if (reader == NULL)
		cli_die(&e);
	return reader;
}

FILE *
cli_text_input(const char *path)
{
	FILE *file = fdopen(open_input(path), "r");

	if (file == NULL)
		die_system(errno, input_name(path), "open");
	return file;
}

static void
add_input(const char *path)
{
	size_t i;

	if (strcmp(path, "-") == 0)
		for (i = 0; i < cli.inputs; i++)
			if (strcmp(cli.input[i], "-") == 0)
				cli_usage("standard input is named twice, "
				    "expected at most one -");
	cli.input[cli.inputs++] = path;
}

/* ---------------------------------------------------------------- options */

static void
say_unknown_option(const char *name, const struct bsp_kind *kind)
{
	size_t i, n = kind == NULL ? 0 : bsp_kind_params(kind);
	const struct cli_option *option;
	const char *nearest = "help";

	for (i = 0; i < n; i++)
		bsp_nearest(name, kind->params[i].name, &nearest);
	for (option = cli.program->options; option->name != NULL; option++)
		bsp_nearest(name, option->name, &nearest);
	cli_usage("unknown option --%s; the nearest is --%s", name, nearest);
}

static void
set_count(const struct cli_option *option, const char *value)
{
	struct bsp_error e;
	uint64_t n;

	if (bsp_count_parse(value, &n, &e))
		cli_usage("--%s: %s", option->name, e.text);
	if (n < option->min || n > option->max)
		cli_usage("--%s: found %s, expected %llu to %llu",
		    option->name, value, (unsigned long long)option->min,
		    (unsigned long long)option->max);
	*(uint64_t *)option->target = n;
}

static void
set_format(const struct cli_option *option, const char *value)
{
	static const char *const names[] = {
		[BSP_PFM] = "pfm", [BSP_PGM8] = "pgm8", [BSP_PGM16] = "pgm16",
	};
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(value, names[i]) == 0) {
			*(enum bsp_format *)option->target =
			    (enum bsp_format)i;
			return;
		}
	cli_usage("--%s: found '%s', expected pgm8, pgm16 or pfm",
	    option->name, value);
}

static void
set_option(const struct cli_option *option, const char *value)
{
	struct cli_list *list;

	if (value != NULL && *value == '\0')
		cli_usage("--%s: empty, expected %s", option->name,
		    option->value);
	switch (option->type) {
	case CLI_FLAG:
		*(bool *)option->target = true;
		break;
	case CLI_COUNT:
		set_count(option, value);
		break;
	case CLI_FORMAT:
		set_format(option, value);
		break;
	case CLI_LIST:
		list = option->target;
		if (list->count == CLI_LIST_MAX)
			cli_usage("--%s: given more than %d times",
			    option->name, CLI_LIST_MAX);
		list->text[list->count++] = value;
		break;
	case CLI_INPUT:
		add_input(value);
		/* fall through */
	case CLI_TEXT:
	case CLI_MASK_OUT:
	case CLI_TABLE_OUT:
		*(const char **)option->target = value;
		break;
	}
}

/* What has been given, so that nothing is given twice. */
struct given {
	uint64_t options, params; /* bits */
};

static void
give_once(uint64_t *bits, size_t i, const char *name)
{
	if (*bits >> i & 1)
		cli_usage("--%s is given twice", name);
	*bits |= (uint64_t)1 << i;
}

static void
set_param(struct cli_command *command, size_t i, const char *value)
{
	struct bsp_error e;

	if (bsp_param_parse(&command->kind->params[i], value,
	    &command->params[i], &e))
		cli_usage("--%s", e.text);
}

/* An option that is in neither the program's list nor the kind's. */
static void
parse_common(const struct cli_command *command, const char *name)
{
	if (strcmp(name, "help") == 0)
		help_print(cli.program, command->kind);
	else if (strcmp(name, "version") == 0)
		printf("%s (blindspot) %s\n", cli.program->name, BSP_VERSION);
	else if (strcmp(name, "complete") == 0)
		help_complete(cli.program, command->kind);
	else
		say_unknown_option(name, command->kind);
	if (fflush(stdout) != 0 || fclose(stdout) != 0)
		die_system(errno, "standard output", "write");
	exit(0);
}

/* Read the option at argv[i]; returns the index of its last word. */
static int
parse_option(struct cli_command *command, struct given *given, int i)
{
	const struct cli_option *options = cli.program->options;
	char *name = strdup(cli.argv[i] + 2), *equals;
	const char *value = NULL;
	size_t o, p, params = command->kind == NULL ? 0 :
	    bsp_kind_params(command->kind);
	bool is_flag;

	if (name == NULL)
		die_system(ENOMEM, cli.argv[i], "option");
	equals = strchr(name, '=');
	if (equals != NULL) {
		*equals = '\0';
		value = cli.argv[i] + 2 + (equals - name) + 1;
	}
	for (o = 0; options[o].name != NULL; o++)
		if (strcmp(options[o].name, name) == 0)
			break;
	for (p = 0; p < params; p++)
		if (strcmp(command->kind->params[p].name, name) == 0)
			break;
	if (options[o].name == NULL && p == params)
		parse_common(command, name);
	is_flag = options[o].name != NULL && options[o].type == CLI_FLAG;
	if (is_flag && value != NULL)
		cli_usage("--%s takes no value", name);
	if (!is_flag && value == NULL) {
		value = cli.argv[++i];
		if (value == NULL)
			cli_usage("--%s: nothing follows, expected a value",
			    name);
	}
	if (options[o].name == NULL) {
		give_once(&given->params, p, name);
		set_param(command, p, value);
	} else {
		if (options[o].type != CLI_LIST)
			give_once(&given->options, o, name);
		set_option(&options[o], value);
	}
	free(name);
	return i;
}

static void
set_kind(struct cli_command *command, const char *name)
{
	command->kind = bsp_kind_find(cli.program->kinds, name);
	if (command->kind == NULL)
		cli_usage("unknown kind '%s'; the nearest is '%s'", name,
		    bsp_kind_nearest(cli.program->kinds, name));
	bsp_kind_defaults(command->kind, command->params);
}

static void
add_operand(struct cli_command *command, const char *word)
{
	add_input(word);
	command->operand[command->operands++] = word;
}

static void
check_operands(struct cli_command *command)
{
	const struct cli_program *program = cli.program;
	size_t least = program->least, most = program->most;

	if (program->kinds != NULL) {
		if (command->kind == NULL)
			cli_usage("no KIND, expected one of those that "
			    "'%s --help' lists", program->name);
		most = command->kind->inputs;
		least = most > 1 ? most : 0;
	}
	if (command->operands == 0 && least == 0)
		add_operand(command, "-");
	if (command->operands < least)
		cli_usage("found %zu operands, expected %s",
		    command->operands, program->operands);
	if (command->operands > most)
		cli_usage("unexpected operand '%s', expected %s",
		    command->operand[most], program->operands);
}

/*
 * A descriptor that is closed would be taken by the next file opened; hold it
 * with one that fails when it is used.
 */
static void
check_descriptors(void)
{
	int fd, held;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		held = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
		if (held != fd)
			_exit(BSP_SYSTEM);
	}
}

static void
default_sigpipe(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void
cli_parse(const struct cli_program *program, int argc, char **argv,
    struct cli_command *command)
{
	struct given given = {0, 0};
	bool options_end = false;
	int i;

	cli.program = program;
	cli.argc = argc;
	cli.argv = argv;
	*command = (struct cli_command){0};
	check_descriptors();
	default_sigpipe();
	/* One more: an absent operand is standard input. */
	cli.input = calloc((size_t)argc + 1, sizeof *cli.input);
	command->operand = calloc((size_t)argc + 1, sizeof *cli.input);
	if (cli.input == NULL || command->operand == NULL)
		die_system(ENOMEM, NULL, "the command line");
	for (i = 1; i < argc; i++) {
		if (!options_end && strcmp(argv[i], "--") == 0)
			options_end = true;
		else if (!options_end && strncmp(argv[i], "--", 2) == 0)
			i = parse_option(command, &given, i);
		else if (!options_end && argv[i][0] == '-' &&
		    argv[i][1] != '\0')
			cli_usage("unknown option %s; options begin with --",
			    argv[i]);
		else if (program->kinds != NULL && command->kind == NULL)
			set_kind(command, argv[i]);
		else
			add_operand(command, argv[i]);
	}
	check_operands(command);
}

/* -------------------------------------------------------------- provenance */

static bool
is_plain_word(const char *word)
{
	return *word != '\0' && word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%")] == '\0';
}

/* Append one byte of a quoted word. */
static size_t
quote_byte(char *to, char c)
{
	if (c == '\'')
		return (size_t)sprintf(to, "'\\''");
	*to = (unsigned char)c < ' ' || c == 0x7F ? '?' : c;
	return 1;
}

const char *
cli_command_line(void)
{
	static char *line;
	size_t room = strlen(cli.program->name) + 1, n;
	const char *c;
	int i;

	for (i = 1; i < cli.argc; i++)
		room += 4 * strlen(cli.argv[i]) + 3;
	free(line);
	line = malloc(room);
	if (line == NULL)
		die_system(ENOMEM, NULL, "the command line");
	n = (size_t)sprintf(line, "%s", cli.program->name);
	for (i = 1; i < cli.argc; i++) {
		line[n++] = ' ';
		if (is_plain_word(cli.argv[i])) {
			n += (size_t)sprintf(line + n, "%s", cli.argv[i]);
			continue;
		}
		line[n++] = '\'';
		for (c = cli.argv[i]; *c != '\0'; c++)
			n += quote_byte(line + n, *c);
		line[n++] = '\'';
	}
	line[n] = '\0';
	return line;
}
