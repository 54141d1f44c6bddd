/*
 * The command line of every program: options, messages, outputs, exit status.
 * This is the only place that parses options, prints and exits; a program is
 * parse, open, loop, finish.
 */
#ifndef CLI_H
#define CLI_H

#include <stdio.h>
#include <sys/types.h>

#include "../../lib/blindspot.h"

enum cli_type {
	CLI_FLAG,      /* bool: given or not */
	CLI_TEXT,      /* const char *: any text */
	CLI_NUMBERS,   /* const char *: whole numbers with commas between them,
	                  or "" where no such word follows */
	CLI_COUNT,     /* uint64_t in [min, max] */
	CLI_SIZE,      /* uint64_t bytes: a count, or with K, M or G */
	CLI_INPUT,     /* const char *: a file to read, - standard input */
	CLI_MASK_OUT,  /* const char *: a file to write a mask stream to */
	CLI_TABLE_OUT, /* const char *: a file to write a table to */
	CLI_LIST,      /* struct cli_list: any texts, as often as given */
	CLI_FORMAT,    /* enum bsp_format: pgm8, pgm16, pfm */
	CLI_METRICS,   /* const char *: names of metrics of the scopes whose bits
	                  max has */
	CLI_INJECT,    /* const char *: KIND[:KEY=VALUE,...] of an anomaly */
	CLI_DEGRADE,   /* likewise of a degradation */
	CLI_RESIDUALS, /* struct cli_list: likewise of residuals, as often as
	                  given */
};

/* One option; a list of them ends with a NULL name. */
struct cli_option {
	const char *name;  /* without the dashes */
	const char *value; /* what --help calls the value, or the words that it
	                      may be, with | between them; NULL: a flag */
	const char *help;  /* one line, with the default; of CLI_METRICS what
	                      follows their names */
	enum cli_type type;
	void *target;      /* of the type above; holds the default */
	uint64_t min, max; /* of a CLI_COUNT; max: CLI_SCOPE of CLI_METRICS */
};

#define CLI_SCOPE(scope) ((uint64_t)1 << (scope))

/* The rows that programs share, for targets of these names. */
#define CLI_FORMAT_OPTIONS(format, clip)                                   \
	{"format", "pfm|pgm8|pgm16", "of the stream written (default pfm)", \
	    CLI_FORMAT, &(format), 0, 0},                                  \
	{"clip", NULL, "for PGM: clip samples to 0 to 1 instead of failing", \
	    CLI_FLAG, &(clip), 0, 0}

#define CLI_DRAW_OPTIONS(seed, first_index)                                \
	{"seed", "N", "seed of all that is drawn (default 0)", CLI_COUNT,  \
	    &(seed), 0, UINT64_MAX},                                       \
	{"first-index", "N", "the first image's index in the whole stream, " \
	    "where this is a piece of it (default 0)", CLI_COUNT,          \
	    &(first_index), 0, UINT64_MAX - 1}

/* For programs that read images with cli_images. */
#define CLI_EXPECT_OPTION                                                  \
	{"expect", "N", "fail unless the input has N images", CLI_COUNT,  \
	    &cli_expected, 0, UINT64_MAX - 1}

/* For programs that warn. */
#define CLI_STRICT_OPTION                                                  \
	{"strict", NULL, "warnings are errors", CLI_FLAG, &cli_strict, 0, 0}

extern bool cli_strict;
extern uint64_t cli_expected; /* UINT64_MAX: any number */

#define CLI_LIST_MAX 16

struct cli_list {
	const char *text[CLI_LIST_MAX];
	size_t count;
};

/* What the program's standard output is. */
enum cli_output { CLI_STREAM, CLI_TABLE };

struct cli_program {
	const char *name;
	const char *summary;         /* one line */
	const char *operands;        /* for the synopsis: "[IMAGES]" */
	const struct bsp_kind *kinds; /* NULL: no KIND */
	const struct cli_option *options;
	size_t least, most;  /* operands; where the kind says how many inputs
	                        it takes, that counts instead */
	enum cli_output output;
	const char *examples[2];
	const char *cites; /* keys of cite.c with blanks between: sources beside
	                      those of kinds and metrics; NULL: none */
};

/* What the command line asks for, beside the options' targets. */
struct cli_command {
	const struct bsp_kind *kind;
	double params[BSP_PARAMS_MAX];
	const char **operand;
	size_t operands;
};

/*
 * Parse the command line, or print help, version or an error and exit.  An
 * absent last operand, where the program allows it, becomes "-".
 */
void cli_parse(const struct cli_program *program, int argc, char **argv,
    struct cli_command *command);

/* Print the error and exit with its status; every output says it is cut. */
_Noreturn void cli_die(const struct bsp_error *e);

/* The same for a usage error. */
_Noreturn void cli_usage(const char *format, ...) BSP_PRINTF(1, 2);

/* Refuse an option's value for the reason in *e; or die of *e, where that is not
 * the value's fault. */
_Noreturn void cli_refuse(const char *option, const struct bsp_error *e);

/*
 * The process group of a command that this program runs, which ends with it
 * whatever the end; 0: none any more.
 */
void cli_group(pid_t group);

/* Open a stream to read, "-" being standard input, or die. */
struct bsp_reader *cli_reader(const char *path, enum bsp_content content);

/* The images of an operand, as many as --expect says. */
struct bsp_reader *cli_images(const char *path);

/* As cli_reader for a descriptor that the reader then owns; path names it. */
struct bsp_reader *cli_reader_of(int fd, const char *path,
    enum bsp_content content);

/* Open a file to read, "-" being standard input, or die. */
int cli_open(const char *path);

/* Open a text file to read likewise. */
FILE *cli_text_input(const char *path);

/* The image stream on standard output, which may not be a terminal. */
struct bsp_writer *cli_stream(enum bsp_format format, bool clip);

/* A mask stream to a file; it may not be one that is read. */
struct bsp_writer *cli_mask(const char *path);

/* A table to a file, or to standard output where path is NULL. */
FILE *cli_table(const char *path);

/* One that goes on after the first bytes of its file. */
FILE *cli_table_after(const char *path, off_t kept);

/*
 * Die unless a file can stand at that path that is written whole at the end:
 * it may be no other file of the command line, there already or not.
 */
void cli_place(const char *path);

/* The same of a file that may be read before: it is no other that is written. */
void cli_apart(const char *path);

/* Die now, before what takes long, if no file can be put there whole. */
void cli_check_whole(const char *path);

/* Print to a table, or die. */
void cli_print(FILE *table, const char *format, ...) BSP_PRINTF(2, 3);

/* Bring what was printed to its file now, or die. */
void cli_flush(FILE *table);

/*
 * The command line as a shell would read it, on one line, without the options
 * of a list ended by NULL (NULL: with all): those that change no result.
 */
const char *cli_command_line(const char *const *without);

/* Say on standard error, after the program's name, what must be known. */
void cli_note(const char *format, ...) BSP_PRINTF(1, 2);

/* Warn of what is probably a mistake: once a run, with a count.  --strict makes
 * it an error in the data. */
void cli_warn(const char *format, ...) BSP_PRINTF(1, 2);

/*
 * Warn of masks that look like images, and close every output, checking that
 * all arrived; returns the exit status for main: 0, or 1 where an explicit
 * check said no.
 */
int cli_finish(bool said_no);

#endif
