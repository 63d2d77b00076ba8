/* SPDX-License-Identifier: Apache-2.0
 * exporters/reemit/targets.c - what each back end calls the facts of a call.
 *
 * Sources: each vendor's documentation of its OTLP endpoint, November 2026. Money is written over what the span says,
 * so that every back end shows the dollar that Plimsoll counted; names and kinds only where the span has none.
 */
#include "exporters/reemit/reemit.h"

#define MONEY(key, fact) { key, fact, true }
#define TOKENS(key, fact) { key, fact, false }

/* ------------------------------------------------------------------ Langfuse: exclusive buckets */

static const struct reemit_member langfuse_usage[] = {
	TOKENS("input", FACT_PLAIN_INPUT_TOKENS),
	TOKENS("cache_read_input_tokens", FACT_CACHE_READ_TOKENS),
	TOKENS("cache_creation_input_tokens", FACT_CACHE_WRITE_TOKENS),
	TOKENS("output", FACT_OUTPUT_TOKENS),
	TOKENS("total", FACT_TOTAL_TOKENS),
	{ 0 },
};

static const struct reemit_member langfuse_cost[] = {
	MONEY("input", FACT_INPUT_COST),
	MONEY("cache_read_input_tokens", FACT_CACHE_READ_COST),
	MONEY("cache_creation_input_tokens", FACT_CACHE_WRITE_COST),
	MONEY("output", FACT_OUTPUT_COST),
	MONEY("total", FACT_COST),
	{ 0 },
};

static const struct reemit_row langfuse_calls[] = {
	{ .key = "langfuse.observation.usage_details", .form = REEMIT_JSON, .is_replaced = true,
	  .members = langfuse_usage },
	{ .key = "langfuse.observation.cost_details", .form = REEMIT_JSON, .is_replaced = true,
	  .members = langfuse_cost },
	{ .key = "langfuse.observation.prompt.name", .form = REEMIT_STRING, .fact = TEXT_PROMPT_NAME },
	{ .key = "langfuse.observation.prompt.version", .form = REEMIT_WHOLE, .fact = TEXT_PROMPT_VERSION },
	{ .key = "langfuse.observation.completion_start_time", .form = REEMIT_FIRST_TOKEN_TIME },
	{ .key = "langfuse.trace.metadata.feature", .form = REEMIT_STRING, .fact = TEXT_FEATURE },
	{ .key = NULL },
};

/* With a model and no usage it would be a generation that Langfuse prices itself. */
static const struct reemit_row langfuse_wrappers[] = {
	{ .key = "langfuse.observation.type", .form = REEMIT_LITERAL, .is_replaced = true, .literal = "span" },
	{ .key = NULL },
};

const struct reemit_rules reemit_langfuse = { .calls = langfuse_calls, .wrappers = langfuse_wrappers };

/* ------------------------------------------------------------------ LangSmith: input includes cached tokens */

static const struct reemit_member langsmith_usage[] = {
	TOKENS("input_tokens", FACT_INPUT_TOKENS),
	TOKENS("output_tokens", FACT_OUTPUT_TOKENS),
	TOKENS("total_tokens", FACT_TOTAL_TOKENS),
	TOKENS("input_token_details.cache_read", FACT_CACHE_READ_TOKENS),
	TOKENS("input_token_details.cache_creation", FACT_CACHE_WRITE_TOKENS),
	MONEY("input_cost", FACT_PROMPT_COST),
	MONEY("output_cost", FACT_OUTPUT_COST),
	MONEY("total_cost", FACT_COST),
	{ 0 },
};

static const struct reemit_row langsmith_calls[] = {
	{ .key = "langsmith.usage_metadata", .form = REEMIT_JSON, .is_replaced = true, .members = langsmith_usage },
	{ .key = "langsmith.metadata.prompt_name", .form = REEMIT_STRING, .fact = TEXT_PROMPT_NAME },
	{ .key = "langsmith.metadata.prompt_version", .form = REEMIT_STRING, .fact = TEXT_PROMPT_VERSION },
	{ .key = "langsmith.metadata.feature", .form = REEMIT_STRING, .fact = TEXT_FEATURE },
	{ .key = "langsmith.span.kind", .form = REEMIT_LITERAL, .literal = "llm" },
	{ .key = NULL },
};

static const struct reemit_row langsmith_wrappers[] = {
	{ .key = "langsmith.span.kind", .form = REEMIT_LITERAL, .is_replaced = true, .literal = "chain" },
	{ .key = NULL },
};

const struct reemit_rules reemit_langsmith = { .calls = langsmith_calls, .wrappers = langsmith_wrappers };

/* ------------------------------------------------------------------ Braintrust */

static const struct reemit_member braintrust_metrics[] = {
	TOKENS("prompt_tokens", FACT_INPUT_TOKENS),
	TOKENS("completion_tokens", FACT_OUTPUT_TOKENS),
	TOKENS("tokens", FACT_TOTAL_TOKENS),
	TOKENS("prompt_cached_tokens", FACT_CACHE_READ_TOKENS),
	TOKENS("prompt_cache_creation_tokens", FACT_CACHE_WRITE_TOKENS),
	MONEY("estimated_cost", FACT_COST),
	MONEY("time_to_first_token", FACT_TTFT),
	{ 0 },
};

static const struct reemit_row braintrust_calls[] = {
	{ .key = "braintrust.metrics", .form = REEMIT_JSON, .is_replaced = true, .members = braintrust_metrics },
	{ .key = "braintrust.metadata.feature", .form = REEMIT_STRING, .fact = TEXT_FEATURE },
	{ .key = "braintrust.metadata.prompt_version", .form = REEMIT_STRING, .fact = TEXT_PROMPT_VERSION },
	{ .key = NULL },
};

const struct reemit_rules reemit_braintrust = { .calls = braintrust_calls };

/* ------------------------------------------------------------------ Helicone: OpenLLMetry's keys */

static const struct reemit_row helicone_calls[] = {
	{ .key = "gen_ai.system", .form = REEMIT_STRING, .fact = TEXT_PROVIDER },
	{ .key = "gen_ai.usage.prompt_tokens", .form = REEMIT_INT, .fact = FACT_INPUT_TOKENS, .is_replaced = true },
	{ .key = "gen_ai.usage.completion_tokens", .form = REEMIT_INT, .fact = FACT_OUTPUT_TOKENS,
	  .is_replaced = true },
	{ .key = "llm.usage.total_tokens", .form = REEMIT_INT, .fact = FACT_TOTAL_TOKENS, .is_replaced = true },
	{ .key = NULL },
};

const struct reemit_rules reemit_helicone = { .calls = helicone_calls };

/* ------------------------------------------------------------------ Phoenix: OpenInference */

static const struct reemit_row phoenix_calls[] = {
	{ .key = "openinference.span.kind", .form = REEMIT_SPAN_KIND },
	{ .key = "llm.model_name", .form = REEMIT_STRING, .fact = TEXT_MODEL },
	{ .key = "llm.provider", .form = REEMIT_STRING, .fact = TEXT_PROVIDER },
	{ .key = "llm.token_count.prompt", .form = REEMIT_INT, .fact = FACT_INPUT_TOKENS, .is_replaced = true },
	{ .key = "llm.token_count.completion", .form = REEMIT_INT, .fact = FACT_OUTPUT_TOKENS, .is_replaced = true },
	{ .key = "llm.token_count.total", .form = REEMIT_INT, .fact = FACT_TOTAL_TOKENS, .is_replaced = true },
	{ .key = "llm.token_count.prompt_details.cache_read", .form = REEMIT_INT, .fact = FACT_CACHE_READ_TOKENS,
	  .is_replaced = true },
	{ .key = "llm.token_count.prompt_details.cache_write", .form = REEMIT_INT, .fact = FACT_CACHE_WRITE_TOKENS,
	  .is_replaced = true },
	{ .key = "llm.cost.prompt", .form = REEMIT_DOUBLE, .fact = FACT_PROMPT_COST, .is_replaced = true },
	{ .key = "llm.cost.completion", .form = REEMIT_DOUBLE, .fact = FACT_OUTPUT_COST, .is_replaced = true },
	{ .key = "llm.cost.total", .form = REEMIT_DOUBLE, .fact = FACT_COST, .is_replaced = true },
	{ .key = "llm.cost.prompt_details.cache_read", .form = REEMIT_DOUBLE, .fact = FACT_CACHE_READ_COST,
	  .is_replaced = true },
	{ .key = "llm.cost.prompt_details.cache_write", .form = REEMIT_DOUBLE, .fact = FACT_CACHE_WRITE_COST,
	  .is_replaced = true },
	{ .key = "llm.prompt_template.version", .form = REEMIT_STRING, .fact = TEXT_PROMPT_VERSION },
	{ .key = NULL },
};

static const struct reemit_row phoenix_wrappers[] = {
	{ .key = "openinference.span.kind", .form = REEMIT_LITERAL, .literal = "CHAIN" },
	{ .key = NULL },
};

const struct reemit_rules reemit_phoenix = { .calls = phoenix_calls,
					     .wrappers = phoenix_wrappers,
					     .resource_key = "openinference.project.name" };

/* ------------------------------------------------------------------ back ends that read the semantic conventions */

static const struct reemit_row semconv_calls[] = {
	{ .key = "gen_ai.usage.input_tokens", .form = REEMIT_INT, .fact = FACT_INPUT_TOKENS, .is_replaced = true },
	{ .key = "gen_ai.usage.cost", .form = REEMIT_DOUBLE, .fact = FACT_COST, .is_replaced = true },
	{ .key = NULL },
};

const struct reemit_rules reemit_semconv = { .calls = semconv_calls };
