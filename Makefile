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
COMPILE = $(CC) $(FLAGS) $(CPPFLAGS) -MMD -MP

PROGRAMS = anom-inject nii-slices recon-degrade residual score
SHARED_OBJECTS = cli help table positions groups

LIB_SOURCES = $(wildcard lib/*/*.c)
LIB_OBJECTS = $(LIB_SOURCES:%.c=$B/%.o)
LIB_PIC = $(LIB_SOURCES:%.c=$B/pic/%.o)
TOOL_OBJECTS = $(SHARED_OBJECTS:%=$B/tools/%.o)
STATIC = $B/lib/libblindspot.a
SHARED = $B/lib/libblindspot.so.$(VERSION)
MANUALS = $(wildcard man/*.[1-9])

.DELETE_ON_ERROR:
.PHONY: all help check check-san lint fuzz bench demo install uninstall \
	dist clean packages

all: $(PROGRAMS:%=$B/bin/%) $(STATIC) $(SHARED) $B/lib/blindspot.pc

help:
	@echo 'all         programs in $B/bin, libraries in $B/lib (the default)'
	@echo 'demo        experiment 1 on a real brain: tables and pictures'
	@echo 'experiment1 the same on IMAGES=, see blindspot(7)'
	@echo 'check       all tests; installs the Debian packages it needs'
	@echo 'check-san   the tests under the address and UB sanitizers'
	@echo 'lint        shellcheck, mandoc, compiler warnings as errors'
	@echo 'fuzz        FUZZ_SECONDS=60 on each parser'
	@echo 'bench       ratios of time against named references'
	@echo 'install     PREFIX=$(PREFIX) DESTDIR=; uninstall removes it again'
	@echo 'dist        a source archive'
	@echo 'clean       remove $B'

# ----------------------------------------------------------------- building

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
	$(CC) -shared -Wl,-soname,libblindspot.so.$(SOVERSION) $(LDFLAGS) \
		-o $@ $^ -lm
	ln -sf $(@F) $B/lib/libblindspot.so.$(SOVERSION)
	ln -sf $(@F) $B/lib/libblindspot.so

$B/lib/blindspot.pc: lib/blindspot.pc.in Makefile
	@mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	    -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	    $< > $@

# What a program needs beyond the library.
$B/bin/nii-slices: LIBS = -lniftiio -lznz -lz

$B/bin/%: $B/tools/%.o $(TOOL_OBJECTS) $(STATIC)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lm

clean:
	rm -rf $B

-include $(wildcard $B/*/*.d $B/*/*/*.d $B/*/*/*/*.d $B/pic/*/*/*.d)
