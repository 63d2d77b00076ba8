/* SPDX-License-Identifier: Apache-2.0
 * The command line: what is understood, what it answers, and with which exit status.
 */
#include "tests/unit/config_fixture.h"

#include "agent/base/json.h"
#include "agent/cli/command.h"
#include "tests/unit/captured.h"

enum { OPTION_FILE, OPTION_FORCE };

static const struct cli_option cook_options[] = {
	[OPTION_FILE] = { "file", 'f', "FILE", "What to cook." },
	[OPTION_FORCE] = { "force", 0, NULL, "Cook it in any case." },
	{ .name = NULL },
};

static struct cli_args seen;
static int cook_run(int argc, char **argv);
static const struct command command_cook = { "cook", "Cook a meal.", "[--file FILE] [MEAL...]", cook_run,
					     cook_options };

static int cook_run(int argc, char **argv)
{
	int code = cli_parse(&command_cook, argc, argv, &seen);

	return code != CLI_GO_ON ? code : CLI_DONE;
}

static void price_line(struct buf *out)
{
	buf_text(out, "12 prices of 2026-01-02");
}

static const struct command command_cook_slowly = {
	"cook slowly",
	"Cook a meal that takes its time, which is longer than what a line of a terminal has room for.",
	"today | tomorrow MORNING|EVENING [--with A FRIEND] | never",
	cook_run,
	cook_options,
};

static const struct command command_cook_well = {
	"cook well", "Cook it with care.", "[--taste OFTEN] [--with A FRIEND]|--alone [--for MANY GUESTS] MEAL...",
	cook_run,    cook_options,
};

static const struct command *const commands[] = {
	&command_cook, &command_cook_slowly, &command_cook_well, &command_check, &command_version, &command_help, NULL
};
static const struct conf_option oven_keys[] = {
	{ "heat", CONF_INT, 0, .fallback = "180", .min = 50, .max = 250, .doc = "Degrees." },
	{ .name = NULL },
};
static const struct conf_option recipe_keys[] = {
	{ "serves", CONF_INT, 0, .required = true, .doc = "For how many." },
	{ "oven", CONF_SECTION, .section = oven_keys, .doc = "What is set before." },
	{ .name = NULL },
};
static const struct cli_file files[] = {
	{ &command_version, "something else", oven_keys },
	{ &command_cook, "a recipe", recipe_keys },
	{ .command = NULL },
};
static const struct cli_program program = { commands, fake_kinds, 1, files, price_line };

static int exit_status; /* of the last run */

/* Runs "plimsoll WORDS" (separated by single spaces). The words stay valid until the next run. */
static void run(const char *words)
{
	static char name[] = "plimsoll", line[256];
	static char *argv[16]; /* what was parsed points here */
	int argc = 1;

	snprintf(line, sizeof(line), "%s", words);
	argv[0] = name;
	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	captured_begin();
	exit_status = cli_main(&program, argc, argv);
	captured_end();
}

static void without_a_command_help_is_printed(void **state)
{
	static const char *const ways[] = { "", "help", "--help", "-h" };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		run(ways[i]);
		assert_int_equal(exit_status, CLI_DONE);
		assert_non_null(strstr(captured.out,
				       "\ncommands:\n  cook         Cook a meal.\n  cook slowly  Cook a meal that "));
		assert_string_equal(captured.err, "");
	}
}

static void help_of_a_command_is_aligned(void **state)
{
	static const char *const ways[] = { "cook --help", "cook -h", "help cook", "cook --force --help nonsense" };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		run(ways[i]);
		assert_int_equal(exit_status, CLI_DONE);
		assert_string_equal(captured.out,
				    "usage: plimsoll cook [--file FILE] [MEAL...]\n\nCook a meal.\n\noptions:\n"
				    "  -f, --file FILE  What to cook.\n"
				    "  --force          Cook it in any case.\n"
				    "  -h, --help       Print this and exit.\n"
				    "\nkeys of a recipe:\n"
				    "  serves     For how many. (number; required)\n"
				    "  oven.heat  Degrees. (number; default: 180; 50 to 250)\n");
	}
}

static void help_of_what_a_command_does_is_that_of_the_command(void **state)
{
	(void)state;
	run("help cook MEAL");
	assert_int_equal(exit_status, CLI_DONE);
	assert_non_null(strstr(captured.out, "usage: plimsoll cook [--file FILE]"));
}

static void help_fits_a_terminal_of_80_columns(void **state)
{
	static const char *const pages[] = { "help", "help cook slowly", "help cook well", "help check", "help help" };

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		run(pages[i]);
		assert_int_equal(exit_status, CLI_DONE);
		for (char *line = strtok(captured.out, "\n"); line != NULL; line = strtok(NULL, "\n"))
			assert_true(strlen(line) <= 80);
	}
	run("help cook slowly");
	assert_non_null(strstr(captured.out,
			       "usage: plimsoll cook slowly today | tomorrow MORNING|EVENING [--with A FRIEND]\n"
			       "                            | never\n\n"
			       "Cook a meal that takes its time, which is longer than what a line of a terminal\n"
			       "has room for.\n\noptions:\n"));
	run("help cook well");
	assert_non_null(strstr(captured.out, "usage: plimsoll cook well [--taste OFTEN] [--with A FRIEND]|--alone\n"
					     "                          [--for MANY GUESTS] MEAL...\n"));
}

static void options_and_operands_come_in_any_order(void **state)
{
	(void)state;
	run("cook soup --file=a --force -f b bread - -- --file");
	assert_int_equal(exit_status, CLI_DONE);
	assert_string_equal(seen.values[OPTION_FILE], "b");
	assert_string_equal(seen.values[OPTION_FORCE], "");
	assert_int_equal(seen.operand_count, 4);
	assert_string_equal(seen.operands[0], "soup");
	assert_string_equal(seen.operands[1], "bread");
	assert_string_equal(seen.operands[2], "-");
	assert_string_equal(seen.operands[3], "--file");
	run("cook");
	assert_null(seen.values[OPTION_FILE]);
	assert_null(seen.values[OPTION_FORCE]);
	assert_int_equal(seen.operand_count, 0);
}

static void wrong_arguments_end_with_2_and_a_hint(void **state)
{
	static const struct {
		const char *words, *says;
	} bad[] = {
		{ "coook", "plimsoll: unknown command 'coook'; did you mean 'cook'?\n" },
		{ "zzz", "plimsoll: unknown command 'zzz'; 'plimsoll help' lists them\n" },
		{ "cook --flie x",
		  "plimsoll cook: unknown option '--flie' (did you mean '--file'?); see 'plimsoll cook --help'\n" },
		{ "cook -x", "plimsoll cook: unknown option '-x'; see 'plimsoll cook --help'\n" },
		{ "cook --file", "plimsoll cook: --file wants a value (FILE); see 'plimsoll cook --help'\n" },
		{ "cook --file=", "plimsoll cook: --file is empty; it wants a value (FILE); see 'plimsoll cook --help'\n" },
		{ "cook --force=yes", "plimsoll cook: --force takes no value; see 'plimsoll cook --help'\n" },
		{ "check", "plimsoll check: one configuration file is wanted; see 'plimsoll check --help'\n" },
		{ "version --output xml",
		  "plimsoll version: --output is text or json, not 'xml'; see 'plimsoll version --help'\n" },
		{ "help soup", "plimsoll help: no command is called 'soup'; see 'plimsoll help --help'\n" },
		{ "help cook quickly",
		  "plimsoll help: no command is called 'cook quickly'; see 'plimsoll help --help'\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		run(bad[i].words);
		assert_int_equal(exit_status, CLI_USAGE);
		assert_string_equal(captured.out, "");
		assert_string_equal(captured.err, bad[i].says);
	}
}

static void check(const char *text, const char *options)
{
	char words[128];
	const char *path = fixture_write(slice_of(text));

	snprintf(words, sizeof(words), "check %s %s", options, path);
	run(words);
	unlink(path);
}

static void check_says_yes_no_or_that_the_file_is_not_there(void **state)
{
	(void)state;
	check("log: {level: debug}\n", "");
	assert_int_equal(exit_status, CLI_DONE);
	assert_string_equal(captured.err, "");
	check("log: {level: debog}\nbaselines: {sigma: 99}\n", "");
	assert_int_equal(exit_status, CLI_NO);
	assert_string_equal(captured.out, "");
	assert_non_null(strstr(captured.err, ":1:14: level: 'debog' is none of: debug, info, warn, error\n"));
	assert_non_null(strstr(captured.err, ":2:20: sigma: '99' is out of range; allowed is 0.5 to 10\n"));
	run("check /nonexistent.yaml");
	assert_int_equal(exit_status, CLI_UNREACHABLE);
	assert_string_equal(captured.err, "/nonexistent.yaml: cannot read: No such file or directory\n");
}

static void check_prints_what_is_in_force(void **state)
{
	(void)state;
	check("admin: {token: hush}\n", "--print");
	assert_int_equal(exit_status, CLI_DONE);
	assert_non_null(strstr(captured.out, "  token: <redacted>\n"));
	assert_non_null(strstr(captured.out, "  sigma: 2\n"));
	assert_null(strstr(captured.out, "hush"));
}

static void check_answers_programs_in_json(void **state)
{
	(void)state;
	check("log: {level: \"de\\\"bog\"}\nx: 1\n", "--output json");
	assert_int_equal(exit_status, CLI_NO);
	assert_string_equal(captured.err, "");
	assert_true(json_is_valid(slice_trim(slice_of(captured.out))));
	assert_non_null(strstr(captured.out, "\"ok\":false,\"errors\":["));
	check("", "--output=json");
	assert_non_null(strstr(captured.out, "\"ok\":true,\"errors\":[]}"));
}

static void version_names_build_libraries_and_prices(void **state)
{
	static const char *const ways[] = { "version", "--version", "-V" };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		run(ways[i]);
		assert_int_equal(exit_status, CLI_DONE);
		assert_non_null(strstr(captured.out, "plimsoll " PLIMSOLL_VERSION "\nbuild: "));
		assert_non_null(strstr(captured.out, "lmdb 0."));
		assert_non_null(strstr(captured.out, "prices: 12 prices of 2026-01-02\n"));
	}
	run("version --output json");
	assert_true(json_is_valid(slice_trim(slice_of(captured.out))));
}

static void the_sample_has_every_key_and_means_the_defaults(void **state)
{
	struct buf sample = BUF_INIT, defaults = BUF_INIT;
	struct config *c = fixture_load("");

	(void)state;
	config_print(c, &defaults);
	config_free(c);
	run("help --sample");
	c = fixture_load(captured.out);
	config_print(c, &sample);
	assert_string_equal(buf_string(&sample), buf_string(&defaults));
	assert_non_null(strstr(captured.out, "  # fake/name:\n  #   # Flag.\n  #   # flag: <boolean>\n"));
	assert_non_null(strstr(captured.out, "\n    #   url: <text> # required\n"));
	config_free(c);
	buf_release(&sample);
	buf_release(&defaults);
}

static void manual_pages_are_made_of_the_tables(void **state)
{
	(void)state;
	run("help --man");
	assert_non_null(strstr(captured.out, "\n.SS \"cook\"\n.B plimsoll cook\n[\\-\\-file FILE] [MEAL...]\n"));
	assert_non_null(strstr(captured.out, "\n.TP\n\\fB\\-f, \\-\\-file FILE\\fR\nWhat to cook.\n"));
	assert_non_null(strstr(captured.out,
			       "\n.PP\nKeys of a recipe:\n.TP\n\\fBserves\\fR (number; required)\nFor how many.\n"));
	assert_non_null(strstr(captured.out, "\n.TP\n\\fBoven.heat\\fR (number; default: 180; 50 to 250)\nDegrees.\n"));
	assert_non_null(strstr(captured.out, "\n.nh\n.ad l\n")); /* names are not cut in two */
	run("help --man-config");
	assert_non_null(strstr(captured.out, "\n.SS \"exporters.fake.retry_on_failure\"\n"));
	assert_non_null(strstr(captured.out,
			       "\n.TP\n\\fBcolor\\fR (word: red|\\:green|\\:blue; default: green)\nColor.\n"));
	assert_non_null(strstr(captured.out, "\n.TP\n\\fBnumber\\fR (number; default: 7; \\-10 to 10)\nNumber.\n"));
	assert_non_null(strstr(captured.out, "SIGHUP applies a change"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_command_help_is_printed),
		cmocka_unit_test(help_of_a_command_is_aligned),
		cmocka_unit_test(help_of_what_a_command_does_is_that_of_the_command),
		cmocka_unit_test(help_fits_a_terminal_of_80_columns),
		cmocka_unit_test(options_and_operands_come_in_any_order),
		cmocka_unit_test(wrong_arguments_end_with_2_and_a_hint),
		cmocka_unit_test(check_says_yes_no_or_that_the_file_is_not_there),
		cmocka_unit_test(check_prints_what_is_in_force),
		cmocka_unit_test(check_answers_programs_in_json),
		cmocka_unit_test(version_names_build_libraries_and_prices),
		cmocka_unit_test(the_sample_has_every_key_and_means_the_defaults),
		cmocka_unit_test(manual_pages_are_made_of_the_tables),
	};
	return cmocka_run_group_tests_name("cli/command", tests, NULL, NULL);
}
