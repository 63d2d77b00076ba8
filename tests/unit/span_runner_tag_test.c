/* SPDX-License-Identifier: Apache-2.0
 * A local runner's tag is a size or "latest" behind a colon; versions, contexts and paths are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/span/runner_tag.h"

static void a_size_or_latest_is_a_runners_tag(void **state)
{
	static const char *const tagged[] = { "deepseek-r1:7b", "mistral:latest", "qwen2.5:1.5b-instruct-q4_K_M", "mixtral:8x7b",
					      "gemma3:270m", "gpt-oss:120b-cloud" };

	(void)state;
	for (size_t i = 0; i < sizeof(tagged) / sizeof(tagged[0]); i++)
		if (!has_runner_tag(slice_of(tagged[i])))
			fail_msg("%s has none", tagged[i]);
}

static void versions_contexts_and_paths_are_no_tags(void **state)
{
	static const char *const others[] = { "", ":", "gpt-4o", "anthropic.claude-v2:1", "amazon.titan-text-lite-v1:0:4k",
					      "anthropic.claude-3-sonnet-20240229-v1:0:200k", "deepseek/deepseek-r1:free",
					      "ft:gpt-4o-mini:acme::8mXyz", ":7b", "model:", "model:b", "model:.5b" };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (has_runner_tag(slice_of(others[i])))
			fail_msg("%s has one", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_size_or_latest_is_a_runners_tag),
		cmocka_unit_test(versions_contexts_and_paths_are_no_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
