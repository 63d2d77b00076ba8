/* SPDX-License-Identifier: Apache-2.0
 * A manifest is what its file says, and what is wrong with it is told with its place.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/prompts/diff.h"
#include "agent/prompts/folder.h"
#include "agent/prompts/word_diff.h"

static const char whole[] = "name: answer\n"
			    "version: 1.4\n"
			    "model: gpt-4o\n"
			    "temperature: 0.2\n"
			    "max_output_tokens: 500\n"
			    "retrieval: {collection: docs, top_k: 5, min_score: 0.6}\n"
			    "policy: {require_citations: true}\n"
			    "template: |\n  You help ${customers} of {{company}}.\n  Be short.\n"
			    "owner: ana\n";

static struct manifest *read_good(const char *text)
{
	struct buf errors = BUF_INIT;
	struct manifest *m = NULL;

	struct status s = manifest_read("m.yaml", slice_of(text), &m, &errors);
	if (FAILED(s))
		print_error("%s", buf_string(&errors));
	assert_false(FAILED(s));
	buf_release(&errors);
	return m;
}

static void assert_mistake(const char *text, const char *expected)
{
	struct buf errors = BUF_INIT;
	struct manifest *m = NULL;

	assert_true(FAILED(manifest_read("m.yaml", slice_of(text), &m, &errors)));
	if (strstr(buf_string(&errors), expected) == NULL)
		fail_msg("'%s' is not in '%s'", expected, buf_string(&errors));
	buf_release(&errors);
}

static void fields_are_read_and_versions_stay_text(void **state)
{
	struct manifest *m = read_good(whole);

	(void)state;
	assert_string_equal(m->version, "1.4");
	assert_true(m->temperature == 0.2 && m->retrieval.min_score == 0.6);
	assert_int_equal(m->retrieval.top_k, 5);
	assert_true(m->policy.require_citations && !m->policy.refuse_if_not_in_context);
	assert_non_null(strstr(m->template, "${customers} of {{company}}"));
	manifest_free(m);
}

static void what_is_not_said_is_unknown(void **state)
{
	struct manifest *m = read_good("name: a\nversion: 1\n");

	(void)state;
	assert_true(isnan(m->temperature) && isnan(m->retrieval.min_score));
	assert_int_equal(m->max_output_tokens, 0);
	assert_null(m->model);
	manifest_free(m);
}

static void mistakes_are_told_with_place_and_nearest_key(void **state)
{
	(void)state;
	assert_mistake("name: a\nversion: 1\ntemprature: 1\n",
		       "m.yaml:3:1: unknown key 'temprature'; did you mean 'temperature'?");
	assert_mistake("version: 1\n", "missing required key 'name'");
	assert_mistake("name: a\nversion: 1@2\n", "m.yaml:2:10: version");
	assert_mistake("name: a\nversion: 1\ntemperature: hot\n", "m.yaml:3:14");
	assert_mistake("name: a\nversion: 1\ntemplate: x\nmessages: []\n", "keep one");
	assert_mistake("name: [a\n", "m.yaml:");
	assert_mistake("name: a\nversion: 1\nmessages: hi\n", "expected a list");
}

static void assert_reads_back(const struct manifest *m, void (*write)(const struct manifest *m, struct buf *out))
{
	struct buf text = BUF_INIT;

	write(m, &text);
	struct manifest *again = read_good(buf_string(&text));
	assert_int_equal(again->content_hash, m->content_hash);
	assert_string_equal(again->template, m->template);
	assert_string_equal(again->owner, "ana");
	manifest_free(again);
	buf_release(&text);
}

static void json_and_yaml_written_read_back_the_same(void **state)
{
	static const char *const others[] = {
		"{\"name\":\"a\",\"version\":\"1\",\"owner\":\"ana\",\"template\":\"\\u0085 \\u2028 x\\n\\u007f\\u009b\"}",
		"{\"name\":\"a\",\"version\":\"1\",\"owner\":\"ana\",\"template\":\"\\ud83d\\ude00 \\t\\n \\r\\n\"}",
	};
	struct manifest *m = read_good(whole);

	(void)state;
	assert_reads_back(m, manifest_write_json);
	assert_reads_back(m, manifest_write_yaml);
	manifest_free(m);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		m = read_good(others[i]);
		assert_reads_back(m, manifest_write_json);
		assert_reads_back(m, manifest_write_yaml);
		manifest_free(m);
	}
}

static void content_hash_leaves_people_out(void **state)
{
	struct manifest *a = read_good("name: a\nversion: 1\ntemperature: 1\nowner: x\n");
	struct manifest *b = read_good("name: a\nversion: 1\ntemperature: 1\napproved_by: y\n");
	struct manifest *c = read_good("name: a\nversion: 1\ntemperature: 2\nowner: x\n");

	(void)state;
	assert_int_equal(a->content_hash, b->content_hash);
	assert_int_not_equal(a->content_hash, c->content_hash);
	manifest_free(a);
	manifest_free(b);
	manifest_free(c);
}

static void system_message_of_a_chat_is_found(void **state)
{
	struct manifest *m = read_good("name: a\nversion: 1\nmessages:\n- {role: user, content: hi}\n"
				       "- role: system\n  content: [{type: text, text: Be kind}]\n");
	struct buf text = BUF_INIT;

	(void)state;
	assert_true(manifest_system_text(m, &text));
	assert_string_equal(buf_string(&text), "Be kind");
	buf_release(&text);
	manifest_free(m);
}

static void diff_tells_fields_and_words(void **state)
{
	struct manifest *a = read_good(whole);
	struct manifest *b = read_good("name: answer\nversion: 1.5\nmodel: gpt-4o\ntemperature: 0.3\nmax_output_tokens: 500\n"
				       "retrieval: {collection: docs, top_k: 5, min_score: 0.6}\npolicy: {require_citations: true}\n"
				       "template: |\n  You help ${customers} of {{company}}.\n  Be very short.\nowner: ana\n");
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(manifest_diff_text(a, b, false, &out));
	assert_non_null(strstr(buf_string(&out), "temperature: [-0.2-] {+0.3+}"));
	assert_non_null(strstr(buf_string(&out), "Be {+very +}short."));
	assert_null(strstr(buf_string(&out), "owner"));
	buf_reset(&out);
	assert_false(manifest_diff_text(a, a, false, &out));
	assert_int_equal(out.len, 0);
	buf_release(&out);
	manifest_free(a);
	manifest_free(b);
}

static void diff_moves_no_cursor(void **state)
{
	struct manifest *a = read_good("name: m\nversion: 1\nowner: ana\ntemplate: \"one \\e[2J\\ntwo\\n\\u009b5m\"\n");
	struct manifest *b = read_good("name: m\nversion: 2\nowner: \"\\e]0;x\\a\"\ntemplate: \"One \\e[2J\\ntwo\\n\\u009b5m\"\n");
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(manifest_diff_text(a, b, false, &out));
	assert_string_equal(buf_string(&out), "template:\n[-one-]{+One+}  [2J\ntwo\n 5m\nowner: [-ana-] {+ ]0;x +}\n");
	buf_release(&out);
	manifest_free(a);
	manifest_free(b);
}

static void diff_reads_messages_out_and_tools_by_words(void **state)
{
	struct manifest *a = read_good("name: m\nversion: 1\ntools: [{name: look_up, description: Finds an order}]\nmessages:\n"
				       "- {role: system, content: \"Be short.\\nAnd polite.\"}\n- {role: user, content: hi}\n");
	struct manifest *b = read_good("name: m\nversion: 2\ntools: [{name: look_up, description: Finds the order}]\nmessages:\n"
				       "- {role: system, content: \"Stay short.\\nAnd polite.\"}\n- {role: user, content: hi}\n");
	struct manifest *c = read_good("name: m\nversion: 3\nmessages: [{role: tool, content: hi, tool_call_id: x}]\n");
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(manifest_diff_text(a, b, false, &out));
	assert_string_equal(buf_string(&out), "messages:\nsystem: [-Be-]{+Stay+} short.\nAnd polite.\nuser: hi\n"
			    "tools:\n[{\"name\":\"look_up\",\"description\":\"Finds [-an-]{+the+} order\"}]\n");
	buf_reset(&out);
	assert_true(manifest_diff_text(a, c, false, &out));
	assert_non_null(strstr(buf_string(&out), "tool_call_id")); /* nothing of a message is hidden */
	buf_release(&out);
	manifest_free(a);
	manifest_free(b);
	manifest_free(c);
}

static void collect(void *context, enum word_op op, struct slice text)
{
	buf_printf(context, "%c%.*s|", "=-+"[op], SLICE_ARG(text));
}

static void assert_word_diff(const char *a, const char *b, const char *expected)
{
	struct buf out = BUF_INIT;

	assert_false(FAILED(word_diff(slice_of(a), slice_of(b), collect, &out)));
	assert_string_equal(buf_string(&out), expected);
	buf_release(&out);
}

static void words_keep_what_is_common(void **state)
{
	(void)state;
	assert_word_diff("a b c", "a x c", "=a |-b|+x|= c|");
	assert_word_diff("", "new", "+new|");
	assert_word_diff("old", "", "-old|");
	assert_word_diff("", "", "");
	assert_word_diff("same text", "same text", "=same text|");
}

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void folder_is_read_through_links_of_a_config_map(void **state)
{
	char top[] = "/tmp/plimsoll-prompts-XXXXXX", path[256], to[256];
	struct manifest_set set;
	struct buf errors = BUF_INIT;

	(void)state;
	assert_non_null(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/..2026_1", top);
	assert_int_equal(mkdir(path, 0700), 0);
	write_file(path, "a.yaml", "name: a\nversion: 1\n");
	snprintf(to, sizeof(to), "%s/..data", top);
	assert_int_equal(symlink("..2026_1", to), 0);
	snprintf(to, sizeof(to), "%s/a.yaml", top);
	assert_int_equal(symlink("..data/a.yaml", to), 0);
	write_file(top, "b.yml", "name: a\nversion: 1\n");
	write_file(top, "notes.txt", "no manifest");
	uint64_t before = folder_stamp(top);
	assert_false(FAILED(folder_read(top, &set, &errors)));
	assert_int_equal(set.count, 1);
	assert_int_equal(set.mistakes, 1);
	assert_non_null(strstr(buf_string(&errors), "b.yml:2:10: version '1' of 'a' stands in"));
	write_file(top, "c.yaml", "name: c\nversion: 1\n");
	assert_int_not_equal(folder_stamp(top), before);
	assert_int_equal(folder_stamp("/nowhere/at/all"), 0);
	manifest_set_release(&set);
	buf_release(&errors);
	snprintf(path, sizeof(path), "rm -r %s", top);
	assert_int_equal(system(path), 0);
}

static void folders_whose_links_lead_back_are_read_once(void **state)
{
	static const char *const folders[] = { "x", "y" };
	char top[] = "/tmp/plimsoll-prompts-XXXXXX", path[256];
	struct manifest_set set;
	struct buf errors = BUF_INIT;

	(void)state;
	assert_non_null(mkdtemp(top));
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", top, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
		write_file(path, i == 0 ? "a.yaml" : "b.yaml",
			   i == 0 ? "name: a\nversion: 1\n" : "name: b\nversion: 1\n");
		snprintf(path, sizeof(path), "%s/%s/loop", top, folders[i]);
		assert_int_equal(symlink("..", path), 0);
		snprintf(path, sizeof(path), "%s/%s/other", top, folders[i]);
		assert_int_equal(symlink(i == 0 ? "../y" : "../x", path), 0);
	}
	assert_int_not_equal(folder_stamp(top), 0);
	assert_false(FAILED(folder_read(top, &set, &errors)));
	assert_int_equal(set.count, 2);
	assert_int_equal(set.mistakes, 0);
	assert_int_equal(errors.len, 0);
	manifest_set_release(&set);
	buf_release(&errors);
	snprintf(path, sizeof(path), "rm -r %s", top);
	assert_int_equal(system(path), 0);
}

static void file_that_cannot_be_read_is_a_mistake(void **state)
{
	char top[] = "/tmp/plimsoll-prompts-XXXXXX", path[256];
	struct manifest_set set;
	struct buf errors = BUF_INIT;

	(void)state;
	assert_non_null(mkdtemp(top));
	write_file(top, "a.yaml", "name: a\nversion: 1\n");
	snprintf(path, sizeof(path), "%s/gone.yaml", top);
	assert_int_equal(symlink("nowhere.yaml", path), 0);
	assert_false(FAILED(folder_read(top, &set, &errors)));
	assert_int_equal(set.count, 1);
	assert_int_equal(set.mistakes, 1);
	assert_non_null(strstr(buf_string(&errors), "gone.yaml: No such file"));
	manifest_set_release(&set);
	buf_release(&errors);
	snprintf(path, sizeof(path), "rm -r %s", top);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read_and_versions_stay_text),
		cmocka_unit_test(what_is_not_said_is_unknown),
		cmocka_unit_test(mistakes_are_told_with_place_and_nearest_key),
		cmocka_unit_test(json_and_yaml_written_read_back_the_same),
		cmocka_unit_test(content_hash_leaves_people_out),
		cmocka_unit_test(system_message_of_a_chat_is_found),
		cmocka_unit_test(diff_tells_fields_and_words),
		cmocka_unit_test(diff_moves_no_cursor),
		cmocka_unit_test(diff_reads_messages_out_and_tools_by_words),
		cmocka_unit_test(words_keep_what_is_common),
		cmocka_unit_test(folder_is_read_through_links_of_a_config_map),
		cmocka_unit_test(folders_whose_links_lead_back_are_read_once),
		cmocka_unit_test(file_that_cannot_be_read_is_a_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
