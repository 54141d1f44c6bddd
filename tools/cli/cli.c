/*
 * The command line: options, kinds, operands, inputs.  See cli.h; what goes out
 * is in output.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/base/whole-file.h"
#include "cite.h"
#include "help.h"
#include "output.h"

static struct {
	const struct cli_program *program;
	int argc;
	char **argv;
	const char **input; /* paths that are read */
	size_t inputs;
} cli;

/* ----------------------------------------------------------------- inputs */

int
cli_open(const char *path)
{
	struct stat in, out;
	int fd = STDIN_FILENO;

	if (strcmp(path, "-") != 0)
		fd = bsp_open(path, O_RDONLY);
	if (fd < 0)
		output_die(errno, path, "open");
	if (fstat(fd, &in) == 0 && S_ISREG(in.st_mode) &&
	    fstat(STDOUT_FILENO, &out) == 0 &&
	    output_same_file(&in, out.st_dev, out.st_ino))
		cli_usage("%s: is standard output too, and would be read while "
		    "it is written", path);
	return fd;
}

static const char *
input_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

#define MASKS 8

/* The mask streams that are read, by their names. */
static struct {
	const char *path;
	struct bsp_mask_values values;
} masks[MASKS];

/* A stream that begins again is not counted again. */
static void
tally_mask(struct bsp_reader *reader, const char *path)
{
	size_t i;

	for (i = 0; i < MASKS && masks[i].path != NULL; i++)
		if (strcmp(masks[i].path, path) == 0)
			return;
	if (i == MASKS)
		return;
	masks[i].path = path;
	bsp_reader_tally(reader, &masks[i].values);
}

void
cli_check_masks(void)
{
	size_t i;

	for (i = 0; i < MASKS && masks[i].path != NULL; i++)
		if (masks[i].values.images > 0)
			cli_warn("%s: a mask with more than %d distinct "
			    "values, as an image or a score map has, in %llu "
			    "of its images; every sample that is not 0 counts",
			    input_name(masks[i].path), BSP_MASK_VALUES,
			    (unsigned long long)masks[i].values.images);
}

struct bsp_reader *
cli_reader_of(int fd, const char *path, enum bsp_content content)
{
	struct bsp_error e = {0};
	struct bsp_reader *reader;

	reader = bsp_reader_open(fd, input_name(path), content, &e);
	if (reader == NULL)
		cli_die(&e);
	if (content == BSP_MASKS)
		tally_mask(reader, path);
	return reader;
}

struct bsp_reader *
cli_reader(const char *path, enum bsp_content content)
{
	return cli_reader_of(cli_open(path), path, content);
}

bool cli_strict;
uint64_t cli_expected = UINT64_MAX;

struct bsp_reader *
cli_images(const char *path)
{
	struct bsp_reader *reader = cli_reader(path, BSP_IMAGES);

	bsp_reader_expect(reader, cli_expected);
	return reader;
}

FILE *
cli_text_input(const char *path)
{
	FILE *file = fdopen(cli_open(path), "r");

	if (file == NULL)
		output_die(errno, input_name(path), "open");
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
	const struct bsp_kind *other = cli.program->kinds;

	/* The parameter of a kind that is to come. */
	for (; kind == NULL && other != NULL && other->name != NULL; other++)
		if (bsp_kind_param_find(other, name) < bsp_kind_params(other))
			cli_usage("--%s stands before the KIND it is of, "
			    "expected the KIND first, as in '%s %s --%s'",
			    name, cli.program->name, other->name, name);
	for (i = 0; i < n; i++)
		bsp_nearest(name, bsp_kind_param(kind, i)->name, &nearest);
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

/* A count of bytes, or of KiB, MiB or GiB. */
static void
set_size(const struct cli_option *option, const char *value)
{
	static const char units[] = "KMG";
	char *number = strdup(value), *end;
	const char *unit;
	unsigned shift = 0;
	struct bsp_error e;
	uint64_t n;

	if (number == NULL)
		output_die(ENOMEM, value, "option");
	end = number + strlen(number) - 1;
	unit = strchr(units, *end);
	if (unit != NULL) {
		shift = 10 * (unsigned)(unit - units + 1);
		*end = '\0';
	}
	if (bsp_count_parse(number, &n, &e) || n > option->max >> shift ||
	    n << shift < option->min)
		cli_usage("--%s: found '%s', expected a number of bytes, or "
		    "as in 256K, 64M or 2G", option->name, value);
	*(uint64_t *)option->target = n << shift;
	free(number);
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
	case CLI_SIZE:
		set_size(option, value);
		break;
	case CLI_FORMAT:
		set_format(option, value);
		break;
	case CLI_LIST:
	case CLI_RESIDUALS:
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
	case CLI_NUMBERS:
	case CLI_METRICS:
	case CLI_INJECT:
	case CLI_DEGRADE:
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

	if (value == NULL)
		command->params[i] = 1;
	else if (bsp_param_parse(bsp_kind_param(command->kind, i), value,
	    &command->params[i], &e))
		cli_usage("--%s", e.text);
}

/* An option that is in neither the program's list nor the kind's. */
static void
parse_common(const struct cli_command *command, const char *name,
    const char *value)
{
	bool takes = true;

	if (strcmp(name, "help") == 0)
		help_print(cli.program, command->kind);
	else if (strcmp(name, "version") == 0)
		printf("%s (blindspot) %s\n", cli.program->name, BSP_VERSION);
	else if (strcmp(name, "cite") == 0)
		cite_print(cli.program, command->kind, value);
	else if (strcmp(name, "complete") == 0)
		takes = help_complete(cli.program, command->kind, value);
	else
		say_unknown_option(name, command->kind);
	if (fflush(stdout) != 0 || fclose(stdout) != 0)
		output_die(errno, "standard output", "write");
	output_done();
	exit(takes ? 0 : 1);
}

/* Whole numbers with commas between them, and nothing else. */
static bool
is_numbers(const char *word)
{
	return word != NULL && word[strspn(word, "-,")] != '\0' &&
	    word[strspn(word, "-,0123456789")] == '\0';
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
		output_die(ENOMEM, cli.argv[i], "option");
	equals = strchr(name, '=');
	if (equals != NULL) {
		*equals = '\0';
		value = cli.argv[i] + 2 + (equals - name) + 1;
	}
	for (o = 0; options[o].name != NULL; o++)
		if (strcmp(options[o].name, name) == 0)
			break;
	p = params == 0 ? 0 : bsp_kind_param_find(command->kind, name);
	if (options[o].name == NULL && p == params)
		parse_common(command, name, value);
	is_flag = options[o].name != NULL ? options[o].type == CLI_FLAG :
	    bsp_kind_param(command->kind, p)->type == BSP_FLAG;
	if (is_flag && value != NULL)
		cli_usage("--%s takes no value", name);
	if (options[o].type == CLI_NUMBERS && options[o].name != NULL &&
	    value == NULL && !is_numbers(cli.argv[i + 1])) {
		give_once(&given->options, o, name);
		*(const char **)options[o].target = "";
		free(name);
		return i;
	}
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
		if (options[o].type != CLI_LIST &&
		    options[o].type != CLI_RESIDUALS)
			give_once(&given->options, o, name);
		set_option(&options[o], value);
	}
	free(name);
	return i;
}

static void
set_kind(struct cli_command *command, const char *name)
{
	struct bsp_error e;

	command->kind = bsp_kind_find(cli.program->kinds, name);
	if (command->kind == NULL) {
		bsp_kind_unknown(cli.program->kinds, name, &e);
		cli_usage("%s", e.text);
	}
	bsp_kind_defaults(command->kind, command->params);
}

static void
add_operand(struct cli_command *command, const char *word)
{
	add_input(word);
	command->operand[command->operands++] = word;
}

/* What the program calls operand i, without brackets; "" where it has none. */
static const char *
operand_name(size_t i, int *length)
{
	const char *name = cli.program->operands;

	for (; i > 0 && *name != '\0'; i--) {
		name += strcspn(name, " ");
		name += *name == ' ';
	}
	name += *name == '[';
	*length = (int)strcspn(name, " ]");
	return name;
}

static _Noreturn void
say_too_few(const struct cli_command *command, size_t least)
{
	size_t n = command->operands;
	const char *s = n == 1 ? "" : "s", *name;
	int length;

	if (command->kind == NULL)
		cli_usage("found %zu operand%s, expected %s", n, s,
		    cli.program->operands);
	name = operand_name(least - 1, &length);
	cli_usage("%s needs a %.*s: found %zu operand%s, expected %zu",
	    command->kind->name, length, name, n, s, least);
}

static _Noreturn void
say_too_many(const struct cli_command *command, size_t most)
{
	const char *word = command->operand[most], *name;
	int length;

	name = operand_name(most, &length);
	if (command->kind != NULL && length > 0)
		cli_usage("%s takes no %.*s: unexpected operand '%s'",
		    command->kind->name, length, name, word);
	cli_usage("unexpected operand '%s', expected %s", word,
	    most > 0 ? cli.program->operands : "none");
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
		if (command->kind->inputs > 0) {
			most = command->kind->inputs;
			least = most > 1 ? most : 0;
		}
	}
	if (command->operands == 0 && least == 0 && most > 0)
		add_operand(command, "-");
	if (command->operands < least)
		say_too_few(command, least);
	if (command->operands > most)
		say_too_many(command, most);
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

/* A pipe that nobody reads ends the program; a write beyond the limit of a
 * file's size is an error like others. */
static void
set_signals(void)
{
	sigset_t set;

	signal(SIGXFSZ, SIG_IGN);
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
	output_setup(program, argc, argv);
	*command = (struct cli_command){0};
	check_descriptors();
	set_signals();
	/* One more: an absent operand is standard input. */
	cli.input = calloc((size_t)argc + 1, sizeof *cli.input);
	command->operand = calloc((size_t)argc + 1, sizeof *cli.input);
	if (cli.input == NULL || command->operand == NULL)
		output_die(ENOMEM, NULL, "the command line");
	for (i = 1; i < argc; i++) {
		if (!options_end && strcmp(argv[i], "--") == 0)
			options_end = true;
		else if (!options_end && strcmp(argv[i], "-h") == 0)
			parse_common(command, "help", NULL);
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

/* Is this word an option of the list?  Its value may be the next word. */
static bool
is_listed(const char *word, const char *const *list, bool *with_next)
{
	size_t n;

	if (list == NULL || strncmp(word, "--", 2) != 0)
		return false;
	for (; *list != NULL; list++) {
		n = strlen(*list);
		if (strncmp(word + 2, *list, n) == 0 &&
		    (word[2 + n] == '=' || word[2 + n] == '\0')) {
			*with_next = word[2 + n] == '\0';
			return true;
		}
	}
	return false;
}

const char *
cli_command_line(const char *const *without)
{
	static char *line;
	size_t room = strlen(cli.program->name) + 1, n;
	bool skip_next;
	const char *c;
	int i;

	for (i = 1; i < cli.argc; i++)
		room += 4 * strlen(cli.argv[i]) + 3;
	free(line);
	line = malloc(room);
	if (line == NULL)
		output_die(ENOMEM, NULL, "the command line");
	n = (size_t)sprintf(line, "%s", cli.program->name);
	for (i = 1; i < cli.argc; i++) {
		if (is_listed(cli.argv[i], without, &skip_next)) {
			i += skip_next;
			continue;
		}
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
