# SPDX-License-Identifier: Apache-2.0
# What a span costs in instructions, which do not move with the machine's load.
.PHONY: bench-instructions
bench-instructions: $(B)/bench/bench_pipeline ## instructions per span by folder (needs valgrind; ARGS="agent --top 40")
	@tests/bench/bench_instructions.py $< $(ARGS)

$(B)/bench/bench_pipeline: $(B)/tests/bench/bench_pipeline.o $(B)/tests/bench/otlp_spans.o $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
