# Fuzz targets: tests/fuzz/fuzz_*.c, one parser of outside bytes each, built with clang, libFuzzer and the sanitizers in a
# folder of their own. Seeds are written by tests/fuzz/seeds.py; what a fuzzer learns stays in $(FUZZ)/corpus.

FUZZ_CC      ?= clang
FUZZ_SECONDS ?= 60
FUZZ         := build/fuzz
FUZZ_FLAGS   := -std=c11 -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
FUZZ_SRC     := $(wildcard tests/fuzz/fuzz_*$(T)*.c)
FUZZ_BIN     := $(FUZZ_SRC:tests/fuzz/%.c=$(FUZZ)/%)
FUZZ_MAIN    := $(FUZZ_SRC:%.c=$(FUZZ)/%.o)
# The folders whose parsers are fuzzed, and what they stand on.
FUZZ_DIRS    := base span config net otlp dialects enrich pricing judgements canary review baselines slo budgets counting cases alerts redaction gate prompts
FUZZ_OBJ     := $(patsubst %.c,$(FUZZ)/%.o,$(foreach d,$(FUZZ_DIRS),$(filter-out $(MAINS),$(wildcard agent/$d/*.c))) $(PB)) $(FUZZ)/tests/fuzz/jansson.o
# Names that jansson, the oracle of fuzz_json, has too.
FUZZ_RENAMES := $(foreach name,object array string null,-Djson_$(name)=plimsoll_json_$(name))

.SECONDARY: $(FUZZ_OBJ) $(FUZZ_MAIN)
$(FUZZ)/%.o: %.c | $(PB:.c=.h)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(FUZZ_CC) $(CPPFLAGS) $(if $(findstring jansson,$<),,$(FUZZ_RENAMES)) $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<

$(FUZZ)/libplimsoll.a: $(FUZZ_OBJ)
	@echo "  AR    $@"
	$(Q)rm -f $@; ar rcs $@ $^

$(FUZZ)/fuzz_%: $(FUZZ)/tests/fuzz/fuzz_%.o $(FUZZ)/libplimsoll.a
	@echo "  LINK  $@"
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -Wl,--as-needed -o $@ $^ $(LIBS) -ljansson

.PHONY: fuzz fuzz-smoke
fuzz: $(FUZZ_BIN) ## fuzz each parser for FUZZ_SECONDS=60 (T=walk: those whose name holds it)
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_BIN)

fuzz-smoke: ## fuzz each parser for 10 seconds
	@$(MAKE) --no-print-directory FUZZ_SECONDS=10 fuzz

-include $(FUZZ_OBJ:.o=.d) $(FUZZ_MAIN:.o=.d)
