# Plimsoll - one Makefile for everything. `make help` lists the targets.

MODE   ?= release
PREFIX ?= /usr/local
prefix ?= $(PREFIX)
T      ?=
V      ?= 0
Q      := $(if $(filter 1,$(V)),,@)

# What all know, then the folders in the order of ARCHITECTURE.md's table, then those beside it; tests/layers.py wants each one here.
FLOW := base span config net receivers otlp dialects enrich pricing counting judgements observe baselines slo canary review cases budgets \
	alerts prompts store redaction sampling routing gate admin cli daemon

# Debian 12 packages: what builds and runs the agent, what the tests need besides.
BUILD_PACKAGES := gcc make pkg-config python3 libgrpc-dev libprotobuf-c-dev protobuf-c-compiler protobuf-compiler \
	libuv1-dev liblmdb-dev zlib1g-dev libdeflate-dev libzstd-dev libcurl4-openssl-dev libyaml-dev libmicrohttpd-dev \
	libpcre2-dev libssl-dev libexpat1-dev libcrypt-dev libgnutls28-dev libsnappy-dev librdkafka-dev tzdata
TEST_PACKAGES := libcmocka-dev libjansson-dev python3-venv clang libclang-rt-14-dev nodejs npm prometheus clickhouse-server \
	prometheus-alertmanager openssl chromium

# ---------------------------------------------------------------- how things are built
B   := build/$(MODE)
GEN := build/gen
CC  ?= gcc

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
	-Wpointer-arith -Wwrite-strings -Werror
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
HARDEN_LINK := -pie -Wl,-z,relro,-z,now,-z,pack-relative-relocs

# On x86-64 gcc clears and copies structs by `rep stos` and `rep movs`, which take long to start.
ifneq ($(shell $(CC) -mmemset-strategy=libcall:-1:noalign -x c -E - < /dev/null 2> /dev/null),)
VECTORS := -mmemset-strategy=vector_loop:256:noalign,libcall:-1:noalign \
	-mmemcpy-strategy=vector_loop:256:noalign,libcall:-1:noalign
endif
CFLAGS_release  := -O2 -g $(VECTORS) -flto=auto $(HARDEN)
LDFLAGS_release := -O2 $(VECTORS) -flto=auto $(HARDEN_LINK)
CFLAGS_debug    := -O1 -g
CFLAGS_asan     := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
LDFLAGS_asan    := -fsanitize=address,undefined
CFLAGS_tsan     := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
LDFLAGS_tsan    := -fsanitize=thread
CFLAGS_cover    := -O0 -g --coverage
LDFLAGS_cover   := --coverage
ifeq ($(filter $(MODE),release debug asan tsan cover),)
$(error unknown MODE '$(MODE)': one of release debug asan tsan cover)
endif

PKGS := grpc libprotobuf-c libuv lmdb zlib libdeflate libzstd libcurl yaml-0.1 libmicrohttpd libpcre2-8 expat libcrypto \
	libcrypt gnutls snappy rdkafka
ifneq ($(shell command -v pkg-config),)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
endif

# Looked up only where they are used: by the one file that prints them.
COMPILER     = $(shell $(CC) --version | head -n 1)
PKG_VERSIONS = $(shell for p in $(PKGS); do echo "$$p $$(pkg-config --modversion $$p)"; done | paste -sd, | sed 's/,/, /g')

VERSION := $(shell sed -n 's/^\#\# \([0-9][^ ]*\).*/\1/p' CHANGELOG.md | head -n 1)
CPPFLAGS := -D_GNU_SOURCE -DPLIMSOLL_VERSION='"$(VERSION)"' -I. -I$(GEN) $(PKG_CFLAGS)
CFLAGS  := -std=c11 $(CFLAGS_$(MODE))
LDFLAGS := $(LDFLAGS_$(MODE))
LIBS    := $(PKG_LIBS) -lm -lpthread
BUILT_WITH := $(CC) $(CPPFLAGS) $(CFLAGS) $(WARN)

# ---------------------------------------------------------------- what is built
MAINS := agent/daemon/main.c agent/pricing/compile_main.c
SRC   := $(filter-out $(MAINS),$(foreach d,$(FLOW),$(wildcard agent/$d/*.c)) $(wildcard exporters/*.c exporters/*/*.c))
PROTO := $(wildcard proto/*.proto)
PB    := $(PROTO:%.proto=$(GEN)/%.pb-c.c)
OBJ   := $(SRC:%.c=$(B)/%.o) $(PB:%.c=$(B)/%.o)
ASM   := $(wildcard agent/*/*.S)
LIB   := $(B)/libplimsoll.a

# What every span passes through is worth larger code: 8 % fewer instructions a span (make bench-instructions).
HOT   := span otlp dialects enrich pricing counting observe baselines
ifeq ($(MODE),release)
$(filter $(HOT:%=$(B)/agent/%/%),$(OBJ)) $(filter $(B)/agent/daemon/%,$(OBJ)): CFLAGS += -O3
endif
BIN   := $(B)/plimsoll
# What a program of this mode is linked with besides.
BESIDE_tsan := $(B)/tests/c11_threads.o

UNIT  := $(patsubst tests/unit/%_test.c,$(B)/unit/%,$(wildcard tests/unit/*$(T)*_test.c))

.DELETE_ON_ERROR: # what a killed linker leaves is not taken for the program
.PHONY: all help run test install clean
all: $(BIN) ## build the agent (MODE=release, debug, asan, tsan, cover)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN): $(B)/agent/daemon/main.o $(BESIDE_$(MODE)) $(LIB)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(OBJ) $(ASM:%.S=$(B)/%.o)
	@echo "  AR    $@"
	$(Q)rm -f $@; $(if $(filter release,$(MODE)),gcc-ar,ar) rcs $@ $^

$(B)/%.o: %.c $(B)/built-with | $(PB:.c=.h)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

$(B)/%.o: %.S
	@mkdir -p $(@D)
	@echo "  AS    $<"
	$(Q)$(CC) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# Another compiler, other flags, another version: everything is built anew. The file changes only when they do.
.PHONY: built-with
$(B)/built-with: built-with
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(BUILT_WITH))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(BUILT_WITH))' >$@

# `plimsoll version` says what it was built with.
$(B)/agent/cli/version.o: CPPFLAGS += -DPLIMSOLL_MODE='"$(MODE)"' -DPLIMSOLL_COMPILER='"$(COMPILER)"' \
	-DPLIMSOLL_LIBRARIES='"$(PKG_VERSIONS)"'

# The page is part of the program, through .incbin, which the compiler does not see.
$(B)/agent/admin/embedded.o: $(wildcard dashboards/page/*)

# Generated C is somebody else's style: built without our warnings.
$(B)/$(GEN)/%.o: $(GEN)/%.c $(B)/built-with
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -w -MMD -MP -c -o $@ $<

.SECONDARY: $(PB) $(PB:.c=.h)
$(GEN)/%.pb-c.c $(GEN)/%.pb-c.h &: %.proto
	@mkdir -p $(GEN)
	@echo "  PROTO $<"
	$(Q)protoc-c -I. --c_out=$(GEN) $<

# The price table, compiled from the data file, embedded by agent/pricing/embedded.S.
-include agent/pricing/rules.mk

# ---------------------------------------------------------------- tests
$(B)/unit/%: $(B)/tests/unit/%_test.o $(BESIDE_$(MODE)) $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka -ljansson

.PHONY: unit
unit: ## unit tests (T=pricing: those whose file name holds it; MODE=asan, tsan)
	@$(MAKE) --no-print-directory MODE=$(if $(filter release,$(MODE)),debug,$(MODE)) T=$(T) unit-run

.SECONDARY: $(UNIT:$(B)/unit/%=$(B)/tests/unit/%_test.o)
.PHONY: unit-run
unit-run: $(UNIT)
	@tests/run_unit $(UNIT)

.PHONY: asan tsan layers lint system
asan: ## unit tests under AddressSanitizer and UndefinedBehaviorSanitizer (T=)
	@$(MAKE) --no-print-directory MODE=asan unit
tsan: ## unit tests under ThreadSanitizer (T=)
	@$(MAKE) --no-print-directory MODE=tsan unit

layers: ## who includes whom, against the rules
	@tests/layers.py $(FLOW)

lint: ## licence lines, blanks, syntax of scripts
	@tests/lint.py

.PHONY: rules
rules: ## the Prometheus rules of dashboards/prometheus, by promtool
	@tests/rules/check.py

VENV := build/venv
system: $(BIN) ## a whole agent against real SDKs and peers (T=alerts: those that match; MODE)
	@tests/system/venv.sh $(VENV)
	@PLIMSOLL="$(CURDIR)/$(BIN)" $(VENV)/bin/python -m pytest -q -p no:cacheprovider tests/system -k "$(T)"

STEPS := unit golden corpus layers lint rules system
test: test-deps ## unit, golden, corpus, layers, lint, rules and system; the last line sums up
	@tests/run_steps $(STEPS)

# ---------------------------------------------------------------- the two commands
.PHONY: deps test-deps
deps: ## install missing Debian packages (asks apt only when something is missing)
	@tests/packages $(BUILD_PACKAGES)
test-deps:
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES)

run: deps ## build, then start the agent with defaults (ARGS="--config F" to pass more)
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@exec $(BIN) run $(ARGS)

# ---------------------------------------------------------------- manual pages, installation
MAN  := build/man
DOCS := $(MAN)/plimsoll.1 $(MAN)/plimsoll.yaml.5 $(MAN)/plimsoll.yaml

.PHONY: docs
docs: $(DOCS) ## manual pages and sample configuration, made from the program's tables

$(MAN)/plimsoll.1: HELP := --man
$(MAN)/plimsoll.yaml.5: HELP := --man-config
$(MAN)/plimsoll.yaml: HELP := --sample
$(DOCS): $(BIN)
	@mkdir -p $(@D)
	$(Q)$(BIN) help $(HELP) >$@.new && mv $@.new $@

TO      := $(DESTDIR)$(prefix)
DOC_DIR := $(TO)/share/doc/plimsoll
install: $(BIN) $(DOCS) ## install program, manual pages and sample configuration (DESTDIR, prefix)
	install -D -m 755 $(BIN) "$(TO)/bin/plimsoll"
	install -D -m 644 $(MAN)/plimsoll.1 "$(TO)/share/man/man1/plimsoll.1"
	install -D -m 644 $(MAN)/plimsoll.yaml.5 "$(TO)/share/man/man5/plimsoll.yaml.5"
	install -D -m 644 $(MAN)/plimsoll.yaml "$(DOC_DIR)/plimsoll.yaml"
	install -D -m 644 exporters/plugin/plimsoll_exporter.h "$(TO)/include/plimsoll_exporter.h"
	install -D -m 644 LICENSE "$(DOC_DIR)/LICENSE"
	$(if $(wildcard agent/pricing/data/LICENSE*),install -m 644 $(wildcard agent/pricing/data/LICENSE*) -t "$(DOC_DIR)/prices" -D)

clean: ## remove everything that was built
	rm -rf build

-include exporters/plugin/rules.mk tests/golden/rules.mk tests/canary/rules.mk tests/promptfoo/rules.mk tests/faults/rules.mk tests/backends/rules.mk tests/envoy/rules.mk tests/record/rules.mk tests/scenarios/rules.mk \
	tests/bench/*.mk tests/fuzz/rules.mk
-include $(OBJ:.o=.d) $(wildcard $(B)/tests/*/*.d) $(B)/agent/daemon/main.d
