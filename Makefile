# blindspot: build, check, install.  `make help` lists the targets.

# No rule but ours: make looks for none of its own.
MAKEFLAGS += -r

# Each folder of pipelines with a table of variables is an experiment, and `make
# EXPERIMENT NAME=VALUE' is `blindspot EXPERIMENT NAME=VALUE' on what is built.
EXPERIMENTS := $(sort $(patsubst pipelines/%/variables,%, \
	$(wildcard pipelines/*/variables)))
ASKED := $(filter $(EXPERIMENTS),$(MAKECMDGOALS))
# What an experiment was given on the command line, and is no variable of the
# build.  Values are text, which make never expands: not for the environment of
# a recipe or of a shell beneath, so this comes first.
BUILD_VARIABLES = AR B BINDIR CC CFLAGS COMPLETIONDIR CPATH CPPFLAGS \
	C_INCLUDE_PATH DESTDIR FUZZ_SECONDS INCLUDEDIR INSTALL LDFLAGS LIBDIR \
	LIBRARY_PATH MAKE MAKEFLAGS MANDIR PREFIX SHELL STRICT V WARNINGS WITHOUT
GIVEN := $(if $(ASKED),$(foreach v,$(filter-out $(BUILD_VARIABLES), \
	$(.VARIABLES)),$(if $(filter command,$(firstword $(origin $v))),$v)))
ifneq ($(strip $(GIVEN)),)
unexport $(GIVEN)
endif

VERSION := $(shell sed -n 's/^.define BSP_VERSION "\(.*\)"/\1/p' \
	lib/blindspot.h)
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
LINK = $(required)$(CC) $(filter-out -Ofast -ffast-math \
	-funsafe-math-optimizations,$(CFLAGS)) $(LDFLAGS)
COMPILE = $(required)$(CC) $(FLAGS) $(INCLUDES) $(CPPFLAGS) -MMD -MP

.DEFAULT_GOAL = all
include tools/parts/parts.mk

ALL_PROGRAMS = $(patsubst tools/%.c,%,$(sort $(wildcard tools/*.c)))
PROGRAMS = $(filter-out $(LEFT_OUT),$(ALL_PROGRAMS))

LIB_SOURCES = $(filter-out lib/learn/% \
	$(if $(call lacks,recon-degrade_lowpass),lib/degrade/lowpass.c), \
	$(wildcard lib/*/*.c))
LIB_LIBS = $(call libs,fftw) -pthread -lm
LIB_OBJECTS = $(LIB_SOURCES:%.c=$B/%.o)
STATIC = $B/lib/libblindspot.a
SHARED = $B/lib/libblindspot.so.$(VERSION)
MANUALS = $(wildcard man/*.[1-9])

# What learns is a library of its own, so that the filters load no networks.
LEARN_SOURCES = $(wildcard lib/learn/*.c)
LEARN_OBJECTS = $(LEARN_SOURCES:%.c=$B/%.o)
LEARN_STATIC = $B/lib/libblindspot-learn.a
LEARN_SHARED = $B/lib/libblindspot-learn.so.$(VERSION)
LEARN_LIBS = $(call libs,onednn jansson lapack) $(openmp_FLAGS)
LEARN_BUILT = $(if $(call lacks,libblindspot-learn),,$(LEARN_STATIC) \
	$(LEARN_SHARED))
$(LEARN_OBJECTS): INCLUDES = -Ilib $(openmp_FLAGS) -fno-math-errno

.DELETE_ON_ERROR:
.PHONY: all programs help check check-san lint fuzz bench install \
	uninstall dist clean

# What is left out is told where it may be missed.
programs: $(foreach p,$(OPTIONAL),$(call part_file,$p)) \
	$(PROGRAMS:%=$B/bin/%) $B/bin/blindspot
# Experiments and checks of models, beside the programs that they run.
$B/bin/blindspot:
	@mkdir -p $(@D)
	ln -sf $(CURDIR)/pipelines/blindspot $@
all: programs $(STATIC) $(SHARED) $(LEARN_BUILT)
	@$(if $(filter-out all install,$(MAKECMDGOALS)),,$(tell_left_out)) :

help:
	@echo 'all         programs in $B/bin, libraries in $B/lib (the default);'
	@echo '            WITHOUT= leaves out what needs some of these parts:'
	@echo '            $(OPTIONAL)'
	@echo 'parts       which parts of the build are found, looked for anew'
	@$(foreach e,$(EXPERIMENTS),printf '%-23s %s\n' $e \
		"$$(sed -n '1s/^# //p' pipelines/$e/variables)";)
	@echo 'check       all tests; installs the Debian packages it needs'
	@echo 'check-san   the tests under the address and UB sanitizers'
	@echo 'check-debian the README on fresh Debian 12 and 13, as root; slow'
	@echo 'check-faults system calls and memory that fail, in every program; slow'
	@echo 'check-corruption files of every format, damaged at every byte; slow'
	@echo 'check-diagnose the diagnosis, interrupted many times; slow'
	@echo 'check-variables every variable of every experiment, both ways; slow'
	@echo 'check-slurm experiments on a Slurm cluster of its own; slow'
	@echo 'check-torch networks against PyTorch, a large package; bench-learn'
	@echo '            their speed'
	@echo 'lint        shellcheck, mandoc, compiler warnings as errors'
	@echo 'fuzz        FUZZ_SECONDS=60 on each parser'
	@echo 'bench       ratios of time against named references, and a table'
	@echo '            in $B/bench.tsv; KINDS="sweep blur" runs these parts'
	@echo 'coverage    how often 95 % intervals of few subjects hold the truth'
	@echo 'install     PREFIX=$(PREFIX) DESTDIR=; uninstall removes it again'
	@echo 'deb         Debian packages in $B/deb; dist a source archive'
	@echo 'clean       remove $B'

# ----------------------------------------------------------------- building

# Objects are kept, though programs only imply them.
.PRECIOUS: $B/%.o

$B/%.o: %.c Makefile tools/parts/parts.mk
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

# The same objects make the archive and the shared library: what calls within
# one file costs nothing when others may not take its place.
$B/lib/%.o: COMPILE += -fPIC -fno-semantic-interposition

# The table of degradations says which kind is left out, and why.
$B/lib/degrade/degrade.o: $(call part_file,fftw)
$B/lib/degrade/degrade.o: INCLUDES = \
	$(if $(call lacks,recon-degrade_lowpass), \
	-DBSP_WITHOUT_FFTW='"$(call lacks,recon-degrade_lowpass)"')

$(STATIC): $(LIB_OBJECTS)
	@mkdir -p $(@D)
	rm -f $@
	$(AR) rcs $@ $^

$(SHARED): $(LIB_OBJECTS)
	@mkdir -p $(@D)
	$(LINK) -shared -Wl,-soname,libblindspot.so.$(SOVERSION) \
		-o $@ $^ $(LIB_LIBS)
	ln -sf $(@F) $B/lib/libblindspot.so.$(SOVERSION)
	ln -sf $(@F) $B/lib/libblindspot.so

$(LEARN_STATIC): $(LEARN_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$(LEARN_SHARED): $(LEARN_OBJECTS) $(SHARED)
	$(LINK) -shared -Wl,-soname,libblindspot-learn.so.$(SOVERSION) \
		-Wl,-rpath,'$$ORIGIN' \
		-o $@ $(LEARN_OBJECTS) -L$B/lib -lblindspot $(LEARN_LIBS) -lm
	ln -sf $(@F) $B/lib/libblindspot-learn.so.$(SOVERSION)
	ln -sf $(@F) $B/lib/libblindspot-learn.so

# A program that is linked with the libraries of a prefix of its own finds them
# there; those of the system it finds without.
RPATH = $(if $(filter /usr/lib% /usr/local/lib% /lib%,$(LIBDIR)),, \
	-Wl$(comma)-rpath$(comma)$${libdir})
# Text between the quotes of a shell, and in the place of a sed command; a space
# in a path of a .pc file has a backslash before it.
quoted = '$(subst ','\'',$1)'
escaped = $(subst |,\|,$(subst &,\&,$(subst ',\\',$(subst \
	$(space),\\$(space),$1))))
space = $(subst x,,x x)

# write_pc NAME,TEMPLATE,LIBRARIES: nothing of a prefix stays in the build folder,
# from which several may install at once.
define write_pc
sed $(foreach v,PREFIX LIBDIR INCLUDEDIR VERSION,-e \
		$(call quoted,s|@$v@|$(call escaped,$($v))|)) \
		-e $(call quoted,s|@LIBS@|$(strip $3)|) \
		-e $(call quoted,s|@RPATH@|$(RPATH)|) \
		$2 | $(INSTALL) -m 644 /dev/stdin $(LIB_TO)/pkgconfig/$1.pc
endef
write_learn_pc = $(call write_pc,blindspot-learn,\
	lib/learn/blindspot-learn.pc.in,$(LEARN_LIBS:-fopenmp=-lgomp) -lm)

# What programs share is an archive, from which the linker takes what each
# calls; what one alone needs is a folder of its own.
CLI = $B/tools/cli.a
$(CLI): $(patsubst %.c,$B/%.o,$(wildcard tools/cli/*.c))
	rm -f $@
	$(AR) rcs $@ $^

objects = $(patsubst %.c,$B/%.o,$(wildcard tools/$1/*.c))
NIFTI_PROGRAMS = nii-slices slices-nii
$(NIFTI_PROGRAMS:%=$B/bin/%): $(call objects,nifti)
$(NIFTI_PROGRAMS:%=$B/bin/%): LIBS = $(nifti_LIBS) $(zlib_LIBS)
$(NIFTI_PROGRAMS:%=$B/tools/%.o) $(call objects,nifti): \
	INCLUDES = $(nifti_FLAGS)

# What reads and writes model files needs of what learns this and jansson alone.
TENSORS = $(if $(call lacks,residual_zscore),,$B/lib/learn/tensors.o)
WITHOUT_JANSSON = $(if $(call lacks,residual_zscore), \
	-DBSP_WITHOUT_JANSSON='"$(call lacks,residual_zscore)"')
$B/lib/residual/residual.o $B/tools/residual.o $B/tools/anom-sweep.o: \
	$(call part_file,jansson)
$B/lib/residual/residual.o $B/tools/residual.o $B/tools/anom-sweep.o: \
	INCLUDES = $(WITHOUT_JANSSON)
$B/bin/residual $B/bin/anom-sweep $B/bin/ood-histogram: $(TENSORS)
$B/bin/residual $B/bin/anom-sweep: LIBS = $(call libs,jansson)
$B/tools/cli/model.o: INCLUDES = -Ilib

# And this what LAPACK does.
$B/bin/ood-histogram: $B/lib/learn/ood.o
$B/bin/ood-histogram: LIBS = $(lapack_LIBS) $(jansson_LIBS)
$B/tools/ood-histogram.o: INCLUDES = -Ilib

$B/bin/anom-sweep: $(call objects,sweep)
$B/bin/score: $(call objects,score)

$B/bin/recon-train: $(call objects,train)
$B/bin/recon-model $B/bin/recon-train: $(LEARN_STATIC)
$B/bin/recon-model $B/bin/recon-train: \
	LIBS = $(LEARN_STATIC) $(STATIC) $(LEARN_LIBS)
$B/tools/recon-model.o $B/tools/recon-train.o $B/tools/cli/model-file.o \
	$(call objects,train): INCLUDES = -Ilib $(openmp_FLAGS)

$B/bin/%: $B/tools/%.o $(CLI) $(STATIC)
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^) $(CLI) $(LIBS) $(STATIC) \
		-Wl,--as-needed $(LIB_LIBS)

clean:
	rm -rf $B

# --------------------------------------------------------------- installing

# What is left out is not installed; to be uninstalled it may be there.
NAMES = blindspot $(if $(LEARN_BUILT),blindspot-learn)
PAGES = $(filter-out $(foreach n,$(LEFT_OUT:lib%=%),man/$n.1 man/$n.3), \
	$(MANUALS))
HEADERS = lib/blindspot.h $(if $(LEARN_BUILT),lib/learn/blindspot-learn.h)
SECTIONS = $(sort $(subst .,,$(suffix $(MANUALS))))

SHAREDIR = $(PREFIX)/share/blindspot
# Where this python3 looks for modules below the prefix, if it does; for others
# and for virtual environments blindspot.py is in SHAREDIR, in a folder of its
# own, which blindspot adds to PYTHONPATH.
PYTHONDIR = $(shell python3 -c 'import site, sys; p = sys.argv[1] + "/lib/"; \
	print(next((d for d in site.getsitepackages() + \
	[site.getusersitepackages()] if d.startswith(p)), ""))' \
	$(call quoted,$(PREFIX)) 2>/dev/null)
python_dir = $(eval python_dir := $$(PYTHONDIR))$(python_dir)
# Folders below DESTDIR as a shell takes them, whatever is in their names.
to = $(call quoted,$(DESTDIR)$1)
BIN_TO = $(call to,$(BINDIR))
LIB_TO = $(call to,$(LIBDIR))
MAN_TO = $(call to,$(MANDIR))
SHARE_TO = $(call to,$(SHAREDIR))
PYTHON_TO = $(SHARE_TO)/python $(if $(python_dir),$(call to,$(python_dir)))
INCLUDE_TO = $(call to,$(INCLUDEDIR))
COMPLETION_TO = $(call to,$(COMPLETIONDIR))
# The experiments: what is in the folders of pipelines.
PIPELINES = $(patsubst pipelines/%,%,$(wildcard pipelines/*/*))
PIPELINE_FOLDERS = $(sort $(patsubst %/,%,$(dir $(PIPELINES))))

install: all
	$(INSTALL) -d $(BIN_TO) $(LIB_TO)/pkgconfig $(INCLUDE_TO) \
		$(COMPLETION_TO) $(SECTIONS:%=$(MAN_TO)/man%) \
		$(PIPELINE_FOLDERS:%=$(SHARE_TO)/%) $(PYTHON_TO)
	for folder in $(PYTHON_TO); do \
		$(INSTALL) -m 644 lib/python/blindspot.py "$$folder" || exit; \
	done
	$(INSTALL) $(PROGRAMS:%=$B/bin/%) pipelines/blindspot $(BIN_TO)
	for file in $(PIPELINES); do \
		mode=644; [ ! -x pipelines/$$file ] || mode=755; \
		$(INSTALL) -m $$mode pipelines/$$file \
			$(SHARE_TO)/$$file || exit 1; \
	done
	for name in $(NAMES); do \
		$(INSTALL) -m 644 $B/lib/lib$$name.a \
			$B/lib/lib$$name.so.$(VERSION) $(LIB_TO) && \
		ln -sf lib$$name.so.$(VERSION) \
			$(LIB_TO)/lib$$name.so.$(SOVERSION) && \
		ln -sf lib$$name.so.$(VERSION) \
			$(LIB_TO)/lib$$name.so || exit 1; \
	done
	$(call write_pc,blindspot,lib/blindspot.pc.in,$(LIB_LIBS))
	$(if $(filter blindspot-learn,$(NAMES)),$(write_learn_pc))
	$(INSTALL) -m 644 $(HEADERS) $(INCLUDE_TO)
	for page in $(PAGES); do \
		$(INSTALL) -m 644 $$page \
			$(MAN_TO)/man$${page##*.} || exit 1; \
	done
	for program in $(PROGRAMS) blindspot; do \
		{ cat tools/cli/completion.bash; \
		echo complete -o default -F _blindspot $(PROGRAMS); } |\
		$(INSTALL) -m 644 /dev/stdin \
			$(COMPLETION_TO)/$$program || exit 1; \
	done

# Exactly what install makes, and no directory that others may use.
uninstall:
	for program in $(ALL_PROGRAMS) blindspot; do \
		rm -f $(BIN_TO)/$$program $(COMPLETION_TO)/$$program || exit; \
	done
	for name in blindspot blindspot-learn; do \
		rm -f $(LIB_TO)/lib$$name.a $(LIB_TO)/lib$$name.so \
			$(LIB_TO)/lib$$name.so.$(SOVERSION) \
			$(LIB_TO)/lib$$name.so.$(VERSION) \
			$(LIB_TO)/pkgconfig/$$name.pc \
			$(INCLUDE_TO)/$$name.h || exit; \
	done
	for page in $(notdir $(MANUALS)); do \
		rm -f $(MAN_TO)/man$${page##*.}/$$page || exit; \
	done
	for file in $(PIPELINES); do rm -f $(SHARE_TO)/$$file || exit; done
	for folder in $(PYTHON_TO); do \
		rm -f "$$folder"/blindspot.py \
			"$$folder"/__pycache__/blindspot.*.pyc || exit; \
		[ ! -d "$$folder"/__pycache__ ] || \
			rmdir --ignore-fail-on-non-empty "$$folder"/__pycache__; \
	done
	[ ! -d $(SHARE_TO) ] || rmdir --ignore-fail-on-non-empty \
		$(PIPELINE_FOLDERS:%=$(SHARE_TO)/%) $(SHARE_TO)/python $(SHARE_TO)

dist:
	@mkdir -p $B
	git archive --prefix=blindspot-$(VERSION)/ \
		-o $B/blindspot-$(VERSION).tar.gz HEAD

# Debian packages in $B/deb, from a copy of the sources.
DEB = $B/deb/blindspot-$(VERSION)
.PHONY: deb packages-deb
packages-deb:
	@tests/packages build deb
deb: packages-deb
	rm -rf '$B/deb'
	mkdir -p '$(DEB)'
	tar --exclude-vcs --exclude='./$B' --exclude=./results -cf - . | \
		tar -xf - -C '$(DEB)'
	cp -r tools/debian '$(DEB)/debian'
	cd '$(DEB)' && DEB_BUILD_OPTIONS=parallel="$$(nproc)" \
		dpkg-buildpackage -b -us -uc
	lintian --fail-on error,warning '$B'/deb/*.changes

# -------------------------------------------------------------- experiments

# With -e, what the environment has and an experiment of the goals asks for.
VARIABLES_OF = $(foreach e,$(ASKED), \
	$(shell pipelines/blindspot --variables $e | cut -f 1))
ifneq ($(and $(ASKED),$(findstring e,$(firstword -$(MAKEFLAGS)))),)
GIVEN += $(foreach v,$(sort $(VARIABLES_OF)),$(if $(filter \
	environment,$(firstword $(origin $v))),$v))
ifneq ($(strip $(GIVEN)),)
unexport $(GIVEN)
endif
endif
define newline


endef
one_line = $(if $(findstring $(newline),$(value $1)),$(error $1: the value \
	holds a line break))
assignments = $(foreach v,$(GIVEN),$(call one_line,$v)$(call \
	quoted,$v=$(value $v)))
run_experiment = +@$(unless_dry) \
	BLINDSPOT_BIN=$(call quoted,$B/bin) LEFT_OUT=$(call quoted,$(foreach \
	p,$(LEFT_OUT),$p: $(call lacks,$p);)) \
	pipelines/blindspot $@ $(assignments)

.PHONY: $(EXPERIMENTS)
# On a fresh machine what is built depends on the packages: a make of its own.
FRESH = demo gallery paper
$(FRESH): packages-run
	@$(MAKE) -s $(PARALLEL) all
	$(run_experiment)
$(filter-out $(FRESH),$(EXPERIMENTS)): all
	$(run_experiment)

# ----------------------------------------------------------------- packages

# What is missing is installed, or the line that installs it is printed.
.PHONY: packages-build packages-run packages-check packages-bench
packages-build:
	@tests/packages build
packages-run:
	@tests/packages build run
packages-check:
	@tests/packages build run check
packages-bench:
	@tests/packages build run check bench

# --------------------------------------------------------------------- lint

# Every script, found by its first line.
SCRIPTS = $(shell grep -rlE '^\#!(/usr)?/bin/(env )?(bash|sh|bats)$$' \
	tests tools .ci pipelines)

# Pages of ours that are not installed yet are no mistake.
lint:
	shellcheck -x $(SCRIPTS)
	shellcheck -s bash tools/cli/completion.bash tests/*.bash tests/*/*.bash \
		pipelines/common/*.bash pipelines/*/run
	! mandoc -Tlint -Wstyle $(MANUALS) 2>/dev/null | \
		grep -v 'referenced manual not found'
	$(MAKE) -s $(PARALLEL) STRICT=-Werror tests
	$(VARIANT) B=$B/clang-O3 CC=clang CFLAGS=-O3 test-programs

# A line that runs make is executed even by `make -n`, for the sub-make to say
# what it would do.  One that does more begins with this, and does nothing then.
unless_dry = $(if $(findstring n,$(firstword -$(MAKEFLAGS))),exit;)

include $(wildcard tests/*.mk tests/*/*.mk)

-include $(wildcard $B/*/*.d $B/*/*/*.d $B/*/*/*/*.d)
