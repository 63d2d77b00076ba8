# The price engine: alone, and against the Python package that defines the prices, in the same run.
BENCH_PRICE_VENV := build/venv-price

$(B)/bench/bench_price: $(B)/tests/bench/bench_price.o $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BENCH_PRICE_VENV)/.ready:
	$(Q)python3 -m venv $(@D) && $(@D)/bin/pip install --quiet genai-prices==$(PRICE_VERSION) && touch $@

.PHONY: bench bench-price
bench: bench-price
bench-price: $(B)/bench/bench_price $(BENCH_PRICE_VENV)/.ready ## calls priced per second, beside the Python package
	@$(BENCH_PRICE_VENV)/bin/python tests/bench/bench_price.py $(B)/bench/bench_price
