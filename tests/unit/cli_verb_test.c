/* SPDX-License-Identifier: Apache-2.0
 * The first operand is a verb: which one runs, with what, and what is said where that cannot be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/cli/verb.h"
#include "tests/unit/captured.h"
#include "tests/unit/http_peer.h"

enum { OPTION_SALT = VERB_OPTIONS };

static const struct cli_option options[] = {
	VERB_OPTION_ROWS,
	[OPTION_SALT] = { "salt", 's', NULL, "With salt." },
	{ .name = NULL },
};

static const struct command command_cook = { "cook", "Cook.", "", NULL, options };

/* What the last verb was run with, and what it is to answer. */
static struct {
	const char *verb;
	char words[64];
	bool json, salt;
} ran;

static int note(struct verb_call *c)
{
	ran.verb = c->verb->name;
	ran.json = c->json;
	ran.salt = c->args.values[OPTION_SALT] != NULL;
	ran.words[0] = '\0';
	for (int i = 0; i < c->operand_count; i++)
		strcat(strcat(ran.words, c->operands[i]), ";");
	return CLI_NO;
}

static int fetch(struct verb_call *c)
{
	int code = verb_get_one(c, "/meals/", c->operands[0]);

	if (code == CLI_GO_ON)
		code = verb_post(c, "/meals", SLICE("{}"));
	if (code != CLI_GO_ON)
		return code;
	verb_print_json(c);
	return CLI_DONE;
}

static const struct verb verbs[] = {
	{ "list", NULL, 0, false, note },
	{ "boil", "a meal", 1, false, note },
	{ "mix", "meals", 1, true, note },
	{ "fetch", "a meal", 1, false, fetch },
	{ .name = NULL },
};

/* Runs "cook WORDS" (separated by single spaces, '' for an empty one): its exit status. */
static int run(const char *words)
{
	static char name[] = "cook", line[256];
	char *argv[16] = { name };
	struct verb_call call;
	int argc = 1;

	snprintf(line, sizeof(line), "%s", words);
	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "''") != 0 ? word : line + strlen(words);
	captured_begin();
	int code = verb_read(&command_cook, verbs, argc, argv, &call);
	if (code == CLI_GO_ON)
		code = verb_run(&call);
	captured_end();
	return code;
}

static void the_verb_gets_its_operands_and_options(void **state)
{
	(void)state;
	assert_int_equal(run("boil rice -o json"), CLI_NO);
	assert_string_equal(ran.verb, "boil");
	assert_string_equal(ran.words, "rice;");
	assert_true(ran.json && !ran.salt);
	assert_int_equal(run("--salt mix a b c"), CLI_NO);
	assert_string_equal(ran.verb, "mix");
	assert_string_equal(ran.words, "a;b;c;");
	assert_true(!ran.json && ran.salt);
}

static void the_first_verb_runs_where_none_is_named(void **state)
{
	(void)state;
	assert_int_equal(run("--salt"), CLI_NO);
	assert_string_equal(ran.verb, "list");
	assert_string_equal(ran.words, "");
	assert_true(ran.salt);
}

static void what_cannot_be_run_is_said(void **state)
{
	static const struct {
		const char *words, *says;
	} bad[] = {
		{ "bake", "plimsoll cook: 'bake' is none of list, boil, mix and fetch; see" },
		{ "boil", "plimsoll cook: boil wants a meal; see" },
		{ "mix", "plimsoll cook: mix wants meals; see" },
		{ "boil ''", "plimsoll cook: boil wants a meal; see" },
		{ "boil rice beans peas", "plimsoll cook: unexpected 'beans'; see" },
		{ "list rice", "plimsoll cook: unexpected 'rice'; see" },
		{ "boil rice --output xml", "plimsoll cook: --output is text or json, not 'xml'; see" },
		{ "fetch rice --agent ftp://a", "plimsoll cook: 'ftp://a' is no URL of an agent" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(run(bad[i].words), CLI_USAGE);
		assert_string_equal(captured.out, "");
		assert_memory_equal(captured.err, bad[i].says, strlen(bad[i].says));
	}
}

static void answers_of_the_agent_are_gathered_and_printed(void **state)
{
	static const struct http_peer_reply replies[] = {
		{ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]" },
		{ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[2]\n" },
	};
	struct http_peer peer;
	char words[64];

	(void)state;
	http_peer_start(&peer, replies, 2);
	snprintf(words, sizeof(words), "fetch a/b --agent 127.0.0.1:%u", peer.port);
	assert_int_equal(run(words), CLI_DONE);
	assert_string_equal(captured.out, "[1][2]\n");
	assert_non_null(strstr(peer.requests[0].head, "GET /meals/a%2Fb HTTP/1.1"));
	assert_non_null(strstr(peer.requests[1].head, "POST /meals HTTP/1.1"));
	http_peer_stop(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verb_gets_its_operands_and_options),
		cmocka_unit_test(the_first_verb_runs_where_none_is_named),
		cmocka_unit_test(what_cannot_be_run_is_said),
		cmocka_unit_test(answers_of_the_agent_are_gathered_and_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
