/* SPDX-License-Identifier: Apache-2.0
 * What other tools write down about prompts becomes manifests; what they tell by webhook is believed when it is signed.
 */
#include "agent/prompts/history.h"
#include "agent/prompts/webhook.h"
#include "tests/unit/prompts_imported.h"

static struct status import_named(const char *text, const char *name)
{
	return import_again("export", slice_of(text), name);
}

static struct status import(const char *text)
{
	return import_named(text, NULL);
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

static void promptfoo_models_are_what_follows_vendor_and_kind(void **state)
{
	static const struct {
		const char *provider, *model;
	} wanted[] = {
		{ "openai:chat:gpt-4o", "gpt-4o" },	  { "openai:gpt-4o", "gpt-4o" },
		{ "anthropic:messages:claude-x", "claude-x" }, { "ollama:chat:llama3:8b", "llama3:8b" },
		{ "bedrock:us.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0" }, { "gpt-4o", "gpt-4o" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct buf text = BUF_INIT;
		buf_printf(&text, "{\"prompts\":[\"Answer {{q}}\"],\"providers\":[\"%s\"]}", wanted[i].provider);
		assert_false(FAILED(import(buf_string(&text))));
		assert_string_equal(set.items[0]->model, wanted[i].model);
		buf_release(&text);
	}
	assert_false(FAILED(import("{\"prompts\":[\"Answer {{q}}\"],\"providers\":[{\"openai:a\":{\"config\":{\"temperature\":1}}},"
				   "{\"id\":\"openai:b\",\"config\":{\"apiKey\":\"k3y\"}}]}")));
	assert_string_equal(set.items[0]->model, "a");
	assert_true(set.items[0]->temperature == 1);
	assert_said("no place for provider openai:b");
	assert_null(strstr(buf_string(&why), "k3y"));
}

static void what_a_manifest_has_no_place_for_is_named_with_its_place(void **state)
{
	(void)state;
	assert_false(FAILED(import("[\n {\"name\":\"movie\",\"version\":3,\"prompt\":\"hi\",\"labels\":[\"production\"],"
				   "\"config\":{\"model\":\"gpt-4o\",\"top_p\":0.9,\"stop\":null}}]")));
	assert_said("export:2:2: note: a manifest has no place for config.top_p, labels of movie@3\n");
	assert_int_equal(left_out, 0);
	assert_false(FAILED(import("[\n {\"name\":\"movie\",\"version\":3,\"prompt\":\"hi\"},\n {\"name\":\"movie\",\"prompt\":\"hi\"}]")));
	assert_said("export:3:2: a prompt has a name and a version");
	assert_int_equal(left_out, 1);
	assert_false(FAILED(import("[{\"name\":\"movie\",\"version\":3,\"prompt\":\"hi\"},\n{\"name\":\"movie\",\"version\":3,\"prompt\":\"ho\"}]")));
	assert_said("export:2:1: prompt 'movie', version '3': ");
	assert_int_equal(left_out, 1);
}

static void a_value_that_a_manifest_cannot_hold_has_no_place_in_it(void **state)
{
	static const struct {
		const char *config, *lost;
	} cases[] = {
		{ "{\"temperature\":\"{{t}}\",\"max_tokens\":-1}", "config.temperature, config.max_tokens of a@1" },
		{ "{\"temperature\":11,\"max_tokens\":\"auto\"}", "config.temperature, config.max_tokens of a@1" },
		{ "{\"temperature\":\"1,\\\"owner\\\":\\\"eve\\\"\",\"max_tokens\":0.5}", "config.temperature, config.max_tokens of a@1" },
		{ "{\"max_tokens\":-1,\"maxTokens\":\"7\",\"temperature\":\"0.5\"}", "config.max_tokens of a@1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = BUF_INIT;
		buf_printf(&text, "{\"name\":\"a\",\"version\":1,\"prompt\":\"hi\",\"config\":%s}", cases[i].config);
		assert_false(FAILED(import(buf_string(&text))));
		assert_int_equal(set.count, 1);
		assert_null(set.items[0]->owner);
		assert_said(cases[i].lost);
		buf_release(&text);
	}
	assert_true(set.items[0]->temperature == 0.5 && set.items[0]->max_output_tokens == 7);
}

static void commit_without_its_prompt_wants_a_name(void **state)
{
	static const char commit[] = "{\"commit_hash\":\"abc\",\"manifest\":{\"lc\":1,\"id\":[\"PromptTemplate\"],\"kwargs\":"
				     "{\"template\":\"Answer {q}\"}}}";

	(void)state;
	assert_false(FAILED(import(commit)));
	assert_int_equal(set.count, 0);
	assert_said("name it with --name");
	assert_false(FAILED(import_named(commit, "answer")));
	assert_string_equal(set.items[0]->name, "answer");
	assert_string_equal(set.items[0]->template, "Answer {{q}}");
}

static void other_files_are_refused(void **state)
{
	(void)state;
	assert_true(FAILED(import("{\n\"prompts\":[}")));
	assert_said("export:2:12: no JSON");
	assert_true(FAILED(import("prompts:\n- a: [\n")));
	assert_said("export:3:1: ");
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

static void signature_that_was_taken_is_known_again_while_its_time_is_believed(void **state)
{
	static struct webhook_memory memory;

	(void)state;
	assert_false(webhook_is_repeated(&memory, SLICE(SIGNED_TIME), 1000));
	webhook_remember(&memory, SLICE(SIGNED_TIME), 1000);
	assert_true(webhook_is_repeated(&memory, SLICE(SIGNED_TIME), 1000 + WEBHOOK_AGE_MAX_S));
	assert_false(webhook_is_repeated(&memory, SLICE("t=1000,v1=ff"), 1000));
	webhook_remember(&memory, SLICE(SIGNED_BODY), 1000); /* without a time, the same may rightly come again */
	assert_false(webhook_is_repeated(&memory, SLICE(SIGNED_BODY), 1000));
	for (unsigned i = 0; i < WEBHOOK_MEMORY; i++)
		webhook_remember(&memory, SLICE("t=1,v1=00"), 1000);
	assert_false(webhook_is_repeated(&memory, SLICE(SIGNED_TIME), 1000)); /* the oldest made room */
}

static void token_is_the_secret_bare_or_of_a_bearer(void **state)
{
	(void)state;
	assert_true(webhook_is_token(SLICE("s3cret"), SLICE("s3cret")));
	assert_true(webhook_is_token(SLICE("bearer s3cret"), SLICE("s3cret")));
	assert_false(webhook_is_token(SLICE("s3cre"), SLICE("s3cret")));
	assert_false(webhook_is_token(SLICE("Bearer "), SLICE("s3cret")));
	assert_false(webhook_is_token(SLICE_NONE, SLICE_NONE));
}

struct heard {
	struct webhook_news news;
	struct arena arena;
	struct buf why;
	bool failed;
};

static struct heard *hear(uint8_t platform, const char *body)
{
	static struct heard h;

	h.why = BUF_INIT;
	arena_init(&h.arena, 1 << 20);
	h.failed = FAILED(webhook_read(platform, slice_of(body), &h.arena, &h.news, &h.why));
	return &h;
}

static void forget(struct heard *h)
{
	manifest_free(h->news.manifest);
	arena_release(&h->arena);
	buf_release(&h->why);
}

/* As Langfuse's documentation shows it; the user is told by newer ones. */
#define LANGFUSE(type, action)                                                                                         \
	"{\"id\":\"550e8400-e29b-41d4-a716-446655440000\",\"timestamp\":\"2024-07-10T10:30:00Z\",\"type\":\"" type "\","      \
	"\"apiVersion\":\"v1\",\"action\":\"" action "\",\"prompt\":{\"id\":\"prompt_abc123\",\"name\":\"movie-critic\","       \
	"\"version\":3,\"projectId\":\"xyz789\",\"labels\":[\"production\",\"latest\"],\"prompt\":\"Rate {{movie}}.\","         \
	"\"type\":\"text\",\"config\":{\"key\":\"value\"},\"commitMessage\":\"Improved\",\"tags\":[\"entertainment\"],"       \
	"\"createdAt\":\"2024-07-10T10:30:00Z\",\"updatedAt\":\"2024-07-10T10:30:00Z\"},"                                    \
	"\"user\":{\"id\":\"u1\",\"name\":\"Ana\",\"email\":null}}"

static void langfuse_webhook_tells_version_and_labels(void **state)
{
	(void)state;
	struct heard *h = hear(PROMPT_FROM_LANGFUSE, LANGFUSE("prompt-version", "updated"));

	assert_false(h->failed);
	assert_null(h->news.ignored);
	assert_string_equal(h->news.manifest->version, "3");
	assert_string_equal(h->news.manifest->template, "Rate {{movie}}.");
	assert_int_equal(h->news.environment_count, 1);
	assert_true(slice_equal(h->news.environments[0], SLICE("production")));
	assert_true(slice_equal(h->news.by, SLICE("Ana")));
	forget(h);
}

static void langfuse_events_without_news_are_ignored_and_bad_ones_refused(void **state)
{
	(void)state;
	struct heard *h = hear(PROMPT_FROM_LANGFUSE, LANGFUSE("prompt-version", "deleted"));

	assert_false(h->failed);
	assert_non_null(h->news.ignored);
	forget(h);
	h = hear(PROMPT_FROM_LANGFUSE, LANGFUSE("dataset-run", "created"));
	assert_false(h->failed);
	assert_non_null(h->news.ignored);
	forget(h);
	h = hear(PROMPT_FROM_LANGFUSE, "{\"type\":\"prompt-version\",\"prompt\":{\"name\":\"movie-critic\"}}");
	assert_true(h->failed);
	forget(h);
	h = hear(PROMPT_FROM_LANGFUSE, "no");
	assert_true(h->failed);
	forget(h);
}

/* As Braintrust's documentation shows it. */
#define BRAINTRUST(event, details)                                                                                     \
	"{\"organization\":{\"id\":\"org_123\",\"name\":\"acme\"},\"project\":{\"id\":\"proj_456\",\"name\":\"support\"},"     \
	"\"automation\":{\"id\":\"c5b32408-8568-4bff-9299-8cdd56979b67\",\"name\":\"Production\",\"event_type\":\"" event "\"},"  \
	"\"details\":{" details "}}"

static void braintrust_webhook_tells_version_and_environment_without_content(void **state)
{
	(void)state;
	struct heard *h = hear(PROMPT_FROM_BRAINTRUST,
			       BRAINTRUST("environment_update", "\"environment\":{\"slug\":\"production\"},\"prompt\":{\"id\":"
					  "\"prompt_789\",\"slug\":\"summarizer\"},\"new_version\":\"v3.2.1\",\"action\":\"update\""));

	assert_false(h->failed);
	assert_null(h->news.ignored);
	assert_null(h->news.manifest); /* an empty one would stand against the one in the folder */
	assert_true(slice_equal(h->news.name, SLICE("summarizer")));
	assert_true(slice_equal(h->news.version, SLICE("v3.2.1")));
	assert_int_equal(h->news.environment_count, 1);
	assert_true(slice_equal(h->news.environments[0], SLICE("production")));
	forget(h);
}

static void braintrust_events_without_news_are_ignored(void **state)
{
	static const char *const bodies[] = {
		BRAINTRUST("environment_update", "\"environment\":{\"slug\":\"production\"},\"prompt\":{\"id\":\"p\",\"slug\":"
			   "\"summarizer\"},\"new_version\":null,\"action\":\"delete\""),
		BRAINTRUST("logs", "\"is_test\":false,\"message\":\"5 logs\",\"count\":5"),
		BRAINTRUST("environment_update",
			   "\"environment\":{\"slug\":\"production\"},\"dataset\":{\"id\":\"d\"}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct heard *h = hear(PROMPT_FROM_BRAINTRUST, bodies[i]);
		assert_false(h->failed);
		assert_non_null(h->news.ignored);
		forget(h);
	}
}

static void braintrust_relay_may_add_the_content(void **state)
{
	(void)state;
	struct heard *h = hear(PROMPT_FROM_BRAINTRUST,
			       BRAINTRUST("environment_update", "\"environment\":{\"slug\":\"production\"},\"prompt\":{\"slug\":"
					  "\"movie\",\"_xact_id\":\"1000\",\"prompt_data\":{\"options\":{\"model\":\"gpt-4o\","
					  "\"params\":{\"temperature\":0}}}},\"action\":\"update\""));

	assert_false(h->failed);
	assert_string_equal(h->news.manifest->name, "movie");
	assert_string_equal(h->news.manifest->version, "1000");
	assert_true(h->news.manifest->temperature == 0);
	forget(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(langfuse_prompts_come_with_their_config),
		cmocka_unit_test(langsmith_prompt_gets_two_braces_and_its_commit),
		cmocka_unit_test(promptfoo_configuration_names_versions_by_their_text),
		cmocka_unit_test(promptfoo_models_are_what_follows_vendor_and_kind),
		cmocka_unit_test(what_a_manifest_has_no_place_for_is_named_with_its_place),
		cmocka_unit_test(a_value_that_a_manifest_cannot_hold_has_no_place_in_it),
		cmocka_unit_test(commit_without_its_prompt_wants_a_name),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(signature_is_checked_with_its_time),
		cmocka_unit_test(signature_that_was_taken_is_known_again_while_its_time_is_believed),
		cmocka_unit_test(token_is_the_secret_bare_or_of_a_bearer),
		cmocka_unit_test(langfuse_webhook_tells_version_and_labels),
		cmocka_unit_test(langfuse_events_without_news_are_ignored_and_bad_ones_refused),
		cmocka_unit_test(braintrust_webhook_tells_version_and_environment_without_content),
		cmocka_unit_test(braintrust_events_without_news_are_ignored),
		cmocka_unit_test(braintrust_relay_may_add_the_content),
	};

	return cmocka_run_group_tests(tests, NULL, release_import);
}
