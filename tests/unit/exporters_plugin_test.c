/* SPDX-License-Identifier: Apache-2.0
 * The plugin exporter loads the example, hands it what it wants, believes what it says, and names what cannot be
 * loaded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/log.h"
#include "tests/unit/exporter_rig.h"
#include "tests/unit/scratch_dir.h"

#define EXPORTED METER_EXPORTED, "exporter=\"plugin\",kind=\"records\""

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

static struct status start(const char *object, const char *file)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		 "exporters:\n  plugin:\n    path: '%s'\n    settings: {path: '%s', prefix: '> '}\n"
		 "    retry_on_failure: {initial_interval: 10ms, max_interval: 20ms}\n",
		 object, file);
	return rig_start(&rig, yaml);
}

static const char *seen(void)
{
	return file_text(in_dir("seen"));
}

static void the_example_gets_records_and_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(start(EXAMPLE, in_dir("seen")).code, STATUS_OK);
	assert_true(senders_want(rig.senders, PAYLOAD_RECORDS));
	assert_false(senders_want(rig.senders, PAYLOAD_TRACES));
	rig_offer(&rig, PAYLOAD_RECORDS, SLICE("{\"a\":1}\n{\"a\":2}\n"), 2);
	rig_offer(&rig, PAYLOAD_RECORDS, SLICE("{\"a\":3}\n"), 1);
	assert_true(rig_wait(&rig, EXPORTED, 3));
	assert_string_equal(seen(), "> {\"a\":1}\n> {\"a\":2}\n> {\"a\":3}\n");
}

static void what_fails_is_tried_again(void **state)
{
	(void)state;
	assert_int_equal(start(EXAMPLE, "/dev/full").code, STATUS_OK);
	rig_offer(&rig, PAYLOAD_RECORDS, SLICE("{\"a\":1}\n"), 1);
	assert_true(rig_wait(&rig, METER_EXPORT_RETRIES, "exporter=\"plugin\"", 2));
}

static void an_object_that_does_not_open_says_why(void **state)
{
	(void)state;
	assert_int_equal(start(EXAMPLE, "/no/such/place").code, STATUS_INVALID);
	assert_non_null(strstr(buf_string(&rig.why),
			       "does not open: cannot open '/no/such/place': No such file or directory"));
}

static void what_is_no_exporter_is_refused(void **state)
{
	(void)state;
	assert_int_equal(start("/no/such.so", in_dir("seen")).code, STATUS_IO);
	assert_non_null(strstr(buf_string(&rig.why), "exporters.plugin: cannot load: /no/such.so"));
	rig_stop(&rig);
	assert_int_equal(start("libz.so.1", in_dir("seen")).code, STATUS_INVALID);
	assert_non_null(strstr(buf_string(&rig.why), "'libz.so.1' has no symbol plimsoll_exporter"));
}

static void an_object_is_handed_one_payload_at_a_time(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&rig, "exporters:\n  plugin:\n    path: '" EXAMPLE "'\n"
					 "    sending_queue: {num_consumers: 2}\n").code, STATUS_INVALID);
	assert_non_null(strstr(buf_string(&rig.why), "num_consumers must be 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_example_gets_records_and_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_fails_is_tried_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_object_that_does_not_open_says_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_exporter_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_object_is_handed_one_payload_at_a_time, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
