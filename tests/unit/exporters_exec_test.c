/* SPDX-License-Identifier: Apache-2.0
 * The exec exporter feeds a program, believes its answers, and starts it again when it dies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>

#include "agent/base/log.h"
#include "tests/unit/exporter_rig.h"
#include "tests/unit/scratch_dir.h"

#define EXPORTED METER_EXPORTED, "exporter=\"exec\",kind=\"records\""
#define DROPPED(reason) METER_DROPPED, "exporter=\"exec\",kind=\"records\",reason=\"" reason "\""

static struct rig rig;

static int set_up(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	return make_dir(state);
}

static int tear_down(void **state)
{
	return rig_stop(&rig) != 0 || remove_dir(state) != 0 ? -1 : 0;
}

/* script: for sh; $SEEN is the file to write to. */
static void start(const char *script, const char *more)
{
	char yaml[2048];

	snprintf(yaml, sizeof(yaml),
		 "exporters:\n  exec:\n    command: [sh, -c, '%s']\n    environment: {SEEN: '%s'}\n"
		 "    retry_on_failure: {initial_interval: 10ms, max_interval: 20ms}\n%s",
		 script, in_dir("seen"), more);
	if (FAILED(rig_start(&rig, yaml)))
		fail_msg("%s", buf_string(&rig.why));
}

static void offer(const char *lines, uint32_t items)
{
	rig_offer(&rig, PAYLOAD_RECORDS, slice_of(lines), items);
}

static const char *seen(void)
{
	return file_text(in_dir("seen"));
}

/* Turns the loop until the file holds the text. */
static bool wait_for(const char *text)
{
	uint64_t end_ns = clock_mono_ns() + 30 * NS_PER_SECOND;

	while (strcmp(seen(), text) != 0 && clock_mono_ns() < end_ns) {
		uv_run(&rig.loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
	return strcmp(seen(), text) == 0;
}

static void a_program_reads_lines_and_sees_the_end_of_its_input(void **state)
{
	(void)state;
	start("cat > $SEEN; echo end >> $SEEN", "");
	offer("{\"a\":1}\n", 1);
	offer("{\"a\":2}\n{\"a\":3}\n", 2);
	assert_true(rig_wait(&rig, EXPORTED, 3));
	rig_drain(&rig, 1000);
	senders_free(rig.senders);
	rig.senders = NULL;
	assert_true(wait_for("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\nend\n"));
}

/* Reads payloads up to their empty line and answers each as $1 says. */
#define ANSWERING "while read -r line; do if [ -z \"$line\" ]; then echo \"$ANSWER\"; else echo \"$line\" >> $SEEN; fi; done"

static void what_the_program_answers_is_what_became_of_it(void **state)
{
	(void)state;
	start("ANSWER=\"ok 1\"; " ANSWERING, "    acknowledge: true\n");
	offer("{\"a\":1}\n{\"a\":2}\n", 2);
	assert_true(rig_wait(&rig, EXPORTED, 1));
	assert_true(rig_wait(&rig, DROPPED("rejected"), 1));
}

static void what_it_refuses_is_counted_as_lost(void **state)
{
	(void)state;
	start("ANSWER=\"refuse no such feature\"; " ANSWERING, "    acknowledge: true\n");
	offer("{\"a\":1}\n", 1);
	assert_true(rig_wait(&rig, DROPPED("refused"), 1));
}

static void what_it_has_not_answered_when_it_dies_is_sent_to_its_successor(void **state)
{
	(void)state;
	start("if [ -e $SEEN ]; then while read -r l; do [ -z \"$l\" ] && echo ok || echo \"$l\" >> $SEEN; done; "
	      "else read -r l; echo first > $SEEN; exit 3; fi", "    acknowledge: true\n");
	offer("{\"a\":1}\n", 1);
	assert_true(rig_wait(&rig, EXPORTED, 1));
	assert_true(wait_for("first\n{\"a\":1}\n"));
}

static void one_that_hangs_is_killed_and_started_again(void **state)
{
	(void)state;
	start("if [ -e $SEEN ]; then while read -r l; do [ -z \"$l\" ] && echo ok; done; else echo first > $SEEN; sleep 1000; fi",
	      "    acknowledge: true\n    timeout: 50ms\n");
	assert_true(wait_for("first\n"));
	offer("{\"a\":1}\n", 1);
	assert_true(rig_wait(&rig, EXPORTED, 1));
}

static void nonsense_for_an_answer_counts_as_failure(void **state)
{
	(void)state;
	start("if [ -e $SEEN ]; then ANSWER=ok; else echo first > $SEEN; ANSWER=maybe; fi; " ANSWERING,
	      "    acknowledge: true\n");
	offer("{\"a\":1}\n", 1);
	assert_true(rig_wait(&rig, EXPORTED, 1));
}

/* The rest of the payload is more than the pipe holds: the next payload may not overtake it. */
static void an_answer_before_the_end_of_the_payload_counts_at_its_end(void **state)
{
	static char big[600001];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[1] = big[sizeof(big) - 2] = '\n';
	start("while read -r first; do echo ok; sleep 0.1; n=0; "
	      "while read -r line && [ -n \"$line\" ]; do n=$((n + $${#line})); done; echo \"$first $n\" >> $SEEN; done",
	      "    acknowledge: true\n");
	offer(big, 2);
	uv_run(&rig.loop, UV_RUN_NOWAIT);
	offer("next\n", 1);
	assert_true(rig_wait(&rig, EXPORTED, 3));
	assert_true(wait_for("x 599997\nnext 0\n"));
}

static void a_program_that_does_not_exist_is_told_at_start(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&rig, "exporters:\n  exec:\n    command: [/no/such/program]\n").code, STATUS_IO);
	assert_string_equal(buf_string(&rig.why),
			    "exporters.exec: cannot start '/no/such/program': no such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_program_reads_lines_and_sees_the_end_of_its_input, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_program_answers_is_what_became_of_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_it_refuses_is_counted_as_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_it_has_not_answered_when_it_dies_is_sent_to_its_successor, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(one_that_hangs_is_killed_and_started_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nonsense_for_an_answer_counts_as_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_answer_before_the_end_of_the_payload_counts_at_its_end, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_program_that_does_not_exist_is_told_at_start, set_up, tear_down),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
