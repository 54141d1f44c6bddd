/*
 * --cite: BibTeX of the product and of what a program implements.
 */
#ifndef CITE_H
#define CITE_H

#include "cli.h"

/*
 * Print the entries of a program, or of one of its kinds where kind is given.
 * only: names with commas between, of metrics and of entries that the program
 * itself cites; NULL: all.  A usage error where a name is unknown.
 */
void cite_print(const struct cli_program *program,
    const struct bsp_kind *kind, const char *only);

#endif
