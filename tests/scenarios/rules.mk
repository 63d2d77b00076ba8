# SPDX-License-Identifier: Apache-2.0
.PHONY: compare-rules
compare-rules: $(BIN) ## the detector against naive rules on labelled traffic: detection, delay, false alerts
	@python3 tests/scenarios/compare.py $(BIN)
