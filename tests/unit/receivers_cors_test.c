/* SPDX-License-Identifier: Apache-2.0
 * Which origins and headers are welcome. tests/system/test_cors.py asks with a browser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/receivers/cors.h"

static bool allows(const char *pattern, const char *origin)
{
	const struct cors_config c = { .allowed_origins = { &pattern, 1 } };

	return cors_allows_origin(&c, slice_of(origin));
}

static bool allows_headers(const char *pattern, const char *names)
{
	const struct cors_config c = { .allowed_headers = { &pattern, 1 } };

	return cors_allows_headers(&c, slice_of(names));
}

static void an_origin_is_welcome_as_it_was_written(void **state)
{
	(void)state;
	assert_true(allows("https://app.example", "https://app.example"));
	assert_true(allows("https://App.example", "https://app.example"));
	assert_false(allows("https://app.example", "http://app.example"));
	assert_false(allows("https://app.example", "https://app.example:8443"));
	assert_false(allows("https://app.example", "https://app.example.evil"));
	assert_false(allows("https://app.example", "https://evil"));
	assert_false(allows("https://app.example", ""));
	assert_false(allows("https://app.example", "null"));
}

static void a_star_stands_for_any_text_at_one_place(void **state)
{
	(void)state;
	assert_true(allows("*", "https://app.example"));
	assert_true(allows("*", "null"));
	assert_true(allows("https://*.example", "https://a.b.example"));
	assert_false(allows("https://*.example", "https://example"));
	assert_false(allows("https://*.example", "https://a.example.evil"));
	assert_false(allows("https://*.example", "http://a.example"));
	assert_true(allows("http://localhost:*", "http://localhost:3000"));
	assert_false(allows("http://localhost:*", "http://localhost"));
	assert_false(allows("ab*ba", "aba")); /* the two ends do not overlap */
}

static void no_origin_is_welcome_where_none_is_configured(void **state)
{
	const struct cors_config none = { .max_age_s = 0 };

	(void)state;
	assert_false(cors_allows_origin(&none, SLICE("https://app.example")));
}

static void what_every_request_has_may_be_sent_and_else_what_is_configured(void **state)
{
	(void)state;
	assert_true(allows_headers("authorization", ""));
	assert_true(allows_headers("authorization", "content-type"));
	assert_true(allows_headers("authorization", "Content-Type,X-Requested-With"));
	assert_true(allows_headers("Authorization", "authorization, content-type , accept"));
	assert_false(allows_headers("authorization", "content-type, x-team"));
	assert_true(allows_headers("x-*", "content-type, x-team"));
	assert_true(allows_headers("*", "anything"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_origin_is_welcome_as_it_was_written),
		cmocka_unit_test(a_star_stands_for_any_text_at_one_place),
		cmocka_unit_test(no_origin_is_welcome_where_none_is_configured),
		cmocka_unit_test(what_every_request_has_may_be_sent_and_else_what_is_configured),
	};

	return cmocka_run_group_tests_name("receivers/cors", tests, NULL, NULL);
}
