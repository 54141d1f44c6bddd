/* PGM, PAM and PFM image streams. */
#include "stream.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_twice(data, size, BSP_IMAGES);
	return 0;
}

const enum fuzz_cut fuzz_cut = FUZZ_AT_IMAGES;
