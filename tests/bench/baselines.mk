# SPDX-License-Identifier: Apache-2.0
# The cost of a sample, of closing five minutes of every series, and of keeping them.
.PHONY: bench-baselines
bench-baselines: $(B)/bench/bench_baselines ## nanoseconds a sample, milliseconds a tick, bytes a series
	@$(B)/bench/bench_baselines 5 && $(B)/bench/bench_baselines 50 && $(B)/bench/bench_baselines 1000

$(B)/bench/bench_baselines: $(B)/tests/bench/bench_baselines.o $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
