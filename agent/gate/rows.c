/* SPDX-License-Identifier: Apache-2.0
 * gate/rows.c - a JSON object as a result: a table of paths for each tool that writes such rows.
 *
 * Sources: promptfoo 0.123 (types/index.ts, EvaluateResult); langsmith 0.15 (schemas.py, Run and ExampleWithRuns;
 * evaluation/_runner.py, ExperimentResultRow and to_pandas); Braintrust API (ExperimentEvent), braintrust 0.47
 * (framework.py, EvalResult). What they write is recorded in tests/exports.
 */
#include <math.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/gate/results_priv.h"
#include "agent/gate/scores.h"

enum field {
	FIELD_ID,
	FIELD_QUESTION, /* what was asked: a suite may know the case by it */
	FIELD_CACHED,   /* true: the tool remembered the answer, which cost nothing this time */
	FIELD_PROVIDER, FIELD_VARIANT, /* joined, where both are told */
	FIELD_OUTPUT,
	FIELD_PASSED,   /* a boolean */
	FIELD_WHY,
	FIELD_ERROR,
	FIELD_SCORE,    /* a number */
	FIELD_SCORES,   /* several of them (scores.h): the worst one counts */
	FIELD_ONE_SCORE, /* one of several that stand in the row itself: likewise */
	FIELD_COST,
	FIELD_LATENCY,  /* milliseconds */
	FIELD_SECONDS,
	FIELD_START, FIELD_END, /* text of RFC 3339, or unix seconds: their difference is the latency */
	FIELD_INPUT, FIELD_OUTPUT_TOKENS,
	FIELD_INNER,    /* true, or not empty: the row is no answer but a step inside one */
	FIELD_COUNT
};

struct key {
	const char *path; /* dotted, a * for any end; of those that fill one field the first that is there wins */
	enum field field;
};

struct row_format {
	const char *name;
	const char *mark; /* member of the root or of a row that only this tool writes */
	const struct key *keys;
	bool wraps; /* a text as the only member of an object, under a name of the user's */
};

static const struct key promptfoo[] = {
	{ "testCase.metadata.id", FIELD_ID }, { "testCase.metadata.case_id", FIELD_ID }, { "vars.id", FIELD_ID },
	{ "testCase.description", FIELD_ID }, { "testIdx", FIELD_ID }, { "vars.question", FIELD_QUESTION },
	{ "vars", FIELD_QUESTION }, { "response.cached", FIELD_CACHED },
	{ "provider.label", FIELD_PROVIDER }, { "provider.id", FIELD_PROVIDER }, { "prompt.label", FIELD_VARIANT },
	{ "response.output", FIELD_OUTPUT }, { "success", FIELD_PASSED }, { "gradingResult.reason", FIELD_WHY }, { "error", FIELD_WHY },
	{ "response.error", FIELD_ERROR }, { "score", FIELD_SCORE }, { "cost", FIELD_COST },
	{ "response.cost", FIELD_COST }, { "latencyMs", FIELD_LATENCY },
	{ "response.tokenUsage.prompt", FIELD_INPUT }, { "tokenUsage.prompt", FIELD_INPUT },
	{ "response.tokenUsage.completion", FIELD_OUTPUT_TOKENS }, { "tokenUsage.completion", FIELD_OUTPUT_TOKENS },
	{ .path = NULL },
};

static const struct key langsmith[] = {
	{ "extra.metadata.id", FIELD_ID }, { "extra.metadata.case_id", FIELD_ID }, { "inputs.id", FIELD_ID },
	{ "reference_example_id", FIELD_ID }, { "inputs.question", FIELD_QUESTION }, { "inputs", FIELD_QUESTION },
	{ "outputs.output", FIELD_OUTPUT }, { "outputs.answer", FIELD_OUTPUT },
	{ "outputs", FIELD_OUTPUT }, { "error", FIELD_ERROR }, { "feedback_stats", FIELD_SCORES },
	{ "feedback", FIELD_SCORES }, { "total_cost", FIELD_COST }, { "start_time", FIELD_START },
	{ "end_time", FIELD_END }, { "latency", FIELD_SECONDS }, { "execution_time", FIELD_SECONDS },
	{ "prompt_tokens", FIELD_INPUT }, { "completion_tokens", FIELD_OUTPUT_TOKENS }, { "parent_run_id", FIELD_INNER },
	{ .path = NULL },
};

/* What `evaluate` of the SDK gives, row by row: a run, its example, and what the evaluators said. */
static const struct key langsmith_rows[] = {
	{ "example.metadata.id", FIELD_ID }, { "example.metadata.case_id", FIELD_ID }, { "example.inputs.id", FIELD_ID },
	{ "example.id", FIELD_ID }, { "run.reference_example_id", FIELD_ID }, { "example.inputs.question", FIELD_QUESTION },
	{ "example.inputs", FIELD_QUESTION }, { "run.inputs", FIELD_QUESTION }, { "run.outputs.output", FIELD_OUTPUT },
	{ "run.outputs.answer", FIELD_OUTPUT }, { "run.outputs", FIELD_OUTPUT }, { "run.error", FIELD_ERROR },
	{ "evaluation_results.results", FIELD_SCORES }, { "run.total_cost", FIELD_COST },
	{ "run.start_time", FIELD_START }, { "run.end_time", FIELD_END }, { "run.prompt_tokens", FIELD_INPUT },
	{ "run.completion_tokens", FIELD_OUTPUT_TOKENS },
	{ .path = NULL },
};

/* The same through `to_pandas`, as JSON records or CSV: one level, with dots in the names. */
static const struct key langsmith_table[] = {
	{ "inputs.id", FIELD_ID }, { "inputs.case_id", FIELD_ID }, { "example_id", FIELD_ID },
	{ "inputs.question", FIELD_QUESTION }, { "inputs.*", FIELD_QUESTION }, { "outputs.output", FIELD_OUTPUT },
	{ "outputs.answer", FIELD_OUTPUT }, { "outputs.*", FIELD_OUTPUT }, { "error", FIELD_ERROR },
	{ "feedback.*", FIELD_ONE_SCORE }, { "execution_time", FIELD_SECONDS },
	{ .path = NULL },
};

static const struct key braintrust[] = {
	{ "metadata.id", FIELD_ID }, { "metadata.case_id", FIELD_ID }, { "input.id", FIELD_ID },
	{ "dataset_record_id", FIELD_ID }, { "origin.id", FIELD_ID }, { "id", FIELD_ID },
	{ "input.question", FIELD_QUESTION }, { "input", FIELD_QUESTION }, { "output", FIELD_OUTPUT },
	{ "scores", FIELD_SCORES }, { "error", FIELD_ERROR }, { "metrics.estimated_cost", FIELD_COST },
	{ "metrics.cost", FIELD_COST }, { "metrics.start", FIELD_START }, { "metrics.end", FIELD_END },
	{ "metrics.duration", FIELD_SECONDS }, { "metrics.prompt_tokens", FIELD_INPUT },
	{ "metrics.completion_tokens", FIELD_OUTPUT_TOKENS }, { "span_parents", FIELD_INNER },
	{ .path = NULL },
};

static const struct key plain[] = {
	{ "id", FIELD_ID }, { "case_id", FIELD_ID }, { "case", FIELD_ID }, { "name", FIELD_ID },
	{ "question", FIELD_QUESTION }, { "input", FIELD_QUESTION },
	{ "variant", FIELD_VARIANT }, { "prompt_version", FIELD_VARIANT }, { "output", FIELD_OUTPUT },
	{ "answer", FIELD_OUTPUT }, { "response", FIELD_OUTPUT }, { "completion", FIELD_OUTPUT },
	{ "passed", FIELD_PASSED }, { "pass", FIELD_PASSED }, { "success", FIELD_PASSED }, { "ok", FIELD_PASSED },
	{ "reason", FIELD_WHY }, { "error", FIELD_ERROR }, { "score", FIELD_SCORE }, { "scores", FIELD_SCORES },
	{ "cost_usd", FIELD_COST }, { "cost", FIELD_COST }, { "latency_ms", FIELD_LATENCY },
	{ "latency_s", FIELD_SECONDS }, { "duration_s", FIELD_SECONDS }, { "input_tokens", FIELD_INPUT },
	{ "prompt_tokens", FIELD_INPUT }, { "output_tokens", FIELD_OUTPUT_TOKENS },
	{ "completion_tokens", FIELD_OUTPUT_TOKENS },
	{ .path = NULL },
};

#define LANGSMITH 1

static const struct row_format formats[] = {
	{ "promptfoo", "testCase", promptfoo, false },
	[LANGSMITH] = { "langsmith", "reference_example_id", langsmith, true },
	{ "langsmith", "evaluation_results", langsmith_rows, true },
	{ "langsmith", "example_id", langsmith_table, true },
	{ "braintrust", "experiment_id", braintrust, true },
	{ "braintrust", "root_span_id", braintrust, true },
	{ "braintrust", "exc_info", braintrust, true }, /* of an Eval that was not uploaded */
	{ "json", NULL, plain, false },
};

const struct row_format *row_format_of(struct slice root, struct slice row)
{
	const struct row_format *f = formats;

	while (f->mark != NULL && json_find(root, slice_of(f->mark)).len == 0 && json_find(row, slice_of(f->mark)).len == 0)
		f++;
	return f;
}

const struct row_format *row_format_langsmith(void)
{
	return &formats[LANGSMITH];
}

const char *row_format_name(const struct row_format *f)
{
	return f->name;
}

/* ---------------------------------------------------------------- one row */
struct row {
	const struct row_format *format;
	struct arena *arena;
	struct slice found[FIELD_COUNT]; /* raw JSON */
	size_t rank[FIELD_COUNT];        /* of the key that found it */
	struct worst_score worst;        /* of FIELD_ONE_SCORE */
	char path[128];
};

static void take(struct row *row, const struct key *key, struct slice value)
{
	size_t rank = (size_t)(key - row->format->keys) + 1;

	if (slice_equal(value, SLICE("null")) || slice_equal(value, SLICE("\"\"")))
		return;
	if (row->rank[key->field] == 0 || rank < row->rank[key->field]) {
		row->rank[key->field] = rank;
		row->found[key->field] = value;
	}
}

/* The only member of an object, where that is text and the tool wraps texts so; else the value: it may be an answer in JSON. */
static struct slice only_text(const struct row *row, struct slice value)
{
	struct slice first = SLICE_NONE;
	struct json_string name;
	struct json j;

	json_init(&j, value);
	if (!row->format->wraps || json_peek(&j) != JSON_OBJECT || !json_object(&j) || !json_member(&j, &name) ||
	    json_peek(&j) != JSON_STRING || !json_raw(&j, &first) || json_member(&j, &name))
		return value;
	return first;
}

static struct slice text_of(struct row *row, struct slice value)
{
	struct json j;
	struct json_string s;

	json_init(&j, value);
	if (json_peek(&j) == JSON_STRING && json_string(&j, &s))
		value = json_unescape(s, row->arena);
	return value.ptr != NULL ? arena_dup(row->arena, value) : SLICE_NONE;
}

static bool fits(const char *pattern, const char *path)
{
	size_t n = strlen(pattern);

	return n > 0 && pattern[n - 1] == '*' ? strncmp(pattern, path, n - 1) == 0 : strcmp(pattern, path) == 0;
}

static void visit(struct row *row, struct slice value)
{
	for (const struct key *k = row->format->keys; k->path != NULL; k++) {
		if (!fits(k->path, row->path))
			continue;
		if (k->field == FIELD_ONE_SCORE)
			worst_score_add(&row->worst, slice_skip(slice_of(row->path), strlen(k->path) - 1), value, row->arena);
		else
			take(row, k, value);
	}
}

/* Whether a key goes on below this path. */
static bool leads_on(const struct row *row, size_t path_len)
{
	for (const struct key *k = row->format->keys; k->path != NULL; k++)
		if (strncmp(k->path, row->path, path_len) == 0 && k->path[path_len] == '.')
			return true;
	return false;
}

static void walk(struct row *row, size_t path_len, struct slice object)
{
	struct json j;
	struct json_string name;
	struct slice value;

	json_init(&j, object);
	if (json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return;
	while (json_member(&j, &name) && json_raw(&j, &value)) {
		int n = snprintf(row->path + path_len, sizeof(row->path) - path_len, "%s%.*s", path_len > 0 ? "." : "",
				 SLICE_ARG(name.raw));
		if (n < 0 || path_len + (size_t)n >= sizeof(row->path))
			continue;
		visit(row, value);
		if (leads_on(row, path_len + (size_t)n))
			walk(row, path_len + (size_t)n, value);
	}
	row->path[path_len] = '\0';
}

/* ---------------------------------------------------------------- values */
static double number_in(struct row *row, enum field field)
{
	double n;
	struct slice value = row->found[field];

	if (value.len > 2 && value.ptr[0] == '"')
		value = slice_head(slice_skip(value, 1), value.len - 2);
	return slice_to_double(value, &n) ? n : NAN;
}

/* Seconds of RFC 3339 text or of a number. Times without a zone are taken as UTC, as their difference is all we want. */
static double seconds_in(struct row *row, enum field field)
{
	struct slice text = text_of(row, row->found[field]);
	uint64_t ns;
	double n;

	if (text.len == 0 || text.ptr == NULL)
		return NAN;
	if (slice_to_double(text, &n))
		return n;
	struct slice with_zone = arena_printf(row->arena, "%.*sZ", SLICE_ARG(text));
	if (clock_parse_rfc3339(text.ptr, &ns) == 0 || clock_parse_rfc3339(with_zone.ptr, &ns) == 0)
		return (double)ns / (double)NS_PER_SECOND;
	return NAN;
}

static double latency_in(struct row *row)
{
	double ms = number_in(row, FIELD_LATENCY), s = number_in(row, FIELD_SECONDS);

	if (!isnan(ms))
		return ms >= 0 ? ms : NAN;
	if (isnan(s))
		s = seconds_in(row, FIELD_END) - seconds_in(row, FIELD_START);
	return s >= 0 ? s * 1000 : NAN;
}

/* In CSV, Python's True in quotes. */
static bool is_true(struct slice value)
{
	return slice_equal_nocase(value, SLICE("true")) || slice_equal_nocase(value, SLICE("\"true\""));
}

static enum tristate passed_in(const struct row *row, double score, double pass_score)
{
	struct slice told = row->found[FIELD_PASSED];

	if (told.len > 0)
		return is_true(told) ? TRI_YES : TRI_NO;
	if (row->found[FIELD_ERROR].len > 0)
		return TRI_NO;
	return isnan(score) ? TRI_UNKNOWN : score >= pass_score ? TRI_YES : TRI_NO;
}

/* Provider and prompt together tell variants apart; their first words do. */
static struct slice variant_in(struct row *row)
{
	struct slice provider = slice_head(text_of(row, row->found[FIELD_PROVIDER]), 80);
	struct slice prompt = slice_head(text_of(row, row->found[FIELD_VARIANT]), 80);

	if (provider.len == 0 || prompt.len == 0)
		return provider.len > 0 ? provider : prompt;
	return arena_printf(row->arena, "%.*s / %.*s", SLICE_ARG(provider), SLICE_ARG(prompt));
}

static bool is_inner(const struct row *row)
{
	struct slice v = row->found[FIELD_INNER];

	return v.len > 0 && !slice_equal(v, SLICE("false")) && !slice_equal(v, SLICE("[]"));
}

/* The tool's reason, or the score that was too low. */
static struct slice why_in(struct row *row, const struct worst_score *worst, double pass_score)
{
	if (row->found[FIELD_WHY].len > 0)
		return text_of(row, row->found[FIELD_WHY]);
	if (worst->name.len == 0 || !(worst->score < pass_score))
		return SLICE_NONE;
	return arena_printf(row->arena, "%.*s is %g%s%.*s", SLICE_ARG(worst->name), worst->score,
			    worst->comment.len > 0 ? ": " : "", SLICE_ARG(worst->comment));
}

/* A remembered answer has no cost of its own: the zero that is told is not what it would cost. Less than nothing is not
 * known, either. */
static void fill_figures(struct row *row, struct result *out)
{
	double cost = number_in(row, FIELD_COST);

	out->is_cached = is_true(row->found[FIELD_CACHED]);
	out->latency_ms = latency_in(row);
	if (out->is_cached)
		return;
	out->cost_usd = cost >= 0 ? cost : NAN;
	out->input_tokens = number_in(row, FIELD_INPUT);
	out->output_tokens = number_in(row, FIELD_OUTPUT_TOKENS);
}

static struct status fill(struct row *row, double pass_score, struct result *out)
{
	struct worst_score worst = row->worst;

	worst_score_add_all(&worst, row->found[FIELD_SCORES], row->arena);
	out->question = slice_trim(text_of(row, only_text(row, row->found[FIELD_QUESTION])));
	out->case_id = text_of(row, row->found[FIELD_ID]);
	if (out->case_id.len == 0)
		out->case_id = out->question;
	out->variant = variant_in(row);
	out->output = text_of(row, only_text(row, row->found[FIELD_OUTPUT]));
	out->score = fmin(number_in(row, FIELD_SCORE), worst.score);
	out->why = why_in(row, &worst, pass_score);
	out->error = text_of(row, row->found[FIELD_ERROR]);
	out->passed = passed_in(row, out->score, pass_score);
	fill_figures(row, out);
	return out->case_id.len > 0 ? OK : FAIL(MALFORMED, "a result names no case: give it an id");
}

struct status row_read(const struct row_format *f, struct slice object, double pass_score, struct results *out)
{
	struct row row = { .format = f, .arena = &out->arena, .worst = { .score = NAN } };

	walk(&row, 0, object);
	if (is_inner(&row))
		return OK;
	struct result *r = results_add(out);
	return r != NULL ? fill(&row, pass_score, r) : FAIL(NOMEM, "no memory for the results");
}
