/* SPDX-License-Identifier: Apache-2.0
 * The settings of a call and of a search, which a manifest may say too, are read of every vocabulary.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_vocabulary_rig.h"

static const struct parameters {
	const char *name, *scope;
	struct pair attributes[ATTRIBUTES_MAX];
	double temperature; /* below 0: not told */
	uint64_t max_output_tokens, top_k;
	const char *collection;
} parameters[] = {
	{
		.name = "semantic conventions: a call's top_k is no search's",
		.scope = "opentelemetry.instrumentation.openai_v2",
		.attributes = { { "gen_ai.operation.name", "chat" }, { "gen_ai.request.temperature", "0.3" },
				{ "gen_ai.request.max_tokens", "100" }, { "gen_ai.request.top_k", "40" } },
		.temperature = 0.3, .max_output_tokens = 100,
	},
	{
		.name = "OpenInference",
		.scope = "openinference.instrumentation.openai",
		.attributes = { { "openinference.span.kind", "LLM" },
				{ "llm.invocation_parameters", "{\"temperature\":0.3,\"max_completion_tokens\":100}" } },
		.temperature = 0.3, .max_output_tokens = 100,
	},
	{
		.name = "Langfuse",
		.scope = "langfuse-sdk",
		.attributes = { { "langfuse.observation.type", "generation" },
				{ "langfuse.observation.model.parameters", "{\"temperature\":0.3,\"max_tokens\":100}" } },
		.temperature = 0.3, .max_output_tokens = 100,
	},
	{
		.name = "LangSmith",
		.scope = "langsmith",
		.attributes = { { "langsmith.span.kind", "llm" }, { "langsmith.metadata.ls_temperature", "0.3" },
				{ "langsmith.metadata.ls_max_tokens", "100" } },
		.temperature = 0.3, .max_output_tokens = 100,
	},
	{
		.name = "OpenLLMetry's LangChain",
		.scope = "opentelemetry.instrumentation.langchain",
		.attributes = { { "llm.request.type", "chat" },
				{ "traceloop.association.properties.ls_temperature", "0.3" } },
		.temperature = 0.3,
	},
	{
		.name = "a search",
		.scope = "shop",
		.attributes = { { "gen_ai.operation.name", "retrieval" }, { "gen_ai.retrieval.top_k", "5" },
				{ "gen_ai.data_source.id", "docs" } },
		.temperature = -1, .top_k = 5, .collection = "docs",
	},
	{
		.name = "a search by older conventions, in a database's words",
		.scope = "shop",
		.attributes = { { "gen_ai.operation.name", "retrieval" }, { "gen_ai.request.top_k", "5" },
				{ "gen_ai.data_source.id", "H9STPQYOND" }, { "db.collection.name", "docs" } },
		.temperature = -1, .top_k = 5, .collection = "docs",
	},
};

static void what_a_manifest_may_say_is_read_of_every_vocabulary(void **state)
{
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		const struct parameters *p = &parameters[i];
		print_message("         %s\n", p->name);
		assert_true(read_span(p->scope, NULL, p->attributes, &c));
		assert_int_equal(c.has_temperature, p->temperature >= 0);
		assert_true(p->temperature < 0 || c.temperature == p->temperature);
		assert_int_equal(c.max_output_tokens, p->max_output_tokens);
		assert_int_equal(c.retrieval_top_k, p->top_k);
		assert_text(c.retrieval_collection, p->collection);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_manifest_may_say_is_read_of_every_vocabulary),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
