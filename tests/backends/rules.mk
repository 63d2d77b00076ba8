# Back ends that take minutes to fetch or to start: not part of `make test`.
.PHONY: system-backends
KAFKA := build/backends/kafka

$(KAFKA)/.fetched: tests/backends/kafka/pom.xml
	@echo "  MVN   $(KAFKA)"
	$(Q)command -v java >/dev/null && command -v mvn >/dev/null || { echo "needs a JDK (17 or later) and Maven" >&2; exit 1; }
	$(Q)rm -rf $(KAFKA) && mkdir -p $(KAFKA)
	$(Q)mvn -q -B -f $< dependency:copy-dependencies -DoutputDirectory=$(abspath $(KAFKA)/jars)
	$(Q)touch $@

system-backends: $(BIN) $(KAFKA)/.fetched ## a whole agent against a real Kafka broker (needs Java and Maven; T=, MODE)
	@tests/system/venv.sh $(VENV)
	@PLIMSOLL=$(abspath $(BIN)) KAFKA_JARS=$(abspath $(KAFKA)/jars) PYTHONPATH=tests/system \
		$(VENV)/bin/python -m pytest -q -p no:cacheprovider -p conftest tests/backends -k "$(T)"
