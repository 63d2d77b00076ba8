/* SPDX-License-Identifier: Apache-2.0
 * Prompts as the tools' own packages wrote them down (tests/exports, recorded by tests/record/exports.py).
 */
#include "agent/base/file.h"
#include "tests/unit/prompts_imported.h"

static void load(const char *path)
{
	struct buf text = BUF_INIT;

	assert_false(FAILED(file_read(path, 1 << 20, &text)));
	assert_false(FAILED(import_again(path, buf_view(&text), NULL)));
	assert_int_equal(left_out, 0);
	buf_release(&text);
}

static const struct manifest *find(const char *name)
{
	for (size_t i = 0; i < set.count; i++)
		if (strcmp(set.items[i]->name, name) == 0)
			return set.items[i];
	fail_msg("no prompt is named %s", name);
	return NULL;
}

#define CHAT                                                                                                           \
	"[{\"role\":\"system\",\"content\":\"You answer for {{company}}. Braces: {}.\"},"                                        \
	"{\"type\":\"placeholder\",\"name\":\"history\"},{\"role\":\"user\",\"content\":\"{{question}}\"},"                      \
	"{\"role\":\"assistant\",\"content\":\"Let me look.\"}]"

static void langchain_prompts_keep_messages_and_placeholders(void **state)
{
	(void)state;
	load("tests/exports/langsmith.prompts.json");
	assert_string_equal(source, "langsmith");
	const struct manifest *m = find("answer-chat");
	assert_string_equal(m->messages, CHAT);
	assert_string_equal(m->version, "0000000000000000000000000000000000000001");
	assert_string_equal(m->owner, "acme");
	assert_string_equal(find("answer-text")->template, "Answer {{question}} as JSON.");
	assert_string_equal(find("answer-mustache")->messages,
			    "[{\"role\":\"system\",\"content\":\"You answer for {{company}}.\"}]");
}

static void langchain_prompts_know_their_model_and_its_tools(void **state)
{
	(void)state;
	load("tests/exports/langsmith.prompts.json");
	const struct manifest *bound = find("answer-bound"), *parsed = find("answer-parsed");
	assert_string_equal(bound->messages, CHAT);
	assert_string_equal(bound->model, "gpt-4o");
	assert_true(bound->temperature == 0.2 && bound->max_output_tokens == 500);
	assert_non_null(strstr(bound->tools, "\"name\":\"look_up\""));
	assert_string_equal(parsed->model, "gpt-4o"); /* between the prompt and what reads the answer */
	assert_said("model.top_p of answer-bound@");
	assert_said("a step of class StrOutputParser of answer-parsed@");
}

static void langchain_parts_without_a_place_are_named(void **state)
{
	(void)state;
	load("tests/exports/langsmith.prompts.json");
	assert_string_equal(find("answer-parts")->messages,
			    "[{\"role\":\"system\",\"content\":\"Answer in {one} word.\"},"
			    "{\"role\":\"developer\",\"content\":\"{{note}}\"},"
			    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"{{question}}\"}]}]");
	assert_said("a part of class ImagePromptTemplate, partial_variables.note of answer-parts@");
	assert_said("schema_ of answer-structured@");
}

static void langfuse_prompts_are_text_or_chat(void **state)
{
	(void)state;
	load("tests/exports/langfuse.prompts.json");
	assert_string_equal(source, "langfuse");
	const struct manifest *text = find("movie-critic"), *chat = find("support/answer");
	assert_string_equal(text->version, "3");
	assert_string_equal(text->template, "As a {{criticLevel}} movie critic, rate {{movie}} out of 10.");
	assert_string_equal(text->model, "gpt-4o");
	assert_true(text->temperature == 0.7 && text->max_output_tokens == 400);
	assert_string_equal(chat->messages, "[{\"role\":\"system\",\"content\":\"You answer for {{company}}.\"},"
			    "{\"name\":\"history\",\"type\":\"placeholder\"},"
			    "{\"role\":\"user\",\"content\":\"{{question}}\"}]");
	assert_said("config.top_p, labels, tags, commitMessage of movie-critic@3");
}

static void promptfoo_results_hold_the_prompt_and_its_model(void **state)
{
	static const char *const paths[] = { "tests/exports/promptfoo.json", "tests/exports/promptfoo.yaml" };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		load(paths[i]);
		assert_string_equal(source, "promptfoo");
		assert_int_equal(set.count, 1);
		assert_string_equal(set.items[0]->name, "answer-1.4.0");
		assert_string_equal(set.items[0]->template, "Answer as JSON. {{question}}");
		assert_string_equal(set.items[0]->model, "gpt-4o");
		assert_true(set.items[0]->temperature == 0.2 && set.items[0]->max_output_tokens == 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(langchain_prompts_keep_messages_and_placeholders),
		cmocka_unit_test(langchain_prompts_know_their_model_and_its_tools),
		cmocka_unit_test(langchain_parts_without_a_place_are_named),
		cmocka_unit_test(langfuse_prompts_are_text_or_chat),
		cmocka_unit_test(promptfoo_results_hold_the_prompt_and_its_model),
	};

	return cmocka_run_group_tests(tests, NULL, release_import);
}
