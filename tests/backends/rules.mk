# SPDX-License-Identifier: Apache-2.0
# Back ends that take minutes to fetch, to build or to start: not part of `make test`.
.PHONY: system-backends system-kafka system-collector
KAFKA     := build/backends/kafka
COLLECTOR := build/backends/collector
BACKEND_TESTS = tests/system/venv.sh $(VENV) && PLIMSOLL="$(CURDIR)/$(BIN)" KAFKA_JARS="$(CURDIR)/$(KAFKA)/jars" \
	COLLECTOR="$(CURDIR)/$(COLLECTOR)" PYTHONPATH=tests/system $(VENV)/bin/python -m pytest -q -p no:cacheprovider -p conftest -k "$(T)"

$(KAFKA)/.fetched: tests/backends/kafka/pom.xml
	@echo "  MVN   $(KAFKA)"
	$(Q)command -v java >/dev/null && command -v mvn >/dev/null || { echo "needs a JDK (17 or later) and Maven" >&2; exit 1; }
	$(Q)rm -rf $(KAFKA) && mkdir -p $(KAFKA)
	$(Q)mvn -q -B -f $< dependency:copy-dependencies -DoutputDirectory="$(CURDIR)/$(KAFKA)/jars"
	$(Q)touch $@

$(COLLECTOR): $(addprefix tests/backends/collector/,main.go go.mod go.sum)
	@echo "  GO    $@"
	$(Q)command -v go >/dev/null || { echo "needs Go (1.25 or later)" >&2; exit 1; }
	$(Q)mkdir -p $(@D) && cd tests/backends/collector && go build -trimpath -ldflags '-s -w' -o "$(CURDIR)/$@" .

system-backends: system-kafka system-collector ## a whole agent with a real Kafka broker and a real Collector

system-kafka: $(BIN) $(KAFKA)/.fetched ## a whole agent against a real Kafka broker (needs Java and Maven; T=, MODE)
	@$(BACKEND_TESTS) tests/backends/test_kafka.py

system-collector: $(BIN) $(COLLECTOR) ## a whole agent behind and in front of an OpenTelemetry Collector (needs Go; T=, MODE)
	@$(BACKEND_TESTS) tests/backends/test_collector.py
