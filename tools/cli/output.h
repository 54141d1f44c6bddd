/*
 * What cli.c and output.c share; programs use cli.h.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <sys/stat.h>

#include "cli.h"

/* Remember the command line: a failure spoils the outputs it names. */
void output_setup(const struct cli_program *program, int argc, char **argv);

/* All is written, or nothing was to be: to exit is no failure. */
void output_done(void);

/* Warn of masks that were read and have too many values; in cli.c. */
void cli_check_masks(void);

/* Die of a failed system call on a file. */
_Noreturn void output_die(int errnum, const char *path, const char *what);

/* Is this the file of that device and inode? */
bool output_same_file(const struct stat *a, dev_t device, ino_t inode);

#endif
