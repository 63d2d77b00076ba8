/* SPDX-License-Identifier: Apache-2.0
 * What a call costs: names as telemetry spells them, the user's own prices, tiers, dates, and counts that lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/pricing/price.h"
#include "agent/pricing/table_file.h"
#include "agent/pricing/token_sheet.h"

#define NOVEMBER_20_2026 UINT64_C(1795176000)
#define PUSD_PER_MICRO INT64_C(1000000) /* 1e-6 USD */

static struct price_book *book;
static struct pricer *pricer;

static int open_embedded(void **state)
{
	struct buf errors = BUF_INIT;

	(void)state;
	if (FAILED(price_book_new(NULL, &book, &errors)))
		return -1;
	pricer = pricer_new(book);
	return pricer != NULL ? 0 : -1;
}

static int close_book(void **state)
{
	(void)state;
	pricer_free(pricer);
	price_book_free(book);
	return 0;
}

static struct call call_of(const char *provider, const char *request, const char *response)
{
	struct call c = {
		.provider = slice_of(provider),
		.request_model = slice_of(request),
		.response_model = slice_of(response),
		.start_unix_ns = NOVEMBER_20_2026 * NS_PER_SECOND,
	};

	tokens_set(&c.tokens, TOKENS_INPUT, 1000);
	tokens_set(&c.tokens, TOKENS_OUTPUT, 100);
	return c;
}

/* Starts with, so that the table's version may change. */
static void expect_price(const char *provider, const char *model, const char *price)
{
	struct call c = call_of(provider, model, "");

	price_call(pricer, &c);
	if (!c.cost.known || !slice_starts_with(c.cost.price, slice_of(price)) ||
	    c.cost.price.ptr[strlen(price)] != '@')
		fail_msg("%s %s: wanted %s, got %.*s", provider, model, price, SLICE_ARG(c.cost.price));
}

static void expect_unpriced(const char *provider, const char *model)
{
	struct call c = call_of(provider, model, "");

	price_call(pricer, &c);
	if (c.cost.known || c.cost.total_pusd != 0)
		fail_msg("%s %s: priced by %.*s", provider, model, SLICE_ARG(c.cost.price));
}

/* ---------------------------------------------------------------- names */

static void provider_names_of_telemetry_are_understood(void **state)
{
	(void)state;
	expect_price("openai", "gpt-4o", "openai/gpt-4o");
	expect_price("azure.ai.openai", "o4-mini", "azure/o4-mini");
	expect_price("az.ai.openai", "o4-mini", "azure/o4-mini");
	expect_price("azure.ai.inference", "gpt-4o", "openai/gpt-4o"); /* Azure lists none of its own: OpenAI's row */
	expect_price("aws.bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0",
		     "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0");
	expect_price("gcp.gemini", "gemini-2.5-pro", "google/gemini-2.5-pro");
	expect_price("gcp.vertex_ai", "gemini-2.5-flash", "google/gemini-2.5-flash");
	expect_price("gcp.gen_ai", "gemini-2.5-pro", "google/gemini-2.5-pro");
	expect_price("x_ai", "grok-4", "x-ai/grok-4-0709");
	expect_price("mistral_ai", "mistral-large-2411", "mistral/mistral-large");
	expect_price("langchain", "claude-sonnet-4-5", "anthropic/claude-sonnet-4-5");
	expect_price("", "gpt-4o", "openai/gpt-4o");
}

static void model_names_are_rewritten_only_where_they_find_nothing(void **state)
{
	(void)state;
	expect_price("gcp.gemini", "models/gemini-2.5-pro", "google/gemini-2.5-pro");
	expect_price("gcp.vertex_ai", "projects/p/locations/us/publishers/google/models/gemini-2.5-flash",
		     "google/gemini-2.5-flash");
	expect_price("openai", "openai/gpt-4o", "openai/gpt-4o");
	expect_price("", "openai/gpt-4o", "openai/gpt-4o");
	expect_price("anthropic", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
		     "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0");
	expect_price("aws.bedrock",
		     "arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-sonnet-4-5-20250929-v1:0",
		     "aws/global.anthropic.claude-sonnet-4-5-20250929-v1:0");
	expect_price("aws.bedrock", "converse/anthropic.claude-sonnet-4-6",
		     "aws/regional.anthropic.claude-sonnet-4-6-v1:0");
	expect_price("aws.bedrock", "bedrock/us-west-2/anthropic.claude-sonnet-4-6",
		     "aws/regional.anthropic.claude-sonnet-4-6-v1:0");
	expect_price("", "google.gemma-3-27b-it", "aws/google.gemma-3-27b-it");
	expect_price("fireworks_ai", "fireworks_ai/accounts/fireworks/models/deepseek-v3p2", "fireworks/deepseek-v3p2");
	expect_price("", "fireworks_ai/accounts/fireworks/models/deepseek-v3p2", "fireworks/deepseek-v3p2");
	expect_price("azure.ai.openai", "gpt-35-turbo", "openai/gpt-3.5-turbo");
	expect_price("azure.ai.openai", "Gpt-35-Turbo-0125", "openai/gpt-3.5-turbo");
	expect_price("openai", " gpt-4o\n", "openai/gpt-4o");
	expect_price("gcp.gemini", "googleai/gemini-2.5-flash", "google/gemini-2.5-flash");
	expect_price("openrouter", "openai/gpt-4o", "openrouter/openai/gpt-4o");
	expect_price("openai", "gpt-5.2-20251211", "openai/gpt-5.2");
}

static void what_has_no_price_is_unpriced_never_free(void **state)
{
	(void)state;
	expect_unpriced("openai", "gpt-99");
	expect_unpriced("ollama", "gpt-4o");
	expect_unpriced("vllm", "claude-sonnet-4-5");
	expect_unpriced("openai", "ft:gpt-4o-mini:acme::x1");
	expect_unpriced("openai", "");
	expect_unpriced("openai", "tts-1"); /* is priced by characters, and these are tokens */
	expect_unpriced("ibm.watsonx.ai", "granite-3");
	expect_unpriced("", "deepseek-r1:7b"); /* Ollama's, not DeepSeek's */
	expect_unpriced("llama_index", "deepseek-r1:latest");
	expect_price("", "deepseek-r1", "deepseek/deepseek-reasoner");
	expect_price("deepseek", "deepseek-r1:7b", "deepseek/deepseek-reasoner");
	expect_price("", "amazon.nova-pro-v1:0:300k", "aws/amazon.nova-pro-v1:0");
}

static void the_answer_model_comes_before_the_requested_one(void **state)
{
	struct call answered = call_of("openai", "gpt-4o", "gpt-4o-mini-2024-07-18");
	struct call unknown_answer = call_of("azure.ai.openai", "o4-mini", "my-deployment");

	(void)state;
	price_call(pricer, &answered);
	assert_true(slice_starts_with(answered.cost.price, SLICE("openai/gpt-4o-mini@")));
	price_call(pricer, &unknown_answer);
	assert_true(slice_starts_with(unknown_answer.cost.price, SLICE("azure/o4-mini@")));
}

static void the_address_helps_where_no_provider_is_named(void **state)
{
	struct call c = call_of("", "some-deployment", "o4-mini");

	(void)state;
	c.server_address = SLICE("acme.openai.azure.com");
	price_call(pricer, &c);
	assert_true(slice_starts_with(c.cost.price, SLICE("azure/o4-mini@")));
}

/* ---------------------------------------------------------------- counts */

static void every_token_is_billed_once(void **state)
{
	struct call c = call_of("anthropic", "claude-sonnet-4-5", "");

	(void)state;
	tokens_set(&c.tokens, TOKENS_CACHE_READ, 300);
	tokens_set(&c.tokens, TOKENS_CACHE_WRITE, 200);
	tokens_set(&c.tokens, TOKENS_CACHE_WRITE_1H, 50);
	price_call(pricer, &c);
	assert_true(c.cost.known);
	assert_int_equal(c.cost.input_pusd, 500 * 3 * PUSD_PER_MICRO);
	assert_int_equal(c.cost.cache_read_pusd, 300 * 300000);
	assert_int_equal(c.cost.cache_write_pusd, 150 * 3750000 + 50 * 6 * PUSD_PER_MICRO);
	assert_int_equal(c.cost.output_pusd, 100 * 15 * PUSD_PER_MICRO);
	assert_int_equal(c.cost.uncached_pusd, 300 * 3 * PUSD_PER_MICRO);
	assert_int_equal(c.cost.total_pusd,
			 c.cost.input_pusd + c.cost.cache_read_pusd + c.cost.cache_write_pusd + c.cost.output_pusd);
}

static int64_t total_of(const char *provider, const char *model, uint64_t input, uint64_t output)
{
	struct call c = call_of(provider, model, "");

	tokens_set(&c.tokens, TOKENS_INPUT, input);
	tokens_set(&c.tokens, TOKENS_OUTPUT, output);
	price_call(pricer, &c);
	assert_true(c.cost.known);
	return c.cost.total_pusd;
}

static void a_tier_moves_the_whole_request(void **state)
{
	(void)state;
	assert_int_equal(total_of("gcp.gemini", "gemini-2.5-pro", 200000, 10),
			 (200000 * 125 + 10 * 1000) * PUSD_PER_MICRO / 100);
	assert_int_equal(total_of("gcp.gemini", "gemini-2.5-pro", 200001, 10),
			 (200001 * 250 + 10 * 1500) * PUSD_PER_MICRO / 100);
}

static void counts_that_contradict_each_other_have_no_cost(void **state)
{
	struct call larger_part = call_of("openai", "gpt-5", ""), no_whole = larger_part, huge = larger_part,
		    none = larger_part;

	(void)state;
	tokens_set(&larger_part.tokens, TOKENS_CACHE_READ, 1001);
	price_call(pricer, &larger_part);
	assert_false(larger_part.cost.known);

	no_whole.tokens.known = 0;
	tokens_set(&no_whole.tokens, TOKENS_CACHE_READ, 10);
	price_call(pricer, &no_whole);
	assert_false(no_whole.cost.known);

	tokens_set(&huge.tokens, TOKENS_INPUT, UINT64_MAX);
	price_call(pricer, &huge);
	assert_false(huge.cost.known);

	none.tokens.known = 0;
	price_call(pricer, &none);
	assert_false(none.cost.known);
}

static void an_explicit_zero_is_not_an_unknown(void **state)
{
	struct call c = call_of("anthropic", "claude-sonnet-4-5", "");

	(void)state;
	tokens_set(&c.tokens, TOKENS_INPUT, 0);
	tokens_set(&c.tokens, TOKENS_OUTPUT, 0);
	price_call(pricer, &c);
	assert_true(c.cost.known);
	assert_int_equal(c.cost.total_pusd, 0);
}

/* ---------------------------------------------------------------- time and context */

static void the_price_of_the_day_holds(void **state)
{
	struct call before = call_of("gcp.gemini", "gemini-3.8-flash", ""), after = before, ancient = before;

	(void)state;
	after.start_unix_ns = UINT64_C(1798761600) * NS_PER_SECOND; /* 2027-01-01: doubles */
	before.start_unix_ns = after.start_unix_ns - 1;
	ancient.start_unix_ns = 1;
	price_call(pricer, &before);
	price_call(pricer, &after);
	assert_int_equal(after.cost.total_pusd, 2 * before.cost.total_pusd);
	price_call(pricer, &before); /* and back: the memo follows the call's time */
	assert_int_equal(after.cost.total_pusd, 2 * before.cost.total_pusd);
	price_call(pricer, &ancient); /* before any price: the first one */
	assert_true(ancient.cost.known);
}

static void a_service_tier_changes_the_price(void **state)
{
	struct call plain = call_of("openai", "gpt-5.4", ""), flex = plain, batch = plain, unknown = plain;

	(void)state;
	flex.service_tier = SLICE("flex");
	batch.service_tier = SLICE("batch");
	unknown.service_tier = SLICE("auto");
	price_call(pricer, &plain);
	price_call(pricer, &flex);
	price_call(pricer, &batch);
	price_call(pricer, &unknown);
	assert_int_equal(2 * flex.cost.total_pusd, plain.cost.total_pusd);
	assert_int_equal(2 * batch.cost.total_pusd, plain.cost.total_pusd);
	assert_int_equal(unknown.cost.total_pusd, plain.cost.total_pusd);
}

/* ---------------------------------------------------------------- properties */

static uint64_t random_state = 42;

static uint64_t draw(uint64_t below)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (random_state >> 33) % below;
}

static void draw_tokens(struct tokens *t)
{
	static const uint64_t sizes[] = { 10, 5000, 150000, 600000 };

	memset(t, 0, sizeof(*t));
	for (enum token_class c = 0; c < TOKEN_CLASS_COUNT; c++)
		if (c <= TOKENS_OUTPUT ? draw(20) > 0 : draw(3) == 0)
			tokens_set(t, c, draw(sizes[draw(4)] / (c <= TOKENS_OUTPUT ? 1 : 8) + 1));
}

/* The cost by the general path, as price_ask gives it. */
static bool exact_cost(const struct call *c, struct cost *cost)
{
	struct price_request request = { .provider = c->provider,
					 .model = c->request_model,
					 .unix_s = NOVEMBER_20_2026 };
	struct price_answer answer;

	for (enum token_class class = 0; class < TOKEN_CLASS_COUNT; class++)
		if (tokens_has(&c->tokens, class))
			price_usage_set(&request.usage, unit_of_class(class), c->tokens.n[class]);
	price_ask(pricer, &request, &answer);
	return answer.error == PRICE_OK && price_exact_round(answer.bill.total, &cost->total_pusd) &&
	       price_exact_round(answer.bill.parts[PART_INPUT], &cost->input_pusd) &&
	       price_exact_round(answer.bill.parts[PART_CACHE_READ], &cost->cache_read_pusd) &&
	       price_exact_round(answer.bill.parts[PART_CACHE_WRITE], &cost->cache_write_pusd) &&
	       price_exact_round(answer.bill.parts[PART_OUTPUT], &cost->output_pusd) &&
	       price_exact_round(answer.bill.uncached, &cost->uncached_pusd);
}

static void the_fast_path_equals_the_exact_one_on_every_model(void **state)
{
	struct table table = { 0 };
	const struct table *t = &table;
	unsigned priced = 0;

	(void)state;
	assert_false(FAILED(table_open_builtin(&table)));
	for (uint32_t i = 0; i < image_count(&t->image, IMAGE_providers); i++) {
		const struct image_provider *p = &t->image.providers[i];
		for (uint32_t m = 0; m < p->model_count; m += 3) {
			struct call c = { .provider = image_slice(&t->image, p->id),
					  .request_model =
						  image_slice(&t->image, t->image.models[p->first_model + m].id),
					  .start_unix_ns = NOVEMBER_20_2026 * NS_PER_SECOND };
			for (int repeat = 0; repeat < 20; repeat++) {
				struct cost want = { 0 };
				draw_tokens(&c.tokens);
				bool billed = exact_cost(&c, &want);
				price_call(pricer, &c);
				priced += c.cost.known;
				if (!c.cost.known)
					continue; /* a row that covers none of the counts, or a contradiction */
				assert_true(billed);
				assert_int_equal(c.cost.total_pusd, want.total_pusd);
				assert_int_equal(c.cost.input_pusd, want.input_pusd);
				assert_int_equal(c.cost.cache_read_pusd, want.cache_read_pusd);
				assert_int_equal(c.cost.cache_write_pusd, want.cache_write_pusd);
				assert_int_equal(c.cost.output_pusd, want.output_pusd);
				assert_int_equal(c.cost.uncached_pusd, want.uncached_pusd);
			}
		}
	}
	assert_true(priced > 3000);
	table_release(&table);
}

/* Whatever threads, shards or restarts a day's calls are spread over, the picodollars are the same. */
static void any_split_of_a_day_sums_to_the_same_picodollar(void **state)
{
	enum { CALLS = 20000, SHARDS = 7 };
	static const char *const models[][2] = {
		{ "openai", "gpt-4o" }, { "anthropic", "claude-haiku-4-5" }, { "gcp.gemini", "gemini-2.5-pro" },
		{ "openrouter", "openai/gpt-4o" }, { "deepseek", "deepseek-chat" }, { "perplexity", "sonar" },
	};
	__int128_t whole = 0, shards[SHARDS] = { 0 }, joined = 0;
	struct pricer *other = pricer_new(book);

	(void)state;
	for (unsigned i = 0; i < CALLS; i++) {
		unsigned m = (unsigned)draw(sizeof(models) / sizeof(models[0]));
		struct call c = call_of(models[m][0], models[m][1], "");
		c.start_unix_ns += draw(86400) * NS_PER_SECOND;
		tokens_set(&c.tokens, TOKENS_INPUT, draw(300000));
		struct call again = c;
		price_call(pricer, &c);
		price_call(other, &again);
		assert_true(c.cost.known && again.cost.known);
		whole += c.cost.total_pusd;
		shards[draw(SHARDS)] += again.cost.total_pusd;
	}
	for (unsigned i = SHARDS; i-- > 0;)
		joined += shards[i];
	assert_true(whole == joined && whole > 0);
	pricer_free(other);
}

static void more_models_than_memos_are_all_priced(void **state)
{
	char name[64];

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "gpt-4o-2024-%u", i);
		struct call known = call_of("openai", "gpt-4o", "");
		struct call unknown = call_of("nobody", name, "");
		price_call(pricer, &known);
		price_call(pricer, &unknown);
		assert_true(known.cost.known);
		assert_false(unknown.cost.known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(provider_names_of_telemetry_are_understood),
		cmocka_unit_test(model_names_are_rewritten_only_where_they_find_nothing),
		cmocka_unit_test(what_has_no_price_is_unpriced_never_free),
		cmocka_unit_test(the_answer_model_comes_before_the_requested_one),
		cmocka_unit_test(the_address_helps_where_no_provider_is_named),
		cmocka_unit_test(every_token_is_billed_once),
		cmocka_unit_test(a_tier_moves_the_whole_request),
		cmocka_unit_test(counts_that_contradict_each_other_have_no_cost),
		cmocka_unit_test(an_explicit_zero_is_not_an_unknown),
		cmocka_unit_test(the_price_of_the_day_holds),
		cmocka_unit_test(a_service_tier_changes_the_price),
		cmocka_unit_test(the_fast_path_equals_the_exact_one_on_every_model),
		cmocka_unit_test(any_split_of_a_day_sums_to_the_same_picodollar),
		cmocka_unit_test(more_models_than_memos_are_all_priced),
	};
	return cmocka_run_group_tests_name("pricing/price", tests, open_embedded, close_book);
}
