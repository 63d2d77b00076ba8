/* SPDX-License-Identifier: Apache-2.0
 * What Envoy asks is read as it was meant, a client cannot talk its way around a budget, and broken requests end
 * nothing.
 */
#include "tests/unit/budgets_rig.h"

#include "agent/budgets/envoy_method.h"
#include "proto/envoy_authz.pb-c.h"
#include "proto/envoy_ratelimit.pb-c.h"

#define TRACEPARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define LIMIT       "day/model: {limit_usd: 1, by: [model], hard: deny}"

static const struct string_map no_keys;

static struct budget_question taken(const char *key, const char *value)
{
	const struct envoy_asking a = { .keys = &no_keys };
	struct envoy_reading r = { .asking = &a, .question.reserves = true };

	envoy_take_pair(&r, slice_of(key), slice_of(value));
	assert_string_equal(r.contradiction, "");
	return r.question;
}

static bool is(struct slice s, const char *text)
{
	return slice_equal(s, slice_of(text));
}

/* ---------------------------------------------------------------- pairs */

static void a_dimension_is_named_as_a_header_or_as_a_descriptor(void **state)
{
	(void)state;
	assert_true(is(taken("x-plimsoll-user-segment", "gold").labels[BUDGET_BY_USER_SEGMENT], "gold"));
	assert_true(is(taken("user_segment", "gold").labels[BUDGET_BY_USER_SEGMENT], "gold"));
	assert_int_equal(taken("x-plimsoll-user-segments", "gold").labels[BUDGET_BY_USER_SEGMENT].len, 0);
	assert_int_equal(taken("x-plimsoll-", "gold").labels[BUDGET_BY_USER].len, 0);
	assert_int_equal(taken("", "").labels[BUDGET_BY_USER].len, 0);
}

static void a_configured_key_is_the_only_name_of_its_dimension(void **state)
{
	(void)state;
	configure(LIMIT "}, envoy: {endpoint: 'localhost:0', keys: {user: X-User-Id}");
	const struct envoy_asking a = { .keys = &config->budgets.envoy_keys };
	struct envoy_reading r = { .asking = &a };
	envoy_take_pair(&r, SLICE("x-plimsoll-user"), SLICE("mallory"));
	assert_int_equal(r.question.labels[BUDGET_BY_USER].len, 0);
	envoy_take_pair(&r, SLICE("x-user-id"), SLICE("alice"));
	assert_true(is(r.question.labels[BUDGET_BY_USER], "alice"));
	assert_string_equal(r.contradiction, "");
}

static void a_header_is_ours_by_its_prefix_or_by_configuration(void **state)
{
	(void)state;
	configure(LIMIT "}, envoy: {endpoint: 'localhost:0', keys: {user: UserId}");
	const struct envoy_asking a = { .keys = &config->budgets.envoy_keys };
	assert_true(envoy_is_header(&a, SLICE("x-plimsoll-user-segment")) && envoy_is_header(&a, SLICE("traceparent")));
	assert_true(envoy_is_header(&a, SLICE("userid")));
	assert_false(envoy_is_header(&a, SLICE("user")) || envoy_is_header(&a, SLICE("user-segment")));
	assert_false(envoy_is_header(&a, SLICE("input-tokens")) || envoy_is_header(&a, SLICE("")));
}

/* What comes of two pairs. */
static const char *contradiction(const char *const pairs_told[2][2])
{
	static const struct envoy_asking a = { .keys = &no_keys };
	static struct envoy_reading r;

	r = (struct envoy_reading){ .asking = &a };
	for (int i = 0; i < 2; i++)
		envoy_take_pair(&r, slice_of(pairs_told[i][0]), slice_of(pairs_told[i][1]));
	return r.contradiction;
}

static void two_spellings_of_one_name_contradict_each_other_in_either_order(void **state)
{
	static const char *const one[2][2] = { { "x-plimsoll-user-segment", "gold" },
					       { "x-plimsoll-user_segment", "tin" } },
				 *const other[2][2] = { { "x-plimsoll-user_segment", "tin" }, { "x-plimsoll-user-segment", "gold" } },
				 *const same[2][2] = { { "x-plimsoll-user-segment", "gold" }, { "user_segment", "gold" } },
				 *const none[2][2] = { { "user", "" }, { "user", "alice" } },
				 *const number[2][2] = { { "estimate_usd", "1" }, { "x-plimsoll-estimate-usd", "0.01" } };

	(void)state;
	assert_string_equal(contradiction(one), "user_segment is told twice, with different values: as 'x-plimsoll-user-segment' "
						"and as 'x-plimsoll-user_segment'");
	assert_string_equal(contradiction(other), contradiction(one));
	assert_string_equal(contradiction(same), "");
	assert_string_equal(contradiction(none), "user is told twice, with different values: as 'user' and as 'user'");
	assert_non_null(strstr(contradiction(number), "estimate_usd is told twice"));
}

static void what_goes_before_contradicts_nothing(void **state)
{
	const struct envoy_asking a = { .keys = &no_keys };
	struct envoy_reading r = { .asking = &a };

	(void)state;
	envoy_take_pair(&r, SLICE("x-plimsoll-user"), SLICE("mallory"));
	envoy_overrule(&r);
	envoy_take_pair(&r, SLICE("user"), SLICE("alice"));
	assert_string_equal(r.contradiction, "");
	assert_true(is(r.question.labels[BUDGET_BY_USER], "alice"));
}

static void a_trace_is_taken_whole_or_not_at_all(void **state)
{
	static const char whole[] = TRACEPARENT;
	char text[sizeof(whole)];

	(void)state;
	assert_true(taken("traceparent", whole).has_trace_id && taken("traceparent", whole).trace_id[15] == 0x36);
	for (size_t n = 0; n + 1 < sizeof(whole); n++) {
		memcpy(text, whole, n);
		text[n] = '\0';
		assert_false(taken("traceparent", text).has_trace_id);
	}
	for (size_t i = 2; i < 36; i++) {
		memcpy(text, whole, sizeof(whole));
		text[i] = 'g';
		assert_false(taken("traceparent", text).has_trace_id);
	}
}

static void numbers_that_are_none_are_passed_over(void **state)
{
	static const char *const bad[] = { "", "-1", "1e3", "4294967295", "18446744073709551616", "many", "1 " };

	(void)state;
	assert_true(taken("input_tokens", "4294967294").input_tokens == 4294967294 &&
		    taken("input_tokens", "0").has_tokens);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(taken("input_tokens", bad[i]).has_tokens || taken("max_output_tokens", bad[i]).has_tokens);
		assert_int_equal(taken("input_tokens", bad[i]).input_tokens, 0);
	}
	assert_true(taken("x-plimsoll-estimate-usd", "0.5").has_estimate);
	assert_false(taken("estimate_usd", "-1").has_estimate || taken("estimate_usd", "much").has_estimate);
}

/* ---------------------------------------------------------------- Check */

/* What is asked with these headers and this body. */
static struct slice check_request(const char *const headers[][2], size_t count, struct slice body, struct buf *out)
{
	EnvoyAuthz__CheckRequest request = ENVOY_AUTHZ__CHECK_REQUEST__INIT;
	EnvoyAuthz__AttributeContext attributes = ENVOY_AUTHZ__ATTRIBUTE_CONTEXT__INIT;
	EnvoyAuthz__Request inner = ENVOY_AUTHZ__REQUEST__INIT;
	EnvoyAuthz__HttpRequest http = ENVOY_AUTHZ__HTTP_REQUEST__INIT;
	EnvoyAuthz__HttpRequest__HeadersEntry entries[4], *each[4];

	for (size_t i = 0; i < count; i++) {
		envoy_authz__http_request__headers_entry__init(&entries[i]);
		entries[i].key = (char *)(uintptr_t)headers[i][0];
		entries[i].value = (char *)(uintptr_t)headers[i][1];
		each[i] = &entries[i];
	}
	http.headers = each;
	http.n_headers = count;
	http.raw_body = (ProtobufCBinaryData){ body.len, (uint8_t *)(uintptr_t)body.ptr };
	inner.http = &http;
	attributes.request = &inner;
	request.attributes = &attributes;
	buf_reset(out);
	out->len = envoy_authz__check_request__pack(
		&request, (uint8_t *)buf_reserve(out, envoy_authz__check_request__get_packed_size(&request)));
	return buf_view(out);
}

/* The HTTP status that Envoy is told: 200, 400 or 429. */
static int status_of(struct slice answer)
{
	EnvoyAuthz__CheckResponse *response = envoy_authz__check_response__unpack(NULL, answer.len,
										  (const uint8_t *)answer.ptr);

	assert_non_null(response);
	bool is_ok = response->http_response_case == ENVOY_AUTHZ__CHECK_RESPONSE__HTTP_RESPONSE_OK_RESPONSE;
	int status = is_ok ? 200 : response->denied_response->status->code;
	assert_int_equal(response->status->code, status == 200 ? 0 : status == 429 ? 8 : 3);
	envoy_authz__check_response__free_unpacked(response, NULL);
	return status;
}

static int checked(struct budgets *b, const char *estimate_usd, struct slice body)
{
	const struct envoy_asking a = { b, &no_keys };
	const char *const headers[][2] = { { "x-plimsoll-estimate-usd", estimate_usd },
					   { "model", "not-a-header-of-ours" } };
	struct buf request = BUF_INIT, answer = BUF_INIT;

	assert_true(envoy_check(&a, check_request(headers, 2, body, &request), &answer));
	int status = status_of(buf_view(&answer));
	buf_release(&request);
	buf_release(&answer);
	return status;
}

/* All of the spellings are one model to the server that gets the body. */
static void no_spelling_of_the_model_gets_around_its_budget(void **state)
{
	static const char *const spellings[] = {
		"{\"model\":\"gpt-4o\"}",
		"{\"model\":\"gpt\\u002d4o\"}",
		"{\"mod\\u0065l\":\"gpt-4o\"}",
		"{\"model\":\"cheap\",\"model\":\"gpt-4o\"}",
		"{\"model\":\"cheap\",\"\\u006d\\u006f\\u0064\\u0065\\u006c\":\"\\u0067pt-4o\"}",
		" {\"n\":{\"model\":\"cheap\"},\"model\" : \"gpt-4o\",\"messages\":[{\"content\":\"cut of",
	};
	struct budgets *b = opened(LIMIT);

	(void)state;
	assert_int_equal(checked(b, "1", SLICE("{\"model\":\"gpt-4o\"}")), 200);
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		if (checked(b, "0.5", slice_of(spellings[i])) != 429)
			fail_msg("%s", spellings[i]);
	assert_int_equal(checked(b, "0.5", SLICE("{\"model\":\"cheap\"}")), 200);
	budgets_free(b);
}

/* They are one group, `unknown`: a body that says nothing is no way around a budget either. */
static void bodies_that_name_no_model_share_one_budget(void **state)
{
	static const char *const bodies[] = { "", "{", "{}", "[]", "null", "{\"model\":", "{\"model\":7}", "{\"model\":\"gpt-4",
					      "model=gpt-4o", "{\"a\":{\"model\":\"gpt-4o\"}}", "\xff\xfe{\"model\":\"gpt-4o\"}" };
	struct budgets *b = opened(LIMIT);

	(void)state;
	assert_int_equal(checked(b, "1", SLICE_NONE), 200);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		if (checked(b, "0.5", slice_of(bodies[i])) != 429)
			fail_msg("%s", bodies[i]);
	budgets_free(b);
}

static void a_body_of_nothing_but_escapes_hides_no_model(void **state)
{
	struct budgets *b = opened(LIMIT);
	struct buf body = BUF_INIT;

	(void)state;
	buf_byte(&body, '{');
	for (unsigned i = 0; i < 100000; i++)
		buf_text(&body, "\"\\n\":1,");
	buf_text(&body, "\"m\\u006fdel\":\"g\\u0070t-4o\"}");
	assert_int_equal(checked(b, "1", SLICE("{\"model\":\"gpt-4o\"}")), 200);
	assert_int_equal(checked(b, "0.5", buf_view(&body)), 429);
	buf_release(&body);
	budgets_free(b);
}

/* An error of the method would let the call through where failure_mode_allow says so: it is denied. */
static void a_check_that_contradicts_itself_is_denied_and_counts_for_nobody(void **state)
{
	const char *const headers[][2] = { { "x-plimsoll-model", "gpt-4o" }, { "x-plimsoll-estimate-usd", "1" },
					   { "x-plimsoll-estimate_usd", "0.5" } };
	struct budgets *b = opened(LIMIT);
	const struct envoy_asking a = { b, &no_keys };
	struct buf request = BUF_INIT, answer = BUF_INIT;

	(void)state;
	assert_true(envoy_check(&a, check_request(headers, 3, SLICE_NONE, &request), &answer));
	assert_int_equal(status_of(buf_view(&answer)), 400);
	assert_true(slice_find(buf_view(&answer),
			       SLICE("{\"error\":{\"type\":\"request\",\"message\":\"estimate_usd is told")) > 0);
	assert_int_equal(checked(b, "1", SLICE("{\"model\":\"gpt-4o\"}")), 200);
	buf_release(&request);
	buf_release(&answer);
	budgets_free(b);
}

/* ---------------------------------------------------------------- when to ask again */

static void a_call_that_no_time_will_help_is_told_no_time(void **state)
{
	struct budgets *b = opened("request/one: {limit_usd: 1, hard: deny}");
	const char *const headers[][2] = { { "x-plimsoll-estimate-usd", "2" } };
	const struct envoy_asking a = { b, &no_keys };
	EnvoyRatelimit__RateLimitRequest asked = ENVOY_RATELIMIT__RATE_LIMIT_REQUEST__INIT;
	EnvoyRatelimit__Descriptor descriptor = ENVOY_RATELIMIT__DESCRIPTOR__INIT, *each = &descriptor;
	EnvoyRatelimit__Entry entry = ENVOY_RATELIMIT__ENTRY__INIT, *entries = &entry;
	struct buf request = BUF_INIT, answer = BUF_INIT;

	(void)state;
	assert_true(envoy_check(&a, check_request(headers, 1, SLICE_NONE, &request), &answer));
	assert_int_equal(status_of(buf_view(&answer)), 429);
	assert_true(slice_find(buf_view(&answer), SLICE("\"retry_after_s\":null}}")) > 0);
	entry.key = (char *)(uintptr_t)"estimate_usd";
	entry.value = (char *)(uintptr_t)"2";
	descriptor.entries = &entries;
	asked.descriptors = &each;
	descriptor.n_entries = asked.n_descriptors = 1;
	buf_reset(&request);
	request.len = envoy_ratelimit__rate_limit_request__pack(
		&asked, (uint8_t *)buf_reserve(&request, envoy_ratelimit__rate_limit_request__get_packed_size(&asked)));
	buf_reset(&answer);
	assert_true(envoy_should_rate_limit(&a, buf_view(&request), &answer));
	EnvoyRatelimit__RateLimitResponse *limited =
		envoy_ratelimit__rate_limit_response__unpack(NULL, answer.len, (const uint8_t *)answer.ptr);
	assert_int_equal(limited->overall_code, ENVOY_RATELIMIT__RATE_LIMIT_RESPONSE__CODE__OVER_LIMIT);
	assert_null(limited->statuses[0]->duration_until_reset);
	envoy_ratelimit__rate_limit_response__free_unpacked(limited, NULL);
	buf_release(&request);
	buf_release(&answer);
	budgets_free(b);
}

/* ---------------------------------------------------------------- bytes that are none */

/* Any beginning of a request is refused or answered; nothing in between. */
static void assert_survives(envoy_method *method, const struct envoy_asking *a, struct slice whole)
{
	struct buf answer = BUF_INIT;
	char *bytes = malloc(whole.len + 1);
	size_t refused = 0;

	for (size_t n = 0; n <= whole.len; n++) {
		memcpy(bytes, whole.ptr, n);
		buf_reset(&answer);
		bool is_read = method(a, (struct slice){ bytes, n }, &answer);
		refused += !is_read;
		assert_true(is_read || answer.len == 0);
	}
	assert_true(refused > whole.len / 2);
	for (size_t bit = 0; bit < 8 * whole.len; bit++) {
		memcpy(bytes, whole.ptr, whole.len);
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		buf_reset(&answer);
		assert_true(method(a, (struct slice){ bytes, whole.len }, &answer) || answer.len == 0);
	}
	free(bytes);
	buf_release(&answer);
}

static void a_check_that_is_cut_off_or_damaged_is_survived(void **state)
{
	const char *const headers[][2] = { { "x-plimsoll-user", "alice" }, { "traceparent", TRACEPARENT } };
	struct budgets *b = opened(LIMIT);
	const struct envoy_asking a = { b, &no_keys };
	struct buf request = BUF_INIT;

	(void)state;
	assert_survives(envoy_check, &a, check_request(headers, 2, SLICE("{\"model\":\"gpt\\u002d4o\"}"), &request));
	buf_release(&request);
	budgets_free(b);
}

static void a_rate_limit_request_that_is_cut_off_or_damaged_is_survived(void **state)
{
	EnvoyRatelimit__RateLimitRequest request = ENVOY_RATELIMIT__RATE_LIMIT_REQUEST__INIT;
	EnvoyRatelimit__Descriptor descriptor = ENVOY_RATELIMIT__DESCRIPTOR__INIT, *descriptors[] = { &descriptor };
	EnvoyRatelimit__Entry entry = ENVOY_RATELIMIT__ENTRY__INIT, *entries[] = { &entry };
	struct budgets *b = opened(LIMIT);
	const struct envoy_asking a = { b, &no_keys };
	uint8_t bytes[128];

	(void)state;
	entry.key = (char *)(uintptr_t)"model";
	entry.value = (char *)(uintptr_t)"gpt-4o";
	descriptor.entries = entries;
	descriptor.n_entries = 1;
	request.domain = (char *)(uintptr_t)"plimsoll";
	request.descriptors = descriptors;
	request.n_descriptors = 1;
	request.hits_addend = UINT32_MAX;
	size_t n = envoy_ratelimit__rate_limit_request__pack(&request, bytes);
	assert_survives(envoy_should_rate_limit, &a, (struct slice){ (const char *)bytes, n });
	budgets_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dimension_is_named_as_a_header_or_as_a_descriptor),
		TEST(a_configured_key_is_the_only_name_of_its_dimension),
		TEST(a_header_is_ours_by_its_prefix_or_by_configuration),
		TEST(two_spellings_of_one_name_contradict_each_other_in_either_order),
		TEST(what_goes_before_contradicts_nothing),
		TEST(a_trace_is_taken_whole_or_not_at_all),
		TEST(numbers_that_are_none_are_passed_over),
		TEST(no_spelling_of_the_model_gets_around_its_budget),
		TEST(bodies_that_name_no_model_share_one_budget),
		TEST(a_body_of_nothing_but_escapes_hides_no_model),
		TEST(a_check_that_contradicts_itself_is_denied_and_counts_for_nobody),
		TEST(a_call_that_no_time_will_help_is_told_no_time),
		TEST(a_check_that_is_cut_off_or_damaged_is_survived),
		TEST(a_rate_limit_request_that_is_cut_off_or_damaged_is_survived),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
