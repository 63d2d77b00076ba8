/* SPDX-License-Identifier: Apache-2.0
 * gate/traces.c - what a replay printed of an evaluation run: the calls and evaluations of one trace are one answer.
 *
 * The case is the conversation (gen_ai.conversation.id), which a runner can name after it; else the trace. Cost and tokens
 * are summed, the cost where every call has one; latency is that of the slowest call. An answer passes when all of its
 * evaluations do, and no call of it failed.
 */
#include <math.h>

#include "agent/base/json.h"
#include "agent/gate/results_priv.h"

static struct result *result_of(struct results *out, struct slice trace_id)
{
	for (size_t i = out->count; i-- > 0;) /* lines of one trace stand close together */
		if (slice_equal(out->items[i].short_id, trace_id))
			return &out->items[i];
	struct result *r = results_add(out);
	if (r != NULL)
		r->case_id = r->short_id = arena_dup(&out->arena, trace_id);
	return r;
}

static struct slice string_in(struct slice line, struct slice name)
{
	struct slice raw = json_find(line, name);

	return raw.len >= 2 && raw.ptr[0] == '"' ? slice_head(slice_skip(raw, 1), raw.len - 2) : SLICE_NONE;
}

static double number_in(struct slice line, struct slice name)
{
	double n;

	return slice_to_double(json_find(line, name), &n) ? n : NAN;
}

/* Of what is not known yet, the new value; else both. */
static double plus(double so_far, double more)
{
	return isnan(so_far) ? more : isnan(more) ? so_far : so_far + more;
}

static void take_call(struct result *r, struct slice line, struct arena *a)
{
	struct slice outcome = string_in(line, SLICE("outcome")), session = SLICE_NONE;
	struct json j;

	json_init(&j, json_find(line, SLICE("session_id")));
	if (json_text(&j, a, &session) && session.len > 0)
		r->case_id = arena_dup(a, session);
	double cost = number_in(line, SLICE("cost_usd"));
	r->cost_usd = r->calls++ == 0 ? cost : r->cost_usd + cost; /* once one call has no price, nothing is known */
	r->input_tokens = plus(r->input_tokens, number_in(line, SLICE("input_tokens")));
	r->output_tokens = plus(r->output_tokens, number_in(line, SLICE("output_tokens")));
	r->latency_ms = fmax(r->latency_ms, number_in(line, SLICE("latency_ms")));
	if (outcome.len == 0 || slice_equal(outcome, SLICE("ok")))
		return;
	r->passed = TRI_NO;
	r->error = arena_dup(a, outcome);
}

static enum tristate passed_in(struct slice line, double score, double pass_score)
{
	struct slice told = json_find(line, SLICE("pass")), label = string_in(line, SLICE("label"));

	if (slice_equal(told, SLICE("true")) || slice_equal_nocase(label, SLICE("pass")) ||
	    slice_equal_nocase(label, SLICE("passed")))
		return TRI_YES;
	if (slice_equal(told, SLICE("false")) || slice_equal_nocase(label, SLICE("fail")) ||
	    slice_equal_nocase(label, SLICE("failed")))
		return TRI_NO;
	return isnan(score) ? TRI_UNKNOWN : score >= pass_score ? TRI_YES : TRI_NO;
}

static void take_evaluation(struct result *r, struct slice line, double pass_score, struct arena *a)
{
	double score = number_in(line, SLICE("score"));
	enum tristate passed = passed_in(line, score, pass_score);

	r->score = fmin(r->score, score);
	if (passed == TRI_NO) {
		struct slice name = string_in(line, SLICE("name"));
		r->passed = TRI_NO;
		r->why = isnan(score) ? arena_printf(a, "%.*s failed", SLICE_ARG(name)) :
					arena_printf(a, "%.*s is %g", SLICE_ARG(name), score);
	} else if (passed == TRI_YES && r->passed == TRI_UNKNOWN) {
		r->passed = TRI_YES;
	}
}

static struct status take_line(struct slice line, double pass_score, struct results *out)
{
	struct slice type = string_in(line, SLICE("type")), trace_id = string_in(line, SLICE("trace_id"));
	bool is_call = slice_equal(type, SLICE("call"));

	if ((!is_call && !slice_equal(type, SLICE("evaluation"))) || trace_id.len == 0)
		return OK;
	struct result *r = result_of(out, trace_id);
	if (r == NULL || r->case_id.ptr == NULL)
		return FAIL(NOMEM, "no memory for the results");
	if (is_call)
		take_call(r, line, &out->arena);
	else
		take_evaluation(r, line, pass_score, &out->arena);
	return OK;
}

struct status traces_read(struct slice text, double pass_score, struct results *out, struct buf *why)
{
	for (size_t number = 1; text.len > 0; number++) {
		ptrdiff_t end = slice_find(text, SLICE("\n"));
		struct slice line = slice_trim(slice_head(text, end < 0 ? text.len : (size_t)end));
		if (line.len > 0 && !json_is_valid(line)) {
			buf_printf(why, "%zu:1: no JSON object", number);
			return FAIL(MALFORMED, "not the output of a replay");
		}
		if (line.len > 0)
			TRY(take_line(line, pass_score, out));
		text = slice_skip(text, end < 0 ? text.len : (size_t)end + 1);
	}
	return OK;
}
