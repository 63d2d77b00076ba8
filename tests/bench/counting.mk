# SPDX-License-Identifier: Apache-2.0
# The cost of deciding what counts.
.PHONY: bench-counting
bench-counting: $(B)/bench/bench_counting ## nanoseconds per span to decide which calls count
	@$(B)/bench/bench_counting

$(B)/bench/bench_counting: $(B)/tests/bench/bench_counting.o $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
