/* SPDX-License-Identifier: Apache-2.0
 * prompts/prompt_table.h - which prompt version a call belongs to, and counting it there.
 *
 * In:     calls as the dialects read them
 * Out:    prompt_name and prompt_version where the span left them out; counters of versions and of drift
 * Order:  what the span says; what its text says (the same system message or template, or one made from a template);
 *         a rule. A name without a version gets the one that calls of its release told, else the one deployed to its
 *         environment. Where several versions fit and none is deployed there, it stays unversioned.
 * Thread: made by one, then read-only and shared; counters are atomic. No lock, no allocation for a call.
 */
#ifndef PLIMSOLL_PROMPTS_PROMPT_TABLE_H
#define PLIMSOLL_PROMPTS_PROMPT_TABLE_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/config/option.h"
#include "agent/prompts/manifest.h"
#include "agent/prompts/news.h"
#include "agent/span/cohort.h"

struct prompt_table;

/* All are borrowed for the call of prompt_table_new, but drift and use, which outlive every table. */
struct prompt_table_version {
	struct slice name, version;
	const struct manifest *manifest; /* NULL: none is known */
	struct prompt_drift *drift;
};

struct prompt_table_place {
	uint32_t version; /* place in versions */
	struct slice environment, release;
	struct prompt_use *use;
	bool is_told; /* calls there told that they are of this version; it was not only assumed */
};

/* All of the environment's traffic gets this version. */
struct prompt_table_deployed {
	uint32_t version;
	struct slice environment;
};

struct prompt_table_input {
	const struct prompt_table_version *versions;
	uint32_t version_count;
	const struct prompt_table_place *places;
	uint32_t place_count;
	const struct prompt_table_deployed *deployed;
	uint32_t deployed_count;
	const struct string_list *rules; /* NULL: none */
	struct prompt_news *news;        /* outlives every table; NULL: nothing is learnt */
};

/* One reference. Errors: NOMEM. */
struct status prompt_table_new(const struct prompt_table_input *in, struct prompt_table **out) MUST_USE;
struct prompt_table *prompt_table_ref(struct prompt_table *a);
void prompt_table_unref(struct prompt_table *a); /* NULL is allowed */

/* A fingerprint_match; context is the table. */
uint32_t prompt_table_match(const void *context, struct slice text);

/* Fills in what is missing; texts borrow from the table. */
void prompt_table_apply(const struct prompt_table *a, struct call *c);

/* Counts a counted call, or looks at a retrieval for drift. */
void prompt_table_count(const struct prompt_table *a, const struct call *c);

#define LANE_SUMS 16u

/* What one lane counts of one request. Begins as zeros, and anew with each table. */
struct prompt_counting {
	struct cohort_memo places; /* where a cohort counts */
	struct prompt_use_sum sums[LANE_SUMS];
};

/* prompt_table_count of one call after the other, for the calls of one request: the lanes' shared counters hear of them
 * at the end. */
void prompt_table_count_one(const struct prompt_table *a, struct prompt_counting *p, const struct call *c);
void prompt_table_count_end(struct prompt_counting *p);

/* Templates whose variables are looked for in texts. */
#define PROMPT_TABLE_TEMPLATES_MAX 512u

#endif
