/*
 * Tables out and in: see table.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* A control character would break the line; it becomes a question mark. */
static char
printable(char c)
{
	return (unsigned char)c < ' ' || c == 0x7F ? '?' : c;
}

/* How many bytes of a text are one character of UTF-8; 0: none. */
static size_t
utf8_length(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t n = c[0] < 0x80 ? 1 : c[0] < 0xC2 ? 0 : c[0] < 0xE0 ? 2 :
	    c[0] < 0xF0 ? 3 : c[0] < 0xF5 ? 4 : 0, i;

	for (i = 1; i < n; i++)
		if ((c[i] & 0xC0) != 0x80)
			return 0;
	/* Too long a form, a surrogate, or beyond the last character. */
	if ((c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F) ||
	    (c[0] == 0xF0 && c[1] < 0x90) || (c[0] == 0xF4 && c[1] > 0x8F))
		return 0;
	return n;
}

/* A JSON string, which is UTF-8; a byte that is none becomes a question mark. */
static void
print_string(FILE *file, const char *text)
{
	size_t n;

	cli_print(file, "\"");
	for (; *text != '\0'; text += n == 0 ? 1 : n) {
		n = utf8_length(text);
		if (n == 0)
			cli_print(file, "?");
		else if (n > 1)
			cli_print(file, "%.*s", (int)n, text);
		else
			cli_print(file, *text == '"' || *text == '\\' ?
			    "\\%c" : "%c", printable(*text));
	}
	cli_print(file, "\"");
}

/*
 * A field of a line of TSV.  Where readers would take its first character for
 * something else, a quote or a comment's #, the field stands in quotes.
 */
static void
print_field(FILE *file, const char *text, bool first)
{
	bool quoted = *text == '"' || (first && *text == '#');

	cli_print(file, quoted ? "\"" : "");
	for (; *text != '\0'; text++)
		cli_print(file, quoted && *text == '"' ? "\"%c" : "%c",
		    printable(*text));
	cli_print(file, quoted ? "\"" : "");
}

static bool
is_number(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static void
print_fact(FILE *file, const char *text)
{
	if (is_number(text))
		cli_print(file, "%s", text);
	else
		print_string(file, text);
}

/* Do both facts have one name? */
static bool
is_same(const struct table_fact *a, const struct table_fact *b)
{
	return b->name != NULL && strcmp(a->name, b->name) == 0;
}

/* Facts of one name, which follow one upon another, are an array. */
static void
begin_json(const struct table *table, const char *command,
    const struct table_fact *facts)
{
	FILE *file = table->file;

	cli_print(file, "{\"version\": \"%s\",\n \"command\": ", BSP_VERSION);
	print_string(file, command);
	for (; facts != NULL && facts->name != NULL; facts++) {
		cli_print(file, ",\n \"%s\": ", facts->name);
		if (!is_same(facts, facts + 1)) {
			print_fact(file, facts->text);
			continue;
		}
		cli_print(file, "[");
		for (; is_same(facts, facts + 1); facts++) {
			print_fact(file, facts->text);
			cli_print(file, ", ");
		}
		print_fact(file, facts->text);
		cli_print(file, "]");
	}
	cli_print(file, ",\n \"rows\": [");
}

void
table_begin(struct table *table, FILE *file, bool json, const char *command,
    const struct table_fact *facts, const char *const *columns)
{
	size_t i;

	*table = (struct table){.file = file, .json = json,
	    .columns = columns};
	if (json) {
		begin_json(table, command, facts);
		return;
	}
	cli_print(file, "# blindspot %s\n# %s\n", BSP_VERSION, command);
	for (; facts != NULL && facts->name != NULL; facts++)
		table_note(table, facts);
	for (i = 0; columns[i] != NULL; i++) {
		cli_print(file, i > 0 ? "\t" : "");
		print_field(file, columns[i], i == 0);
	}
	cli_print(file, "\n");
}

void
table_resume(struct table *table, FILE *file, const char *const *columns)
{
	*table = (struct table){.file = file, .columns = columns};
}

const char *
table_digits(char *text, uint64_t value)
{
	snprintf(text, BSP_NUMBER_SIZE, "%llu", (unsigned long long)value);
	return text;
}

const char *
table_images(char text[TABLE_IMAGES_SIZE], uint64_t count,
    const struct bsp_hash *hash)
{
	char digits[BSP_FINGERPRINT_SIZE];

	snprintf(text, TABLE_IMAGES_SIZE, "%llu, xxh3 %s",
	    (unsigned long long)count, bsp_fingerprint_format(digits, hash));
	return text;
}

void
table_note(struct table *table, const struct table_fact *fact)
{
	if (!table->json)
		cli_print(table->file, "# %s%s%s\n", fact->name,
		    *fact->text != '\0' ? " " : "", fact->text);
}

static void
begin_cell(struct table *table)
{
	if (!table->json) {
		if (table->column > 0)
			cli_print(table->file, "\t");
		return;
	}
	if (table->column == 0)
		cli_print(table->file, "%s\n  {",
		    table->rows > 0 ? "," : "");
	else
		cli_print(table->file, ", ");
	print_string(table->file, table->columns[table->column]);
	cli_print(table->file, ": ");
}

static void
end_cell(struct table *table)
{
	if (table->columns[++table->column] != NULL)
		return;
	cli_print(table->file, table->json ? "}" : "\n");
	table->column = 0;
	table->rows++;
}

void
table_text(struct table *table, const char *text)
{
	begin_cell(table);
	if (table->json)
		print_string(table->file, text);
	else
		print_field(table->file, text, table->column == 0);
	end_cell(table);
}

void
table_count(struct table *table, uint64_t value)
{
	begin_cell(table);
	cli_print(table->file, "%llu", (unsigned long long)value);
	end_cell(table);
}

uint64_t table_rounding;

/* The value as --digits wants it. */
static double
rounded(double value)
{
	char text[BSP_NUMBER_SIZE];

	if (table_rounding == 0 || !isfinite(value))
		return value;
	snprintf(text, sizeof text, "%.*e", (int)table_rounding - 1, value);
	return strtod(text, NULL);
}

const char *
table_result(char text[BSP_NUMBER_SIZE], double value)
{
	return bsp_number_format(text, rounded(value));
}

void
table_number(struct table *table, double value)
{
	table_place(table, rounded(value));
}

void
table_place(struct table *table, double value)
{
	char text[BSP_NUMBER_SIZE];

	begin_cell(table);
	cli_print(table->file, "%s", table->json && !isfinite(value) ?
	    "null" : bsp_number_format(text, value));
	end_cell(table);
}

void
table_numbers(struct table *table, const double *value, size_t n)
{
	char text[BSP_NUMBER_SIZE];
	size_t i;

	begin_cell(table);
	cli_print(table->file, table->json ? "[" : n == 0 ? "nan" : "");
	for (i = 0; i < n; i++)
		cli_print(table->file, "%s%s", i == 0 ? "" :
		    table->json ? ", " : ",",
		    bsp_number_format(text, rounded(value[i])));
	cli_print(table->file, table->json ? "]" : "");
	end_cell(table);
}

void
table_end(struct table *table)
{
	if (table->json)
		cli_print(table->file, "\n ]}\n");
}

/* ---------------------------------------------------------------- reading */

_Noreturn void
tsv_bad(const struct tsv *tsv, const char *what, const char *detail,
    const char *wanted)
{
	struct bsp_error e;

	bsp_error_set(&e, BSP_DATA, "line %llu: %s%s, expected %s",
	    (unsigned long long)tsv->number, what, detail, wanted);
	e.stream = tsv->name;
	cli_die(&e);
}

static _Noreturn void
die_reading(const struct tsv *tsv, int errnum)
{
	struct bsp_error e;

	bsp_error_system(&e, errnum, "read");
	e.stream = tsv->name;
	cli_die(&e);
}

#define LINE_LONGEST (1 << 20)

/* As getline, for lines that are no longer than a table's may be; reading that
 * is interrupted goes on. */
static ssize_t
get_line(struct tsv *tsv)
{
	size_t n = 0;
	int c;

	do {
		c = getc_unlocked(tsv->file);
		if (c == EOF && ferror(tsv->file) && errno == EINTR) {
			clearerr(tsv->file);
			continue;
		}
		if (c == EOF && ferror(tsv->file))
			die_reading(tsv, errno);
		if (c == EOF)
			break;
		if (n + 2 > tsv->room) {
			tsv->room = tsv->room < 128 ? 128 : 2 * tsv->room;
			tsv->line = realloc(tsv->line, tsv->room);
			if (tsv->line == NULL)
				die_reading(tsv, ENOMEM);
		}
		tsv->line[n++] = (char)c;
		if (n > LINE_LONGEST) {
			tsv->number++;
			tsv_bad(tsv, "a line of more than 1048576 bytes", "",
			    "a table");
		}
	} while (c != '\n');
	if (n == 0)
		return -1;
	tsv->line[n] = '\0';
	return (ssize_t)n;
}

/* Read one line without its end; false at the end of the file. */
static bool
read_line(struct tsv *tsv)
{
	ssize_t n;

	n = get_line(tsv);
	tsv->number++;
	if (n < 0)
		return false;
	if (tsv->line[n - 1] != '\n' && tsv->part)
		return false;
	if (strlen(tsv->line) != (size_t)n)
		tsv_bad(tsv, "a zero byte", "", "text in UTF-8");
	if (tsv->line[n - 1] != '\n')
		tsv_bad(tsv, "the file ends inside a line", "",
		    "a newline after the last line too: without it the file "
		    "could be cut");
	tsv->line[--n] = '\0';
	if (n > 0 && tsv->line[n - 1] == '\r') {
		tsv->crlf = true;
		tsv->line[--n] = '\0';
	}
	/* A byte-order mark, as spreadsheets begin a file. */
	if (tsv->number == 1 && strncmp(tsv->line, "\xEF\xBB\xBF", 3) == 0)
		memmove(tsv->line, tsv->line + 3, strlen(tsv->line + 3) + 1);
	return true;
}

/* A field without the quotes that spreadsheets put around it, where "" is a
 * quote, and without blanks at its ends. */
static char *
plain_field(const struct tsv *tsv, char *field)
{
	char *from = field + 1, *to = field;

	if (*field == '"') {
		while (*from != '\0' && (*from != '"' || from[1] == '"')) {
			from += *from == '"';
			*to++ = *from++;
		}
		if (*from == '\0' || from[1] != '\0')
			tsv_bad(tsv, "a quote that does not end with its "
			    "field", "", "no tab or line break in quotes");
		*to = '\0';
	}
	while (*field == ' ')
		field++;
	for (to = field + strlen(field); to > field && to[-1] == ' '; to--)
		;
	*to = '\0';
	return field;
}

/* Read a line that is not a comment and split it at its tabs. */
static bool
read_fields(struct tsv *tsv)
{
	char *tab;
	size_t n = 0;

	do {
		if (!read_line(tsv))
			return false;
		if (strcmp(tsv->line, "# incomplete") == 0 && tsv->part)
			return false;
		if (strcmp(tsv->line, "# incomplete") == 0)
			tsv_bad(tsv, "the table is not whole: the program "
			    "that wrote it failed", "", "a whole table");
		if (tsv->line[0] == '#' && tsv->comment != NULL)
			tsv->comment(tsv->with, tsv->line +
			    1 + (tsv->line[1] == ' '));
	} while (tsv->line[0] == '#');
	for (tab = tsv->line; tab != NULL; n++) {
		if (n == sizeof tsv->field / sizeof tsv->field[0])
			tsv_bad(tsv, "too many columns", "", "at most 64");
		tsv->field[n] = tab;
		tab = strchr(tab, '\t');
		if (tab != NULL)
			*tab++ = '\0';
		tsv->field[n] = plain_field(tsv, tsv->field[n]);
	}
	if (tsv->fields > 0 && n != tsv->fields)
		tsv_bad(tsv, "another number of fields than the header has",
		    "", "a field for each column");
	tsv->fields = n;
	return true;
}

void
tsv_open_any(struct tsv *tsv, const char *path,
    void (*comment)(void *with, const char *text), void *with)
{
	*tsv = (struct tsv){.file = cli_text_input(path),
	    .name = strcmp(path, "-") == 0 ? "standard input" : path,
	    .comment = comment, .with = with};
	if (!read_fields(tsv))
		tsv_bad(tsv, "an empty table", "", "a header line");
}

void
tsv_find(struct tsv *tsv, const char *const *columns)
{
	const char *column;
	size_t i, f;

	for (i = 0; columns[i] != NULL; i++) {
		column = columns[i] + (columns[i][0] == '?');
		for (f = 0; f < tsv->fields; f++)
			if (strcmp(tsv->field[f], column) == 0)
				break;
		if (f == tsv->fields && columns[i][0] != '?')
			tsv_bad(tsv, "the header has no column ", column,
			    "tab-separated names of columns");
		tsv->wanted[i] = f < tsv->fields ? f : SIZE_MAX;
	}
}

void
tsv_open(struct tsv *tsv, const char *path, const char *const *columns)
{
	tsv_open_any(tsv, path, NULL, NULL);
	tsv_find(tsv, columns);
}

bool
tsv_next(struct tsv *tsv)
{
	return read_fields(tsv);
}

const char *
tsv_text(const struct tsv *tsv, size_t i)
{
	return tsv->wanted[i] == SIZE_MAX ? NULL :
	    tsv->field[tsv->wanted[i]];
}

uint64_t
tsv_count(const struct tsv *tsv, size_t i, uint64_t absent)
{
	const char *text = tsv_text(tsv, i);
	struct bsp_error e;
	uint64_t value;

	if (text == NULL)
		return absent;
	if (bsp_count_parse(text, &value, &e))
		tsv_bad(tsv, e.text, "", "a whole number");
	return value;
}

void
tsv_close(struct tsv *tsv)
{
	fclose(tsv->file);
	free(tsv->line);
}
