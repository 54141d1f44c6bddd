/*
 * Faults in the calls that a program makes: see inject.c.
 */
#ifndef INJECT_H
#define INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call {
	CALL_READ, CALL_WRITE, CALL_OPEN, CALL_CLOSE, CALL_FSYNC, CALL_RENAME,
	CALL_MEMORY, CALL_MMAP, CALL_THREAD, CALLS
};

enum mode {
	MODE_COUNT,       /* nothing fails */
	MODE_ONCE,        /* the k-th call fails */
	MODE_FROM,        /* it and all after it */
	MODE_INTERRUPTED, /* each call is interrupted once */
	MODE_SHORT        /* reads and writes move a byte or three at once */
};

/* What the process that starts a run shares with it. */
struct inject_seen {
	uint64_t count[CALLS];
	char owner[64]; /* the library that made the call which failed */
	char where[32]; /* and the place in it */
};

/* Calls from here on are counted, and fail, as the arguments say. */
void inject_begin(struct inject_seen *seen, enum mode mode, enum call call,
    uint64_t k);

#endif
