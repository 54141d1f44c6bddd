/*
 * Random words for tests, the same in every run.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdint.h>

static inline uint32_t
word(void) /* xorshift, Marsaglia 2003 */
{
	static uint32_t state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

#endif
