/* SPDX-License-Identifier: Apache-2.0
 * Words of a call are read from what redaction leaves of its span: by detectors, patterns and keys, whatever else is
 * switched off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/daemon/redacted_words.h"

struct pair {
	const char *key, *value;
};

static struct config *config;
static struct known_keys *keys;
static struct dialect_reader *dialect;
static struct arena arena;
static struct words_rules rules;
static struct words_reader reader;
static struct call_text text;

static int set_up(void **state)
{
	struct buf why = BUF_INIT;

	(void)state;
	arena_init(&arena, 4 << 20);
	if (FAILED(config_load(NULL, NULL, 0, &config, &why)) || FAILED(known_keys_new(&config->dimensions, &keys)))
		return -1;
	dialect = dialect_reader_new(keys);
	return dialect == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	dialect_reader_free(dialect);
	known_keys_free(keys);
	config_free(config);
	arena_release(&arena);
	return 0;
}

static void open_rules(const struct redaction_config *redaction)
{
	struct buf why = BUF_INIT;

	assert_false(FAILED(words_rules_init(&rules, redaction, &why)));
	assert_false(FAILED(words_reader_init(&reader, &rules)));
	buf_release(&why);
}

static void close_rules(void)
{
	words_reader_release(&reader);
	words_rules_release(&rules);
}

static struct attribute_key key_of(const char *name)
{
	struct attribute_key key = ATTRIBUTE_KEY("");

	key.head[3] = (char)strlen(name);
	snprintf(key.key, sizeof(key.key), "%s\x12", name);
	return key;
}

static struct slice wire_of(const struct pair *pairs, const char *status)
{
	static const char ids[] = "\x0a\x10" "0123456789abcdef" "\x12\x08" "01234567" "\x39\1\0\0\0\0\0\0\0" "\x41\2\0\0\0\0\0\0\0";
	struct attribute_writer w;
	size_t ids_len = sizeof(ids) - 1, status_len = strlen(status);

	attribute_writer_init(&w, &arena);
	for (; pairs->key != NULL; pairs++) {
		struct attribute_key key = key_of(pairs->key);
		attribute_put_text(&w, &key, slice_of(pairs->value));
	}
	struct slice attributes = attribute_writer_take(&w);
	char *wire = arena_alloc(&arena, ids_len + attributes.len + 6 + status_len), *at = wire;
	memcpy(at, ids, ids_len);
	memcpy(at += ids_len, attributes.ptr, attributes.len);
	at += attributes.len;
	if (status_len > 0) { /* Status: message 2, code 3 */
		*at++ = '\x7a';
		*at++ = (char)(status_len + 4);
		*at++ = '\x12';
		*at++ = (char)status_len;
		memcpy(at, status, status_len);
		at += status_len;
		memcpy(at, "\x18\2", 2);
		at += 2;
	}
	return (struct slice){ wire, (size_t)(at - wire) };
}

static enum status_code read_words(const struct pair *pairs, const char *status)
{
	static uint32_t sequence;
	struct scope_view scope = { .name = SLICE("test") };
	struct resource_view resource = { .sequence = ++sequence };
	struct span_view span = { .wire = wire_of(pairs, status), .scope = &scope, .resource = &resource };

	return words_of_span(&reader, dialect, &span, &text).code;
}

#define CHAT { "gen_ai.operation.name", "chat" }

static void assert_text(struct slice have, const char *want)
{
	if (!slice_equal(have, slice_of(want)))
		fail_msg("'%.*s' instead of '%s'", SLICE_ARG(have), want);
}

static void the_default_detectors_look_into_every_shape(void **state)
{
	(void)state;
	open_rules(&config->redaction);
	assert_false(config->redaction.enabled);
	assert_int_equal(read_words((const struct pair[]){ CHAT,
		{ "gen_ai.input.messages", "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"I am ada\\u0040example.org\"}]}]" },
		{ "gen_ai.output.messages", "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"Card 4111 1111 1111 1111\"}]}]" },
		{ 0 } }, ""), STATUS_OK);
	assert_text(text.question, "I am [email]");
	assert_text(text.actual, "Card [card]");
	assert_int_equal(read_words((const struct pair[]){ CHAT, { "gen_ai.prompt.0.role", "user" },
		{ "gen_ai.prompt.0.content", "ada@example.org" }, { 0 } }, ""), STATUS_OK);
	assert_text(text.question, "[email]");
	close_rules();
}

static void an_error_is_the_answer_and_redacted_too(void **state)
{
	(void)state;
	open_rules(&config->redaction);
	assert_int_equal(read_words((const struct pair[]){ CHAT, { "input.value", "Where?" }, { "error.type", "BadRequest" }, { 0 } },
				    "no such user: ada@example.org"), STATUS_OK);
	assert_text(text.actual, "error: BadRequest: no such user: [email]");
	close_rules();
}

static void a_key_that_may_pass_elsewhere_does_not_here(void **state)
{
	static const char *allowed[] = { "input.value", "gen_ai.*" };
	struct redaction_config redaction = config->redaction;

	(void)state;
	redaction.allow_keys = (struct string_list){ allowed, 2 };
	open_rules(&redaction);
	assert_int_equal(read_words((const struct pair[]){ CHAT, { "input.value", "I am ada@example.org" }, { 0 } },
				    ""), STATUS_OK);
	assert_text(text.question, "I am [email]");
	close_rules();
}

static void denied_keys_and_own_patterns_hold(void **state)
{
	static const char *denied[] = { "input.value", "address" };
	static struct string_pair pattern = { "employee", "EMP-[0-9]{6}" };
	struct redaction_config redaction = config->redaction;

	(void)state;
	redaction.deny_keys = (struct string_list){ denied, 2 };
	redaction.patterns = (struct string_map){ &pattern, 1 };
	open_rules(&redaction);
	assert_int_equal(read_words((const struct pair[]){ CHAT, { "input.value", "Where?" }, { 0 } }, ""), STATUS_OK);
	assert_text(text.question, "[denied]");
	assert_int_equal(read_words((const struct pair[]){ CHAT, { "gen_ai.prompt.0.role", "user" },
		{ "gen_ai.prompt.0.content", "EMP-123456 asks {\"address\":\"5 High Street\"}" }, { 0 } }, ""), STATUS_OK);
	/* a member of JSON, not of words around it */
	assert_text(text.question, "[employee] asks {\"address\":\"5 High Street\"}");
	assert_int_equal(read_words((const struct pair[]){ CHAT, { "gen_ai.prompt.0.role", "user" },
		{ "gen_ai.prompt.0.content", "{\"address\":\"5 High Street\"}" }, { 0 } }, ""), STATUS_OK);
	assert_text(text.question, "{\"address\":\"[denied]\"}");
	close_rules();
}

static void what_redaction_drops_and_what_is_no_call_has_no_words(void **state)
{
	struct redaction_config redaction = config->redaction;

	(void)state;
	redaction.action = REDACTION_REMOVE;
	open_rules(&redaction);
	assert_int_equal(read_words((const struct pair[]){ CHAT, { "input.value", "I am ada@example.org" }, { 0 } },
				    ""), STATUS_NOTFOUND);
	assert_int_equal(read_words((const struct pair[]){ CHAT, { 0 } }, ""), STATUS_NOTFOUND);
	assert_int_equal(read_words((const struct pair[]){ { "input.value", "Where?" }, { 0 } }, ""), STATUS_NOTFOUND);
	close_rules();
}

static void a_text_too_long_to_look_into_is_not_kept_as_it_is(void **state)
{
	struct redaction_config redaction = config->redaction;
	char *longer = malloc(4097);

	(void)state;
	memset(longer, 'x', 4096);
	longer[4096] = '\0';
	redaction.max_value_bytes = 1024;
	open_rules(&redaction);
	assert_int_equal(read_words((const struct pair[]){ CHAT, { "input.value", longer }, { 0 } }, ""), STATUS_OK);
	assert_text(text.question, "[unscanned]");
	close_rules();
	free(longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_detectors_look_into_every_shape),
		cmocka_unit_test(an_error_is_the_answer_and_redacted_too),
		cmocka_unit_test(a_key_that_may_pass_elsewhere_does_not_here),
		cmocka_unit_test(denied_keys_and_own_patterns_hold),
		cmocka_unit_test(what_redaction_drops_and_what_is_no_call_has_no_words),
		cmocka_unit_test(a_text_too_long_to_look_into_is_not_kept_as_it_is),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
