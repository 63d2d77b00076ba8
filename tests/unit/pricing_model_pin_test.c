/* SPDX-License-Identifier: Apache-2.0
 * A model id is pinned where it can only ever mean one model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/file.h"
#include "agent/pricing/model_pin.h"

struct pin_case {
	const char *provider, *model;
};

static void expect_all(const struct pin_case *cases, size_t count, enum tristate want)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < count; i++) {
		if (model_pin(slice_of(cases[i].provider), slice_of(cases[i].model)) == want)
			continue;
		wrong++;
		print_error("%s %s\n", cases[i].provider, cases[i].model);
	}
	assert_int_equal(wrong, 0);
}

#define EXPECT_ALL(cases, want) expect_all(cases, sizeof(cases) / sizeof((cases)[0]), want)

static void dates_and_versions_pin(void **state)
{
	static const struct pin_case cases[] = {
		{ "openai", "gpt-4o-2024-11-20" },
		{ "openai", "gpt-5.2-20251211" },
		{ "openai", "gpt-4-0613" },
		{ "openai", "gpt-4-1106-preview" },
		{ "openai", "ft:gpt-4o-mini-2024-07-18:acme::x1" },
		{ "openai", "ft:gpt-4o-mini-2024-07-18:latest-inc::x1" },
		{ "anthropic", "claude-3-5-haiku-20241022" },
		{ "gcp.vertex_ai", "claude-opus-4-5@20251101" },
		{ "gcp.gemini", "models/gemini-2.0-flash-001" },
		{ "gcp.gemini", "gemini-2.5-flash-preview-09-2025" },
		{ "gcp.gemini", "gemini-2.5-pro-preview-05-06" },
		{ "mistral_ai", "mistral-large-2411" },
		{ "cohere", "command-r-08-2024" },
		{ "cohere", "embed-english-v3.0" },
		{ "x_ai", "grok-4-0709" },
		{ "aws.bedrock", "eu.anthropic.claude-sonnet-4-20250514-v1:0" },
		{ "aws.bedrock", "amazon.nova-lite-v1:0" },
		{ "aws.bedrock", "cohere.command-text-v14" },
		{ "aws.bedrock", "cohere.command-text-v14:7:4k" },
		{ "azure.ai.openai", "gpt-4o-2024-08-06" },
		{ "openrouter", "openai/gpt-4o-2024-11-20" },
	};

	(void)state;
	EXPECT_ALL(cases, TRI_YES);
}

static void names_that_never_moved_are_pinned(void **state)
{
	static const struct pin_case cases[] = {
		{ "anthropic", "claude-opus-4-6" },
		{ "anthropic", "claude-sonnet-5" },
		{ "anthropic", "claude-haiku-5-5" },
		{ "aws.bedrock", "anthropic.claude-sonnet-4-6" },
		{ "anthropic", "claude-2.1" },
		{ "gcp.gemini", "gemini-2.5-pro" },
		{ "openai", "text-embedding-3-small" },
		{ "openai", "whisper-1" },
		{ "meta", "meta-llama/Llama-3.3-70B-Instruct" },
		{ "ollama", "llama3.1:8b-instruct-q4_K_M" },
		{ "mistral_ai", "open-mixtral-8x7b" },
		{ "deepseek", "deepseek-v3.2" },
	};

	(void)state;
	EXPECT_ALL(cases, TRI_YES);
}

static void everything_else_is_an_alias(void **state)
{
	static const struct pin_case cases[] = {
		{ "openai", "gpt-4o" },
		{ "openai", "chatgpt-4o-latest" },
		{ "anthropic", "claude-sonnet-4-5" },
		{ "anthropic", "claude-opus-4-0" },
		{ "anthropic", "claude-3-5-sonnet-latest" },
		{ "gcp.gemini", "gemini-2.0-flash" },
		{ "gcp.gemini", "gemini-1.5-flash-8b" },
		{ "gcp.gemini", "gemini-3-pro-preview" },
		{ "gcp.gemini", "gemini-flash-latest" },
		{ "mistral_ai", "mistral-medium" },
		{ "cohere", "command-nightly" },
		{ "x_ai", "grok-4" },
		{ "deepseek", "deepseek-chat" },
		{ "ollama", "llama3:latest" },
		{ "azure.ai.openai", "my-deployment" },
		{ "azure.ai.openai", "whisper-1" },
		{ "openrouter", "openrouter/auto" },
		{ "openrouter", "anthropic/claude-sonnet-4.5" },
		{ "aws.bedrock", "arn:aws:bedrock:us-east-1:1:application-inference-profile/a-v1:0" },
		{ "", "something-new" },
	};

	(void)state;
	EXPECT_ALL(cases, TRI_NO);
}

static void no_id_is_neither(void **state)
{
	static char long_id[1000];

	(void)state;
	memset(long_id, 'a', sizeof(long_id));
	assert_int_equal(model_pin(SLICE("openai"), SLICE_NONE), TRI_UNKNOWN);
	assert_int_equal(model_pin(SLICE("openai"), (struct slice){ long_id, sizeof(long_id) }), TRI_UNKNOWN);
}

/* provider, model, pinned or alias, ...; a line each. Not part of the repository. */
static void the_shared_list_agrees(void **state)
{
	const char *shared = getenv("PLIMSOLL_SHARED");
	char path[512];
	struct buf text = BUF_INIT;
	unsigned wrong = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/facts/model_ids.tsv", shared != NULL ? shared : "../shared");
	if (FAILED(file_read(path, 1 << 20, &text)))
		skip();
	char *line = text.ptr;
	for (char *end = (char *)(uintptr_t)buf_string(&text) + text.len; line < end;) {
		char *next = strchr(line, '\n');
		char provider[64], model[256], kind[16];
		if (next != NULL)
			*next = '\0';
		if (sscanf(line, "%63[^\t]\t%255[^\t]\t%15[^\t]", provider, model, kind) == 3 &&
		    strcmp(kind, "kind") != 0) {
			enum tristate want = strcmp(kind, "pinned") == 0 ? TRI_YES : TRI_NO;
			if (model_pin(slice_of(provider), slice_of(model)) != want) {
				wrong++;
				print_error("%s %s is %s\n", provider, model, kind);
			}
		}
		if (next == NULL)
			break;
		line = next + 1;
	}
	buf_release(&text);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_and_versions_pin),
		cmocka_unit_test(names_that_never_moved_are_pinned),
		cmocka_unit_test(everything_else_is_an_alias),
		cmocka_unit_test(no_id_is_neither),
		cmocka_unit_test(the_shared_list_agrees),
	};
	return cmocka_run_group_tests_name("pricing/model_pin", tests, NULL, NULL);
}
