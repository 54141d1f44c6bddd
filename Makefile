# blindspot: build, check, install.  `make help` lists the targets.

VERSION = 0.1.0
SOVERSION = 0

PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
COMPLETIONDIR = $(PREFIX)/share/bash-completion/completions
INSTALL = install

CC = gcc
CFLAGS = -O3
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wdouble-promotion \
	-Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings

B = build
# What the results depend on comes after the user's flags.
FLAGS = -std=c17 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -fvisibility=hidden \
	-ffp-contract=off -fno-fast-math $(STRICT)
# Fast-math flags at the link would change the CPU's rounding of small numbers.
LINK = $(CC) $(filter-out -Ofast -ffast-math -funsafe-math-optimizations, \
	$(CFLAGS)) $(LDFLAGS)
COMPILE = $(CC) $(FLAGS) $(INCLUDES) $(CPPFLAGS) -MMD -MP

PROGRAMS = anom-inject anom-predict anom-sweep brain-phantom \
	fg-equalize nii-slices ood-histogram recon-degrade recon-model \
	recon-train residual score score-compare
SHARED_OBJECTS = cli output help table positions groups metrics

LIB_SOURCES = $(filter-out lib/learn/%,$(wildcard lib/*/*.c))
LIB_OBJECTS = $(LIB_SOURCES:%.c=$B/%.o)
LIB_PIC = $(LIB_SOURCES:%.c=$B/pic/%.o)
TOOL_OBJECTS = $(SHARED_OBJECTS:%=$B/tools/%.o)
STATIC = $B/lib/libblindspot.a
SHARED = $B/lib/libblindspot.so.$(VERSION)
MANUALS = $(wildcard man/*.[1-9])

# What learns is a library of its own, so that the filters load no networks.
LEARN_SOURCES = $(wildcard lib/learn/*.c)
LEARN_OBJECTS = $(LEARN_SOURCES:%.c=$B/%.o)
LEARN_PIC = $(LEARN_SOURCES:%.c=$B/pic/%.o)
LEARN_STATIC = $B/lib/libblindspot-learn.a
LEARN_SHARED = $B/lib/libblindspot-learn.so.$(VERSION)
LEARN_LIBS = -ldnnl -ljansson -llapacke -lopenblas -fopenmp
$(LEARN_OBJECTS) $(LEARN_PIC): INCLUDES = -Ilib -fopenmp -fno-math-errno

.DELETE_ON_ERROR:
.PHONY: all programs help check check-san lint fuzz bench demo install \
	uninstall dist clean

programs: $(PROGRAMS:%=$B/bin/%)
all: programs $(STATIC) $(SHARED) $(LEARN_STATIC) \
	$(LEARN_SHARED) $B/lib/blindspot.pc $B/lib/blindspot-learn.pc

help:
	@echo 'all         programs in $B/bin, libraries in $B/lib (the default)'
	@echo 'demo        experiment 1 on a real brain: tables and pictures'
	@echo 'experiment1 the same on IMAGES=, see blindspot(7); also'
	@echo '            experiment1-equalized, experiment2, blind-spot, match'
	@echo 'experiment3 learned reconstructions, trained, or those of MODELS='
	@echo 'published   the published figures of experiment 1 beside ours'
	@echo 'paper       all of them, and one page with tables and figures'
	@echo 'scores      the blind spot of every residual, side by side'
	@echo 'gallery     every anomaly and degradation on one brain'
	@echo 'check       all tests; installs the Debian packages it needs'
	@echo 'check-san   the tests under the address and UB sanitizers'
	@echo 'check-torch networks against PyTorch, a large package; bench-learn'
	@echo '            their speed'
	@echo 'lint        shellcheck, mandoc, compiler warnings as errors'
	@echo 'fuzz        FUZZ_SECONDS=60 on each parser'
	@echo 'bench       ratios of time against named references'
	@echo 'install     PREFIX=$(PREFIX) DESTDIR=; uninstall removes it again'
	@echo 'dist        a source archive'
	@echo 'clean       remove $B'

# ----------------------------------------------------------------- building

# Objects are kept, though programs only imply them.
.PRECIOUS: $B/%.o

$B/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

$B/pic/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -c -o $@ $<

$(STATIC): $(LIB_OBJECTS)
	@mkdir -p $(@D)
	rm -f $@
	$(AR) rcs $@ $^

$(SHARED): $(LIB_PIC)
	@mkdir -p $(@D)
	$(LINK) -shared -Wl,-soname,libblindspot.so.$(SOVERSION) \
		-o $@ $^ -lfftw3 -lm
	ln -sf $(@F) $B/lib/libblindspot.so.$(SOVERSION)
	ln -sf $(@F) $B/lib/libblindspot.so

$(LEARN_STATIC): $(LEARN_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$(LEARN_SHARED): $(LEARN_PIC) $(SHARED)
	$(LINK) -shared -Wl,-soname,libblindspot-learn.so.$(SOVERSION) \
		-o $@ $(LEARN_PIC) -L$B/lib -lblindspot $(LEARN_LIBS) -lm
	ln -sf $(@F) $B/lib/libblindspot-learn.so.$(SOVERSION)
	ln -sf $(@F) $B/lib/libblindspot-learn.so

# Made anew each time: the prefix may have changed.
.PHONY: $B/lib/blindspot.pc $B/lib/blindspot-learn.pc
$B/lib/blindspot-learn.pc: lib/learn/blindspot-learn.pc.in
$B/lib/blindspot.pc: lib/blindspot.pc.in
$B/lib/blindspot.pc $B/lib/blindspot-learn.pc:
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	    -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	    $< > $@

# What a program needs beyond the library.
$B/bin/nii-slices: $B/tools/nifti.o
$B/bin/nii-slices: LIBS = -lnifti2 -lz
$B/tools/nifti.o: INCLUDES = -isystem /usr/include/nifti

$B/bin/anom-inject: $B/tools/companion.o
$B/bin/score: $B/tools/values.o
$B/bin/residual: $B/tools/model.o

$B/bin/ood-histogram: $B/tools/model.o $B/tools/ood.o
$B/bin/ood-histogram: LIBS = -llapacke -lopenblas

SWEEP = batch command companion grid merge model progress source
$B/bin/anom-sweep: $(SWEEP:%=$B/tools/%.o)
$B/bin/anom-sweep: LIBS = -fopenmp
$B/tools/batch.o $B/tools/anom-sweep.o: INCLUDES = -fopenmp

LEARN_TOOLS = gallery learned
$B/bin/recon-model: $(LEARN_TOOLS:%=$B/tools/%.o) $(LEARN_STATIC)
$B/bin/recon-model: LIBS = $(LEARN_STATIC) $(STATIC) $(LEARN_LIBS)
TRAIN = checkpoint progress validate trainlog
$B/bin/recon-train: $(LEARN_TOOLS:%=$B/tools/%.o) $(TRAIN:%=$B/tools/%.o) \
	$(LEARN_STATIC)
$B/bin/recon-train: LIBS = $(LEARN_STATIC) $(STATIC) $(LEARN_LIBS)
$(patsubst %,$B/tools/%.o,recon-model recon-train $(LEARN_TOOLS) $(TRAIN)): \
	INCLUDES = -Ilib -fopenmp

$B/bin/%: $B/tools/%.o $(TOOL_OBJECTS) $(STATIC)
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^) $(STATIC) $(LIBS) \
		-Wl,--as-needed -lfftw3 -lm

clean:
	rm -rf $B

# --------------------------------------------------------------- installing

HEADERS = lib/blindspot.h lib/learn/blindspot-learn.h
LIBRARIES = $(STATIC) $(SHARED) $(LEARN_STATIC) $(LEARN_SHARED)
SECTIONS = $(sort $(subst .,,$(suffix $(MANUALS))))

install: all
	$(INSTALL) -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(LIBDIR)/pkgconfig' \
		'$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(COMPLETIONDIR)' \
		$(SECTIONS:%='$(DESTDIR)$(MANDIR)/man%')
	$(INSTALL) $(PROGRAMS:%=$B/bin/%) '$(DESTDIR)$(BINDIR)'
	$(INSTALL) -m 644 $(LIBRARIES) '$(DESTDIR)$(LIBDIR)'
	for name in libblindspot libblindspot-learn; do \
		ln -sf $$name.so.$(VERSION) \
			'$(DESTDIR)$(LIBDIR)'/$$name.so.$(SOVERSION) && \
		ln -sf $$name.so.$(VERSION) \
			'$(DESTDIR)$(LIBDIR)'/$$name.so || exit 1; \
	done
	$(INSTALL) -m 644 $(HEADERS) '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL) -m 644 $B/lib/blindspot.pc $B/lib/blindspot-learn.pc \
		'$(DESTDIR)$(LIBDIR)/pkgconfig'
	for page in $(MANUALS); do \
		$(INSTALL) -m 644 $$page \
			'$(DESTDIR)$(MANDIR)'/man$${page##*.} || exit 1; \
	done
	for program in $(PROGRAMS); do \
		$(INSTALL) -m 644 completions/blindspot.bash \
			'$(DESTDIR)$(COMPLETIONDIR)'/$$program || exit 1; \
	done

# Exactly what install made, and no directory that others may use.
uninstall:
	rm -f $(PROGRAMS:%='$(DESTDIR)$(BINDIR)/%') \
		$(foreach f,$(notdir $(LIBRARIES)) libblindspot.so \
			libblindspot.so.$(SOVERSION) libblindspot-learn.so \
			libblindspot-learn.so.$(SOVERSION) \
			pkgconfig/blindspot.pc pkgconfig/blindspot-learn.pc, \
			'$(DESTDIR)$(LIBDIR)/$f') \
		$(foreach h,$(notdir $(HEADERS)), \
			'$(DESTDIR)$(INCLUDEDIR)/$h') \
		$(foreach m,$(notdir $(MANUALS)), \
			'$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $m))/$m') \
		$(PROGRAMS:%='$(DESTDIR)$(COMPLETIONDIR)/%')

dist:
	@mkdir -p $B
	git archive --prefix=blindspot-$(VERSION)/ \
		-o $B/blindspot-$(VERSION).tar.gz HEAD

# ----------------------------------------------------------------- packages

# What is missing is installed, or the line that installs it is printed.
.PHONY: packages-build packages-run packages-check packages-bench
packages-build:
	@build-aux/packages build
packages-run:
	@build-aux/packages build run
packages-check:
	@build-aux/packages build run check
packages-bench:
	@build-aux/packages build run check bench

# --------------------------------------------------------------------- lint

SCRIPTS = build-aux/packages .ci/run tests/run $(wildcard tests/*.bats) \
	$(addprefix pipelines/,progress experiment1-prepare experiment1-table \
	experiment1-findings experiment1-examples experiment2 \
	experiment3-prepare experiment3-table experiment3-findings \
	images blind-spot match match-figure published paper gallery \
	scores scores-planes scores-table scores-figure)

# Pages of ours that are not installed yet are no mistake.
lint:
	shellcheck -x $(SCRIPTS)
	shellcheck -s bash completions/blindspot.bash tests/helpers.bash \
		pipelines/pictures.bash pipelines/prepare.bash
	! mandoc -Tlint -Wstyle $(MANUALS) 2>/dev/null | \
		grep -v 'referenced manual not found'
	$(MAKE) -s $(PARALLEL) STRICT=-Werror tests
	$(VARIANT) B=$B/clang-O3 CC=clang CFLAGS=-O3 test-programs

# A line that runs make is executed even by `make -n`, for the sub-make to say
# what it would do.  One that does more begins with this, and does nothing then.
unless_dry = $(if $(findstring n,$(firstword -$(MAKEFLAGS))),exit;)

include $(wildcard pipelines/*.mk tests/*.mk bench/*.mk)

-include $(wildcard $B/*/*.d $B/*/*/*.d $B/*/*/*/*.d $B/pic/*/*/*.d)
