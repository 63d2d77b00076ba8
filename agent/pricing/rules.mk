# The price table: the data file, compiled by the loader that also reads it at run time, into build/tools/prices.img,
# which agent/pricing/embedded.S puts into the program. The compiler runs on the building machine: plain flags in any MODE.
PRICE_DATA    := agent/pricing/data/genai-prices.json
PRICE_NAME    := genai-prices
PRICE_VERSION := 0.2.3
PRICE_DATE    := 2026-11-21
PRICE_TOOL_SRC := agent/pricing/compile_main.c agent/pricing/load.c agent/pricing/load_genai.c \
	agent/pricing/load_clause.c agent/pricing/load_rows.c agent/pricing/load_litellm.c \
	agent/pricing/litellm_entry.c agent/pricing/litellm_rows.c \
	agent/pricing/load_overrides.c agent/pricing/image_writer.c agent/pricing/unit.c agent/base/arena.c \
	agent/base/buf.c agent/base/clock.c agent/base/file.c agent/base/json.c agent/base/money.c agent/base/slice.c \
	agent/base/status.c
PRICE_TOOL  := build/tools/compile_prices
PRICE_IMAGE := build/tools/prices.img

$(PRICE_TOOL): $(PRICE_TOOL_SRC) $(wildcard agent/pricing/*.h agent/base/*.h)
	@mkdir -p $(@D)
	@echo "  HOST  $@"
	$(Q)$(CC) -std=c11 -O1 -g -D_GNU_SOURCE -I. $(WARN) -o $@ $(PRICE_TOOL_SRC) -lpcre2-8 -lm

$(PRICE_IMAGE): $(PRICE_TOOL) $(PRICE_DATA)
	@echo "  PRICE $@"
	$(Q)$(PRICE_TOOL) $(PRICE_DATA) $(PRICE_NAME) $(PRICE_VERSION) $(PRICE_DATE) $@

$(B)/agent/pricing/embedded.o: $(PRICE_IMAGE)
