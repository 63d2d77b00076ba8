/* SPDX-License-Identifier: Apache-2.0
 * A price file is taken as a whole or refused with the place and the reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/pricing/load.h"
#include "agent/pricing/table.h"

#define MODEL(body) "[{\"id\":\"p\",\"api_pattern\":\"x\",\"models\":[{\"id\":\"m\"," body "}]}]"
#define PRICES(body) MODEL("\"match\":{\"equals\":\"m\"},\"prices\":" body)

static struct status load(const char *text, enum price_format *format, struct buf *errors)
{
	const struct price_origin origin = { .file = "prices.json", .date_unix_s = 1795348800 };
	struct buf image = BUF_INIT;
	struct table table;

	struct status status = price_load(slice_of(text), &origin, &image, format, errors);
	if (!FAILED(status)) {
		assert_false(FAILED(table_open(&table, &image)));
		table_release(&table);
	}
	buf_release(&image);
	return status;
}

static void expect_refusal(const char *text, const char *reason)
{
	enum price_format format;
	struct buf errors = BUF_INIT;

	if (!FAILED(load(text, &format, &errors)))
		fail_msg("accepted: %s", text);
	if (strncmp(buf_string(&errors), "prices.json:", 12) != 0 || strstr(errors.ptr, reason) == NULL)
		fail_msg("%s\nsays: %s\nwanted: %s", text, errors.ptr, reason);
	buf_release(&errors);
}

static void expect_format(const char *text, enum price_format want)
{
	enum price_format format;
	struct buf errors = BUF_INIT;

	if (FAILED(load(text, &format, &errors)))
		fail_msg("refused: %s: %s", text, buf_string(&errors));
	assert_int_equal(format, want);
	buf_release(&errors);
}

static void the_content_tells_the_format(void **state)
{
	(void)state;
	expect_format(PRICES("{\"input_mtok\":1}"), PRICE_FORMAT_GENAI);
	expect_format("{\"units\":{\"a\":{}},\"providers\":" PRICES("{\"input_mtok\":1}") "}", PRICE_FORMAT_GENAI);
	expect_format("{\"m\":{\"litellm_provider\":\"openai\",\"input_cost_per_token\":1e-6}}", PRICE_FORMAT_LITELLM);
	expect_format("{\"overrides\":[{\"provider\":\"ollama\",\"prices\":{\"input_mtok\":0}}]}",
		      PRICE_FORMAT_OVERRIDES);
	expect_format("{\"overrides\":[]}", PRICE_FORMAT_OVERRIDES);
}

static void what_is_no_price_file_is_refused(void **state)
{
	(void)state;
	expect_refusal("", "ends where a value is due");
	expect_refusal("{", "ends inside");
	expect_refusal("null", "neither genai-prices");
	expect_refusal("{\"a\":{\"b\":1}}", "neither genai-prices");
	expect_refusal("[]", "no provider");
	expect_refusal("[1]", "prices.json:1:2");
}

static void a_mistake_is_told_with_its_line(void **state)
{
	(void)state;
	expect_refusal("[{\"id\":\"p\",\n\"models\":[\n{\"id\":\"m\",\"match\":{\"equals\":\"m\"},\n\"prices\":{"
		       "\"input_mtok\":-1}}]}]",
		       "prices.json:4:");
	expect_refusal("{\"m\":{\"litellm_provider\":\"openai\",\n\"input_cost_per_token\":\"much\"}}",
		       "prices.json:2:");
}

static void impossible_values_are_refused(void **state)
{
	(void)state;
	expect_refusal(PRICES("{\"input_mtok\":-1}"), "negative");
	expect_refusal(PRICES("{\"input_mtok\":1e10}"), "too large");
	expect_refusal(PRICES("{\"input_mtok\":1e-30}"), "decimals");
	expect_refusal(PRICES("{\"input_mtok\":\"NaN\"}"), "price NaN");
	expect_refusal(PRICES("{\"input_mtok\":true}"), "expected a number");
	expect_refusal(PRICES("{\"inputs_mtok\":1}"), "unknown price key 'inputs_mtok'");
	expect_refusal(PRICES("{\"input_mtok\":1,\"input_mtok\":2}"), "twice");
	expect_refusal(PRICES("{\"input_mtok\":{\"tiers\":[]}}"), "needs its base");
	expect_refusal(PRICES("{\"input_mtok\":{\"base\":1,\"tiers\":[{\"start\":-5,\"price\":1}]}}"), "whole number");
	expect_refusal(PRICES("[]"), "empty");
	expect_refusal(PRICES("[{\"constraint\":{\"start_date\":\"2026-13-01\"},\"prices\":{}}]"), "not a date");
	expect_refusal(
		PRICES("[{\"constraint\":{\"start_time\":\"25:00:00Z\",\"end_time\":\"01:00:00Z\"},\"prices\":{}}]"),
		"not a time of day");
	expect_refusal(PRICES("[{\"constraint\":{\"weekday\":1},\"prices\":{}}]"), "unknown constraint");
	expect_refusal(MODEL("\"prices\":{}"), "needs id, match and prices");
	expect_refusal(MODEL("\"match\":{\"like\":\"m\"},\"prices\":{}"), "unknown match clause");
	expect_refusal(MODEL("\"match\":{\"regex\":\"(\"},\"prices\":{}"), "bad regular expression");
	expect_refusal(MODEL("\"match\":{},\"prices\":{}"), "one member");
	expect_refusal("[{\"id\":\"p\",\"models\":[],\"fallback_model_providers\":[\"q\"]}]", "fallback provider 'q'");
	expect_refusal("[{\"id\":\"p\",\"models\":[],\"fallback_model_providers\":[\"p\"],"
		       "\"fallback_model_providers\":[\"p\"]}]",
		       "'fallback_model_providers' is given twice");
	expect_refusal(MODEL("\"match\":{\"equals\":\"m\"},\"prices\":{},\"price_variants\":[{\"when\":{\"a\":\"b\"},"
			     "\"when\":{\"c\":\"d\"},\"prices\":{\"input_mtok\":1}}]"),
		       "'when' is given twice");
}

static void unknown_members_and_the_file_s_own_units_are_skipped(void **state)
{
	(void)state;
	expect_format(MODEL("\"match\":{\"equals\":\"m\"},\"prices\":{},\"new_thing\":{\"a\":[1]}"),
		      PRICE_FORMAT_GENAI);
	expect_format("{\"units\":{\"x\":{\"price_key\":\"x_mtok\"}},\"providers\":" PRICES("{\"x_mtok\":1}") "}",
		      PRICE_FORMAT_GENAI);
}

static void overrides_say_what_they_are_for(void **state)
{
	(void)state;
	expect_refusal("{\"overrides\":[{\"prices\":{}}]}", "needs its provider");
	expect_refusal("{\"overrides\":[{\"provider\":\"a\"}]}", "exactly one of");
	expect_refusal("{\"overrides\":[{\"provider\":\"a\",\"prices\":{},\"multiplier\":2}]}", "exactly one of");
	expect_refusal("{\"overrides\":[{\"provider\":\"a\",\"multiplier\":-1}]}", "multiplier");
	expect_refusal("{\"overrides\":[{\"provider\":\"a\",\"price\":{}}]}", "unknown member 'price'");
	expect_refusal("{\"overrides\":[{\"provider\":\"a\",\"alias\":{}}]}", "alias needs its model");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_content_tells_the_format),
		cmocka_unit_test(what_is_no_price_file_is_refused),
		cmocka_unit_test(a_mistake_is_told_with_its_line),
		cmocka_unit_test(impossible_values_are_refused),
		cmocka_unit_test(unknown_members_and_the_file_s_own_units_are_skipped),
		cmocka_unit_test(overrides_say_what_they_are_for),
	};
	return cmocka_run_group_tests_name("pricing/load", tests, NULL, NULL);
}
