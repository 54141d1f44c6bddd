# Ratios of time against named references, each measured in one run.

bench: packages-bench
	@$(MAKE) -s all
	@BIN=$B/bin LIB=$(SHARED) /usr/bin/python3 bench/bench.py
