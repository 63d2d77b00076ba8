/* SPDX-License-Identifier: Apache-2.0
 * YAML is read with its places; what could hide a mistake or grow without bound is refused.
 */
#include "tests/unit/config_fixture.h"

#include "agent/base/json.h"
#include "agent/config/yaml_tree.h"

static void an_empty_file_means_the_defaults(void **state)
{
	static const char *const empty[] = { "", "\n", "# nothing\n", "---\n", "{}\n", "~\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		config_free(fixture_load(empty[i]));
}

static void values_remember_their_place(void **state)
{
	struct conf_errors errors = { .file = "f" };
	const struct tree_node *root = NULL;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	assert_int_equal(yaml_tree_read(SLICE("a:\n  b: [x, \"y\"]\nc: ~\n"), &a, &errors, &root).code, STATUS_OK);
	const struct tree_node *b = tree_path(root, "a.b");
	assert_int_equal(b->kind, TREE_LIST);
	assert_int_equal(b->count, 2);
	assert_int_equal(b->first->next->value->mark.line, 2);
	assert_int_equal(b->first->next->value->mark.column, 10);
	assert_int_equal(tree_path(root, "c")->kind, TREE_NULL);
	assert_null(tree_path(root, "a.x"));
	assert_null(tree_path(root, "a.b.c"));
	arena_release(&a);
}

/* DEL, a control character beyond ASCII, NEL and a line separator as they are; surrogates, both alone and in a pair. */
static void json_holds_any_character(void **state)
{
	static const struct {
		const char *json, *text;
	} cases[] = {
		{ "{\"a\":\"x \x7f \xc2\x9b y\"}", "x \x7f \xc2\x9b y" },
		{ "{\"a\":\"x \xc2\x85 \xe2\x80\xa8 \xe2\x80\xa9 y\"}", "x \xc2\x85 \xe2\x80\xa8 \xe2\x80\xa9 y" },
		{ "{\"a\":\"\xef\xbf\xbe\xef\xbf\xbf\xef\xbb\xbf\"}", "\xef\xbf\xbe\xef\xbf\xbf\xef\xbb\xbf" },
		{ "{\"a\":\"\\ud83d\\uDE00 \\u00e9\\n\\\\ud83d\"}", "\xf0\x9f\x98\x80 \xc3\xa9\n\\ud83d" },
		{ "{\"a\":\"\\ud800x\\udc00\\ud800\\ud83d\\ude00\"}", "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80" },
		{ "{\"a\":\"\\/\\b\\f\\\"\"}", "/\b\f\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_errors errors = { .file = "f" };
		const struct tree_node *root = NULL;
		struct arena a;
		arena_init(&a, 1 << 20);
		assert_true(json_is_valid(slice_of(cases[i].json)));
		assert_int_equal(yaml_tree_read(slice_of(cases[i].json), &a, &errors, &root).code, STATUS_OK);
		assert_string_equal(tree_path(root, "a")->text.ptr, cases[i].text);
		arena_release(&a);
	}
}

static void quoted_null_is_text(void **state)
{
	struct config *c = fixture_load("storage: {directory: \"null\"}\n");

	(void)state;
	assert_string_equal(c->storage.directory, "null");
	config_free(c);
}

static void broken_syntax_is_told_with_its_place(void **state)
{
	(void)state;
	fixture_refuses("admin: {enabled: true\nlog:\n",
			"f:2:4: did not find expected ',' or '}', while parsing a flow mapping (line 1)\n");
	fixture_refuses("log:\n\tlevel: info\n", "f:2:1: a tab in the indentation; YAML indents with spaces\n");
	fixture_refuses("log: \"x\n",
			"f:2:1: found unexpected end of stream, while scanning a quoted scalar (line 1)\n");
	fixture_refuses("log:\n  level: \xff\n", "f:2:10: invalid leading UTF-8 octet; the file must be UTF-8 text\n");
}

static void a_key_given_twice_is_refused_and_the_rest_still_read(void **state)
{
	(void)state;
	fixture_refuses("log: {level: info}\nadmin: {}\nlog: {}\nadmim: {}\n",
			"f:3:1: key 'log' is given twice; the first is on line 1\n"
			"f:4:1: unknown key 'admim'; did you mean 'admin'?\n");
	fixture_refuses("{[a]: b}\n", "f:1:2: a key must be a word\n");
}

static void one_file_is_one_document(void **state)
{
	(void)state;
	fixture_refuses("log: {}\n---\nlog: {}\n",
			"f:2:1: a second document starts here; one file holds one configuration\n");
	fixture_refuses("[a]\n", "f:1:1: expected a mapping of keys to values, found a list\n");
	fixture_refuses("word\n", "f:1:1: expected a mapping of keys to values, found a single value\n");
}

static void tags_of_other_types_and_nul_are_refused(void **state)
{
	(void)state;
	fixture_refuses("log: {level: !secret x}\n", "f:1:14: tag '!secret' is not supported\n");
	fixture_refuses("log: {level: \"in\\0fo\"}\n", "f:1:14: a NUL character in a value\n");
	config_free(fixture_load("log: {level: !!str info}\n"));
}

static void anchors_and_merge_keys_share_settings(void **state)
{
	struct config *c = fixture_load("exporters:\n"
					"  fake/a: &base {number: 3, color: blue}\n"
					"  fake/b: {<<: *base, color: red}\n"
					"  fake/c: {<<: [*base, {flag: true}]}\n"
					"  fake/d: *base\n");
	const struct fake_options *b = c->exporters[1].options, *third = c->exporters[2].options;
	const struct fake_options *d = c->exporters[3].options;

	(void)state;
	assert_int_equal(b->number, 3);
	assert_int_equal(b->color, 0);
	assert_true(third->flag && third->color == 2 && d->number == 3);
	config_free(c);
	fixture_refuses("log: {level: *x}\n", "f:1:14: alias '*x' has no anchor before it\n");
	fixture_refuses("log: &x {level: *x}\n", "f:1:17: alias '*x' has no anchor before it\n");
	fixture_refuses("log: {<<: info}\n", "f:1:7: '<<' merges a mapping, or a list of mappings\n");
}

/* Nine lines that stand for a thousand million words. */
static void a_bomb_of_aliases_costs_nothing(void **state)
{
	struct buf text = BUF_INIT, errors = BUF_INIT;

	(void)state;
	buf_text(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 10; i++)
		buf_printf(&text, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1,
			   i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	assert_null(fixture_try(buf_view(&text), &errors));
	assert_true(slice_starts_with(buf_view(&errors), SLICE("f:1:1: unknown key 'a0'; known here: receivers,")));
	buf_release(&text);
	buf_release(&errors);
}

static void a_bomb_of_aliases_is_not_written_out(void **state)
{
	struct conf_errors errors = { .file = "f" };
	const struct tree_node *root = NULL;
	struct buf text = BUF_INIT, json = BUF_INIT;
	struct arena a;

	(void)state;
	buf_text(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 20; i++)
		buf_printf(&text, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1,
			   i - 1, i - 1);
	arena_init(&a, 1 << 20);
	assert_int_equal(yaml_tree_read(buf_view(&text), &a, &errors, &root).code, STATUS_OK);
	tree_write_json(root, 1 << 16, &json);
	assert_true(buf_failed(&json) && json.len < 1 << 17);
	buf_reset(&json);
	tree_write_json(tree_path(root, "a2"), 1 << 16, &json); /* some is fine */
	assert_false(buf_failed(&json));
	assert_true(json_is_valid(buf_view(&json)));
	arena_release(&a);
	buf_release(&text);
	buf_release(&json);
}

static void size_depth_and_number_of_values_are_bounded(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	for (int i = 0; i <= TREE_DEPTH_MAX; i++)
		buf_byte(&text, '[');
	fixture_refuses(buf_string(&text), "f:1:33: more than 32 levels deep\n");
	buf_reset(&text);
	buf_text(&text, "log:\n");
	for (int i = 0; i < TREE_NODES_MAX; i++)
		buf_text(&text, "- x\n");
	fixture_refuses(buf_string(&text), "f:99999:3: more than 100000 values in one file\n");
	buf_reset(&text);
	for (size_t i = 0; i <= 1024 * 1024; i++)
		buf_byte(&text, '#');
	fixture_refuses(buf_string(&text), "f: larger than 1048576 bytes, so it is hardly a configuration\n");
	buf_release(&text);
}

static void a_flood_of_mistakes_is_cut(void **state)
{
	struct buf text = BUF_INIT, errors = BUF_INIT;

	(void)state;
	for (int i = 0; i < 300; i++)
		buf_printf(&text, "nonsense%d: 1\n", i);
	assert_null(fixture_try(buf_view(&text), &errors));
	assert_true(slice_ends_with(buf_view(&errors), SLICE("f: 200 more mistakes are not shown\n")));
	buf_release(&text);
	buf_release(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_means_the_defaults),
		cmocka_unit_test(values_remember_their_place),
		cmocka_unit_test(json_holds_any_character),
		cmocka_unit_test(quoted_null_is_text),
		cmocka_unit_test(broken_syntax_is_told_with_its_place),
		cmocka_unit_test(a_key_given_twice_is_refused_and_the_rest_still_read),
		cmocka_unit_test(one_file_is_one_document),
		cmocka_unit_test(tags_of_other_types_and_nul_are_refused),
		cmocka_unit_test(anchors_and_merge_keys_share_settings),
		cmocka_unit_test(a_bomb_of_aliases_costs_nothing),
		cmocka_unit_test(a_bomb_of_aliases_is_not_written_out),
		cmocka_unit_test(size_depth_and_number_of_values_are_bounded),
		cmocka_unit_test(a_flood_of_mistakes_is_cut),
	};
	return cmocka_run_group_tests_name("config/yaml", tests, NULL, NULL);
}
