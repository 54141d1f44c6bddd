/*
 * The log of a training.
 */
#ifndef TRAINLOG_H
#define TRAINLOG_H

#include "../cli/table.h"

/*
 * Begin the log, or die.  One that a training left off after some steps, 0 for
 * none, goes on: of a log that is there already the rows up to then are kept.
 * Dies where it is no log of this training, whose facts say so.
 */
void trainlog_begin(struct table *log, const char *path,
    const struct table_fact *facts, uint64_t steps);

/* Add a row, at once; NaN: not known. */
void trainlog_add(struct table *log, uint64_t step, double loss, double ap,
    double error);

#endif
