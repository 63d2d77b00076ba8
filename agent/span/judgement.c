/* SPDX-License-Identifier: Apache-2.0
 * span/judgement.c - identity, and the line that a judgement becomes.
 */
#include "agent/span/judgement.h"

#include <math.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/hash.h"
#include "agent/base/hex.h"
#include "agent/base/json.h"

const char *const judgement_kind_names[JUDGEMENT_KIND_COUNT] = { "evaluation", "feedback" };

const char *const judgement_source_names[JUDGEMENT_SOURCE_COUNT] = {
#define X(id, name) [JUDGED_BY_##id] = name,
	JUDGEMENT_SOURCE_MAP(X)
#undef X
};

static const struct {
	const char *word, *name;
	bool yes;
} votes[] = {
	{ "thumbs_up", "thumbs", true },
	{ "thumbs_down", "thumbs", false },
	{ "accepted", "accepted", true },
	{ "rejected", "accepted", false },
	{ "task_success", "task_success", true },
	{ "task_failure", "task_success", false },
};

bool judgement_name_vote(struct judgement *j)
{
	for (size_t i = 0; i < sizeof(votes) / sizeof(votes[0]); i++) {
		if (!slice_equal(j->name, slice_of(votes[i].word)))
			continue;
		bool is_no = j->scale != SCALE_NONE && j->value <= 0;
		j->name = slice_of(votes[i].name);
		j->value = votes[i].yes != is_no;
		j->scale = SCALE_VOTE;
		return true;
	}
	return false;
}

enum tristate judgement_label_verdict(struct slice label)
{
	if (slice_equal_nocase(label, SLICE("pass")) || slice_equal_nocase(label, SLICE("passed")))
		return TRI_YES;
	if (slice_equal_nocase(label, SLICE("fail")) || slice_equal_nocase(label, SLICE("failed")))
		return TRI_NO;
	return TRI_UNKNOWN;
}

bool judgement_rates(const struct judgement *j)
{
	bool is_act = j->scale == SCALE_VOTE && !slice_equal(j->name, SLICE("thumbs"));

	return j->kind == JUDGEMENT_FEEDBACK && j->scale != SCALE_NONE && !is_act && j->value >= 0 && j->value <= 1;
}

uint64_t text_identity(struct slice id)
{
	if (id.len == 0)
		return 0;
	uint64_t h = hash_stable(id.ptr, id.len);
	return h != 0 ? h : 1;
}

static uint64_t target_identity(const struct judgement_target *t)
{
	uint64_t h = t->has_trace ? hash_stable(t->trace_id, sizeof(t->trace_id)) : 0;

	h = hash_mix(h, t->has_span ? hash_stable(t->span_id, sizeof(t->span_id)) : 0);
	h = hash_mix(h, text_identity(t->response_id));
	return hash_mix(h, text_identity(t->session_id));
}

uint64_t judgement_identity(const struct judgement *j)
{
	uint64_t h = hash_mix(text_identity(j->name), (uint64_t)j->kind);

	uint64_t value = 0;

	if (j->scale != SCALE_NONE)
		memcpy(&value, &j->value, sizeof(value));
	h = hash_mix(hash_mix(h, value), text_identity(j->label));
	if (j->given_id.len > 0)
		return hash_mix(h, text_identity(j->given_id));
	h = hash_mix(h, target_identity(&j->target));
	return hash_mix(h, j->time_unix_ns);
}

/* ------------------------------------------------------------------ the line */

static void write_id(struct buf *b, const char *key, const uint8_t *bytes, size_t n, bool known)
{
	char text[33];

	hex_format(bytes, n, text);
	json_write_text_or_null(b, key, known ? slice_of(text) : SLICE_NONE);
}

static void write_time(struct buf *b, uint64_t unix_ns)
{
	char text[31];

	clock_format_utc_ns(unix_ns, text);
	json_write_text(b, "time", slice_of(text));
}

static void write_truth(struct buf *b, const char *key, enum tristate value)
{
	json_write_key(b, key);
	buf_text(b, value == TRI_UNKNOWN ? "null" : value == TRI_YES ? "true" : "false");
}

static void write_labels(struct buf *b, const struct call_labels *l)
{
	static const struct call_labels unknown;

	l = l != NULL ? l : &unknown;
	json_write_text_or_null(b, "prompt_version", l->prompt);
	json_write_text_or_null(b, "provider", l->provider);
	json_write_text_or_null(b, "model", l->model);
	json_write_text_or_null(b, "feature", l->feature);
	json_write_text_or_null(b, "workflow", l->workflow);
	json_write_text_or_null(b, "user_segment", l->user_segment);
}

static void write_verdict(struct buf *b, const struct judgement *j)
{
	bool is_vote = j->scale == SCALE_VOTE;

	json_write_key(b, j->kind == JUDGEMENT_EVALUATION ? "score" : "value");
	if (is_vote && j->kind == JUDGEMENT_FEEDBACK)
		buf_text(b, j->value != 0 ? "true" : "false");
	else
		json_write_double(b, is_vote || j->scale == SCALE_NONE ? NAN : j->value); /* an evaluator's vote is its pass */
	/* Of a declared range, unless it is a number of its own. */
	if (j->scale == SCALE_RATING && j->value >= 0 && j->value <= 1)
		buf_text(b, ",\"min\":0,\"max\":1");
	json_write_text_or_null(b, "label", j->label);
	write_truth(b, "pass", j->passed);
	if (j->failed)
		write_truth(b, "failed", TRI_YES);
	if (j->came_with_call)
		write_truth(b, "came_with_call", TRI_YES);
}

/* The call that was found, else the one that was named. */
static void write_target(struct buf *b, const struct joined_judgement *j)
{
	const struct judgement_target *t = &j->judgement->target;
	const uint8_t *trace = j->call != NULL ? j->call->trace_id : t->trace_id;
	const uint8_t *span = j->call != NULL ? j->call->span_id : t->span_id;

	write_id(b, "trace_id", trace, sizeof(t->trace_id), j->call != NULL || t->has_trace);
	write_id(b, "span_id", span, sizeof(t->span_id), j->call != NULL || t->has_span);
	json_write_text_or_null(b, "response_id", t->response_id);
	json_write_text_or_null(b, "session_id", t->session_id);
}

void judgement_write(struct buf *b, const struct joined_judgement *judged)
{
	const struct judgement *j = judged->judgement;
	char id[17];

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)judged->identity);
	buf_printf(b, "{\"type\":\"%s\"", judgement_kind_names[j->kind]);
	json_write_text_or_null(b, "id", j->given_id.len > 0 ? j->given_id : slice_of(id));
	write_time(b, j->time_unix_ns);
	json_write_text_or_null(b, j->kind == JUDGEMENT_EVALUATION ? "name" : "signal", j->name);
	write_verdict(b, j);
	json_write_text_or_null(b, "source", slice_of(judgement_source_names[j->source]));
	write_target(b, judged);
	write_labels(b, judged->labels);
	if (judged->call != NULL && judged->call->is_evaluation_traffic)
		write_truth(b, "evaluation_traffic", TRI_YES);
	json_write_text_or_null(b, "unjoined", slice_of(judged->unjoined_why));
	buf_byte(b, '}');
}
