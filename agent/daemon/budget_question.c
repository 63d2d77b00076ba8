/* SPDX-License-Identifier: Apache-2.0
 * daemon/budget_question.c - fields of a question, by name. One that is not known is refused, with the nearest.
 */
#include "agent/daemon/budget_question.h"

#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/base/money.h"
#include "agent/config/suggest.h"

struct slice budget_field(struct budget_fields *f, const char *name)
{
	struct slice raw = json_find(f->request->body, slice_of(name));
	struct json j;
	struct json_string text;

	if (raw.len == 0 || slice_equal(raw, SLICE("null")))
		return api_parameter(f->request, name);
	json_init(&j, raw);
	return json_peek(&j) == JSON_STRING && json_string(&j, &text) ? json_unescape(text, &f->arena) : raw;
}

static bool read_count(struct budget_fields *f, const char *name, uint64_t *out, struct api_reply *reply)
{
	struct slice text = budget_field(f, name);

	if (text.len == 0 || (slice_to_u64(text, out) && *out < UINT32_MAX))
		return true;
	api_fail(reply, 400, "%s is a number of tokens, not '%.*s'", name, SLICE_ARG(slice_head(text, 40)));
	return false;
}

/* Beside the dimensions. */
static const char *const other_fields[] = { "trace_id", "estimate_usd", "input_tokens", "max_output_tokens" };

#define OTHER_FIELDS (sizeof(other_fields) / sizeof(other_fields[0]))

static const char *known_field(size_t i)
{
	return i < BUDGET_DIMENSIONS ? budget_dimension_names[i] : other_fields[i - BUDGET_DIMENSIONS];
}

/* A misspelt dimension would be judged as `unknown`, by somebody else's budget. */
static bool is_known(struct slice name, struct api_reply *reply)
{
	struct suggestion nearest = suggest_for(name);

	for (size_t i = 0; i < BUDGET_DIMENSIONS + OTHER_FIELDS; i++)
		if (slice_equal(name, slice_of(known_field(i))))
			return true;
	for (size_t i = 0; i < BUDGET_DIMENSIONS + OTHER_FIELDS; i++)
		suggest_consider(&nearest, known_field(i));
	api_fail(reply, 400, "a question to the budgets has no field '%.*s'%s%s%s", SLICE_ARG(slice_head(name, 40)),
		 nearest.best != NULL ? "; did you mean '" : "", nearest.best != NULL ? nearest.best : "",
		 nearest.best != NULL ? "'?" : "");
	return false;
}

static bool has_known_members(struct slice body, struct api_reply *reply)
{
	struct json_string key;
	struct json j;

	json_init(&j, body);
	if (!json_object(&j)) {
		api_fail(reply, 400, "the body is a JSON object: {\"user\":\"alice\"}");
		return false;
	}
	while (json_member(&j, &key) && json_skip(&j))
		if (!is_known(key.raw, reply))
			return false;
	struct status status = json_finish(&j);
	if (FAILED(status))
		api_fail(reply, 400, "the body is not JSON: %s", status.why);
	return !FAILED(status);
}

static bool has_known_names(const struct api_request *request, struct api_reply *reply)
{
	for (size_t i = 0; i < request->parameter_count; i++)
		if (!is_known(request->parameters[i].name, reply))
			return false;
	return request->body.len == 0 || has_known_members(request->body, reply);
}

bool budget_question_read(struct budget_fields *f, struct budget_question *q, struct api_reply *reply)
{
	if (!has_known_names(f->request, reply))
		return false;
	for (int d = 0; d < BUDGET_DIMENSIONS; d++)
		q->labels[d] = budget_field(f, budget_dimension_names[d]);
	struct slice trace_id = budget_field(f, "trace_id");
	q->has_trace_id = trace_id.len > 0;
	if (q->has_trace_id && !hex_parse(trace_id, q->trace_id, sizeof(q->trace_id))) {
		api_fail(reply, 400, "trace_id is 32 hexadecimal digits");
		return false;
	}
	struct slice estimate = budget_field(f, "estimate_usd");
	q->has_estimate = estimate.len > 0;
	if (q->has_estimate && !pusd_parse(estimate, &q->estimate_pusd)) {
		api_fail(reply, 400, "estimate_usd is an amount in USD, such as 0.25, not '%.*s'",
			 SLICE_ARG(slice_head(estimate, 40)));
		return false;
	}
	q->has_tokens = budget_field(f, "input_tokens").len > 0 || budget_field(f, "max_output_tokens").len > 0;
	return read_count(f, "input_tokens", &q->input_tokens, reply) &&
	       read_count(f, "max_output_tokens", &q->max_output_tokens, reply);
}
