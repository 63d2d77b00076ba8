# SPDX-License-Identifier: Apache-2.0
# Promptfoo itself against a stand-in for the model, and the gate on what it wrote. Not part of `test`: installing takes a while.
PROMPTFOO := build/promptfoo

$(PROMPTFOO)/node_modules/.package-lock.json: tests/promptfoo/package.json
	@mkdir -p $(PROMPTFOO)
	@cp tests/promptfoo/package.json tests/promptfoo/package-lock.json tests/promptfoo/.npmrc $(PROMPTFOO)/
	@cd $(PROMPTFOO) && npm install --no-audit --no-fund --omit=optional # the lock leaves out what `npm ci` wants: packages of other platforms

.PHONY: promptfoo
promptfoo: $(BIN) $(PROMPTFOO)/node_modules/.package-lock.json ## the gate on what Promptfoo writes, with Promptfoo itself
	@tests/promptfoo/check.py $(BIN) $(PROMPTFOO)
	@tests/promptfoo/cases.py $(BIN) $(PROMPTFOO)
