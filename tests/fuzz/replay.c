/*
 * Feed files to a fuzz target, without a fuzzer: the stored corpus as a test.
 */
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include "../unit/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Megabytes of address space; libraries may need some of their own. */
#ifndef REPLAY_MEMORY
#define REPLAY_MEMORY 64
#endif

/*
 * No input of a few bytes needs much memory, whatever its header claims.  (A
 * sanitizer needs address space of its own.)
 */
static void
limit_memory(void)
{
#if !defined __SANITIZE_ADDRESS__
	struct rlimit limit = {(rlim_t)REPLAY_MEMORY << 20,
	    (rlim_t)REPLAY_MEMORY << 20};

	ok(setrlimit(RLIMIT_AS, &limit) == 0, "memory is limited");
#endif
}

int
main(int argc, char **argv)
{
	static uint8_t data[1 << 20];
	size_t n;
	FILE *file;
	int i;

	limit_memory();
	setvbuf(stdout, NULL, _IOLBF, 0); /* a crash loses no line */
	for (i = 1; i < argc; i++) {
		file = fopen(argv[i], "rb");
		if (file == NULL) {
			ok(false, "open %s", argv[i]);
			continue;
		}
		n = fread(data, 1, sizeof data, file);
		fclose(file);
		fprintf(stderr, "# %s\n", argv[i]);
		LLVMFuzzerTestOneInput(data, n);
		ok(true, "%s", strrchr(argv[i], '/') == NULL ? argv[i] :
		    strrchr(argv[i], '/') + 1);
	}
	ok(argc > 5, "the corpus is there: %d files", argc - 1);
	return done();
}
