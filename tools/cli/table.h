/*
 * Tables: TSV with provenance above it, or JSON with the same facts; and TSV
 * read back.
 */
#ifndef TABLE_H
#define TABLE_H

#include "cli.h"

/* For programs that write what they measured. */
#define TABLE_DIGITS_OPTION                                                \
	{"digits", "N", "round results to N significant digits, 1 to 17 "  \
	    "(default: all that tell a number apart)", CLI_COUNT,          \
	    &table_rounding, 1, 17}

extern uint64_t table_rounding; /* 0: none */

/* A table on its way out. */
struct table {
	FILE *file;
	bool json;
	const char *const *columns; /* ended by NULL; the caller's */
	size_t column;              /* the next to be written */
	uint64_t rows;
};

/* What a table says of where it comes from, beside version and command. */
struct table_fact {
	const char *name; /* NULL ends a list */
	const char *text;
};

/*
 * Begin a table: the version, the command and the facts (NULL: none), then the
 * header.  The file is one that cli_table opened.
 */
void table_begin(struct table *table, FILE *file, bool json,
    const char *command, const struct table_fact *facts,
    const char *const *columns);

/* Go on with a table of whose rows the file holds some. */
void table_resume(struct table *table, FILE *file,
    const char *const *columns);

/* A fact that is a number, in text[BSP_NUMBER_SIZE]. */
const char *table_digits(char *text, uint64_t value);

/* A fact that is a result, rounded as --digits says. */
const char *table_result(char text[BSP_NUMBER_SIZE], double value);

/* The number of images of a stream and their fingerprint. */
#define TABLE_IMAGES_SIZE 64
const char *table_images(char text[TABLE_IMAGES_SIZE], uint64_t count,
    const struct bsp_hash *hash);

/* Say more beneath the rows of a TSV. */
void table_note(struct table *table, const struct table_fact *fact);

/* Write the next cell; the last column's ends the row. */
void table_text(struct table *table, const char *text);
void table_count(struct table *table, uint64_t value);
void table_number(struct table *table, double value); /* NaN: nan, null */

/* A number that was asked for, such as a parameter: --digits leaves it. */
void table_place(struct table *table, double value);

/* Any number of finite values in one cell, with commas between them; of none,
 * nan.  In JSON a list. */
void table_numbers(struct table *table, const double *value, size_t n);

/* End a table that is whole. */
void table_end(struct table *table);

/* A TSV file as it is read, by the names of its columns. */
struct tsv {
	FILE *file;
	const char *name;
	char *line;
	size_t room;
	uint64_t number;   /* of the line, from 1 */
	char *field[64];   /* of the row */
	void (*comment)(void *with, const char *text); /* NULL: none wanted */
	void *with;
	bool part;         /* the rest may be missing: no reason to die */
	bool crlf;         /* a line ended with a carriage return too */
	size_t fields;     /* in the header and in every row */
	size_t wanted[16]; /* where the wanted columns are; SIZE_MAX: absent */
};

/*
 * Open a TSV and find columns, a list ended by NULL; a name that begins with ?
 * may be absent.  Dies where the header lacks one of the others.
 */
void tsv_open(struct tsv *tsv, const char *path,
    const char *const *columns);

/*
 * The same without looking for columns: the header is then in field.  Each
 * comment line's text goes to the function, without its "# ".
 */
void tsv_open_any(struct tsv *tsv, const char *path,
    void (*comment)(void *with, const char *text), void *with);

/* Find columns as tsv_open does, while the header is in field. */
void tsv_find(struct tsv *tsv, const char *const *columns);

/* Die of what is wrong with the line read last. */
_Noreturn void tsv_bad(const struct tsv *tsv, const char *what,
    const char *detail, const char *wanted);

/* Read the next row; false at the end.  Dies on "# incomplete" and inside a
 * line, unless part. */
bool tsv_next(struct tsv *tsv);

/* The row's text in the wanted column i, or NULL where it is absent. */
const char *tsv_text(const struct tsv *tsv, size_t i);

/* The same as a whole number, or absent. */
uint64_t tsv_count(const struct tsv *tsv, size_t i, uint64_t absent);

void tsv_close(struct tsv *tsv);

#endif
