# Faults that are injected into every program: `make check-faults` all of them,
# `make check` some.

FAULTS = $B/tests/faults.so
test-programs: $(FAULTS)
$(FAULTS): $(wildcard tests/faults/*.[ch]) $(STATIC)
	@mkdir -p $(@D)
	$(LINK) $(filter-out -Wconversion -Wdouble-promotion \
		-fsanitize% -fvisibility=hidden,$(FLAGS)) -fPIC -shared -o $@ \
		$(filter %.c,$^) $(STATIC) -Wl,--exclude-libs,ALL -ldl -lm

.PHONY: check-faults
check-faults: packages-check
	$(MAKE) -s $(PARALLEL) all $(FAULTS)
	tests/faults/check $B
