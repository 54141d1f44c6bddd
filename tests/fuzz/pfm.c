/* PFM alone: the magic number is given, the fuzzer writes what follows. */
#include "stream.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *stream = malloc(size + 3);

	memcpy(stream, "Pf\n", 3);
	if (size > 0)
		memcpy(stream + 3, data, size);
	read_twice(stream, size + 3, BSP_IMAGES);
	free(stream);
	return 0;
}

const enum fuzz_cut fuzz_cut = FUZZ_AT_IMAGES;
