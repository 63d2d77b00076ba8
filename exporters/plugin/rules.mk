# The example of exporters/plugin, built as a user would build it; the unit test of the plugin exporter loads it.
$(B)/plugin/%.so: exporters/plugin/example/%.c exporters/plugin/plimsoll_exporter.h
	@mkdir -p $(@D)
	@echo "  SO    $@"
	$(Q)$(CC) -std=c11 -O1 -g $(WARN) -I exporters/plugin -shared -fPIC -o $@ $<

$(B)/unit/exporters_plugin: $(B)/plugin/to_file.so
$(B)/tests/unit/exporters_plugin_test.o: CPPFLAGS += -DEXAMPLE='"$(CURDIR)/$(B)/plugin/to_file.so"'
