/* SPDX-License-Identifier: Apache-2.0
 * A screen of `plimsoll top` fits its terminal, shows what is unknown as unknown, and says what it leaves out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "agent/cli/top.h"

static const char summary[] =
	"{\"version\":\"0.1.0\",\"totals\":{\"requests\":12000,\"cost_usd\":\"120.5\"},"
	"\"last_minute\":{\"seconds\":60,\"requests\":90,\"errors\":1,\"cost_usd\":\"0.031\"},"
	"\"by\":{\"feature\":[{\"name\":\"chat\",\"requests\":11000,\"errors\":7,\"cost_usd\":\"119\",\"cost_per_request_usd\":\"0.0108\","
	"\"input_tokens\":2000000,\"output_tokens\":950,\"latency_p50_s\":0.25,\"latency_p95_s\":12.34,\"ttft_p50_s\":null,"
	"\"output_tokens_per_second\":81.2},"
	"{\"name\":\"a feature with a name that is longer than any column\",\"requests\":1000,\"errors\":0,\"cost_usd\":null,"
	"\"unpriced\":12}]}}";
static const char alerts[] = "{\"alerts\":[{\"summary\":\"cost per request of chat is twice its baseline\"}]}";

static void assert_screen(const char *alerts_json, unsigned lines, unsigned columns, const char *wanted)
{
	struct buf out = BUF_INIT;

	top_render(slice_of(summary), slice_of(alerts_json), "feature", lines, columns, false, &out);
	assert_string_equal(buf_string(&out), wanted);
	buf_release(&out);
}

static void a_wide_screen_has_every_column(void **state)
{
	(void)state;
	assert_screen(
		alerts, 24, 130,
		"last minute: 90 requests (1.5/s), 1 error, 0.031 USD   since the start: 12k requests, 120.50 USD   plimsoll 0.1.0\n"
		"! cost per request of chat is twice its baseline\n"
		"\n"
		"feature                           requests  errors       USD   USD/req      in     out      p50      p95     ttft  tok/s  unpriced\n"
		"chat                                   11k       7    119.00    0.0108    2.0M     950   250 ms   12.3 s        -     81         -\n"
		"a feature with...than any column      1.0k       0         -         -       -       -        -        -        -      -        12\n");
}

static void a_narrow_one_has_those_that_fit(void **state)
{
	(void)state;
	assert_screen("{\"alerts\":[]}", 24, 44,
		      "last minute: 90 requests (1.5/s), 1 error, 0\n"
		      "\n"
		      "feature           requests  errors       USD\n"
		      "chat                   11k       7    119.00\n"
		      "a feat... column      1.0k       0         -\n");
}

static void a_low_one_says_how_many_rows_are_left_out(void **state)
{
	(void)state;
	assert_screen("{\"alerts\":[]}", 4, 44,
		      "last minute: 90 requests (1.5/s), 1 error, 0\n"
		      "\n"
		      "feature           requests  errors       USD\n"
		      "and 2 more\n");
}

static void a_rate_is_written_as_people_do(void **state)
{
	static const struct {
		const char *minute, *shown;
	} cases[] = {
		{ "{\"seconds\":60,\"requests\":2}", "2 requests (0.033/s)" },
		{ "{\"seconds\":60,\"requests\":720}", "720 requests (12/s)" },
		{ "{\"seconds\":45,\"requests\":8600}", "8.6k requests (191/s)" },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;
		snprintf(text, sizeof(text), "{\"last_minute\":%s}", cases[i].minute);
		top_render(slice_of(text), SLICE("{}"), "feature", 24, 80, false, &out);
		assert_non_null(strstr(buf_string(&out), cases[i].shown));
		buf_release(&out);
	}
}

static void no_terminal_is_too_low(void **state)
{
	static const char wanted[] = "last minute: 90 requests (1.5/s), 1 error, 0\n"
				     "! cost per request of chat is twice its base\n"
				     "\n"
				     "feature           requests  errors       USD\n";
	size_t length = 0;

	(void)state;
	for (unsigned lines = 0; lines <= 4; lines++) {
		char text[256];
		snprintf(text, sizeof(text), "%.*s", (int)length, wanted);
		assert_screen(alerts, lines, 44, text);
		length += strcspn(wanted + length, "\n") + 1;
	}
}

static void without_a_call_it_says_where_to_send_some(void **state)
{
	static const char *const ends[][2] = {
		{ "{\"otlp_grpc\":\"http://localhost:4317\",\"otlp_http\":\"http://localhost:4318\"}",
		  "\nno model call yet; point an SDK at http://localhost:4318\n" },
		{ "{\"otlp_grpc\":\"http://localhost:4317\",\"otlp_http\":null}",
		  "\nno model call yet; point an SDK at http://localhost:4317\n" },
		{ "{\"otlp_grpc\":null,\"otlp_http\":null}", "\nno model call yet\n" },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct buf out = BUF_INIT;
		snprintf(text, sizeof(text), "{\"endpoints\":%s,\"by\":{\"feature\":[]}}", ends[i][0]);
		top_render(slice_of(text), SLICE("{\"alerts\":[]}"), "feature", 24, 80, false, &out);
		assert_true(slice_ends_with(buf_view(&out), slice_of(ends[i][1])));
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wide_screen_has_every_column),
		cmocka_unit_test(a_narrow_one_has_those_that_fit),
		cmocka_unit_test(a_low_one_says_how_many_rows_are_left_out),
		cmocka_unit_test(a_rate_is_written_as_people_do),
		cmocka_unit_test(no_terminal_is_too_low),
		cmocka_unit_test(without_a_call_it_says_where_to_send_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
