/*
 * Feed files to a fuzz target, without a fuzzer: the stored corpus as a test.
 *
 * usage: replay FILE...
 *        replay --damage MOST FILE...
 *
 * With --damage, files that are whole are cut at every byte, and every byte is
 * made 0, 255, and another by its last bit; of longer files that are more than
 * MOST inputs, as many evenly (0: all).  None may crash the target or keep it
 * for more than 10 seconds, and no cut may be taken for whole.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../unit/tap.h"
#include "target.h"

/* Megabytes of address space; libraries may need some of their own. */
#ifndef REPLAY_MEMORY
#define REPLAY_MEMORY 64
#endif

#define SECONDS 10

static uint8_t data[1 << 20];
static unsigned long inputs;

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

static const char *
last_part(const char *path)
{
	return strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
}

static bool
load(const char *path, size_t *n)
{
	FILE *file = fopen(path, "rb");

	if (file == NULL) {
		ok(false, "open %s", path);
		return false;
	}
	*n = fread(data, 1, sizeof data, file);
	fclose(file);
	return true;
}

static int
feed(size_t n)
{
	/* Exactly as long as it is, so that nothing behind it is read. */
	uint8_t *input = malloc(n);

	if (n > 0)
		memcpy(input, data, n);
	fuzz_taken = -1;
	alarm(SECONDS);
	LLVMFuzzerTestOneInput(input, n);
	alarm(0);
	inputs++;
	free(input);
	return fuzz_taken;
}

/* ------------------------------------------------------------------ damage */

#define IMAGES 64

/* A plain image may be cut in its last number, or in white space after it. */
static bool
is_plain(void)
{
	return data[0] == 'P' && (data[1] == '1' || data[1] == '2');
}

/* May the first n bytes, which were taken, be? */
static bool
may_be_cut(size_t n, size_t at[IMAGES])
{
	size_t before;

	switch (fuzz_cut) {
	case FUZZ_ANYWHERE:
		return true;
	case FUZZ_AT_LINES:
		return n == 0 || data[n - 1] == '\n';
	case FUZZ_NOWHERE:
		return false;
	case FUZZ_AT_IMAGES:
		break;
	}
	if (fuzz_taken >= IMAGES || is_plain())
		return true;
	before = at[fuzz_taken];
	at[fuzz_taken] = n;
	return before == SIZE_MAX;
}

static void
cut(const char *name, size_t n, size_t step)
{
	size_t at[IMAGES], i, wrong = 0;

	memset(at, 0xFF, sizeof at);
	for (i = 0; i < n; i += step)
		if (feed(i) >= 0 && !may_be_cut(i, at) && wrong++ == 0)
			fprintf(stderr, "# %s is taken for whole after %zu "
			    "of %zu bytes\n", name, i, n);
	ok(wrong == 0, "%s: no cut is taken for whole", name);
}

static void
corrupt(size_t n, size_t step)
{
	size_t i;
	uint8_t was;

	for (i = 0; i < n; i += step) {
		was = data[i];
		data[i] = 0;
		feed(n);
		data[i] = 255;
		feed(n);
		data[i] = was ^ 1;
		feed(n);
		data[i] = was;
	}
}

static void
damage(const char *path, size_t most)
{
	const char *name = last_part(path);
	size_t n, step;

	if (!load(path, &n))
		return;
	step = most == 0 || 4 * n <= most ? 1 : (4 * n + most - 1) / most;
	/* One that is prime to most sizes of rows and numbers. */
	step += step > 1 && step % 2 == 0;
	ok(feed(n) >= 0, "%s is taken", name);
	cut(name, n, step);
	corrupt(n, step);
	ok(true, "%s: damaged at %s byte", name, step == 1 ? "every" :
	    "some");
}

/* --------------------------------------------------------------------- main */

static void
replay(int n, char **path)
{
	size_t size;
	int i;

	for (i = 0; i < n; i++) {
		if (!load(path[i], &size))
			continue;
		fprintf(stderr, "# %s\n", path[i]);
		feed(size);
		ok(true, "%s", last_part(path[i]));
	}
	ok(n > 4, "the corpus is there: %d files", n);
}

int
main(int argc, char **argv)
{
	int i;

	limit_memory();
	setvbuf(stdout, NULL, _IOLBF, 0); /* a crash loses no line */
	if (argc > 3 && strcmp(argv[1], "--damage") == 0)
		for (i = 3; i < argc; i++)
			damage(argv[i], strtoul(argv[2], NULL, 10));
	else
		replay(argc - 1, argv + 1);
	printf("# %lu inputs\n", inputs);
	return done();
}
