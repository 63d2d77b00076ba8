/* SPDX-License-Identifier: Apache-2.0
 * The book: overrides before a loaded file before the built-in table; files that change, and files that are wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/pricing/price.h"

#define NOVEMBER_20_2026 UINT64_C(1795176000)

static char folder[] = "/tmp/plimsoll-prices-XXXXXX";
static char override_path[64], file_path[64];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(override_path, sizeof(override_path), "%s/overrides.json", folder);
	snprintf(file_path, sizeof(file_path), "%s/prices.json", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(override_path);
	unlink(file_path);
	return rmdir(folder);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

struct opened {
	struct price_book *book;
	struct pricer *pricer;
};

static struct opened open_book(const char *overrides, const char *file)
{
	struct opened o = { NULL, NULL };
	struct buf errors = BUF_INIT;

	if (overrides != NULL)
		write_text(override_path, overrides);
	if (file != NULL)
		write_text(file_path, file);
	if (FAILED(price_book_open(file != NULL ? file_path : NULL, overrides != NULL ? override_path : NULL, &o.book,
				   &errors)))
		fail_msg("%s", buf_string(&errors));
	o.pricer = pricer_new(o.book);
	assert_non_null(o.pricer);
	return o;
}

static void close_book(struct opened o)
{
	pricer_free(o.pricer);
	price_book_free(o.book);
}

static struct cost cost_of_answer(struct opened o, const char *provider, const char *model, const char *answered)
{
	struct call c = { .provider = slice_of(provider), .request_model = slice_of(model),
			  .response_model = slice_of(answered), .start_unix_ns = NOVEMBER_20_2026 * NS_PER_SECOND };

	tokens_set(&c.tokens, TOKENS_INPUT, 1000000);
	tokens_set(&c.tokens, TOKENS_OUTPUT, 0);
	price_call(o.pricer, &c);
	return c.cost;
}

static struct cost cost_of(struct opened o, const char *provider, const char *model)
{
	return cost_of_answer(o, provider, model, NULL);
}

static void expect_usd(struct cost cost, double usd, const char *label_start)
{
	assert_true(cost.known);
	assert_true(pusd_to_usd(cost.total_pusd) == usd);
	if (!slice_starts_with(cost.price, slice_of(label_start)))
		fail_msg("priced by %.*s", SLICE_ARG(cost.price));
}

static void own_prices_come_first(void **state)
{
	struct opened o = open_book(
		"{\"overrides\":["
		"{\"provider\":\"ollama\",\"prices\":{\"input_mtok\":0,\"output_mtok\":0}},"
		"{\"provider\":\"vllm\",\"id\":\"in-house\",\"match\":{\"starts_with\":\"acme-\"},"
		"\"prices\":{\"input_mtok\":0.1,\"requests_kcount\":5}},"
		"{\"provider\":\"azure.ai.openai\",\"match\":{\"equals\":\"my-deployment\"},\"alias\":\"gpt-4o\"},"
		"{\"provider\":\"anthropic\",\"multiplier\":0.85},"
		"{\"provider\":\"*\",\"match\":{\"regex\":\"^secret-\\\\d+$\"},\"prices\":{\"input_mtok\":7}}]}",
		NULL);

	(void)state;
	expect_usd(cost_of(o, "ollama", "anything"), 0, "ollama/*@overrides-");
	expect_usd(cost_of(o, "vllm", "Acme-7b"), 0.105, "vllm/in-house@overrides-");
	assert_false(cost_of(o, "vllm", "other").known);
	expect_usd(cost_of(o, "azure.ai.openai", "my-deployment"), 2.5, "openai/gpt-4o@genai-prices-");
	expect_usd(cost_of(o, "azure", "my-deployment"), 2.5, "openai/gpt-4o@"); /* the table's own name works too */
	expect_usd(cost_of(o, "anthropic", "claude-haiku-4-5"), 0.85, "anthropic/claude-haiku-4-5@genai-prices-");
	expect_usd(cost_of(o, "anyone", "secret-12"), 7, "*/*@overrides-");
	expect_usd(cost_of(o, "openai", "gpt-4o"), 2.5, "openai/gpt-4o@genai-prices-");
	close_book(o);
}

static void own_prices_are_for_the_model_asked_for_too(void **state)
{
	struct opened o = open_book(
		"{\"overrides\":["
		"{\"provider\":\"azure\",\"match\":{\"equals\":\"reserved\"},\"prices\":{\"input_mtok\":0}},"
		"{\"provider\":\"azure\",\"match\":{\"equals\":\"my-deployment\"},\"alias\":\"gpt-4o-mini\"},"
		"{\"provider\":\"azure\",\"match\":{\"starts_with\":\"eu-\"},\"multiplier\":1.1},"
		"{\"provider\":\"azure\",\"match\":{\"equals\":\"gpt-4o-2024-08-06\"},\"multiplier\":0.5},"
		"{\"provider\":\"openai\",\"match\":{\"equals\":\"gpt-4o\"},\"prices\":{\"input_mtok\":1}}]}",
		NULL);

	(void)state;
	expect_usd(cost_of_answer(o, "azure", "reserved", "gpt-4o-2024-11-20"), 0, "azure/*@overrides-");
	expect_usd(cost_of_answer(o, "azure", "eu-gpt4o", "gpt-4o-2024-11-20"), 2.75, "openai/gpt-4o@genai-");
	expect_usd(cost_of_answer(o, "openai", "gpt-4o", "gpt-4o-2024-11-20"), 1, "openai/*@overrides-");
	/* the first in the file decides */
	expect_usd(cost_of_answer(o, "azure", "reserved", "gpt-4o-2024-08-06"), 0, "azure/*@overrides-");
	expect_usd(cost_of_answer(o, "azure", "eu-gpt4o", "gpt-4o-2024-08-06"), 2.75, "openai/gpt-4o@genai-");
	/* an alias stands for its own name only: the answer knows better */
	expect_usd(cost_of_answer(o, "azure", "my-deployment", "gpt-4o-2024-11-20"), 2.5, "openai/gpt-4o@genai-");
	expect_usd(cost_of_answer(o, "azure", "my-deployment", "gpt-4o-2024-08-06"), 1.25, "openai/gpt-4o@genai-");
	expect_usd(cost_of_answer(o, "azure", "my-deployment", "my-deployment-2"), 0.15, "openai/gpt-4o-mini@genai-");
	close_book(o);
}

static void a_multiplier_shows_in_the_price_s_name(void **state)
{
	struct opened o = open_book("{\"overrides\":[{\"provider\":\"anthropic\",\"multiplier\":0.85}]}", NULL);
	struct cost cost = cost_of(o, "anthropic", "claude-haiku-4-5");

	(void)state;
	assert_true(slice_ends_with(cost.price, SLICE(" x 0.85")));
	close_book(o);
}

static void a_loaded_file_comes_before_the_built_in_table(void **state)
{
	struct opened o =
		open_book(NULL, "[{\"id\":\"openai\",\"models\":[{\"id\":\"gpt-4o\",\"match\":{\"equals\":\"gpt-4o\"},"
				"\"prices\":{\"input_mtok\":99}}]}]");

	(void)state;
	expect_usd(cost_of(o, "openai", "gpt-4o"), 99, "openai/gpt-4o@genai-prices-2");
	expect_usd(cost_of(o, "openai", "gpt-4o-mini"), 0.15, "openai/gpt-4o-mini@genai-prices-0."); /* falls through */
	close_book(o);
}

static void a_changed_file_makes_the_book_stale(void **state)
{
	struct opened o = open_book("{\"overrides\":[]}", NULL);

	(void)state;
	assert_false(price_book_is_stale(o.book));
	write_text(override_path, "{\"overrides\": [ ]}");
	assert_true(price_book_is_stale(o.book));
	unlink(override_path);
	assert_true(price_book_is_stale(o.book));
	close_book(o);
}

static void a_wrong_file_leaves_the_old_book_alone(void **state)
{
	struct opened o = open_book("{\"overrides\":[{\"provider\":\"ollama\",\"prices\":{\"input_mtok\":1}}]}", NULL);
	struct price_book *same = o.book;
	struct buf errors = BUF_INIT;

	(void)state;
	write_text(override_path, "{\"overrides\":[\n{\"provider\":\"ollama\",\"prices\":{\"input_mtok\":-1}}]}");
	assert_int_equal(price_book_open(NULL, override_path, &same, &errors).code, STATUS_INVALID);
	assert_ptr_equal(same, o.book);
	assert_non_null(strstr(buf_string(&errors), "overrides.json:2:"));
	expect_usd(cost_of(o, "ollama", "x"), 1, "ollama/*@");

	buf_reset(&errors);
	assert_int_equal(price_book_open("/nowhere/prices.json", NULL, &same, &errors).code, STATUS_IO);
	assert_non_null(strstr(buf_string(&errors), "No such file"));
	buf_release(&errors);
	close_book(o);
}

static void files_in_the_wrong_place_are_refused(void **state)
{
	struct price_book *book = NULL;
	struct buf errors = BUF_INIT;

	(void)state;
	write_text(file_path, "{\"overrides\":[]}");
	assert_int_equal(price_book_open(file_path, NULL, &book, &errors).code, STATUS_INVALID);
	assert_non_null(strstr(buf_string(&errors), "override_file"));
	assert_null(book);
	buf_release(&errors);
}

static void an_exploding_expression_is_bounded(void **state)
{
	struct opened o = open_book("{\"overrides\":[{\"provider\":\"*\",\"match\":{\"regex\":\"^(a+)+$\"},"
				    "\"prices\":{\"input_mtok\":1}}]}", NULL);
	uint64_t start = clock_process_cpu_ns();

	(void)state;
	assert_true(cost_of(o, "p", "aaaaaaaaaaaa").known);
	for (int i = 0; i < 10; i++) {
		char model[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0!";
		model[sizeof(model) - 3] = (char)('0' + i);
		assert_false(cost_of(o, "p", model).known);
	}
	assert_true(clock_process_cpu_ns() - start < NS_PER_SECOND);
	close_book(o);
}

static void the_book_says_what_it_holds(void **state)
{
	struct opened o = open_book("{\"overrides\":[]}", NULL);
	struct buf out = BUF_INIT;
	struct slice source, version;
	uint64_t date;

	(void)state;
	price_book_describe(o.book, &out);
	assert_non_null(strstr(buf_string(&out), "genai-prices 0.2.3 (2026-11-21, embedded)"));
	assert_non_null(strstr(buf_string(&out), "override"));
	price_book_table(o.book, &source, &version, &date);
	assert_true(slice_equal(source, SLICE("genai-prices")) && slice_equal(version, SLICE("0.2.3")) && date > 0);
	buf_release(&out);
	close_book(o);
}

/* A row of 15 prices, and a variant of two more: more than a sheet holds. */
static void a_row_of_too_many_prices_prices_no_call(void **state)
{
	struct opened o = open_book(
		"{\"overrides\":[{\"provider\":\"acme\",\"prices\":{\"input_mtok\":1,\"output_mtok\":1,\"cache_read_mtok\":1,"
		"\"cache_write_mtok\":1,\"cache_write_1h_mtok\":1,\"input_text_mtok\":1,\"input_audio_mtok\":1,"
		"\"output_audio_mtok\":1,\"input_image_mtok\":1,\"output_image_mtok\":1,\"input_video_mtok\":1,"
		"\"output_video_mtok\":1,\"output_reasoning_mtok\":1,\"web_searches_kcount\":1,\"requests_kcount\":5},"
		"\"price_variants\":[{\"when\":{\"service_tier\":\"flex\"},\"prices\":{\"requests_kcount\":1,"
		"\"storage_searches_kcount\":1,\"code_executions_kcount\":1}}]}]}",
		NULL);

	(void)state;
	for (int time = 0; time < 2; time++) {
		struct call c = { .provider = SLICE("acme"), .request_model = SLICE("m"), .service_tier = SLICE("flex"),
				  .start_unix_ns = NOVEMBER_20_2026 * NS_PER_SECOND };
		tokens_set(&c.tokens, TOKENS_INPUT, 1000000);
		price_call(o.pricer, &c);
		assert_false(c.cost.known);
	}
	close_book(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_prices_come_first),
		cmocka_unit_test(own_prices_are_for_the_model_asked_for_too),
		cmocka_unit_test(a_multiplier_shows_in_the_price_s_name),
		cmocka_unit_test(a_loaded_file_comes_before_the_built_in_table),
		cmocka_unit_test(a_changed_file_makes_the_book_stale),
		cmocka_unit_test(a_wrong_file_leaves_the_old_book_alone),
		cmocka_unit_test(files_in_the_wrong_place_are_refused),
		cmocka_unit_test(an_exploding_expression_is_bounded),
		cmocka_unit_test(the_book_says_what_it_holds),
		cmocka_unit_test(a_row_of_too_many_prices_prices_no_call),
	};
	return cmocka_run_group_tests_name("pricing/book", tests, make_folder, remove_folder);
}
