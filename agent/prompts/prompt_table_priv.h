/* SPDX-License-Identifier: Apache-2.0
 * prompts/prompt_table_priv.h - the table that prompt_table_build.c makes and prompt_table.c looks into.
 */
#ifndef PLIMSOLL_PROMPTS_PROMPT_TABLE_PRIV_H
#define PLIMSOLL_PROMPTS_PROMPT_TABLE_PRIV_H

#include "agent/config/prompt_rule.h"
#include "agent/prompts/prompt_table.h"
#include "agent/prompts/template.h"

#define INDEX_NONE  UINT32_MAX
#define INDEX_START UINT32_MAX

/* Open addressing; at most half full. The caller compares what it finds. */
struct hash_index {
	struct hash_slot {
		uint64_t hash;
		uint32_t value; /* INDEX_NONE: free */
	} *slots;
	uint32_t cap; /* a power of two, or 0 */
};

/* The next value under this hash; *at is INDEX_START at first. INDEX_NONE: no more. */
uint32_t index_find(const struct hash_index *x, uint64_t hash, uint32_t *at);

struct version_entry {
	struct slice name, version;
	struct prompt_drift *drift; /* NULL: no manifest to drift from */
	struct prompt_promise promise;
};

struct place_entry {
	uint32_t version;
	struct slice environment, release;
	struct prompt_use *use;
};

/* A prompt in one environment, or one release. */
struct named_place {
	struct slice name, place;
	uint32_t version; /* INDEX_NONE: several */
};

/* A text that versions share. */
struct known_text {
	uint64_t fingerprint;
	uint32_t first, count; /* in candidates */
};

struct pattern {
	struct template template;
	uint32_t text;
};

struct prompt_table {
	_Atomic unsigned references;
	struct arena arena;
	struct version_entry *versions;
	struct place_entry *places;
	struct named_place *environments, *releases;
	struct known_text *texts;
	uint32_t *candidates; /* places in versions */
	struct pattern *patterns; /* those with the most fixed text first */
	struct prompt_rule *rules;
	uint32_t version_count, place_count, environment_count, release_count, text_count, candidate_count, pattern_count,
		rule_count;
	struct hash_index by_version, by_place, by_environment, by_release, by_fingerprint;
	struct prompt_news *news;
};

uint64_t pair_hash(struct slice a, struct slice b);

#endif
