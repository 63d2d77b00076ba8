/* SPDX-License-Identifier: Apache-2.0
 * gate/check.c - the checks, one function each, in the order in which a reader wants to hear of them.
 */
#include "agent/gate/check.h"

#include <math.h>

#include "agent/base/json.h"
#include "agent/base/json_schema.h"
#include "agent/gate/pattern.h"

#define SHOWN 60 /* bytes of a text in a reason */

struct trial {
	const struct suite_case *c;
	const struct result *r;
	struct buf *why;
};

static bool no(const struct trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool no(const struct trial *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(t->why, format, args);
	va_end(args);
	return false;
}

/* ---------------------------------------------------------------- texts */
static bool holds(struct slice text, const char *wanted)
{
	return pattern_holds(text, slice_trim(slice_of(wanted)));
}

static bool holds_all(const struct trial *t, const struct string_list *wanted, const char *what)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!holds(t->r->output, wanted->items[i]))
			return no(t, "%s '%.*s' is not in the answer", what, SHOWN, wanted->items[i]);
	return true;
}

static bool check_error(const struct trial *t)
{
	return t->r->error.len == 0 || no(t, "the call failed: %.*s", SLICE_ARG(slice_head(t->r->error, 2 * SHOWN)));
}

static bool check_judgement(const struct trial *t)
{
	if (t->r->passed != TRI_NO)
		return true;
	if (t->r->why.len > 0)
		return no(t, "%.*s", SLICE_ARG(slice_head(t->r->why, 2 * SHOWN)));
	return isnan(t->r->score) ? no(t, "its tool says no") : no(t, "score %g", t->r->score);
}

static bool check_expected(const struct trial *t)
{
	return t->r->passed != TRI_UNKNOWN || holds_all(t, &t->c->expected, "expected");
}

static bool check_must_not(const struct trial *t)
{
	for (size_t i = 0; i < t->c->must_not.count; i++)
		if (holds(t->r->output, t->c->must_not.items[i]))
			return no(t, "'%.*s' must not be in the answer", SHOWN, t->c->must_not.items[i]);
	return true;
}

static bool check_contains(const struct trial *t)
{
	return holds_all(t, &t->c->contains, "text");
}

static bool check_contains_any(const struct trial *t)
{
	for (size_t i = 0; i < t->c->contains_any.count; i++)
		if (holds(t->r->output, t->c->contains_any.items[i]))
			return true;
	return t->c->contains_any.count == 0 || no(t, "none of %zu texts is in the answer", t->c->contains_any.count);
}

/* ---------------------------------------------------------------- patterns */
static bool check_patterns(const struct trial *t, const struct string_list *patterns, enum pattern_result wanted)
{
	for (size_t i = 0; i < patterns->count; i++) {
		const char *pattern = patterns->items[i];
		enum pattern_result got = pattern_find(slice_of(pattern), t->r->output);
		if (got == PATTERN_BAD)
			return no(t, "pattern '%.*s' takes too long over this answer", SHOWN, pattern);
		if (got != wanted)
			return no(t, "the answer %s '%.*s'", got == PATTERN_YES ? "matches" : "does not match", SHOWN,
				  pattern);
	}
	return true;
}

static bool check_regex(const struct trial *t)
{
	return check_patterns(t, &t->c->regex, PATTERN_YES);
}

static bool check_not_regex(const struct trial *t)
{
	return check_patterns(t, &t->c->not_regex, PATTERN_NO);
}

/* ---------------------------------------------------------------- form */
static bool check_json(const struct trial *t)
{
	return !t->c->is_json || json_is_valid(t->r->output) || no(t, "the answer is no valid JSON");
}

static bool has_match(struct slice pattern, struct slice text)
{
	return pattern_find(pattern, text) == PATTERN_YES;
}

static bool check_json_schema(const struct trial *t)
{
	return t->c->json_schema == NULL ||
	       json_schema_check(slice_of(t->c->json_schema), t->r->output, has_match, t->why) == JSON_SCHEMA_KEPT;
}

/* "[1]", "[doc-2]", "(source: ...)" and links. */
static size_t citations(struct slice text)
{
	size_t n = 0;

	while (text.len > 0) {
		ptrdiff_t close = text.ptr[0] == '[' ? slice_find(slice_head(text, 80), SLICE("]")) : -1;
		n += close > 1 || slice_starts_with(text, SLICE("(source")) || slice_starts_with(text, SLICE("http://")) ||
		     slice_starts_with(text, SLICE("https://"));
		text = slice_skip(text, close > 1 ? (size_t)close : 1);
	}
	return n;
}

static bool check_cites(const struct trial *t)
{
	size_t n = t->c->cites > 0 ? citations(t->r->output) : 0;

	return (int64_t)n >= t->c->cites || no(t, "cites %zu sources, %lld are wanted", n, (long long)t->c->cites);
}

/* ---------------------------------------------------------------- limits */
static bool check_limit(const struct trial *t, double value, double limit, const char *what, const char *unit)
{
	if (limit <= 0)
		return true;
	if (isnan(value))
		return no(t, "%s is unknown, at most %g%s is wanted", what, limit, unit);
	return value <= limit || no(t, "%s is %g%s, at most %g is wanted", what, value, unit, limit);
}

static bool check_limits(const struct trial *t)
{
	const struct suite_case *c = t->c;

	return check_limit(t, t->r->cost_usd, c->max_cost_usd, "cost", " USD") &&
	       check_limit(t, t->r->latency_ms, (double)c->max_latency_ms, "latency", " ms") &&
	       check_limit(t, t->r->output_tokens, (double)c->max_output_tokens, "output length", " tokens") &&
	       check_limit(t, t->r->input_tokens, (double)c->max_input_tokens, "input length", " tokens");
}

static bool (*const checks[])(const struct trial *t) = {
	check_expected, check_must_not, check_contains, check_contains_any, check_regex, check_not_regex,
	check_json,	check_json_schema, check_cites, check_limits,
};

/* By the answer itself, whoever else has judged it. */
static bool asks_of_answer(const struct suite_case *c)
{
	return c->contains.count > 0 || c->contains_any.count > 0 || c->regex.count > 0 || c->is_json ||
	       c->json_schema != NULL || c->cites > 0;
}

/* By the answer, where nobody else has looked at it. */
static bool asks_where_unjudged(const struct suite_case *c)
{
	return asks_of_answer(c) || c->expected.count > 0 || c->must_not.count > 0 || c->not_regex.count > 0;
}

static bool has_limits(const struct suite_case *c)
{
	return c->max_cost_usd > 0 || c->max_latency_ms > 0 || c->max_output_tokens > 0 || c->max_input_tokens > 0;
}

/* A replay and JUnit XML tell what was found of an answer, not the answer. */
static bool check_is_told(const struct trial *t)
{
	const struct suite_case *c = t->c;
	bool is_wanted = c != NULL && (t->r->passed == TRI_UNKNOWN ? asks_where_unjudged(c) : asks_of_answer(c));

	return !is_wanted || t->r->output.len > 0 || no(t, "the results do not tell what was answered");
}

/* What neither its tool nor its case says anything of has not passed. */
static bool check_is_judged(const struct trial *t)
{
	const struct suite_case *c = t->c;

	return t->r->passed != TRI_UNKNOWN || (c != NULL && (asks_where_unjudged(c) || has_limits(c))) ||
	       no(t, "nobody judged it: the results say neither passed nor score, and %s",
		  c == NULL ? "there is no suite" : "its case checks nothing");
}

bool answer_passes(const struct suite_case *c, const struct result *r, struct buf *why)
{
	struct trial t = { c, r, why };

	if (!check_error(&t) || !check_is_told(&t) || !check_is_judged(&t))
		return false;
	for (size_t i = 0; c != NULL && i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i](&t))
			return false;
	return check_judgement(&t);
}
