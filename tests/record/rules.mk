# The corpus: recorded from real SDKs against the stand-in model API, replayed by every test run.
.PHONY: record record-exports corpus
RECORD := build/record
RECORD_WITH := $(patsubst tests/record/requirements/%.txt,$(RECORD)/%/requirements.txt, \
	$(wildcard tests/record/requirements/*.txt)) $(RECORD)/node/package.json

$(RECORD)/%/requirements.txt: tests/record/requirements/%.txt
	$(Q)nice tests/system/venv.sh $(@D) $<

$(RECORD)/node/package.json: tests/record/package.json
	@mkdir -p $(@D)
	@echo "  NPM   $(@D)"
	$(Q)cd $(@D) && cp "$(CURDIR)/$<" new.json && mv new.json package.json && \
		(nice npm install --no-package-lock --no-audit --no-fund --loglevel=error || { rm package.json; exit 1; })

record: $(RECORD_WITH) ## install pinned SDKs and record the corpus anew (T=langfuse: those that match)
	@tests/system/venv.sh $(VENV)
	@cp tests/record/drivers/*.mjs $(RECORD)/node
	@nice $(VENV)/bin/python tests/record/record.py corpus $(T)

record-exports: $(RECORD)/exports/requirements.txt $(PROMPTFOO)/node_modules/.package-lock.json ## record what evaluation tools and prompt platforms write
	@nice $(RECORD)/exports/bin/python tests/record/exports.py $(PROMPTFOO)

corpus: $(BIN) ## replay the corpus, compare every field with what was served (T=langfuse: those that match)
	@tests/corpus/run $(BIN) $(T)
