# Fuzzing the parsers: `make fuzz` looks for new inputs with libFuzzer, and
# `make check` replays the stored ones.  `make check-corruption` cuts and damages
# whole files of every format at every byte, `make check` at some.

FUZZ_SECONDS = 60
FUZZ_TARGETS = images pfm masks specs tables merge tensors models nifti
# Those that read as programs do: see tests/fuzz/cli.h.  Who dies may leave what
# the C library holds.
FUZZ_CLI = tables merge models
FUZZ_WRAP = -Wl,--wrap=read $(foreach f,malloc calloc realloc reallocarray \
	strdup strndup free fclose,-Wl,--wrap=$f)
fuzz_objects = $(patsubst %.c,$1/%.o,tools/score/points.c tools/sweep/grid.c \
	$(addprefix tools/cli/,curves.c index.c interval.c points.c \
	positions.c table.c))
FUZZ_FLAGS = -g -O1 -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all
FUZZ_BUILD = $B/fuzz

fuzz: packages-check
	$(MAKE) -s B=$(FUZZ_BUILD) CC=clang CPPFLAGS=-DBSP_NO_CLONES \
		CFLAGS='$(subst fuzzer,fuzzer-no-link,$(FUZZ_FLAGS))' \
		$(FUZZ_BUILD)/lib/libblindspot.a \
		$(FUZZ_BUILD)/lib/libblindspot-learn.a \
		$(call fuzz_objects,$(FUZZ_BUILD)) \
		$(FUZZ_BUILD)/tools/cli/model.o
	@for target in $(FUZZ_TARGETS); do \
		clang -std=c17 -D_GNU_SOURCE $(FUZZ_FLAGS) \
			-Ilib -o $(FUZZ_BUILD)/$$target \
			$(nifti_FLAGS) tests/fuzz/$$target.c \
			$$([ $$target != nifti ] || ls tools/nifti/*.c) \
			$$(case ' $(FUZZ_CLI) ' in \
			*" $$target "*) echo $(FUZZ_WRAP) \
				$(call fuzz_objects,$(FUZZ_BUILD)) ;; esac) \
			$$([ $$target != models ] || \
				echo $(FUZZ_BUILD)/tools/cli/model.o) \
			$(FUZZ_BUILD)/lib/libblindspot-learn.a \
			$(FUZZ_BUILD)/lib/libblindspot.a \
			-Wl,--as-needed $(LEARN_LIBS) $(nifti_LIBS) \
			$(LIB_LIBS) -Wl,--wrap=read && \
		mkdir -p $(FUZZ_BUILD)/corpus/$$target && \
		echo "fuzz: $$target for $(FUZZ_SECONDS) s" && \
		case ' $(FUZZ_CLI) ' in *" $$target "*) leaks=0 ;; \
		*) leaks=1 ;; esac && \
		ASAN_OPTIONS=detect_leaks=$$leaks \
		$(FUZZ_BUILD)/$$target -max_total_time=$(FUZZ_SECONDS) \
			-max_len=4096 -malloc_limit_mb=64 -timeout=10 \
			-dict=tests/fuzz/dictionary -print_final_stats=1 \
			-artifact_prefix=$(FUZZ_BUILD)/$$target- \
			$(FUZZ_BUILD)/corpus/$$target \
			tests/fuzz/corpus/$$target 2>&1 | \
			tee $(FUZZ_BUILD)/$$target.log | \
			grep -E 'ERROR|SUMMARY|executed_units|Test unit' ; \
		! grep -q -E 'ERROR|SUMMARY' $(FUZZ_BUILD)/$$target.log || exit 1; \
	done

REPLAYS = $(patsubst %,$B/tests/replay-%, \
	$(filter-out $(if $(LEARN_BUILT),,tensors) \
	$(if $(TENSORS),,models) \
	$(if $(call lacks,nii-slices),nifti),$(FUZZ_TARGETS)))
test-programs: $(REPLAYS)
$B/tests/replay-%: tests/fuzz/%.c tests/fuzz/replay.c tests/fuzz/stream.h \
		tests/fuzz/cli.h tests/fuzz/target.h $(STATIC)
	@mkdir -p $(@D)
	$(LINK) $(filter-out -Wconversion -Wdouble-promotion,$(FLAGS)) \
		$(INCLUDES) $(CPPFLAGS) -o $@ $< tests/fuzz/replay.c \
		$(TEST_LIBS) $(STATIC) $(LIB_LIBS) -Wl,--wrap=read

$B/tests/replay-tensors: $(LEARN_STATIC)
$B/tests/replay-tensors: INCLUDES = -Ilib -DREPLAY_MEMORY=1024
$B/tests/replay-tensors: TEST_LIBS = $(LEARN_STATIC) $(STATIC) $(LEARN_LIBS)

$(FUZZ_CLI:%=$B/tests/replay-%): $(call fuzz_objects,$B)
$(FUZZ_CLI:%=$B/tests/replay-%): TEST_LIBS = $(FUZZ_WRAP) \
	$(call fuzz_objects,$B)
$B/tests/replay-models: $B/tools/cli/model.o $(TENSORS)
$B/tests/replay-models: INCLUDES = -DREPLAY_MEMORY=256
$B/tests/replay-models: TEST_LIBS = $(FUZZ_WRAP) $(call fuzz_objects,$B) \
	$B/tools/cli/model.o $(TENSORS) $(call libs,jansson)

$B/tests/replay-nifti: $(call objects,nifti)
$B/tests/replay-nifti: INCLUDES = $(nifti_FLAGS)
$B/tests/replay-nifti: TEST_LIBS = $(call objects,nifti) $(nifti_LIBS) \
	$(zlib_LIBS)

.PHONY: check-corruption
check-corruption: packages-check sanitized
	tests/fuzz/damage $B/sanitized
