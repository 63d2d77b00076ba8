# Golden tests: recordings in, enriched spans and records out.
.PHONY: golden golden-update golden-run
$(B)/golden: $(B)/tests/golden/golden.o $(LIB)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

golden: ## golden tests: recorded spans in, enriched spans and records out
	@$(MAKE) --no-print-directory MODE=$(if $(filter release,$(MODE)),debug,$(MODE)) golden-run

golden-run: $(B)/golden
	@tests/golden/run $(B)/golden

golden-update: ## write what the golden tests give now, and show what changed
	@$(MAKE) --no-print-directory MODE=debug build/debug/golden
	@tests/golden/run build/debug/golden --update
