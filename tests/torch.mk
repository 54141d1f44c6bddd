# What is compared with PyTorch, whose package is large: not part of `make
# check`.

.PHONY: check-torch packages-torch
packages-torch:
	@tests/packages build torch check

check-torch: packages-torch
	$(MAKE) -s all
	BIN=$B/bin /usr/bin/python3 tests/torch/check.py
	BIN=$B/bin /usr/bin/python3 tests/torch/python.py
