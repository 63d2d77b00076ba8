/* SPDX-License-Identifier: Apache-2.0
 * span/record_read.c - reads request records.
 */
#include "agent/span/record_priv.h"

#include <math.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/hex.h"
#include "agent/base/money.h"

/* One function for each kind of member that is not null. It returns false where the value has another shape. */

static bool read_number(struct json *j, double *out)
{
	struct slice text;

	return json_number(j, &text) && slice_to_double(text, out);
}

static bool read_duration(struct json *j, uint64_t *out_ns)
{
	double ms;

	if (!read_number(j, &ms) || !(ms >= 0 && ms < 1e12))
		return false;
	*out_ns = (uint64_t)llround(ms * 1e6);
	return true;
}

/* Whole, however it is written: tables that know no integers write 1200.0. */
static bool read_count(struct json *j, struct tokens *t, enum token_class class)
{
	struct slice text;
	struct decimal n;

	if (!json_number(j, &text) || !decimal_parse(text, &n) || n.scale > 0 || n.digits < 0 || n.digits > UINT64_MAX)
		return false;
	tokens_set(t, class, (uint64_t)n.digits);
	return true;
}

static bool read_money(struct json *j, struct money *out)
{
	struct slice text;

	*out = (struct money){ .known = false };
	if (!json_number(j, &text))
		return false;
	out->known = pusd_parse(text, &out->pusd);
	return out->known;
}

/* What was saved may be negative. */
static bool read_balance(struct json *j, struct money *out)
{
	struct slice text;

	if (!json_number(j, &text))
		return false;
	bool is_negative = text.ptr[0] == '-';
	out->known = pusd_parse(slice_skip(text, is_negative), &out->pusd);
	out->pusd = is_negative ? -out->pusd : out->pusd;
	return out->known;
}

static bool read_cost(struct json *j, struct cost *out)
{
	struct money total;

	if (!read_money(j, &total))
		return false;
	*out = (struct cost){ .known = total.known, .total_only = true, .total_pusd = total.pusd };
	return true;
}

/* RFC 3339, or unix seconds. */
static bool read_time(struct json *j, struct arena *a, uint64_t *out_ns)
{
	struct slice text;
	double seconds;

	if (json_peek(j) == JSON_NUMBER) {
		if (!read_number(j, &seconds) || !(seconds >= 0 && seconds < 9e9))
			return false;
		*out_ns = (uint64_t)llround(seconds * 1e3) * NS_PER_MS;
		return true;
	}
	if (!json_text(j, a, &text))
		return false;
	text = arena_dup(a, text); /* terminated */
	return text.ptr != NULL && clock_parse_rfc3339(text.ptr, out_ns) == 0;
}

static bool read_hex(struct json *j, uint8_t *out, size_t n)
{
	struct json_string s;

	return json_string(j, &s) && hex_parse(s.raw, out, n);
}

static bool read_prompt(struct json *j, struct arena *a, struct call *c)
{
	struct slice text = SLICE_NONE;

	if (!json_text(j, a, &text))
		return false;
	ptrdiff_t at = slice_find(text, SLICE("@"));
	c->prompt_name = at > 0 ? slice_head(text, (size_t)at) : SLICE_NONE;
	c->prompt_version = at > 0 ? slice_skip(text, (size_t)at + 1) : text;
	if (slice_equal(c->prompt_version, SLICE("unversioned")))
		c->prompt_version = SLICE_NONE;
	return true;
}

static bool read_outcome(struct json *j, enum outcome *out)
{
	struct json_string s;

	if (!json_string(j, &s))
		return false;
	for (int i = 0; i < OUTCOME_COUNT; i++)
		if (slice_equal(s.raw, slice_of(outcome_names[i]))) {
			*out = (enum outcome)i;
			return true;
		}
	return false;
}

/* The first score is the one that is judged. */
static bool read_scores(struct json *j, struct arena *a, struct call *c)
{
	struct json_string name;
	double value;

	if (!json_object(j))
		return false;
	while (json_member(j, &name)) {
		bool known = json_peek(j) != JSON_NULL;
		if (known ? !read_number(j, &value) : !json_null(j))
			return false;
		if (known && c->score_name.len == 0) {
			c->score_name = json_unescape(name, a);
			c->score = value;
		}
	}
	return true;
}

static bool read_truth(struct json *j, enum tristate *out)
{
	bool truth = false;

	*out = json_bool(j, &truth) && truth ? TRI_YES : TRI_NO;
	return j->why == NULL;
}

static bool read_u32(struct json *j, uint32_t *out)
{
	double n;

	if (!read_number(j, &n) || !(n >= 0 && n <= UINT32_MAX))
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool read_finish(struct json *j, uint32_t *out)
{
	struct json_string name;

	if (!json_array(j))
		return false;
	while (json_element(j)) {
		if (!json_string(j, &name))
			return false;
		for (size_t i = 0; i < RECORD_FINISHES; i++)
			if (slice_equal(name.raw, slice_of(record_finishes[i].name)))
				*out |= record_finishes[i].bit;
	}
	return j->why == NULL;
}

static bool read_error_class(struct json *j, struct arena *a, enum error_class *out)
{
	struct slice name = SLICE_NONE;

	if (!json_text(j, a, &name))
		return false;
	for (int i = 0; i < ERROR_CLASS_COUNT; i++)
		if (slice_equal(name, slice_of(error_class_names[i])))
			*out = (enum error_class)i;
	return true;
}

static bool read_fingerprint(struct json *j, struct arena *a, uint64_t *out)
{
	struct slice hex = SLICE_NONE;

	if (!json_text(j, a, &hex))
		return false;
	for (size_t i = 0; i < hex.len; i++) {
		int digit = hex_digit(hex.ptr[i]);
		if (digit < 0 || i == 16)
			return false;
		*out = *out << 4 | (uint64_t)digit;
	}
	return true;
}

static bool read_dialect(struct json *j, struct arena *a, struct call *c)
{
	struct slice name = SLICE_NONE;

	if (!json_text(j, a, &name))
		return false;
	struct slice text = arena_printf(a, "%.*s%c", SLICE_ARG(name), 0);
	c->dialect = text.len > 0 ? text.ptr : "";
	return true;
}

/* The number of the documents is all that a record keeps of them. */
static bool read_retrieved(struct json *j, struct arena *a, struct call *c)
{
	struct retrieval *found = arena_alloc(a, sizeof(*found));

	if (found == NULL)
		return json_skip(j);
	memset(found, 0, sizeof(*found));
	c->retrieval = found;
	return read_u32(j, &found->documents);
}

/* What a record says about the course of its call. */
static bool read_telling(struct json *j, struct arena *a, struct slice key, struct call *c, bool *listed)
{
	*listed = true;
	if (slice_equal(key, SLICE("streaming")))
		return read_truth(j, &c->streaming);
	if (slice_equal(key, SLICE("finish_reasons")))
		return read_finish(j, &c->finish);
	if (slice_equal(key, SLICE("error_class")))
		return read_error_class(j, a, &c->error_class);
	if (slice_equal(key, SLICE("tool_calls")))
		return read_u32(j, &c->tool_calls);
	if (slice_equal(key, SLICE("retries")))
		return read_u32(j, &c->retries);
	if (slice_equal(key, SLICE("http_status")))
		return read_u32(j, &c->http_status);
	if (slice_equal(key, SLICE("prompt_fingerprint")))
		return read_fingerprint(j, a, &c->prompt_fingerprint);
	if (slice_equal(key, SLICE("answer_is_json")))
		return read_truth(j, &c->answer_is_json);
	if (slice_equal(key, SLICE("answer_fits_schema")))
		return read_truth(j, &c->answer_fits_schema);
	if (slice_equal(key, SLICE("blocked")))
		return read_truth(j, &c->blocked);
	if (slice_equal(key, SLICE("injection_suspected")))
		return json_bool(j, &c->injection_suspected);
	if (slice_equal(key, SLICE("sensitive_data")))
		return json_bool(j, &c->sensitive_data);
	if (slice_equal(key, SLICE("from_cache")))
		return json_bool(j, &c->from_cache);
	if (slice_equal(key, SLICE("price")))
		return json_text(j, a, &c->cost.price);
	if (slice_equal(key, SLICE("dialect")))
		return read_dialect(j, a, c);
	if (slice_equal(key, SLICE("retrieved_docs")))
		return read_retrieved(j, a, c);
	*listed = false;
	return true;
}

static bool read_listed(struct json *j, struct arena *a, struct slice key, struct call *c, bool *listed)
{
	*listed = true;
	for (size_t i = 0; i < RECORD_TEXTS; i++)
		if (slice_equal(key, slice_of(record_texts[i].key)))
			return json_text(j, a, (struct slice *)(void *)((char *)c + record_texts[i].offset));
	for (size_t i = 0; i < RECORD_INSIDE_TEXTS; i++)
		if (slice_equal(key, slice_of(record_inside_texts[i].key)))
			return json_text(j, a, (struct slice *)(void *)((char *)c + record_inside_texts[i].offset));
	for (size_t i = 0; i < RECORD_COUNTS; i++)
		if (slice_equal(key, slice_of(record_counts[i].key)))
			return read_count(j, &c->tokens, record_counts[i].class);
	*listed = false;
	return true;
}

static bool read_member(struct json *j, struct arena *a, struct slice key, struct call *c)
{
	bool listed;

	if (json_peek(j) == JSON_NULL) /* unknown, as what is missing */
		return json_null(j);
	bool understood = read_listed(j, a, key, c, &listed);
	if (!listed)
		understood = read_telling(j, a, key, c, &listed);
	if (listed)
		return understood;
	if (slice_equal(key, SLICE("trace_id")))
		return read_hex(j, c->trace_id, sizeof(c->trace_id));
	if (slice_equal(key, SLICE("span_id")))
		return read_hex(j, c->span_id, sizeof(c->span_id));
	if (slice_equal(key, SLICE("time")))
		return read_time(j, a, &c->end_unix_ns);
	if (slice_equal(key, SLICE("prompt_version")))
		return read_prompt(j, a, c);
	if (slice_equal(key, SLICE("model")))
		return json_text(j, a, &c->response_model);
	if (slice_equal(key, SLICE("latency_ms")))
		return read_duration(j, &c->latency_ns);
	if (slice_equal(key, SLICE("ttft_ms")))
		return read_duration(j, &c->ttft_ns);
	if (slice_equal(key, SLICE("tokens_estimated")))
		return json_bool(j, &c->tokens.estimated);
	if (slice_equal(key, SLICE("evaluation_traffic")))
		return json_bool(j, &c->is_evaluation_traffic);
	if (slice_equal(key, SLICE("cost_usd")))
		return read_cost(j, &c->cost);
	if (slice_equal(key, SLICE("computed_cost_usd")))
		return read_money(j, &c->computed_cost);
	if (slice_equal(key, SLICE("reported_cost_usd")))
		return read_money(j, &c->reported_cost);
	if (slice_equal(key, SLICE("cache_savings_usd")))
		return read_balance(j, &c->cache_savings);
	if (slice_equal(key, SLICE("outcome")))
		return read_outcome(j, &c->outcome);
	if (slice_equal(key, SLICE("scores")))
		return read_scores(j, a, c);
	if (slice_equal(key, SLICE("user_rating")))
		return c->has_user_rating = read_number(j, &c->user_rating);
	return json_skip(j);
}

struct status record_read(struct slice line, struct arena *a, struct call *out)
{
	struct json j;
	struct json_string key;

	*out = (struct call){ .role = ROLE_LLM, .counted = true };
	json_init(&j, line);
	if (!json_object(&j))
		return FAIL(MALFORMED, "a record is not a JSON object");
	while (json_member(&j, &key))
		if (!read_member(&j, a, key.raw, out))
			return FAIL(MALFORMED, j.why != NULL ? j.why : "a member of a record has a value of another kind");
	TRY(json_finish(&j));
	if (out->end_unix_ns == 0)
		return FAIL(MALFORMED, "a record has no time");
	out->start_unix_ns = out->end_unix_ns - (out->latency_ns < out->end_unix_ns ? out->latency_ns : 0);
	out->context = context_of(&out->tokens);
	if (slice_equal(out->operation, SLICE("embeddings")))
		out->role = ROLE_EMBEDDING;
	else if (slice_equal(out->operation, SLICE("rerank")))
		out->role = ROLE_RERANK;
	out->output_tokens_per_second = output_rate_of(out);
	return OK;
}
