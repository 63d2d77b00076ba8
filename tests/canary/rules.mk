# SPDX-License-Identifier: Apache-2.0
# How often versions that are the same are told apart, and how soon one that is worse is found.
CANARY_VALIDITY := $(B)/tests/canary/validity

$(CANARY_VALIDITY): $(B)/tests/canary/validity.o $(LIB)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

.PHONY: canary-validity
canary-validity: $(CANARY_VALIDITY) ## false verdicts of the canary under peeking, simulated (RUNS=1000)
	@$(CANARY_VALIDITY) $(or $(RUNS),1000)
