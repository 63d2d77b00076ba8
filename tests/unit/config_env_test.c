/* SPDX-License-Identifier: Apache-2.0
 * Values come from the environment, secrets from files; what is missing is an error, never an empty value.
 */
#include "tests/unit/config_fixture.h"

static void expands_to(const char *written, const char *value)
{
	char text[256];

	snprintf(text, sizeof(text), "prompts: {directory: '%s'}\n", written);
	struct config *c = fixture_load(text);
	assert_string_equal(c->prompts.directory, value);
	config_free(c);
}

static void variables_are_replaced(void **state)
{
	(void)state;
	setenv("PLIMSOLL_TEST_A", "/var", 1);
	setenv("PLIMSOLL_TEST_EMPTY", "", 1);
	unsetenv("PLIMSOLL_TEST_UNSET");
	expands_to("${env:PLIMSOLL_TEST_A}", "/var");
	expands_to("${PLIMSOLL_TEST_A}/x/${env:PLIMSOLL_TEST_A}", "/var/x//var");
	expands_to("${env:PLIMSOLL_TEST_UNSET:-/tmp:-x}", "/tmp:-x");
	expands_to("${env:PLIMSOLL_TEST_EMPTY:-/tmp}", "/tmp");
	expands_to("${env:PLIMSOLL_TEST_EMPTY}", "");
	expands_to("${env:PLIMSOLL_TEST_A:-/tmp}", "/var");
	expands_to("${env:PLIMSOLL_TEST_UNSET:-}", "");
}

static void a_dollar_is_written_twice(void **state)
{
	(void)state;
	setenv("PLIMSOLL_TEST_A", "${env:HOME} $$", 1);
	expands_to("$$", "$");
	expands_to("$${env:HOME}", "${env:HOME}");
	expands_to("a$b$", "a$b$");
	expands_to("${env:PLIMSOLL_TEST_A}", "${env:HOME} $$"); /* not expanded again */
}

static void numbers_and_words_may_come_from_variables(void **state)
{
	setenv("PLIMSOLL_TEST_N", "9", 1);
	struct config *c = fixture_load(
		"exporters: {fake: {number: \"${env:PLIMSOLL_TEST_N}\", list: [\"${PLIMSOLL_TEST_N}\"], headers: "
		"{a: 'x${env:PLIMSOLL_TEST_N}'}}}\n");

	(void)state;
	assert_int_equal(fixture_fake(c)->number, 9);
	assert_string_equal(fixture_fake(c)->list.items[0], "9");
	assert_string_equal(fixture_fake(c)->headers.items[0].value, "x9");
	config_free(c);
}

static void what_cannot_be_replaced_is_an_error(void **state)
{
	(void)state;
	unsetenv("PLIMSOLL_TEST_UNSET");
	fixture_refuses("admin: {token: '${env:PLIMSOLL_TEST_UNSET}'}\n",
			"f:1:16: token: environment variable 'PLIMSOLL_TEST_UNSET' is not set; set it, or write "
			"${env:PLIMSOLL_TEST_UNSET:-default}\n");
	fixture_refuses("admin: {token: '${env:X'}\n",
			"f:1:16: token: '${' has no closing '}'; write $${ where a dollar is meant\n");
	fixture_refuses(
		"admin: {token: '${file:/x}'}\n",
		"f:1:16: token: '${file:/x}' is not understood; write ${env:NAME}, ${env:NAME:-default}, or $$ for a "
		"dollar\n");
	fixture_refuses("admin: {token: '${}'}\n", "f:1:16: token: '${}' is not understood; write ${env:NAME}, "
						   "${env:NAME:-default}, or $$ for a dollar\n");
}

static void growth_by_variables_is_bounded(void **state)
{
	struct buf text = BUF_INIT;
	char value[8192];

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	setenv("PLIMSOLL_TEST_A", value, 1);
	buf_text(&text, "prompts: {directory: '");
	for (int i = 0; i < 9; i++)
		buf_text(&text, "${env:PLIMSOLL_TEST_A}");
	buf_text(&text, "'}\n");
	fixture_refuses(buf_string(&text),
			"f:1:22: directory: longer than 65536 bytes once its variables are filled in\n");
	buf_release(&text);
}

/* A file beside the configuration; its path is constant for the program. */
static const char *secret_file(const char *content)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/plimsoll-secret-%ld", (long)getpid());
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0 && fclose(file) == 0);
	return path;
}

static void a_secret_may_be_read_from_a_file(void **state)
{
	static const char *const keys[] = { "token_file", "token_FILE" };
	char text[128];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "admin: {%s: %s}\n", keys[i], secret_file("hush\r\n"));
		struct config *c = fixture_load(text);
		assert_string_equal(c->admin.token, "hush");
		config_free(c);
	}
	snprintf(text, sizeof(text), "admin: {token_file: %s}\n", secret_file("\n"));
	struct buf errors = BUF_INIT;
	assert_null(fixture_try(slice_of(text), &errors));
	assert_true(slice_ends_with(buf_view(&errors), SLICE("' is empty\n")));
	buf_release(&errors);
	unlink(secret_file(""));
}

static void an_empty_secret_is_none(void **state)
{
	struct config *c = fixture_load("admin: {token: '${env:PLIMSOLL_TEST_UNSET:-}'}\n");

	(void)state;
	assert_null(c->admin.token);
	config_free(c);
}

static void an_empty_secret_leaves_no_door_open(void **state)
{
	static const char empty[] = ": is empty, so nobody would be asked for it; give it a value, or leave it out\n";
	static const struct {
		const char *auth, *place;
	} doors[] = {
		{ "{bearer: {token: '${env:PLIMSOLL_TEST_UNSET:-}'}}", "f:1:62: token" },
		{ "{bearer: {token: ''}}", "f:1:62: token" },
		{ "{bearer: {token: }}", "f:1:62: token" },
		{ "{basic: {htpasswd: {inline: ''}}}", "f:1:73: inline" },
		{ "{header: {name: x-api-key, key: ''}}", "f:1:77: key" },
	};
	char text[256], errors[256];

	(void)state;
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		snprintf(text, sizeof(text), "receivers: {otlp: {protocols: {http: {auth: %s}}}}\n", doors[i].auth);
		snprintf(errors, sizeof(errors), "%s%s", doors[i].place, empty);
		fixture_refuses(text, errors);
	}
	fixture_refuses("receivers: {otlp: {protocols: {http: {auth: {header: {name: '', key: x}}}}}}\n",
			"f:1:39: header: the header's name is missing\n");
}

static void a_secret_file_that_is_of_no_use_is_an_error(void **state)
{
	(void)state;
	fixture_refuses("admin: {token_file: /nonexistent}\n",
			"f:1:21: token_file: cannot read '/nonexistent': No such file or directory\n");
	fixture_refuses("admin: {token: x, token_file: /nonexistent}\n",
			"f:1:19: 'token' and 'token_file' are both given; keep one\n");
	fixture_refuses("storage: {directory_file: /x}\n",
			"f:1:11: unknown key 'directory_file'; did you mean 'directory'?\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_are_replaced),
		cmocka_unit_test(a_dollar_is_written_twice),
		cmocka_unit_test(numbers_and_words_may_come_from_variables),
		cmocka_unit_test(what_cannot_be_replaced_is_an_error),
		cmocka_unit_test(growth_by_variables_is_bounded),
		cmocka_unit_test(a_secret_may_be_read_from_a_file),
		cmocka_unit_test(an_empty_secret_is_none),
		cmocka_unit_test(an_empty_secret_leaves_no_door_open),
		cmocka_unit_test(a_secret_file_that_is_of_no_use_is_an_error),
	};
	return cmocka_run_group_tests_name("config/env", tests, NULL, NULL);
}
