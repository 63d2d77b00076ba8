# SPDX-License-Identifier: Apache-2.0
# What many dialects cost a span.
.PHONY: bench-dialects
bench: bench-dialects
bench-dialects: $(B)/bench/bench_dialects ## spans/CPU second with two dialects and with all, and the ratio
	@$(B)/bench/bench_dialects

$(B)/bench/bench_dialects: $(B)/tests/bench/bench_dialects.o $(B)/tests/bench/otlp_spans.o $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
