/* SPDX-License-Identifier: Apache-2.0
 * The debug exporter prints one aligned line a call, or counts, and shows what is unknown as unknown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/log.h"
#include "tests/unit/exporter_rig.h"

static struct rig rig;

/* What was printed to standard output while the exporter ran on this input. */
static const char *printed(const char *yaml, enum payload_kind kind, const char *bytes, uint32_t items)
{
	static char text[8192];
	char labels[64];
	int saved = dup(STDOUT_FILENO);
	FILE *file = tmpfile();

	assert_int_equal(rig_start(&rig, yaml).code, STATUS_OK);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	rig_offer(&rig, kind, slice_of(bytes), items);
	snprintf(labels, sizeof(labels), "exporter=\"debug\",kind=\"%s\"", payload_kind_names[kind]);
	bool is_done = rig_wait(&rig, METER_EXPORTED, labels, items);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_true(is_done);
	assert_int_equal(rig_stop(&rig), 0);
	return text;
}

static void a_record_is_one_aligned_line(void **state)
{
	(void)state;
	const char *text =
		printed("exporters:\n  debug:\n", PAYLOAD_RECORDS,
			"{\"trace_id\":\"00\",\"time\":\"2026-11-21T16:14:17Z\",\"feature\":\"support-chat\",\"prompt_"
			"version\":"
			"\"answer@1.4.0\",\"model\":\"gpt-4o-2024-08-06\",\"input_tokens\":1203,\"output_tokens\":248,"
			"\"cost_usd\":0.00549,\"latency_ms\":1243.4,\"scores\":{\"a\":[1]},\"outcome\":\"ok\"}\n"
			"{\"time\":\"2026-11-21T16:14:18Z\",\"model\":null,\"cost_usd\":null,\"latency_ms\":61500,"
			"\"feature\":\"a feature whose name is far too long\",\"outcome\":\"timeout\"}\n",
			2);
	assert_string_equal(text, "TIME      FEATURE               PROMPT                      MODEL                   "
				  "         INPUT    OUTPUT"
				  "         COST    LATENCY  OUTCOME\n"
				  "16:14:17  support-chat          answer@1.4.0                gpt-4o-2024-08-06       "
				  "          1203       248"
				  "    $0.005490    1243 ms  ok\n"
				  "16:14:18  a feature whose nam~  -                           -                       "
				  "             -         -"
				  "            -     61.5 s  timeout\n");
}

static void columns_count_characters_not_bytes(void **state)
{
	(void)state;
	const char *text = printed("exporters:\n  debug:\n", PAYLOAD_RECORDS,
				   "{\"feature\":\"\xc3\xbc\xc3\xbc\",\"outcome\":\"ok\"}\n", 1);
	assert_non_null(strstr(text, "\n-         \xc3\xbc\xc3\xbc                    -  "));
}

static void what_would_move_the_cursor_stays_escaped(void **state)
{
	(void)state;
	const char *text = printed("exporters:\n  debug:\n", PAYLOAD_RECORDS,
				   "{\"feature\":\"\\u001b[2J\",\"outcome\":\"ok\"}\n", 1);
	assert_non_null(strstr(text, "\\u001b[2J"));
	assert_null(strchr(text, 0x1b));
}

static void a_broken_record_prints_a_line_of_unknowns_at_worst(void **state)
{
	(void)state;
	const char *text = printed("exporters:\n  debug:\n", PAYLOAD_RECORDS, "{\"feature\":\"x\",]\nnull\n\n", 1);
	assert_non_null(strstr(text, "x "));
}

static void basic_prints_counts_of_every_kind(void **state)
{
	(void)state;
	assert_string_equal(printed("exporters:\n  debug:\n    verbosity: basic\n", PAYLOAD_TRACES, "1234", 512),
			    "traces        512 items          4 bytes\n");
	assert_string_equal(printed("exporters:\n  debug:\n    verbosity: basic\n", PAYLOAD_RECORDS, "{}\n", 1),
			    "records         1 items          3 bytes\n");
}

static void normal_prints_calls_only(void **state)
{
	(void)state;
	assert_string_equal(printed("exporters:\n  debug:\n    verbosity: normal\n", PAYLOAD_TRACES, "1234", 512), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_one_aligned_line),
		cmocka_unit_test(columns_count_characters_not_bytes),
		cmocka_unit_test(what_would_move_the_cursor_stays_escaped),
		cmocka_unit_test(a_broken_record_prints_a_line_of_unknowns_at_worst),
		cmocka_unit_test(basic_prints_counts_of_every_kind),
		cmocka_unit_test(normal_prints_calls_only),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/debug", tests, NULL, NULL);
}
