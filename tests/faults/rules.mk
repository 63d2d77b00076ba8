# SPDX-License-Identifier: Apache-2.0
# What the delivery promise costs and keeps under faults: long runs, not part of `make test`.
.PHONY: faults
faults: $(BIN) ## kill -9 at 50 random moments, then a table of faults: what was acknowledged, delivered, lost, sent twice
	@tests/system/venv.sh $(VENV)
	@PLIMSOLL=$(abspath $(BIN)) $(VENV)/bin/python tests/faults/faults.py $(ARGS)
