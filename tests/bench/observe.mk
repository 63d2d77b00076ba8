# SPDX-License-Identifier: Apache-2.0
# The cost of counting a call, of a label set, and of a scrape.
.PHONY: bench-observe
bench-observe: $(B)/bench/bench_observe ## nanoseconds per counted call, bytes per label set, a scrape of 2000
	@$(B)/bench/bench_observe

$(B)/bench/bench_observe: $(B)/tests/bench/bench_observe.o $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
