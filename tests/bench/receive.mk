# SPDX-License-Identifier: Apache-2.0
# What receiving costs, beside a server on gRPC core that ignores what it gets.
RECEIVE_BENCHES := otlp_load noop_server receive_server

$(B)/bench/otlp_load: $(B)/tests/bench/otlp_spans.o
$(RECEIVE_BENCHES:%=$(B)/bench/%): $(B)/bench/%: $(B)/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)

.PHONY: bench bench-receive
bench: bench-receive ## all benchmarks
bench-receive: $(BIN) $(RECEIVE_BENCHES:%=$(B)/bench/%) ## CPU per million spans, memory, start (ARGS="--batches 512")
	@tests/bench/bench_receive.py --bin $(B) $(ARGS)
