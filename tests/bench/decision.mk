# SPDX-License-Identifier: Apache-2.0
# How long gateways and SDKs wait for a decision on a budget.
$(B)/bench/decision_load: $(B)/tests/bench/decision_load.o $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)

.PHONY: bench bench-decision
bench: bench-decision
bench-decision: $(BIN) $(B)/bench/decision_load $(B)/bench/otlp_load ## decisions on budgets: p50 and p99 over HTTP (ARGS="--count 5000")
	@tests/bench/bench_decision.py --bin $(B) $(ARGS)
