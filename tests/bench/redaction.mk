# SPDX-License-Identifier: Apache-2.0
# The cost of looking for what must not leave.
.PHONY: bench-redaction
bench-redaction: $(B)/bench/bench_redaction ## MB/s of text per core: prose, JSON messages, escaped JSON, with a pattern; ns per span
	@$(B)/bench/bench_redaction

$(B)/bench/bench_redaction: $(B)/tests/bench/bench_redaction.o $(B)/tests/bench/otlp_spans.o $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
