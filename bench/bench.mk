# Ratios of time against named references, each measured in one run.

bench: packages-bench
	@$(MAKE) -s all
	@BIN=$B/bin LIB=$(SHARED) /usr/bin/python3 bench/bench.py
	@BIN=$B/bin /usr/bin/python3 bench/learn.py --alone

.PHONY: bench-learn
bench-learn: packages-torch
	@$(MAKE) -s all
	@BIN=$B/bin /usr/bin/python3 bench/learn.py
