/* SPDX-License-Identifier: Apache-2.0
 * dialects/reading.h - what the attributes of one span (or resource) said, before it is decided what holds.
 */
#ifndef PLIMSOLL_DIALECTS_READING_H
#define PLIMSOLL_DIALECTS_READING_H

#include "agent/base/arena.h"
#include "agent/base/meter.h"
#include "agent/dialects/known_keys.h"
#include "agent/dialects/reader.h"
#include "agent/dialects/usage.h"
#include "agent/otlp/walk.h"

#define TOOL_CALLS_MAX 16u
#define RETRIEVED_TEXTS_MAX 16u

struct reading {
	/* made anew for every span, up to `content` */
	uint8_t rank[FIELD_TEXT_COUNT];
	uint8_t content_rank[CONTENT_COUNT];
	uint8_t ttft_rank, cost_rank, streaming_rank, status_rank;
	uint16_t prompt_names, prompt_versions; /* bit 1 << enum prompt_source */
	uint16_t families; /* bit 1 << enum token_family */
	uint16_t retrieved_text_count; /* at most RETRIEVED_TEXTS_MAX */
	uint16_t tool_call_count; /* all; the first TOOL_CALLS_MAX names are kept */
	enum call_role leaf, aggregate;
	bool streaming, drop, from_cache, evaluation_traffic, judges, blocked, json_wanted, failed, first_is_system;
	bool guard_hit, injection, sensitive;
	uint32_t guard_kinds; /* bits of enum guard_kind */
	bool input_is_inclusive;
	uint32_t finish, http_status, retries;
	bool has_temperature;
	double temperature;
	uint64_t max_output_tokens, top_k, sampling_top_k; /* 0: not told */
	uint64_t ttft_ns, first_token_unix_ns, duration_ns;
	bool ttft_unit_unknown; /* ttft_ns was read as seconds, and may mean milliseconds */
	int64_t cost_pusd, cost_parts_pusd;
	bool has_cost_parts;
	uint64_t present;   /* bit 1 << enum contract_attribute */
	uint64_t dialects;  /* bit 1 << index: some key of it was there */
	struct retrieval *retrieval;
	struct slice text[FIELD_TEXT_COUNT]; /* empty where no attribute spoke of it */
	/* meaningless where the rank or bit above says there is none */
	struct any_value content[CONTENT_COUNT];
	struct slice prompt_name[PROMPT_SOURCES], prompt_version[PROMPT_SOURCES];
	struct slice tool_calls[TOOL_CALLS_MAX];
	struct slice retrieved_text[RETRIEVED_TEXTS_MAX];
	struct usage_claim usage[FAMILY_COUNT];
};

#define WORD_MEMOS 8u

/* What convert_words found in these bytes. */
struct word_memo {
	const struct dialect_word *words;
	enum any_kind kind;
	struct slice bytes; /* in copy */
	int value;
	bool found;
	char copy[24];
};

/* What reading needs beside the values. */
struct reading_context {
	const struct known_keys *keys;
	struct word_memo words[WORD_MEMOS]; /* by field */
	struct arena *arena;
	struct meter *bad_attributes;
	const struct dialect_trace *trace; /* NULL: nobody watches */
	fingerprint_match match; /* NULL: no templates are known */
	const void *match_context;
	bool is_resource;
	struct slice key;       /* of the attribute that is being read, for the trace */
	uint64_t scope_dialects; /* bit 1 << index: dialects whose scope this is */
	uint8_t dialect;        /* whose row is being applied */
	uint32_t index;         /* number in the key, or place in the list */
};

/* Nothing was said. */
void reading_clear(struct reading *r);

/* The same, but for what the resource says of the application: that holds where the span has no word of its own, and
 * has no rank. blank: cleared, with those texts. */
void reading_start(struct reading *r, const struct reading *blank);

/* Reads all attributes. Those that cannot mean what their key says are counted as bad and left alone.
 * notes: as in struct span_view, each to hold the struct known_key of its attribute's key; or NULL. */
void reading_take(struct reading_context *c, struct reading *r, struct attributes attributes, const void **notes);

/* One value by one row. False where the value cannot mean that. */
bool reading_apply(struct reading_context *c, struct reading *r, const struct dialect_row *row, const struct any_value *v);

/* A member of metadata: by the rows given, and as a key under `dimensions`. */
void reading_apply_metadata(struct reading_context *c, struct reading *r, const struct dialect_row *rows, struct slice key,
			    const struct any_value *v);

/* NULL where the span does not carry it. */
static inline const struct any_value *reading_content(const struct reading *r, enum field field)
{
	return r->content_rank[field - CONTENT_FIRST] != RANK_NONE ? &r->content[field - CONTENT_FIRST] : NULL;
}

#endif
