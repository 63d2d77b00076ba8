# SPDX-License-Identifier: Apache-2.0
# The cost of passing spans on over OTLP, from a queue in memory and from one on the disk: of the whole agent, and of the
# forwarder alone.
.PHONY: bench bench-forward bench-forwarder
bench: bench-forward
bench-forward: $(BIN) $(B)/bench/otlp_load $(B)/bench/noop_server $(B)/bench/receive_server ## CPU per million spans received, enriched and passed on (ARGS="--rounds 1")
	@tests/bench/bench_forward.py --bin $(B) $(ARGS)

bench-forwarder: $(B)/bench/bench_forward $(B)/bench/noop_server $(B)/bench/receive_server ## the queue and the exporter alone
	@$(B)/bench/bench_forward $(B)/bench/noop_server
	@$(B)/bench/bench_forward $(B)/bench/noop_server --storage lmdb
	@$(B)/bench/bench_forward $(B)/bench/receive_server --exporter otlphttp
	@$(B)/bench/bench_forward $(B)/bench/receive_server --exporter otlphttp --storage lmdb
	@$(B)/bench/bench_forward $(B)/bench/noop_server --consumers 4
	@$(B)/bench/bench_forward $(B)/bench/noop_server --spans 300000 --compression gzip

$(B)/bench/bench_forward: $(B)/tests/bench/bench_forward.o $(B)/tests/bench/otlp_spans.o $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
