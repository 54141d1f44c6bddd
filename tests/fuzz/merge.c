/*
 * Shards of a sweep's table, with a form feed between the two; without one, a
 * shard that is all.
 */
#include "cli.h"
#include "../../tools/sweep/merge.c"

static void
merge(void)
{
	static const char *const path[] = {"0", "1"};

	memset(&whole, 0, sizeof whole);
	merge_tables(path, input[1].data == NULL ? 1 : 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *cut = size == 0 ? NULL : memchr(data, '\f', size);

	input[0].data = data;
	input[0].size = cut == NULL ? size : (size_t)(cut - data);
	input[1].data = cut == NULL ? NULL : cut + 1;
	input[1].size = cut == NULL ? 0 : size - input[0].size - 1;
	fuzz_taken = takes(merge) ? 1 : -1;
	return 0;
}

const enum fuzz_cut fuzz_cut = FUZZ_AT_LINES;
