# How the tests are built and run.  `make check` installs what they need.

UNITS = $(filter-out $(if $(LEARN_BUILT),,learn training) \
	$(if $(call lacks,ood-histogram),ood), \
	$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c)))
UNIT_PROGRAMS = $(UNITS:%=$B/tests/%)

$B/tests/%: tests/unit/%.c tests/unit/tap.h $(STATIC)
	@mkdir -p $(@D)
	$(LINK) $(filter-out -Wconversion -Wdouble-promotion,$(FLAGS)) \
		$(INCLUDES) $(CPPFLAGS) -o $@ $< $(TEST_LIBS) $(STATIC) \
		$(LIB_LIBS)

$B/tests/hash: TEST_LIBS = -lxxhash

$B/tests/ood: $B/lib/learn/ood.o
$B/tests/ood: INCLUDES = -Ilib
$B/tests/ood: TEST_LIBS = $B/lib/learn/ood.o $(STATIC) $(lapack_LIBS)

$B/tests/learn $B/tests/training: $(LEARN_STATIC)
$B/tests/learn $B/tests/training: INCLUDES = -Ilib
$B/tests/learn $B/tests/training: TEST_LIBS = $(LEARN_STATIC) $(STATIC) $(LEARN_LIBS)

.PHONY: tests test-programs variants sanitized
tests: all test-programs
test-programs: programs $(UNIT_PROGRAMS)

# As many jobs as processors, unless make was told how many.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j"$$(nproc)")

# Other compilers and optimisation levels, whose results must be the same: of
# programs; clang, whose warnings differ, compiles the tests too.
VARIANT = $(MAKE) -s $(PARALLEL) STRICT=-Werror
variants: programs
	$(VARIANT) B=$B/gcc-O0 CC=gcc CFLAGS=-O0 programs
	$(VARIANT) B=$B/clang-O0 CC=clang CFLAGS=-O0 programs
	$(VARIANT) B=$B/clang-O3 CC=clang CFLAGS=-O3 test-programs
	@mkdir -p $B/no-clones $B/native
	cd $B && find lib tools -name '*.o' $(CLONED:%.c=! -path %.o) \
		-exec cp -p --parents -t no-clones {} + \
		-exec cp -p --parents -t native {} +
	$(VARIANT) B=$B/no-clones CC=gcc CPPFLAGS=-DBSP_NO_CLONES programs
	$(VARIANT) B=$B/native CC=gcc CFLAGS='-O3 -march=native' programs

# What is compiled for several kinds of processors; the rest is as it was.
CLONED = $(shell grep -lE 'BSP_(NO_)?CLONES' lib/*/*.c)

SANITIZE = -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all \
	-static-libasan -static-libubsan
sanitized:
	$(VARIANT) B=$B/sanitized CC=gcc CFLAGS='$(SANITIZE)' \
		CPPFLAGS=-DBSP_NO_CLONES test-programs

check: packages-check
	$(MAKE) -s $(PARALLEL) STRICT=-Werror tests
	$(MAKE) -s variants sanitized
	$(MAKE) -s lint
	tests/run $B -- $B/sanitized unit contract bad-input

check-san: packages-check sanitized
	tests/run $B/sanitized unit oracle contract bad-input

# The diagnosis, interrupted many times: some minutes.
.PHONY: check-diagnose
check-diagnose: packages-check all
	bats tests/long/diagnose.bats

# Each variable of each experiment, asked for after another value, and with what
# a shell would run: an hour.
.PHONY: check-variables
check-variables: packages-check all
	bats tests/long/variables.bats tests/long/hostile.bats

# Long runs in parts on a Slurm cluster that the tests start.
.PHONY: check-slurm
check-slurm: packages-check all
	bats tests/slurm.bats tests/long/slurm.bats

# The README's commands on fresh installations, as root: an hour on two cores.
.PHONY: check-debian packages-debian
packages-debian:
	@tests/packages debian

check-debian: packages-debian
	tests/debian bookworm
	tests/debian trixie
