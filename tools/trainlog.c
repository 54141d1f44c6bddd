/*
 * Logs of trainings: see trainlog.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "trainlog.h"

static const char *const columns[] = {"step", "loss", "validation_ap",
    "validation_error", NULL};

/* What is kept of a log that goes on. */
struct kept {
	const char *path;
	const struct table_fact *facts;
	bool *said; /* of each fact: is it in the log? */
	char *rows;
};

static _Noreturn void
die_other(const char *path, const char *what)
{
	struct bsp_error e;

	bsp_error_set(&e, BSP_DATA, "%s, expected the log of the training that "
	    "goes on, or no file", what);
	e.stream = path;
	cli_die(&e);
}

/* "NAME TEXT", as above the rows of a table. */
static void
note_fact(struct kept *kept, const char *line)
{
	const struct table_fact *fact = kept->facts;
	size_t i, n;

	for (i = 0; fact[i].name != NULL; i++) {
		n = strlen(fact[i].name);
		if (strncmp(line, fact[i].name, n) == 0 && line[n] == ' ' &&
		    strcmp(line + n + 1, fact[i].text) == 0)
			kept->said[i] = true;
	}
}

static void
check_header(const struct kept *kept, const char *line)
{
	size_t i, n;

	for (i = 0; columns[i] != NULL; i++) {
		n = strlen(columns[i]);
		if (strncmp(line, columns[i], n) != 0 ||
		    line[n] != (columns[i + 1] == NULL ? '\0' : '\t'))
			die_other(kept->path, "has other columns");
		line += n + 1;
	}
	for (i = 0; kept->facts[i].name != NULL; i++)
		if (!kept->said[i])
			die_other(kept->path, "is of other images");
}

/* Take a log's rows up to a step; those after it are done again. */
static void
take_rows(struct kept *kept, FILE *file, uint64_t steps)
{
	char *line = NULL, *end;
	bool header = false;
	size_t room = 0, n = 0;
	FILE *rows = open_memstream(&kept->rows, &n);
	ssize_t length;

	while (rows != NULL && (length = getline(&line, &room, file)) > 0) {
		if (line[length - 1] != '\n')
			break; /* it was not written whole */
		if (line[0] == '#' || !header) {
			line[length - 1] = '\0';
			if (strncmp(line, "# ", 2) == 0) {
				note_fact(kept, line + 2);
			} else {
				check_header(kept, line);
				header = true;
			}
			continue;
		}
		if (strtoull(line, &end, 10) > steps)
			break;
		if (end == line || *end != '\t')
			die_other(kept->path, "has a row without a step");
		fputs(line, rows);
	}
	free(line);
	if (rows == NULL || fclose(rows) != 0) {
		struct bsp_error e;

		bsp_error_system(&e, errno, "keep the log");
		cli_die(&e);
	}
}

void
trainlog_begin(struct table *log, const char *path,
    const struct table_fact *facts, uint64_t steps)
{
	struct kept kept = {.path = path, .facts = facts,
	    .said = (bool[8]){false}};
	struct stat s;
	FILE *file;

	if (steps > 0 && stat(path, &s) == 0 && S_ISREG(s.st_mode)) {
		file = cli_text_input(path);
		take_rows(&kept, file, steps);
		fclose(file);
	}
	table_begin(log, cli_table(path), false, cli_command_line(NULL),
	    facts, columns);
	if (kept.rows != NULL)
		cli_print(log->file, "%s", kept.rows);
	free(kept.rows);
	cli_flush(log->file);
}

void
trainlog_add(struct table *log, uint64_t step, double loss, double ap,
    double error)
{
	table_count(log, step);
	table_number(log, loss);
	table_number(log, ap);
	table_number(log, error);
	cli_flush(log->file);
}
