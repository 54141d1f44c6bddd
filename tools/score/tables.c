/*
 * The tables beside the scores: FROC, lesions, curves of thresholds.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"

/* --------------------------------------------------------------------- FROC */

struct froc_table {
	struct table table;
	const struct bsp_froc *froc;
};

static int
put_point(void *with, double threshold, uint64_t false_regions,
    uint64_t found, struct bsp_error *e)
{
	struct froc_table *t = with;

	(void)e;
	table_place(&t->table, threshold);
	table_number(&t->table, (double)false_regions /
	    (double)t->froc->units);
	table_number(&t->table, t->froc->lesions == 0 ? (double)NAN :
	    (double)found / (double)t->froc->lesions);
	return 0;
}

void
write_froc(FILE *file, const struct bsp_froc *froc)
{
	static const char *const columns[] = {"threshold", "false_regions",
	    "lesion_sensitivity", NULL};
	char units[BSP_NUMBER_SIZE], lesions[BSP_NUMBER_SIZE];
	const struct table_fact facts[] = {
		{"units", table_digits(units, froc->units)},
		{"lesions", table_digits(lesions, froc->lesions)},
		{NULL, NULL},
	};
	struct froc_table t = {.froc = froc};
	struct bsp_error e;

	table_begin(&t.table, file, false, cli_command_line(NULL), facts,
	    columns);
	if (bsp_froc_curve(froc, put_point, &t, &e))
		cli_die(&e);
	table_end(&t.table);
}

/* ------------------------------------------------------------------ lesions */

static const char *const lesion_columns[] = {"unit", "subject", "lesion",
    "pixels", "mm3", "slice", "row", "col", "slice_first", "slice_last",
    "row_first", "row_last", "col_first", "col_last", "intensity", "contrast",
    "score_mean", "threshold"};

enum { LESION_COLUMNS = sizeof lesion_columns / sizeof lesion_columns[0] };

static void
write_lesion(struct table *table, const struct bsp_lesion *lesion,
    size_t number, const struct units *units, const struct points *points)
{
	const struct index_row *row = units_row(units, lesion->unit);
	char text[BSP_NUMBER_SIZE];
	size_t k;

	table_text(table, units_name(units, lesion->unit, text));
	table_text(table, row == NULL ? "" : row->subject);
	table_count(table, number);
	table_count(table, lesion->size);
	table_number(table, row == NULL ? (double)NAN :
	    (double)lesion->size * row->mm[0] * row->mm[1] * row->mm[2]);
	for (k = 0; k < 3; k++)
		table_place(table, lesion->place[k]);
	for (k = 0; k < 3; k++) {
		table_count(table, lesion->first[k]);
		table_count(table, lesion->last[k]);
	}
	table_number(table, lesion->intensity);
	table_number(table, lesion->contrast);
	table_number(table, lesion->mean);
	table_number(table, lesion->most);
	for (k = 0; k < points->count; k++)
		table_count(table, lesion->most >= points->at[k].value);
	if (units->names != NULL)
		table_text(table, row->file != NULL ? row->file : "");
}

void
write_lesions(FILE *file, const struct bsp_evaluation *evaluation,
    const struct units *units, const struct points *points)
{
	static char found[BSP_POINTS_MAX][POINT_SIZE + 8];
	const char *columns[LESION_COLUMNS + BSP_POINTS_MAX + 2];
	const struct bsp_lesions *lesions = &evaluation->lesions;
	struct table table;
	size_t i, n = LESION_COLUMNS, number = 0;

	memcpy(columns, lesion_columns, sizeof lesion_columns);
	for (i = 0; i < points->count; i++) {
		snprintf(found[i], sizeof found[i], "found@%s",
		    points->label[i]);
		columns[n++] = found[i];
	}
	if (units->names != NULL)
		columns[n++] = "file";
	columns[n] = NULL;
	table_begin(&table, file, false, cli_command_line(NULL), NULL,
	    columns);
	for (i = 0; i < lesions->count; i++) {
		number = i > 0 && lesions->lesion[i].unit ==
		    lesions->lesion[i - 1].unit ? number + 1 : 0;
		write_lesion(&table, &lesions->lesion[i], number, units,
		    points);
	}
	table_end(&table);
}

/* ------------------------------------------------------------------- curves */

static void
put_threshold(struct table *table, const struct bsp_curve *curve,
    double threshold, uint64_t tp, uint64_t fp)
{
	table_place(table, threshold);
	table_count(table, tp);
	table_count(table, fp);
	table_number(table, curve->positives == 0 ? (double)NAN :
	    (double)tp / (double)curve->positives);
	table_number(table, tp + fp == 0 ? (double)NAN :
	    (double)tp / (double)(tp + fp));
	table_number(table, curve->negatives == 0 ? (double)NAN :
	    (double)fp / (double)curve->negatives);
}

/* Just above a step lie the normal pixels that score more; their threshold
 * is the float next above the step's.  Below the last step lie normal pixels
 * alone, down to the least score. */
void
write_curve(FILE *file, const struct bsp_curve *curve, float least)
{
	static const char *const columns[] = {"threshold", "tp", "fp",
	    "recall", "precision", "fpr", NULL};
	char positives[BSP_NUMBER_SIZE], negatives[BSP_NUMBER_SIZE];
	const struct table_fact facts[] = {
		{"anomalous", table_digits(positives, curve->positives)},
		{"normal", table_digits(negatives, curve->negatives)},
		{NULL, NULL},
	};
	const struct bsp_step *step;
	uint64_t tp = 0, fp = 0;
	struct table table;
	size_t i;

	table_begin(&table, file, false, cli_command_line(NULL), facts,
	    columns);
	for (i = 0; i < curve->count; i++) {
		step = &curve->steps[i];
		if (step->fp_above > fp)
			put_threshold(&table, curve, (double)nextafterf(
			    step->threshold, INFINITY), tp, step->fp_above);
		tp = step->tp;
		fp = step->fp;
		put_threshold(&table, curve, (double)step->threshold, tp, fp);
	}
	if (fp < curve->negatives)
		put_threshold(&table, curve, (double)least, tp,
		    curve->negatives);
	table_end(&table);
}
