/*
 * Logs of trainings: see trainlog.h.
 */
#include <string.h>
#include <sys/stat.h>

#include "trainlog.h"

static const char *const columns[] = {"step", "loss", "validation_ap",
    "validation_error", NULL};

#define COLUMNS (sizeof columns / sizeof columns[0] - 1)

/* The facts of a training, and how many of them a log says too. */
struct known {
	const struct table_fact *facts;
	size_t said;
};

/* "NAME TEXT", as above the rows of a table. */
static void
note_fact(void *with, const char *text)
{
	struct known *known = with;
	const struct table_fact *fact;
	size_t n;

	for (fact = known->facts; fact->name != NULL; fact++) {
		n = strlen(fact->name);
		known->said += strncmp(text, fact->name, n) == 0 &&
		    text[n] == ' ' && strcmp(text + n + 1, fact->text) == 0;
	}
}

/* How much of a log is kept: what is above the rows, and those up to a step. */
static off_t
kept(const char *path, const struct table_fact *facts, uint64_t steps)
{
	static const char wanted[] = "the log of the training that goes on";
	struct known known = {facts, 0};
	struct tsv tsv;
	off_t end;
	size_t i, n;

	tsv_open_any(&tsv, path, note_fact, &known);
	for (i = 0; i < COLUMNS; i++)
		if (tsv.fields != COLUMNS ||
		    strcmp(tsv.field[i], columns[i]) != 0)
			tsv_bad(&tsv, "other columns", "", wanted);
	for (n = 0; facts[n].name != NULL; n++)
		;
	if (known.said < n)
		tsv_bad(&tsv, "other images than are trained on", "", wanted);
	tsv.part = true;
	do
		end = ftello(tsv.file);
	while (tsv_next(&tsv) && tsv_count(&tsv, 0, 0) <= steps);
	tsv_close(&tsv);
	return end;
}

void
trainlog_begin(struct table *log, const char *path,
    const struct table_fact *facts, uint64_t steps)
{
	struct table_fact resumed = {"resumed", cli_command_line(NULL)};
	struct stat s;

	if (steps > 0 && stat(path, &s) == 0 && S_ISREG(s.st_mode)) {
		table_resume(log, cli_table_after(path, kept(path, facts,
		    steps)), columns);
		table_note(log, &resumed);
	} else {
		table_begin(log, cli_table(path), false, resumed.text, facts,
		    columns);
	}
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
