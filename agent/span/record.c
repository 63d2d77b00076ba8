/* SPDX-License-Identifier: Apache-2.0
 * span/record.c - writes request records.
 */
#include "agent/span/record_priv.h"

#include <math.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/hex.h"
#include "agent/base/money.h"

#define PROMPT_BYTES 512

const struct record_text record_texts[] = {
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

const struct record_text record_inside_texts[] = {
	{ "user_id", offsetof(struct call, user_id) },
	{ "tenant", offsetof(struct call, tenant) },
	{ "reservation_id", offsetof(struct call, reservation_id) },
};

const struct record_count record_counts[] = {
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

const struct record_finish record_finishes[] = {
	{ FINISH_STOP, "stop" },
	{ FINISH_LENGTH, "length" },
	{ FINISH_TOOL_CALL, "tool_call" },
	{ FINISH_CONTENT_FILTER, "content_filter" },
	{ FINISH_REFUSAL, "refusal" },
	{ FINISH_ERROR, "error" },
	{ FINISH_OTHER, "other" },
};

static void write_hex(struct buf *b, const char *key, const uint8_t *bytes, size_t n)
{
	json_write_key(b, key);
	buf_byte(b, '"');
	buf_hex(b, bytes, n);
	buf_byte(b, '"');
}

static void write_number(struct buf *b, const char *key, double value, bool known)
{
	json_write_number(b, key, known ? value : NAN);
}

static void write_time(struct buf *b, uint64_t unix_ns)
{
	char text[31];

	clock_format_utc_ns(unix_ns, text);
	json_write_text(b, "time", slice_of(text));
}

static void write_money(struct buf *b, const char *key, struct money amount)
{
	json_write_key(b, key);
	if (amount.known)
		pusd_write(b, amount.pusd);
	else
		buf_text(b, "null");
}

static void write_tokens(struct buf *b, const struct tokens *t)
{
	for (size_t i = 0; i < RECORD_COUNTS; i++) {
		if (i >= RECORD_COUNTS_ALWAYS && tokens_get(t, record_counts[i].class) == 0)
			continue;
		json_write_key(b, record_counts[i].key);
		if (tokens_has(t, record_counts[i].class))
			buf_printf(b, "%llu", (unsigned long long)t->n[record_counts[i].class]);
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

static void write_finish(struct buf *b, uint32_t finish)
{
	const char *comma = "";

	json_write_key(b, "finish_reasons");
	buf_byte(b, '[');
	for (size_t i = 0; i < RECORD_FINISHES; i++)
		if (finish & record_finishes[i].bit) {
			buf_printf(b, "%s\"%s\"", comma, record_finishes[i].name);
			comma = ",";
		}
	buf_byte(b, ']');
}

/* What only some calls have: the member is there where it says something. */
static void write_rare(struct buf *b, const struct call *c)
{
	if (c->retries > 0)
		json_write_count(b, "retries", c->retries);
	if (c->http_status > 0)
		json_write_count(b, "http_status", c->http_status);
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
	json_write_text_or_null(b, "error_class", slice_of(error_class_names[c->error_class]));
	json_write_count(b, "tool_calls", c->tool_calls);
	json_write_key(b, "prompt_fingerprint");
	if (c->prompt_fingerprint != 0)
		buf_printf(b, "\"%016llx\"", (unsigned long long)c->prompt_fingerprint);
	else
		buf_text(b, "null");
	json_write_text_or_null(b, "dialect", slice_of(c->dialect));
}

void record_write_inside(struct buf *b, const struct call *c)
{
	for (size_t i = 0; i < RECORD_INSIDE_TEXTS; i++) {
		struct slice text = *(const struct slice *)(const void *)((const char *)c + record_inside_texts[i].offset);
		if (text.len > 0)
			json_write_text_or_null(b, record_inside_texts[i].key, text);
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
	json_write_text_or_null(b, "prompt_version", call_prompt(c, prompt, sizeof(prompt)));
	json_write_text_or_null(b, "model", call_model(c));
	for (size_t i = 0; i < RECORD_TEXTS; i++)
		json_write_text_or_null(b, record_texts[i].key,
					*(const struct slice *)(const void *)((const char *)c + record_texts[i].offset));
	write_number(b, "latency_ms", (double)c->latency_ns / 1e6, c->latency_ns > 0);
	write_number(b, "ttft_ms", (double)c->ttft_ns / 1e6, c->ttft_ns > 0);
	write_tokens(b, &c->tokens);
	write_money(b, "cost_usd", (struct money){ c->cost.known, c->cost.total_pusd });
	write_money(b, "computed_cost_usd", c->computed_cost);
	write_money(b, "reported_cost_usd", c->reported_cost);
	write_money(b, "cache_savings_usd", c->cache_savings);
	json_write_text_or_null(b, "price", c->cost.price);
	json_write_text_or_null(b, "outcome", slice_of(outcome_names[c->outcome]));
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
		json_write_text_or_null(b, "id", found->document[i].id);
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
	json_write_text_or_null(b, "feature", c->feature);
	json_write_text_or_null(b, "workflow", c->workflow);
	json_write_text_or_null(b, "session_id", c->session_id);
	json_write_text_or_null(b, "service", c->service);
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
	json_write_text_or_null(b, "dialect", slice_of(c->dialect));
	buf_byte(b, '}');
}
