/* SPDX-License-Identifier: Apache-2.0
 * pricing/litellm_entry.h - one model of LiteLLM's price map, between its flat keys and our rows.
 */
#ifndef PLIMSOLL_PRICING_LITELLM_ENTRY_H
#define PLIMSOLL_PRICING_LITELLM_ENTRY_H

#include "agent/pricing/load_priv.h"

/* The endings of keys that belong to another service than the standard one. */
enum litellm_tier {
	TIER_STANDARD, TIER_BATCHES, TIER_FLEX, TIER_PRIORITY, TIER_BALANCED, TIER_ULTRAFAST, TIER_COUNT
};

/* "_flex"; empty for the standard one */
extern const struct slice litellm_tier_suffixes[TIER_COUNT];

struct keyed_price {
	bool has_base;
	struct price_value value; /* its tiers: in the order of the file until sorted */
};

struct litellm_entry {
	struct slice key, provider;
	struct keyed_price prices[TIER_COUNT][UNIT_COUNT];
	unit_set priced[TIER_COUNT];
	bool has_other_charge; /* by something else than tokens; tokens at nothing are then left out */
};

/* Reads the object of one model; e->key and e->provider (the table's id) are set by the caller. */
bool litellm_read_entry(struct loader *l, struct litellm_entry *e);

/* Writes the model under its key; *model says where its rows are. False where nothing in it is a price of ours. */
bool litellm_write_model(struct loader *l, const struct litellm_entry *e, struct image_model *model);

/* A clause that accepts exactly this name. */
uint32_t litellm_push_equals(struct loader *l, struct slice text);

#endif
