/*
 * --help and shell completion, from the tables of options and kinds.
 */
#ifndef HELP_H
#define HELP_H

#include "cli.h"

/* Print the help of a program, or of one of its kinds where kind is given. */
void help_print(const struct cli_program *program,
    const struct bsp_kind *kind);

/*
 * Print the words that may follow, one a line: kinds and options, or where
 * `option' names one, the words that it may be given.  A word that ends with a
 * colon goes on.  false: that option takes nothing, or there is none.
 */
bool help_complete(const struct cli_program *program,
    const struct bsp_kind *kind, const char *option);

#endif
