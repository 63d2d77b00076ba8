/* SPDX-License-Identifier: Apache-2.0
 * What other tools write down about prompts becomes manifests; what they tell by webhook is believed when it is signed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/prompts/history.h"
#include "agent/prompts/import.h"
#include "agent/prompts/webhook.h"

static struct manifest_set set;
static const char *source;
static size_t left_out;

static struct status import(const char *text)
{
	struct buf why = BUF_INIT;

	manifest_set_release(&set);
	struct status s = import_read("export", slice_of(text), &set, &source, &left_out, &why);
	buf_release(&why);
	return s;
}

static void langfuse_prompts_come_with_their_config(void **state)
{
	(void)state;
	assert_false(FAILED(import(
		"{\"data\":[{\"name\":\"movie\",\"version\":3,\"type\":\"text\",\"prompt\":\"As a {{level}} critic\",\"labels\":"
		"[\"production\"],\"config\":{\"model\":\"gpt-4o\",\"temperature\":0.7,\"max_tokens\":100}},"
		"{\"name\":\"chat\",\"version\":1,\"type\":\"chat\",\"prompt\":[{\"role\":\"system\",\"content\":\"hi \\u00e9\"}]}]}")));
	assert_string_equal(source, "langfuse");
	assert_int_equal(set.count, 2);
	assert_string_equal(set.items[0]->version, "3");
	assert_string_equal(set.items[0]->template, "As a {{level}} critic");
	assert_string_equal(set.items[0]->model, "gpt-4o");
	assert_true(set.items[0]->temperature == 0.7);
	assert_int_equal(set.items[0]->max_output_tokens, 100);
	assert_non_null(set.items[1]->messages);
}

static void langsmith_prompt_gets_two_braces_and_its_commit(void **state)
{
	(void)state;
	assert_false(FAILED(import(
		"{\"lc\":1,\"type\":\"constructor\",\"id\":[\"langchain\",\"prompts\",\"chat\",\"ChatPromptTemplate\"],\"kwargs\":{"
		"\"metadata\":{\"lc_hub_owner\":\"me\",\"lc_hub_repo\":\"joke\",\"lc_hub_commit_hash\":\"abc123\"},\"messages\":["
		"{\"id\":[\"x\",\"SystemMessagePromptTemplate\"],\"kwargs\":{\"prompt\":{\"kwargs\":{\"template\":\"Tell {topic} as "
		"{{json}}\",\"template_format\":\"f-string\"}}}},{\"id\":[\"x\",\"HumanMessagePromptTemplate\"],\"kwargs\":{"
		"\"prompt\":{\"kwargs\":{\"template\":\"{q}\"}}}}]}}")));
	assert_string_equal(source, "langsmith");
	assert_int_equal(set.count, 1);
	assert_string_equal(set.items[0]->name, "joke");
	assert_string_equal(set.items[0]->version, "abc123");
	assert_non_null(strstr(set.items[0]->messages, "Tell {{topic}} as {json}"));
	assert_non_null(strstr(set.items[0]->messages, "\"role\":\"user\""));
}

static void promptfoo_configuration_names_versions_by_their_text(void **state)
{
	(void)state;
	assert_false(FAILED(import("prompts:\n- label: joke\n  raw: 'Tell a joke about {{topic}}'\n- file://p.txt\n"
				   "providers:\n- id: openai:chat:gpt-4o\n  config: {temperature: 0.5}\n")));
	assert_string_equal(source, "promptfoo");
	assert_int_equal(set.count, 1);
	assert_int_equal(left_out, 1);
	assert_string_equal(set.items[0]->name, "joke");
	assert_string_equal(set.items[0]->model, "gpt-4o");
	assert_true(set.items[0]->temperature == 0.5);
}

static void other_files_are_refused(void **state)
{
	(void)state;
	assert_true(FAILED(import("{\"a\":1}")));
	assert_true(FAILED(import("[]")));
	assert_true(FAILED(import("")));
	assert_true(FAILED(import("- : [")));
	assert_true(FAILED(import("42")));
}

/* HMAC-SHA-256 of "1000.{}" and of "{}" under the key "secret", by another program. */
#define SIGNED_TIME "t=1000,v1=026360fb6284f077f1148b1ae7c62679730497810a6a0321574de01e8b009e7a"
#define SIGNED_BODY "sha256=77325902caca812dc259733aacd046b73817372c777b8d95b402647474516e13"

static void signature_is_checked_with_its_time(void **state)
{
	(void)state;
	assert_true(webhook_is_signed(SLICE(SIGNED_TIME), SLICE("secret"), SLICE("{}"), 1100));
	assert_false(webhook_is_signed(SLICE(SIGNED_TIME), SLICE("secret"), SLICE("{}"), 1000 + WEBHOOK_AGE_MAX_S + 1));
	assert_false(webhook_is_signed(SLICE(SIGNED_TIME), SLICE("other"), SLICE("{}"), 1100));
	assert_false(webhook_is_signed(SLICE(SIGNED_TIME), SLICE("secret"), SLICE("{ }"), 1100));
	assert_true(webhook_is_signed(SLICE(SIGNED_BODY), SLICE("secret"), SLICE("{}"), 5));
	assert_false(webhook_is_signed(SLICE(""), SLICE("secret"), SLICE("{}"), 1100));
	assert_false(webhook_is_signed(SLICE("t=1000"), SLICE("secret"), SLICE("{}"), 1100));
	assert_false(webhook_is_signed(SLICE("t=1000,v1="), SLICE(""), SLICE("{}"), 1100));
}

static void langfuse_webhook_tells_version_and_labels(void **state)
{
	struct webhook_news news;
	struct buf why = BUF_INIT;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	struct status s = webhook_read(PROMPT_FROM_LANGFUSE,
				       SLICE("{\"type\":\"prompt-version\",\"action\":\"updated\",\"prompt\":{\"name\":\"movie\","
					     "\"version\":4,\"labels\":[\"latest\",\"production\"],\"prompt\":\"hi\"},"
					     "\"user\":{\"name\":\"Ana\"}}"),
				       &arena, &news, &why);
	assert_false(FAILED(s));
	assert_string_equal(news.manifest->version, "4");
	assert_int_equal(news.environment_count, 1);
	assert_true(slice_equal(news.environments[0], SLICE("production")));
	assert_true(slice_equal(news.by, SLICE("Ana")));
	manifest_free(news.manifest);
	assert_true(FAILED(webhook_read(PROMPT_FROM_LANGFUSE, SLICE("{\"type\":\"other\"}"), &arena, &news, &why)));
	assert_true(FAILED(webhook_read(PROMPT_FROM_LANGFUSE, SLICE("no"), &arena, &news, &why)));
	arena_release(&arena);
	buf_release(&why);
}

static void braintrust_webhook_tells_version_and_environment(void **state)
{
	struct webhook_news news;
	struct buf why = BUF_INIT;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	struct status s = webhook_read(PROMPT_FROM_BRAINTRUST,
				       SLICE("{\"automation\":{\"event_type\":\"environment_update\"},\"details\":{\"action\":"
					     "\"update\",\"environment\":{\"slug\":\"production\"},\"prompt\":{\"slug\":\"movie\","
					     "\"_xact_id\":\"1000\",\"prompt_data\":{\"options\":{\"model\":\"gpt-4o\",\"params\":"
					     "{\"temperature\":0}}}}}}"),
				       &arena, &news, &why);
	assert_false(FAILED(s));
	assert_string_equal(news.manifest->name, "movie");
	assert_string_equal(news.manifest->version, "1000");
	assert_true(news.manifest->temperature == 0);
	assert_true(slice_equal(news.environments[0], SLICE("production")));
	manifest_free(news.manifest);
	arena_release(&arena);
	buf_release(&why);
}

static int tear_down(void **state)
{
	(void)state;
	manifest_set_release(&set);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(langfuse_prompts_come_with_their_config),
		cmocka_unit_test(langsmith_prompt_gets_two_braces_and_its_commit),
		cmocka_unit_test(promptfoo_configuration_names_versions_by_their_text),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(signature_is_checked_with_its_time),
		cmocka_unit_test(langfuse_webhook_tells_version_and_labels),
		cmocka_unit_test(braintrust_webhook_tells_version_and_environment),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
