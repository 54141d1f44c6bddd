# How the tests are built and run.  `make check` installs what they need.

UNITS = $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
UNIT_PROGRAMS = $(UNITS:%=$B/tests/%)

$B/tests/%: tests/unit/%.c tests/unit/tap.h $(STATIC)
	@mkdir -p $(@D)
	$(LINK) $(filter-out -Wconversion -Wdouble-promotion,$(FLAGS)) \
		$(INCLUDES) $(CPPFLAGS) -o $@ $< $(TEST_LIBS) $(STATIC) \
		-lfftw3 -lm

$B/tests/learn: $(LEARN_STATIC)
$B/tests/learn: INCLUDES = -Ilib
$B/tests/learn: TEST_LIBS = $(LEARN_STATIC) $(STATIC) $(LEARN_LIBS)

.PHONY: tests variants sanitized
tests: all $(UNIT_PROGRAMS)

# Other compilers and optimisation levels, whose results must be the same.
variants:
	$(MAKE) -s B=$B/gcc-O0 CC=gcc CFLAGS=-O0 STRICT=-Werror all
	$(MAKE) -s B=$B/clang-O0 CC=clang CFLAGS=-O0 STRICT=-Werror all
	$(MAKE) -s B=$B/clang-O3 CC=clang CFLAGS=-O3 STRICT=-Werror all
	$(MAKE) -s B=$B/no-clones CC=gcc CPPFLAGS=-DBSP_NO_CLONES \
		STRICT=-Werror all

SANITIZE = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
sanitized:
	$(MAKE) -s B=$B/sanitized CC=gcc CFLAGS='$(SANITIZE)' \
		CPPFLAGS=-DBSP_NO_CLONES STRICT=-Werror tests

check: packages-check
	$(MAKE) -s STRICT=-Werror tests
	$(MAKE) -s variants sanitized
	$(MAKE) -s lint
	tests/run $B

check-san: packages-check sanitized
	SANITIZED=1 tests/run $B/sanitized unit oracle contract bad-input
