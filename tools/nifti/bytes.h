/*
 * The bytes of a file, whether or not gzip compressed them: which it is, its
 * first bytes tell, not its name.
 */
#ifndef BYTES_H
#define BYTES_H

#include "../../lib/blindspot.h"

struct bytes;

/* Read from a descriptor, which is then owned; NULL is an error. */
struct bytes *bytes_open(int fd, struct bsp_error *e);

/*
 * Read n bytes, or as many as there are to the end of the file; *got says how
 * many.  A gzip stream that is damaged or cut is bad data.
 */
int bytes_read(struct bytes *bytes, void *to, size_t n, size_t *got,
    struct bsp_error *e);

/* How many bytes a file has left; 0 where it is none, or compressed. */
uint64_t bytes_left(const struct bytes *bytes);

void bytes_close(struct bytes *bytes);

#endif
