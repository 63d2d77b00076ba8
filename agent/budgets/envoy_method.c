/* SPDX-License-Identifier: Apache-2.0
 * budgets/envoy_method.c - headers and descriptor entries to dimensions, and the words of a refusal.
 */
#include "agent/budgets/envoy_method.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/base/log.h"
#include "agent/base/money.h"

#define PREFIX "x-plimsoll-"

/* "x-plimsoll-user-segment" and "user_segment" are the same name. */
static bool names(struct slice key, const char *name)
{
	struct slice wanted = slice_of(name);

	if (slice_starts_with(key, SLICE(PREFIX)))
		key = slice_skip(key, sizeof(PREFIX) - 1);
	if (key.len != wanted.len)
		return false;
	for (size_t i = 0; i < key.len; i++)
		if ((key.ptr[i] == '-' ? '_' : key.ptr[i]) != wanted.ptr[i])
			return false;
	return true;
}

static const char *configured(const struct string_map *keys, const char *dimension)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->items[i].key, dimension) == 0)
			return keys->items[i].value;
	return NULL;
}

static bool stands_for(const struct envoy_asking *a, struct slice key, const char *dimension)
{
	const char *chosen = configured(a->keys, dimension);

	return chosen != NULL ? slice_equal_nocase(key, slice_of(chosen)) : names(key, dimension);
}

/* "00-<32 digits>-<16 digits>-01". Source: W3C Trace Context. */
static void take_traceparent(struct slice value, struct budget_question *q)
{
	uint8_t id[16];

	if (value.len < 55 || value.ptr[2] != '-' || value.ptr[35] != '-' ||
	    !hex_parse(slice_head(slice_skip(value, 3), 32), id, sizeof(id)))
		return;
	memcpy(q->trace_id, id, sizeof(id));
	q->has_trace_id = true;
}

static void take_tokens(struct slice value, uint64_t *tokens, struct budget_question *q)
{
	uint64_t n;

	if (!slice_to_u64(value, &n) || n >= UINT32_MAX)
		return;
	*tokens = n;
	q->has_tokens = true;
}

static void take_estimate(struct slice value, struct budget_question *q)
{
	q->has_estimate |= pusd_parse(value, &q->estimate_pusd);
}

/* ---------------------------------------------------------------- one value for each name */

static const char *name_of(int which)
{
	static const char *const others[] = { "input_tokens", "max_output_tokens", "estimate_usd" };

	return which < BUDGET_DIMENSIONS ? budget_dimension_names[which] : others[which - BUDGET_DIMENSIONS];
}

static bool is_named(const struct envoy_asking *a, struct slice key, int which)
{
	return which < BUDGET_DIMENSIONS ? stands_for(a, key, name_of(which)) : names(key, name_of(which));
}

/* The same words whichever came first. */
static void contradict(struct envoy_reading *r, int which, struct slice a, struct slice b)
{
	bool is_sorted = strncmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len) <= 0;
	struct slice first = is_sorted ? a : b, second = is_sorted ? b : a;

	snprintf(r->contradiction, sizeof(r->contradiction), "%s is told twice, with different values: as '%.*s' and as '%.*s'",
		 name_of(which), SLICE_ARG(slice_head(first, 80)), SLICE_ARG(slice_head(second, 80)));
}

static void take(int which, struct slice value, struct budget_question *q)
{
	if (which < BUDGET_DIMENSIONS)
		q->labels[which] = value;
	else if (which == ENVOY_INPUT_TOKENS)
		take_tokens(value, &q->input_tokens, q);
	else if (which == ENVOY_MAX_OUTPUT_TOKENS)
		take_tokens(value, &q->max_output_tokens, q);
	else
		take_estimate(value, q);
}

void envoy_take_pair(struct envoy_reading *r, struct slice key, struct slice value)
{
	if (slice_equal(key, SLICE("traceparent")))
		take_traceparent(value, &r->question);
	for (int which = 0; which < ENVOY_NAMES; which++) {
		struct envoy_pair *told = &r->told[which];
		if (!is_named(r->asking, key, which))
			continue;
		if (told->key.ptr != NULL && !slice_equal(told->value, value))
			contradict(r, which, told->key, key);
		*told = (struct envoy_pair){ key, value };
		take(which, value, &r->question);
	}
}

void envoy_overrule(struct envoy_reading *r)
{
	memset(r->told, 0, sizeof(r->told));
}

bool envoy_is_header(const struct envoy_asking *a, struct slice key)
{
	for (size_t i = 0; i < a->keys->count; i++)
		if (slice_equal_nocase(key, slice_of(a->keys->items[i].value)))
			return true;
	return slice_starts_with(key, SLICE(PREFIX)) || slice_equal(key, SLICE("traceparent"));
}

/* ---------------------------------------------------------------- words */

void envoy_write_contradiction(const struct envoy_reading *r, struct buf *out)
{
	LOG(WARN, "budgets", "question_refused", "reason=\"%s\"", r->contradiction);
	buf_text(out, "{\"error\":{\"type\":\"request\",\"message\":");
	json_write_string(out, slice_of(r->contradiction));
	buf_text(out, "}}");
}

uint64_t envoy_retry_after_s(const struct budget_answer *answer)
{
	return (uint64_t)ceil(answer->retry_after_s);
}

void envoy_write_refusal(const struct budget_answer *answer, struct buf *out)
{
	buf_text(out, "{\"error\":{\"type\":\"budget\",\"message\":");
	json_write_string(out, slice_of(answer->reason));
	buf_text(out, ",\"budget\":");
	json_write_string(out, slice_of(answer->budget));
	json_write_key(out, "retry_after_s");
	if (answer->retry_after_s > 0)
		buf_printf(out, "%" PRIu64 "}}", envoy_retry_after_s(answer));
	else
		buf_text(out, "null}}");
}
