/* SPDX-License-Identifier: Apache-2.0
 * dialects/points.c - one table of metrics by name; the points' attributes are read as a span's are.
 */
#include "agent/dialects/points.h"

#define METRIC_HISTOGRAM   9u
#define METRIC_EXPONENTIAL 10u

struct class_word {
	const char *text;
	enum token_class class;
};

static const struct class_word convention_types[] = {
	{ "input", TOKENS_INPUT },
	{ "prompt", TOKENS_INPUT },
	{ "output", TOKENS_OUTPUT },
	{ "completion", TOKENS_OUTPUT },
	{ "cache_read", TOKENS_CACHE_READ },
	{ "input_cached", TOKENS_CACHE_READ },
	{ "cache_creation", TOKENS_CACHE_WRITE },
	{ "cache_write", TOKENS_CACHE_WRITE },
	{ "reasoning", TOKENS_REASONING },
	{ 0 },
};

static const struct class_word claude_types[] = {
	{ "input", TOKENS_INPUT },
	{ "output", TOKENS_OUTPUT },
	{ "cacheRead", TOKENS_CACHE_READ },
	{ "cacheCreation", TOKENS_CACHE_WRITE },
	{ 0 },
};

static const struct class_word gemini_types[] = {
	{ "input", TOKENS_INPUT },
	{ "output", TOKENS_OUTPUT },
	{ "cache", TOKENS_CACHE_READ },
	{ "thought", TOKENS_REASONING },
	{ 0 },
};

static const struct class_word codex_types[] = {
	{ "input", TOKENS_INPUT },
	{ "cached_input", TOKENS_CACHE_READ },
	{ "output", TOKENS_OUTPUT },
	{ "reasoning_output", TOKENS_REASONING },
	{ 0 },
};

/* A metric of tokens names the class by an attribute, or is of one class as a whole. */
static const struct metric_rule {
	const char *name;
	const char *dialect;
	enum told_amount amount;
	const char *class_key; /* NULL: `class` */
	const struct class_word *classes;
	enum token_class class;
	bool input_excludes_cache, output_excludes_thought;
} rules[] = {
	{ "gen_ai.client.token.usage", "otel-genai", TOLD_TOKENS, "gen_ai.token.type", convention_types, 0, false, false },
	{ "gen_ai.client.operation.duration", "otel-genai", TOLD_TIME, NULL, NULL, 0, false, false },
	{ "gen_ai.client.inference.duration", "otel-genai", TOLD_TIME, NULL, NULL, 0, false, false },
	{ "gen_ai.client.inference.usage.input_tokens", "otel-genai", TOLD_TOKENS, NULL, NULL, TOKENS_INPUT, false, false },
	{ "gen_ai.client.inference.usage.output_tokens", "otel-genai", TOLD_TOKENS, NULL, NULL, TOKENS_OUTPUT, false, false },
	{ "gen_ai.client.inference.usage.cache_read.input_tokens", "otel-genai", TOLD_TOKENS, NULL, NULL, TOKENS_CACHE_READ,
	  false, false },
	{ "gen_ai.client.inference.usage.cache_write.input_tokens", "otel-genai", TOLD_TOKENS, NULL, NULL, TOKENS_CACHE_WRITE,
	  false, false },
	{ "gen_ai.client.inference.usage.reasoning.output_tokens", "otel-genai", TOLD_TOKENS, NULL, NULL, TOKENS_REASONING,
	  false, false },
	{ "gen_ai.usage.cost", "litellm", TOLD_COST, NULL, NULL, 0, false, false },
	{ "gen_ai.client.token.cost", "litellm", TOLD_COST, NULL, NULL, 0, false, false },
	{ "operation.cost", "pydantic-ai", TOLD_COST, NULL, NULL, 0, false, false },
	{ "claude_code.token.usage", "claude-code", TOLD_TOKENS, "type", claude_types, 0, true, false },
	{ "claude_code.cost.usage", "claude-code", TOLD_COST, NULL, NULL, 0, false, false },
	{ "codex.turn.token_usage", "codex", TOLD_TOKENS, "token_type", codex_types, 0, false, false },
	{ "gemini_cli.token.usage", "gemini-cli", TOLD_TOKENS, "type", gemini_types, 0, false, true },
};

static const struct metric_rule *rule_of(struct slice metric)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (slice_equal(metric, slice_of(rules[i].name)))
			return &rules[i];
	return NULL;
}

static bool find_class(const struct metric_rule *rule, struct attributes attributes, enum token_class *out)
{
	const struct any_value *v;

	*out = rule->class;
	if (rule->class_key == NULL)
		return true;
	v = attributes_find(attributes, slice_of(rule->class_key));
	for (const struct class_word *w = rule->classes; v != NULL && v->kind == ANY_STRING && w->text != NULL; w++)
		if (slice_equal_nocase(v->bytes, slice_of(w->text))) {
			*out = w->class;
			return true;
		}
	return false;
}

bool dialect_read_point(struct dialect_reader *r, const struct point_view *point, struct point_told *out)
{
	const struct metric_rule *rule = rule_of(point->metric);
	bool is_histogram = point->metric_kind == METRIC_HISTOGRAM || point->metric_kind == METRIC_EXPONENTIAL;

	if (rule == NULL || point->defect != NULL || !point->has_value || point->temporality == 0)
		return false;
	if (!find_class(rule, point->attributes, &out->class) || !dialect_read_point_attributes(r, point, &out->call))
		return false;
	out->call.dialect = rule->dialect;
	out->amount = rule->amount;
	out->input_excludes_cache = rule->input_excludes_cache;
	out->output_excludes_thought = rule->output_excludes_thought;
	out->counts_calls =
		is_histogram &&
		(rule->amount == TOLD_TIME ||
		 (rule->amount == TOLD_TOKENS && (out->class == TOKENS_INPUT || out->class == TOKENS_OUTPUT)));
	out->scale = rule->amount == TOLD_TIME && slice_equal(point->unit, SLICE("ms")) ? 1e-3 : 1;
	return true;
}
