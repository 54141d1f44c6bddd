/*
 * Feed files to a fuzz target, without a fuzzer: the stored corpus as a test.
 */
#include <stdio.h>

#include "stream.h"
#include "../unit/tap.h"

int
main(int argc, char **argv)
{
	static uint8_t data[1 << 20];
	size_t n;
	FILE *file;
	int i;

	for (i = 1; i < argc; i++) {
		file = fopen(argv[i], "rb");
		if (file == NULL) {
			ok(false, "open %s", argv[i]);
			continue;
		}
		n = fread(data, 1, sizeof data, file);
		fclose(file);
		LLVMFuzzerTestOneInput(data, n);
		ok(true, "%s", strrchr(argv[i], '/') + 1);
	}
	ok(argc > 5, "the corpus is there: %d files", argc - 1);
	return done();
}
