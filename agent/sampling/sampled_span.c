/* SPDX-License-Identifier: Apache-2.0
 * sampling/sampled_span.c - one pass over a span's fields.
 */
#include "agent/sampling/sampled_span.h"

#include <stdlib.h>

#include "agent/base/clock.h"

struct status keep_rules_init(struct keep_rules *rules, const struct sampling_keep_config *config)
{
	const struct string_map *attributes = &config->attributes;

	*rules = (struct keep_rules){ .config = config };
	rules->any_of = calloc(attributes->count + 1, sizeof(*rules->any_of));
	if (rules->any_of == NULL)
		return FAIL(NOMEM, "no memory for sampling");
	for (; rules->count < attributes->count; rules->count++)
		rules->any_of[rules->count] = (struct condition){ slice_of(attributes->items[rules->count].key),
								  slice_of(attributes->items[rules->count].value) };
	return OK;
}

void keep_rules_release(struct keep_rules *rules)
{
	free(rules->any_of);
}

static bool outcome_is_reason(const struct keep_rules *rules, struct slice outcome)
{
	static const struct slice errors[] = { { "error", 5 }, { "rate_limited", 12 }, { "timeout", 7 } };
	static const struct slice refusals[] = { { "refusal", 7 }, { "content_filter", 14 } };

	for (size_t i = 0; rules->config->errors && i < sizeof(errors) / sizeof(errors[0]); i++)
		if (slice_equal(outcome, errors[i]))
			return true;
	for (size_t i = 0; rules->config->refusals && i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (slice_equal(outcome, refusals[i]))
			return true;
	return false;
}

static bool score_is_low(const struct keep_rules *rules, const struct any_value *value)
{
	double score = value->kind == ANY_INT      ? (double)value->integer
		       : value->kind == ANY_DOUBLE ? value->real
						   : rules->config->scores_below;

	return score < rules->config->scores_below;
}

static bool attribute_is_reason(const struct keep_rules *rules, const struct attribute *a)
{
	if (slice_equal(a->key, SLICE("plimsoll.outcome")) && a->value.kind == ANY_STRING &&
	    outcome_is_reason(rules, a->value.bytes))
		return true;
	if (rules->config->outliers && slice_equal(a->key, SLICE("plimsoll.outlier")))
		return true;
	if (slice_equal(a->key, SLICE("gen_ai.evaluation.score.value")) && score_is_low(rules, &a->value))
		return true;
	for (size_t i = 0; i < rules->count; i++)
		if (slice_equal(rules->any_of[i].key, a->key) && condition_holds(&rules->any_of[i], &a->value))
			return true;
	return false;
}

static bool pair_is_reason(const struct keep_rules *rules, struct slice pair)
{
	struct attribute a;

	return !FAILED(attribute_read(pair, &a)) && attribute_is_reason(rules, &a);
}

/* Field 3 of an event: evaluations come as events too. */
static bool event_is_reason(const struct keep_rules *rules, struct slice event)
{
	struct wire_reader r = wire_reader_of(event);
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.number == 3 && f.type == WIRE_BYTES && pair_is_reason(rules, f.bytes))
			return true;
	return false;
}

/* Field 3 of a status: 2 is an error. */
static bool is_error(struct slice status)
{
	struct wire_reader r = wire_reader_of(status);
	struct wire_field f;
	uint64_t code = 0;

	while (wire_next(&r, &f))
		if (f.number == 3 && f.type == WIRE_VARINT)
			code = f.value;
	return code == 2;
}

static bool field_is_reason(const struct keep_rules *rules, const struct wire_field *f)
{
	switch (f->number) {
	case 9:
		return pair_is_reason(rules, f->bytes);
	case 11:
		return event_is_reason(rules, f->bytes);
	case 15:
		return rules->config->errors && is_error(f->bytes);
	default:
		return false;
	}
}

static bool is_slow(const struct keep_rules *rules, uint64_t start_ns, uint64_t end_ns)
{
	return rules->config->slower_than_ms > 0 && end_ns > start_ns &&
	       end_ns - start_ns > rules->config->slower_than_ms * NS_PER_MS;
}

struct sampled_span sampled_span_read(struct slice span, const struct keep_rules *rules)
{
	struct wire_reader r = wire_reader_of(span);
	struct sampled_span facts = { 0 };
	uint64_t start_ns = 0, end_ns = 0;
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (f.number == 1 && f.type == WIRE_BYTES)
			facts.trace_id = f.bytes;
		else if (f.number == 3 && f.type == WIRE_BYTES)
			facts.tracestate = f.bytes;
		else if (f.number == 7)
			start_ns = f.value;
		else if (f.number == 8)
			end_ns = f.value;
		else if (rules != NULL && f.type == WIRE_BYTES && !facts.has_reason)
			facts.has_reason = field_is_reason(rules, &f);
	}
	facts.has_reason = facts.has_reason || (rules != NULL && is_slow(rules, start_ns, end_ns));
	facts.randomness = randomness_read(facts.trace_id, facts.tracestate);
	return facts;
}
