/*
 * What a fuzz target says to those that feed it.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where an input may be cut and still be taken for whole. */
enum fuzz_cut {
	FUZZ_AT_IMAGES, /* nowhere else is so many images read */
	FUZZ_AT_LINES,  /* after a line, as a table has no end of its own */
	FUZZ_NOWHERE,
	FUZZ_ANYWHERE   /* what is no file */
};

extern const enum fuzz_cut fuzz_cut;

/* Of the last input: below 0 where it was refused, else how many images were
 * read, or any number. */
extern int fuzz_taken;

#endif
