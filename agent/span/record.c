/* SPDX-License-Identifier: Apache-2.0
 * span/record.c - the members of a request record, each one row of a table.
 */
#include "agent/span/record.h"

#include <math.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/money.h"

#define PROMPT_BYTES 512

/* Members that are texts of the call, and those that are its token counts. */
static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{ "provider", offsetof(struct call, provider) },
	{ "request_model", offsetof(struct call, request_model) },
	{ "operation", offsetof(struct call, operation) },
	{ "feature", offsetof(struct call, feature) },
	{ "workflow", offsetof(struct call, workflow) },
	{ "user_segment", offsetof(struct call, user_segment) },
	{ "session_id", offsetof(struct call, session_id) },
	{ "environment", offsetof(struct call, environment) },
	{ "release", offsetof(struct call, release) },
	{ "service", offsetof(struct call, service) },
	{ "error_type", offsetof(struct call, error_type) },
	{ "response_id", offsetof(struct call, response_id) },
	{ "tools", offsetof(struct call, tool_names) },
	{ "policy_result", offsetof(struct call, policy_result) },
};

/* Texts that only records inside the agent have: who was served does not leave with them. */
static const struct {
	const char *key;
	size_t offset;
} inside_texts[] = {
	{ "user_id", offsetof(struct call, user_id) },
	{ "tenant", offsetof(struct call, tenant) },
	{ "reservation_id", offsetof(struct call, reservation_id) },
};

static const struct {
	const char *key;
	enum token_class class;
} counts[] = {
	{ "input_tokens", TOKENS_INPUT },
	{ "output_tokens", TOKENS_OUTPUT },
	{ "cache_read_tokens", TOKENS_CACHE_READ },
	{ "cache_write_tokens", TOKENS_CACHE_WRITE },
	{ "reasoning_tokens", TOKENS_REASONING },
	{ "cache_write_1h_tokens", TOKENS_CACHE_WRITE_1H },
	{ "audio_input_tokens", TOKENS_AUDIO_IN },
	{ "audio_output_tokens", TOKENS_AUDIO_OUT },
	{ "image_input_tokens", TOKENS_IMAGE_IN },
	{ "image_output_tokens", TOKENS_IMAGE_OUT },
};

/* The counts that every record has; those behind them are there where they are not zero. */
#define COUNTS_ALWAYS 5

#define TEXTS (sizeof(texts) / sizeof(texts[0]))
#define INSIDE_TEXTS (sizeof(inside_texts) / sizeof(inside_texts[0]))
#define COUNTS (sizeof(counts) / sizeof(counts[0]))

static void write_hex(struct buf *b, const char *key, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	json_write_key(b, key);
	buf_byte(b, '"');
	for (size_t i = 0; i < n; i++) {
		buf_byte(b, digits[bytes[i] >> 4]);
		buf_byte(b, digits[bytes[i] & 15]);
	}
	buf_byte(b, '"');
}

static void write_text(struct buf *b, const char *key, struct slice text)
{
	json_write_key(b, key);
	if (text.len > 0)
		json_write_string(b, text);
	else
		buf_text(b, "null");
}

static void write_number(struct buf *b, const char *key, double value, bool known)
{
	json_write_key(b, key);
	json_write_double(b, known ? value : NAN);
}

static void write_time(struct buf *b, uint64_t unix_ns)
{
	char text[21];

	clock_format_utc(unix_ns / NS_PER_SECOND, text);
	json_write_key(b, "time");
	buf_printf(b, "\"%.19s.%09lluZ\"", text, (unsigned long long)(unix_ns % NS_PER_SECOND));
}

static void write_cost(struct buf *b, const char *key, const struct cost *cost)
{
	json_write_key(b, key);
	if (cost->known)
		pusd_write(b, cost->total_pusd);
	else
		buf_text(b, "null");
}

static void write_cache_savings(struct buf *b, const struct call *c)
{
	int64_t pusd;

	json_write_key(b, "cache_savings_usd");
	if (call_cache_savings(c, &pusd))
		pusd_write(b, pusd);
	else
		buf_text(b, "null");
}

static void write_tokens(struct buf *b, const struct tokens *t)
{
	for (size_t i = 0; i < COUNTS; i++) {
		if (i >= COUNTS_ALWAYS && tokens_get(t, counts[i].class) == 0)
			continue;
		json_write_key(b, counts[i].key);
		if (tokens_has(t, counts[i].class))
			buf_printf(b, "%llu", (unsigned long long)t->n[counts[i].class]);
		else
			buf_text(b, "null");
	}
	if (t->estimated) {
		json_write_key(b, "tokens_estimated");
		buf_text(b, "true");
	}
}

static void write_judged(struct buf *b, const struct call *c, struct record_judged *at)
{
	json_write_key(b, "scores");
	buf_byte(b, '{');
	if (c->score_name.len > 0) {
		json_write_string(b, c->score_name);
		buf_byte(b, ':');
		json_write_double(b, c->score);
	}
	at->scores_end = b->len;
	buf_byte(b, '}');
	json_write_key(b, "user_rating");
	at->rating = b->len;
	json_write_double(b, c->has_user_rating ? c->user_rating : NAN);
	at->rating_end = b->len;
}

static void write_truth(struct buf *b, const char *key, enum tristate value)
{
	json_write_key(b, key);
	buf_text(b, value == TRI_UNKNOWN ? "null" : value == TRI_YES ? "true" : "false");
}

static const struct {
	uint32_t bit;
	const char *name;
} finish_names[] = {
	{ FINISH_STOP, "stop" },
	{ FINISH_LENGTH, "length" },
	{ FINISH_TOOL_CALL, "tool_call" },
	{ FINISH_CONTENT_FILTER, "content_filter" },
	{ FINISH_REFUSAL, "refusal" },
	{ FINISH_ERROR, "error" },
	{ FINISH_OTHER, "other" },
};

static void write_finish(struct buf *b, uint32_t finish)
{
	const char *comma = "";

	json_write_key(b, "finish_reasons");
	buf_byte(b, '[');
	for (size_t i = 0; i < sizeof(finish_names) / sizeof(finish_names[0]); i++)
		if (finish & finish_names[i].bit) {
			buf_printf(b, "%s\"%s\"", comma, finish_names[i].name);
			comma = ",";
		}
	buf_byte(b, ']');
}

static void write_integer(struct buf *b, const char *key, uint64_t n)
{
	json_write_key(b, key);
	buf_printf(b, "%llu", (unsigned long long)n);
}

/* What only some calls have: the member is there where it says something. */
static void write_rare(struct buf *b, const struct call *c)
{
	if (c->retries > 0)
		write_integer(b, "retries", c->retries);
	if (c->http_status > 0)
		write_integer(b, "http_status", c->http_status);
	if (c->answer_is_json != TRI_UNKNOWN)
		write_truth(b, "answer_is_json", c->answer_is_json);
	if (c->answer_fits_schema != TRI_UNKNOWN)
		write_truth(b, "answer_fits_schema", c->answer_fits_schema);
	if (c->blocked != TRI_UNKNOWN)
		write_truth(b, "blocked", c->blocked);
	if (c->injection_suspected)
		write_truth(b, "injection_suspected", TRI_YES);
	if (c->sensitive_data)
		write_truth(b, "sensitive_data", TRI_YES);
	if (c->from_cache)
		write_truth(b, "from_cache", TRI_YES);
	if (c->is_evaluation_traffic)
		write_truth(b, "evaluation_traffic", TRI_YES);
	if (c->has_citations) {
		write_number(b, "citation_share_proxy", c->citation_share, true);
		write_number(b, "overlap_share_proxy", c->overlap_share, true);
	}
}

static void write_retrieved(struct buf *b, const struct retrieval *found)
{
	json_write_key(b, "retrieved_docs");
	if (found == NULL)
		buf_text(b, "null");
	else
		buf_printf(b, "%u", (unsigned)found->documents);
}

static void write_telling(struct buf *b, const struct call *c)
{
	write_truth(b, "streaming", c->streaming);
	write_finish(b, c->finish);
	write_text(b, "error_class", slice_of(error_class_names[c->error_class]));
	write_integer(b, "tool_calls", c->tool_calls);
	json_write_key(b, "prompt_fingerprint");
	if (c->prompt_fingerprint != 0)
		buf_printf(b, "\"%016llx\"", (unsigned long long)c->prompt_fingerprint);
	else
		buf_text(b, "null");
	write_text(b, "dialect", slice_of(c->dialect));
}

void record_write_inside(struct buf *b, const struct call *c)
{
	for (size_t i = 0; i < INSIDE_TEXTS; i++) {
		struct slice text = *(const struct slice *)(const void *)((const char *)c + inside_texts[i].offset);
		if (text.len > 0)
			write_text(b, inside_texts[i].key, text);
	}
}

void record_write(struct buf *b, const struct call *c, const char *leading)
{
	struct record_judged unused;

	record_write_judged(b, c, leading, &unused);
}

void record_write_judged(struct buf *b, const struct call *c, const char *leading, struct record_judged *at)
{
	char prompt[PROMPT_BYTES];

	buf_byte(b, '{');
	buf_text(b, leading);
	write_hex(b, "trace_id", c->trace_id, sizeof(c->trace_id));
	write_hex(b, "span_id", c->span_id, sizeof(c->span_id));
	write_time(b, c->end_unix_ns);
	write_text(b, "prompt_version", call_prompt(c, prompt, sizeof(prompt)));
	write_text(b, "model", call_model(c));
	for (size_t i = 0; i < TEXTS; i++)
		write_text(b, texts[i].key, *(const struct slice *)(const void *)((const char *)c + texts[i].offset));
	write_number(b, "latency_ms", (double)c->latency_ns / 1e6, c->latency_ns > 0);
	write_number(b, "ttft_ms", (double)c->ttft_ns / 1e6, c->ttft_ns > 0);
	write_tokens(b, &c->tokens);
	write_cost(b, "cost_usd", &c->cost);
	write_cost(b, "computed_cost_usd", &c->computed_cost);
	write_cost(b, "reported_cost_usd", &c->reported_cost);
	write_cache_savings(b, c);
	write_text(b, "price", c->cost.price);
	write_text(b, "outcome", slice_of(outcome_names[c->outcome]));
	write_telling(b, c);
	write_retrieved(b, c->retrieval);
	write_rare(b, c);
	write_judged(b, c, at);
	buf_byte(b, '}');
}

static void write_documents(struct buf *b, const struct retrieval *found)
{
	json_write_key(b, "documents");
	buf_byte(b, '[');
	for (uint32_t i = 0; i < found->kept; i++) {
		if (i > 0)
			buf_byte(b, ',');
		buf_byte(b, '{');
		write_text(b, "id", found->document[i].id);
		write_number(b, "score", found->document[i].score, found->document[i].has_score);
		buf_byte(b, '}');
	}
	buf_byte(b, ']');
}

void record_write_retrieval(struct buf *b, const struct call *c, const char *leading)
{
	const struct retrieval *found = c->retrieval;

	buf_byte(b, '{');
	buf_text(b, leading);
	write_hex(b, "trace_id", c->trace_id, sizeof(c->trace_id));
	write_hex(b, "span_id", c->span_id, sizeof(c->span_id));
	write_time(b, c->end_unix_ns);
	write_text(b, "feature", c->feature);
	write_text(b, "workflow", c->workflow);
	write_text(b, "session_id", c->session_id);
	write_text(b, "service", c->service);
	write_number(b, "latency_ms", (double)(c->end_unix_ns - c->start_unix_ns) / 1e6, c->end_unix_ns > c->start_unix_ns);
	write_truth(b, "failed", c->status_error ? TRI_YES : TRI_NO);
	write_retrieved(b, found);
	if (found != NULL) {
		bool scored = found->scored > 0;
		write_truth(b, "empty", found->documents == 0 ? TRI_YES : TRI_NO);
		write_number(b, "best_score", found->best_score, scored);
		write_number(b, "worst_score", found->worst_score, scored);
		write_number(b, "mean_score", scored ? found->score_sum / found->scored : 0, scored);
		write_number(b, "oldest_age_s",
			     (double)(c->end_unix_ns / NS_PER_SECOND) - (double)found->oldest_unix_s,
			     found->oldest_unix_s != 0);
		write_documents(b, found);
	}
	write_text(b, "dialect", slice_of(c->dialect));
	buf_byte(b, '}');
}

/* Reading: one row per kind of member. Each returns false where the value has another shape. */
/* A number, or none where the member is null. */
static bool read_number(struct json *j, double *out, bool *known)
{
	struct slice text;

	*known = false;
	if (json_peek(j) == JSON_NULL)
		return json_null(j);
	*known = true;
	return json_number(j, &text) && slice_to_double(text, out);
}

static bool read_duration(struct json *j, uint64_t *out_ns)
{
	double ms;
	bool known;

	if (!read_number(j, &ms, &known) || (known && !(ms >= 0 && ms < 1e12)))
		return false;
	*out_ns = known ? (uint64_t)llround(ms * 1e6) : 0;
	return true;
}

static bool read_count(struct json *j, struct tokens *t, enum token_class class)
{
	struct slice text;
	uint64_t n;

	if (json_peek(j) == JSON_NULL)
		return json_null(j);
	if (!json_number(j, &text) || !slice_to_u64(text, &n))
		return false;
	tokens_set(t, class, n);
	return true;
}

static bool read_cost(struct json *j, struct cost *out)
{
	struct slice text;
	struct decimal d;

	*out = (struct cost){ .total_only = true };
	if (json_peek(j) == JSON_NULL)
		return json_null(j);
	if (!json_number(j, &text) || !decimal_parse(text, &d) || d.digits < 0 || d.digits > INT64_MAX)
		return false;
	struct price_exact exact = { d.digits * decimal_power(DECIMAL_SCALE_MAX - d.scale) };
	out->known = price_exact_round(exact, &out->total_pusd);
	return out->known;
}

/* RFC 3339, or unix seconds. */
static bool read_time(struct json *j, struct arena *a, uint64_t *out_ns)
{
	struct slice text;
	double seconds;
	bool known;

	if (json_peek(j) == JSON_NUMBER) {
		if (!read_number(j, &seconds, &known) || !(seconds >= 0 && seconds < 9e9))
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
	char pair[3] = "";
	unsigned byte;

	if (json_peek(j) == JSON_NULL)
		return json_null(j);
	if (!json_string(j, &s) || s.raw.len != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		memcpy(pair, s.raw.ptr + 2 * i, 2); /* sscanf measures all that follows: the rest of a file */
		if (sscanf(pair, "%2x", &byte) != 1)
			return false;
		out[i] = (uint8_t)byte;
	}
	return true;
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

	if (json_peek(j) == JSON_NULL)
		return json_null(j);
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
	bool known;

	if (json_peek(j) == JSON_NULL)
		return json_null(j);
	if (!json_object(j))
		return false;
	while (json_member(j, &name)) {
		if (!read_number(j, &value, &known))
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

	if (json_peek(j) == JSON_NULL)
		return json_null(j);
	*out = json_bool(j, &truth) && truth ? TRI_YES : TRI_NO;
	return j->why == NULL;
}

static bool read_u32(struct json *j, uint32_t *out)
{
	double n;
	bool known;

	if (!read_number(j, &n, &known) || (known && !(n >= 0 && n <= UINT32_MAX)))
		return false;
	*out = known ? (uint32_t)n : 0;
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
		for (size_t i = 0; i < sizeof(finish_names) / sizeof(finish_names[0]); i++)
			if (slice_equal(name.raw, slice_of(finish_names[i].name)))
				*out |= finish_names[i].bit;
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

	*out = 0;
	if (!json_text(j, a, &hex))
		return false;
	for (size_t i = 0; i < hex.len && i < 16; i++) {
		char digit = hex.ptr[i];
		*out = *out << 4 | (uint64_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
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
	bool is_known = json_peek(j) != JSON_NULL;
	struct retrieval *found = is_known ? arena_alloc(a, sizeof(*found)) : NULL;

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
	for (size_t i = 0; i < TEXTS; i++)
		if (slice_equal(key, slice_of(texts[i].key)))
			return json_text(j, a, (struct slice *)(void *)((char *)c + texts[i].offset));
	for (size_t i = 0; i < INSIDE_TEXTS; i++)
		if (slice_equal(key, slice_of(inside_texts[i].key)))
			return json_text(j, a, (struct slice *)(void *)((char *)c + inside_texts[i].offset));
	for (size_t i = 0; i < COUNTS; i++)
		if (slice_equal(key, slice_of(counts[i].key)))
			return read_count(j, &c->tokens, counts[i].class);
	*listed = false;
	return true;
}

static bool read_member(struct json *j, struct arena *a, struct slice key, struct call *c)
{
	bool listed;

	if (!read_listed(j, a, key, c, &listed) || listed)
		return listed;
	bool understood = read_telling(j, a, key, c, &listed);
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
		return read_cost(j, &c->computed_cost);
	if (slice_equal(key, SLICE("reported_cost_usd")))
		return read_cost(j, &c->reported_cost);
	if (slice_equal(key, SLICE("outcome")))
		return read_outcome(j, &c->outcome);
	if (slice_equal(key, SLICE("scores")))
		return read_scores(j, a, c);
	if (slice_equal(key, SLICE("user_rating")))
		return read_number(j, &c->user_rating, &c->has_user_rating);
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
	return OK;
}
