/* SPDX-License-Identifier: Apache-2.0
 * LiteLLM's price map, loaded at run time, prices as LiteLLM itself does (to the precision of its doubles).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/file.h"
#include "agent/pricing/price.h"

#define MAP "tests/golden/pricing/litellm_subset.json"
#define ROWS "tests/golden/pricing/litellm_dev.jsonl"

static const struct {
	const char *key;
	enum unit unit;
} usage_keys[] = {
	{ "prompt_tokens", UNIT_INPUT_TOKENS },
	{ "completion_tokens", UNIT_OUTPUT_TOKENS },
	{ "cached_tokens", UNIT_CACHE_READ_TOKENS },
	{ "cache_creation_tokens", UNIT_CACHE_WRITE_TOKENS },
	{ "cache_creation_1h_tokens", UNIT_CACHE_WRITE_1H_TOKENS },
	{ "reasoning_tokens", UNIT_OUTPUT_REASONING_TOKENS },
	{ "audio_tokens_in", UNIT_INPUT_AUDIO_TOKENS },
	{ "audio_tokens_out", UNIT_OUTPUT_AUDIO_TOKENS },
};

static int failures;

static void compare(const char *id, const char *key, const json_t *want, struct price_exact got)
{
	double w = json_number_value(json_object_get(want, key)), g = (double)got.yusd / 1e24;

	if (fabs(w - g) > 1e-9 * fabs(w) && failures++ < 20)
		print_error("%s: %s: wanted %.12g, got %.12g\n", id, key, w, g);
}

static struct slice provider_of(const json_t *row)
{
	static const char *const map[][2] = {
		{ "bedrock", "aws" },
		{ "bedrock_converse", "aws" },
		{ "gemini", "google" },
		{ "xai", "x-ai" },
		{ "moonshot", "moonshotai" },
		{ "together_ai", "together" },
		{ "fireworks_ai", "fireworks" },
		{ "cohere_chat", "cohere" },
		{ "voyage", "voyageai" },
		{ "bigmodel", "zhipuai" },
	};
	const char *name = json_string_value(json_object_get(row, "litellm_provider"));

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (strcmp(map[i][0], name) == 0)
			return slice_of(map[i][1]);
	return slice_of(strncmp(name, "vertex_ai", 9) == 0 ? "google" : name);
}

static void price_row(struct pricer *pricer, const json_t *row)
{
	const json_t *usage = json_object_get(row, "usage"), *want = json_object_get(row, "expect");
	const char *id = json_string_value(json_object_get(row, "id")), *tier;
	struct price_request request = { .as_written = true, .unix_s = 1795348800 };
	struct price_answer answer;

	request.provider = provider_of(row);
	request.model = slice_of(json_string_value(json_object_get(row, "model_key")));
	for (size_t i = 0; i < sizeof(usage_keys) / sizeof(usage_keys[0]); i++)
		if (json_object_get(usage, usage_keys[i].key) != NULL)
			price_usage_set(&request.usage, usage_keys[i].unit,
					(uint64_t)json_integer_value(json_object_get(usage, usage_keys[i].key)));
	tier = json_string_value(json_object_get(row, "service_tier"));
	if (tier != NULL)
		request.contexts[request.context_count++] =
			(struct price_context){ SLICE("service_tier"), slice_of(tier) };
	price_ask(pricer, &request, &answer);
	/* a router that the map lists without any price: LiteLLM calls it free, we call it unpriced */
	if (answer.error == PRICE_MODEL_NOT_FOUND && json_number_value(json_object_get(want, "total_cost")) == 0)
		return;
	if (answer.error != PRICE_OK || answer.source != PRICE_FILE) {
		failures++;
		print_error("%s: %.*s: %s\n", id, SLICE_ARG(request.model), price_error_names[answer.error]);
		return;
	}
	compare(id, "input_cost", want, answer.bill.input);
	compare(id, "output_cost", want, answer.bill.output);
	compare(id, "total_cost", want, answer.bill.total);
}

static void every_row_is_priced_as_litellm_does(void **state)
{
	struct price_book *book = NULL;
	struct buf errors = BUF_INIT, text = BUF_INIT;
	unsigned rows = 0;

	(void)state;
	if (FAILED(price_book_open(MAP, NULL, &book, &errors)))
		fail_msg("%s", buf_string(&errors));
	struct pricer *pricer = pricer_new(book);
	assert_int_equal(file_read(ROWS, 64u << 20, &text).code, STATUS_OK);
	for (struct slice rest = buf_view(&text); rest.len > 0; rows++) {
		struct slice line = slice_head(rest, (size_t)slice_find(rest, SLICE("\n")));
		json_t *row = json_loadb(line.ptr, line.len, 0, NULL);
		rest = slice_skip(rest, line.len + 1);
		assert_non_null(row);
		price_row(pricer, row);
		json_decref(row);
	}
	assert_int_equal(rows, 573);
	assert_int_equal(failures, 0);
	pricer_free(pricer);
	price_book_free(book);
	buf_release(&errors);
	buf_release(&text);
}

static struct cost cost_of(const char *model, const char *provider)
{
	static const char text[] =
		"{\"rerank-v3.5\":{\"litellm_provider\":\"cohere\",\"mode\":\"rerank\",\"input_cost_per_query\":0.002,"
		"\"input_cost_per_token\":0.0,\"output_cost_per_token\":0.0},"
		"\"gemini/lyria-3\":{\"litellm_provider\":\"gemini\",\"output_cost_per_image\":0.04,"
		"\"input_cost_per_token\":0,\"output_cost_per_token\":0},"
		"\"gemini/nano\":{\"litellm_provider\":\"gemini\",\"output_cost_per_image\":0.04,"
		"\"input_cost_per_token\":3e-07,\"output_cost_per_token\":0},"
		"\"voyage/voyage-9\":{\"litellm_provider\":\"voyage\",\"input_cost_per_token\":1e-06},"
		"\"bedrock/ap-south-1/meta.llama9-v1:0\":{\"litellm_provider\":\"bedrock\","
		"\"input_cost_per_token\":3e-06},"
		"\"meta.llama9-v1:0\":{\"litellm_provider\":\"bedrock\",\"input_cost_per_token\":1e-06},"
		"\"watsonx/ibm/granite-3\":{\"litellm_provider\":\"watsonx\",\"input_cost_per_token\":2e-06},"
		"\"ollama/llama3\":{\"litellm_provider\":\"ollama\",\"input_cost_per_token\":0.0,"
		"\"output_cost_per_token\":0.0,\"search_context_cost_per_query\":{\"search_context_size_low\":0.03}}}";
	char path[] = "/tmp/plimsoll-litellm-XXXXXX";
	int fd = mkstemp(path);
	struct price_book *book = NULL;
	struct buf errors = BUF_INIT;
	struct call c = { .provider = slice_of(provider), .request_model = slice_of(model) };

	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	if (FAILED(price_book_open(path, NULL, &book, &errors)))
		fail_msg("%s", buf_string(&errors));
	unlink(path);
	struct pricer *pricer = pricer_new(book);
	tokens_set(&c.tokens, TOKENS_INPUT, 1000000);
	tokens_set(&c.tokens, TOKENS_OUTPUT, 10);
	price_call(pricer, &c);
	c.cost.price = SLICE_NONE; /* lives in the book */
	pricer_free(pricer);
	price_book_free(book);
	return c.cost;
}

static void tokens_at_nothing_beside_another_price_are_no_free_call(void **state)
{
	(void)state;
	assert_false(cost_of("rerank-v3.5", "cohere").known);
	assert_false(cost_of("lyria-3", "gcp.gemini").known);
	assert_true(cost_of("nano", "gcp.gemini").known); /* its tokens cost something */
	assert_int_equal(cost_of("nano", "gcp.gemini").total_pusd, 300000000000);
	assert_true(cost_of("llama3", "ollama").known); /* nothing else is charged */
	assert_int_equal(cost_of("llama3", "ollama").total_pusd, 0);
}

static void its_providers_have_the_names_of_telemetry(void **state)
{
	(void)state;
	assert_int_equal(cost_of("voyage-9", "voyageai").total_pusd, 1000000000000);
	assert_int_equal(cost_of("voyage-9", "voyage").total_pusd, 1000000000000);
	assert_int_equal(cost_of("ibm/granite-3", "ibm.watsonx.ai").total_pusd, 2000000000000);
}

static void a_region_has_its_own_price(void **state)
{
	(void)state;
	assert_int_equal(cost_of("meta.llama9-v1:0", "aws.bedrock").total_pusd, 1000000000000);
	assert_int_equal(cost_of("bedrock/ap-south-1/meta.llama9-v1:0", "aws.bedrock").total_pusd, 3000000000000);
	assert_int_equal(cost_of("ap-south-1/meta.llama9-v1:0", "aws.bedrock").total_pusd, 3000000000000);
	assert_int_equal(cost_of("eu-west-1/meta.llama9-v1:0", "aws.bedrock").total_pusd, 1000000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_priced_as_litellm_does),
		cmocka_unit_test(tokens_at_nothing_beside_another_price_are_no_free_call),
		cmocka_unit_test(its_providers_have_the_names_of_telemetry),
		cmocka_unit_test(a_region_has_its_own_price),
	};
	return cmocka_run_group_tests_name("pricing/litellm", tests, NULL, NULL);
}
