# Ratios of time against named references, each measured in one run.

BENCH_STAGES = $B/bench/stages.so

$(BENCH_STAGES): tests/bench/stages.c $(LIB_OBJECTS)
	@mkdir -p $(@D)
	$(LINK) $(FLAGS) -fPIC -shared -o $@ $^ $(LIB_LIBS)

# KINDS names the parts to run; the figures are a table, too.
bench: packages-bench
	@$(MAKE) -s all $(BENCH_STAGES)
	@BIN=$B/bin LIB=$(BENCH_STAGES) KINDS='$(KINDS)' TSV=$B/bench.tsv \
		/usr/bin/python3 tests/bench/bench.py
	@$(if $(KINDS),$(if $(findstring learn,$(KINDS)),,exit 0;)) \
		BIN=$B/bin /usr/bin/python3 tests/bench/learn.py --alone

.PHONY: bench-learn
bench-learn: packages-torch
	@$(MAKE) -s all
	@BIN=$B/bin /usr/bin/python3 tests/bench/learn.py

# How often intervals of few subjects hold the truth: the figures of score(1).
$B/bench/coverage: tests/bench/coverage.c $(STATIC)
	@mkdir -p $(@D)
	$(LINK) $(FLAGS) -o $@ $< $(STATIC) $(LIB_LIBS)

.PHONY: coverage
coverage: $B/bench/coverage
	@$B/bench/coverage
