/*
 * Shards of a sweep's table, put together.
 */
#ifndef MERGE_H
#define MERGE_H

#include "../cli/cli.h"

/*
 * Write to standard output the table whose shards are in n files, or die: all
 * must come from the same version, grid, seed and images, and hold every cell
 * once.
 */
void merge_tables(const char *const *path, size_t n);

#endif
