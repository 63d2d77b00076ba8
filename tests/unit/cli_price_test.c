/* SPDX-License-Identifier: Apache-2.0
 * `plimsoll price` says what a call costs, by exit status too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/file.h"
#include "agent/cli/price.h"

#define CONFORMANCE "tests/golden/pricing/conformance_dev.jsonl"
#define LITELLM "tests/golden/pricing/litellm_subset.json"

static char output_path[] = "/tmp/plimsoll-cli-price-XXXXXX";
static struct buf output;

/* Runs the command with its standard output in `output`. words: ends at NULL. */
static int run(const char *const *words)
{
	char *argv[32] = { (char[]){ "price" } };
	char copies[32][128];
	int argc = 1, saved = dup(STDOUT_FILENO), file = open(output_path, O_RDWR | O_TRUNC | O_CREAT, 0600);

	for (; words[argc - 1] != NULL; argc++) {
		snprintf(copies[argc], sizeof(copies[argc]), "%s", words[argc - 1]);
		argv[argc] = copies[argc];
	}
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	int code = cli_price(argc, argv);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(file);
	buf_reset(&output);
	assert_false(FAILED(file_read(output_path, 64u << 20, &output)));
	buf_string(&output);
	return code;
}

#define RUN(...) run((const char *const[]){ __VA_ARGS__, NULL })

static void expect_member(const char *key, const char *want)
{
	json_t *object = json_loads(output.ptr, 0, NULL);

	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, key)), want);
	json_decref(object);
}

static void a_call_is_priced_with_its_row_and_parts(void **state)
{
	(void)state;
	assert_int_equal(RUN("--provider", "openai", "--model", "gpt-4o", "--input", "1000", "--cache-read", "200",
			     "--output", "100", "--at", "2026-11-20T12:00:00Z", "--output", "json"),
			 CLI_DONE);
	expect_member("provider", "openai");
	expect_member("model", "gpt-4o");
	expect_member("source", "embedded");
	expect_member("total_price", "0.00325");
	assert_int_equal(RUN("--provider", "openai", "--model", "gpt-4o", "--input", "1000"), CLI_DONE);
	assert_non_null(strstr(output.ptr, "openai/gpt-4o@genai-prices-"));
	assert_non_null(strstr(output.ptr, "0.0025"));
}

static void providers_are_named_as_spans_do(void **state)
{
	(void)state;
	assert_int_equal(RUN("-p", "groq.chat", "-m", "llama-3.3-70b-versatile", "--input", "9", "-o", "json"),
			 CLI_DONE);
	expect_member("provider", "groq");
	assert_int_equal(RUN("-p", "azure-openai.chat", "-m", "o4-mini", "--input", "1000", "-o", "json"), CLI_DONE);
	expect_member("provider", "azure");
	assert_int_equal(RUN("-p", "langchain", "-m", "gpt-4o", "--input", "1000", "-o", "json"), CLI_DONE);
	expect_member("provider", "openai");
}

static void other_usage_and_contexts_are_taken(void **state)
{
	(void)state;
	assert_int_equal(
		RUN("--provider", "groq", "--model", "whisper-large-v3", "--usage", "audio_seconds=0.5", "-o", "json"),
		CLI_DONE);
	expect_member("total_price", "0.000308333333333333333333"); /* at least ten seconds */
	assert_int_equal(RUN("-p", "anthropic", "-m", "claude-sonnet-4-5", "--input", "1000000", "--usage",
			     "web_searches=2", "--context", "processing=batch", "--at", "2026-11-20", "-o", "json"),
			 CLI_DONE);
	expect_member("total_price", "3.02");
}

static void what_has_no_price_ends_with_one(void **state)
{
	(void)state;
	assert_int_equal(RUN("--provider", "openai", "--model", "gpt-99", "--input", "1", "--output", "json"), CLI_NO);
	expect_member("error", "model_not_found");
	assert_int_equal(
		RUN("--provider", "openai", "--model", "gpt-5", "--input", "1", "--cache-read", "2", "-o", "json"),
		CLI_NO);
	expect_member("error", "invalid_usage");
	/* whose price is by the hour */
	assert_int_equal(RUN("-p", "openai", "-m", "whisper-1", "--input", "1000", "-o", "json"), CLI_NO);
	expect_member("error", "invalid_usage");
	assert_int_equal(RUN("-p", "openai", "-m", "whisper-1", "--input", "1000"), CLI_NO);
	assert_int_equal(RUN("-p", "perplexity", "-m", "sonar", "--usage", "audio_seconds=5", "-o", "json"), CLI_DONE);
	expect_member("total_price", "0.012"); /* the request itself */
	assert_int_equal(RUN("-p", "openai", "-m", "omni-moderation-latest", "--input", "5", "-o", "json"), CLI_DONE);
	expect_member("total_price", "0"); /* free */
}

static void wrong_arguments_end_with_two_and_missing_files_with_three(void **state)
{
	(void)state;
	assert_int_equal(RUN("--input", "5"), CLI_USAGE);
	assert_int_equal(RUN("--model", "gpt-4o", "--input", "-5"), CLI_USAGE);
	assert_int_equal(RUN("--model", "gpt-4o", "--input", "NaN"), CLI_USAGE);
	assert_int_equal(RUN("--model", "gpt-4o", "--at", "yesterday"), CLI_USAGE);
	assert_int_equal(RUN("--model", "gpt-4o", "--usage", "input=1"), CLI_USAGE);
	assert_int_equal(RUN("--batch", "/nowhere/calls.jsonl"), CLI_UNREACHABLE);
	assert_int_equal(RUN("--batch", "/"), CLI_UNREACHABLE); /* opens, and cannot be read */
	assert_int_equal(RUN("--model", "gpt-4o", "--context", "a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,processing=batch"),
			 CLI_USAGE);
	assert_int_equal(RUN("--model", "m", "--prices", "/nowhere/prices.json"), CLI_UNREACHABLE);
	assert_int_equal(RUN("--model", "m", "--prices", CONFORMANCE), CLI_USAGE);
}

static void lines_come_back_with_their_prices(void **state)
{
	unsigned lines = 0;

	(void)state;
	assert_int_equal(RUN("--batch", CONFORMANCE), CLI_DONE);
	for (size_t i = 0; i < output.len; i++)
		lines += output.ptr[i] == '\n';
	assert_int_equal(lines, 1022);
	output.ptr[strcspn(output.ptr, "\n")] = '\0';
	expect_member("id", "dev-0000");
	expect_member("total_price", "0.002576");
}

static void tables_are_listed_checked_and_compared(void **state)
{
	(void)state;
	assert_int_equal(RUN("list", "openai/gpt-4o-mini"), CLI_DONE);
	assert_non_null(strstr(output.ptr, "input_mtok=0.15"));
	assert_int_equal(RUN("list", "github-copilot/gpt-4o-mini"), CLI_DONE); /* a row without any price */
	assert_true(slice_ends_with(buf_view(&output), SLICE(" free\n")));
	assert_int_equal(RUN("list", "no-such-model"), CLI_NO);
	assert_int_equal(RUN("check", LITELLM), CLI_DONE);
	assert_int_equal(RUN("check", CONFORMANCE), CLI_NO);
	assert_int_equal(RUN("check", "/nowhere"), CLI_UNREACHABLE);
	assert_int_equal(RUN("diff", "embedded", "agent/pricing/data/genai-prices.json"), CLI_DONE);
	assert_string_equal(output.ptr, "0 added, 0 removed, 0 changed\n");
	assert_int_equal(RUN("diff", "embedded", LITELLM), CLI_DONE);
	assert_non_null(strstr(output.ptr, "\n~ "));
}

static void an_update_is_shown_and_then_installed(void **state)
{
	char place[] = "/tmp/plimsoll-cli-update-XXXXXX";
	int fd = mkstemp(place);

	(void)state;
	close(fd);
	unlink(place);
	assert_int_equal(RUN("update", "--dry-run", "--to", place, LITELLM), CLI_DONE);
	assert_int_not_equal(access(place, F_OK), 0);
	assert_int_equal(RUN("update", "--to", place, LITELLM), CLI_DONE);
	assert_int_equal(RUN("diff", place, LITELLM), CLI_DONE);
	assert_string_equal(output.ptr, "0 added, 0 removed, 0 changed\n");
	assert_int_equal(RUN("update", "--to", place, CONFORMANCE), CLI_NO); /* refused: the old one stays */
	assert_int_equal(RUN("check", place), CLI_DONE);
	assert_int_equal(RUN("update", LITELLM), CLI_USAGE); /* nowhere to put it */
	unlink(place);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void an_update_mends_a_broken_file(void **state)
{
	char place[] = "/tmp/plimsoll-cli-update-XXXXXX";
	int fd = mkstemp(place);

	(void)state;
	close(fd);
	write_text(place, "{ broken");
	assert_int_equal(chmod(place, 0664), 0);
	assert_int_equal(RUN("update", "--to", place, LITELLM), CLI_DONE);
	assert_non_null(strstr(output.ptr, "compared with embedded"));
	assert_int_equal(RUN("check", place), CLI_DONE);
	struct stat installed;
	assert_int_equal(stat(place, &installed), 0);
	assert_int_equal(installed.st_mode & 0777, 0664);
	unlink(place);
}

static void an_update_with_overrides_is_refused(void **state)
{
	char place[] = "/tmp/plimsoll-cli-update-XXXXXX", overrides[] = "/tmp/plimsoll-cli-overrides-XXXXXX";
	int fd = mkstemp(place), other = mkstemp(overrides);

	(void)state;
	close(fd);
	close(other);
	unlink(place);
	write_text(overrides, "{\"overrides\":[{\"provider\":\"ollama\",\"prices\":{\"input_mtok\":0}}]}");
	assert_int_equal(RUN("check", overrides), CLI_DONE);
	assert_int_equal(RUN("update", "--to", place, overrides), CLI_NO);
	assert_int_not_equal(access(place, F_OK), 0);
	unlink(overrides);
}

static void an_update_that_fails_leaves_nothing_behind(void **state)
{
	char folder[] = "/tmp/plimsoll-cli-update-XXXXXX", place[64], temporary[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(place, sizeof(place), "%s/taken", folder);
	snprintf(temporary, sizeof(temporary), "%s/taken.new", folder);
	assert_int_equal(mkdir(place, 0700), 0); /* a folder is not replaced by a file */
	assert_int_equal(RUN("update", "--to", place, LITELLM), CLI_UNREACHABLE);
	assert_int_not_equal(access(temporary, F_OK), 0);
	rmdir(place);
	assert_int_equal(rmdir(folder), 0);
}

static void what_comes_through_a_pipe_is_installed_whole(void **state)
{
	char place[] = "/tmp/plimsoll-cli-update-XXXXXX";
	int fd = mkstemp(place), saved = dup(STDIN_FILENO), file = open(LITELLM, O_RDONLY);

	(void)state;
	close(fd);
	dup2(file, STDIN_FILENO);
	assert_int_equal(unlink(place), 0);
	int code = RUN("update", "--to", place, "-");
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(file);
	assert_int_equal(code, CLI_DONE);
	assert_int_equal(RUN("diff", place, LITELLM), CLI_DONE);
	assert_string_equal(output.ptr, "0 added, 0 removed, 0 changed\n");
	unlink(place);
}

static int start(void **state)
{
	(void)state;
	int fd = mkstemp(output_path);
	return fd >= 0 ? close(fd) : -1;
}

static int stop(void **state)
{
	(void)state;
	buf_release(&output);
	return unlink(output_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_priced_with_its_row_and_parts),
		cmocka_unit_test(providers_are_named_as_spans_do),
		cmocka_unit_test(other_usage_and_contexts_are_taken),
		cmocka_unit_test(what_has_no_price_ends_with_one),
		cmocka_unit_test(wrong_arguments_end_with_two_and_missing_files_with_three),
		cmocka_unit_test(lines_come_back_with_their_prices),
		cmocka_unit_test(tables_are_listed_checked_and_compared),
		cmocka_unit_test(an_update_is_shown_and_then_installed),
		cmocka_unit_test(an_update_mends_a_broken_file),
		cmocka_unit_test(an_update_with_overrides_is_refused),
		cmocka_unit_test(an_update_that_fails_leaves_nothing_behind),
		cmocka_unit_test(what_comes_through_a_pipe_is_installed_whole),
	};
	return cmocka_run_group_tests_name("cli/price", tests, start, stop);
}
