# SPDX-License-Identifier: Apache-2.0
# What the delivery promise keeps under faults: long runs; `make test` runs each for a moment (tests/system/test_faults.py).
.PHONY: faults
faults: $(BIN) ## 50 times kill -9, then every other fault: acknowledged, delivered, lost, sent twice (ARGS="--down 60 flood")
	@tests/system/venv.sh $(VENV)
	@PLIMSOLL="$(CURDIR)/$(BIN)" $(VENV)/bin/python tests/faults/faults.py $(ARGS)
