/* SPDX-License-Identifier: Apache-2.0
 * The registry keeps what was released as it was, and learns from traffic which versions there are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/prompts_registry_rig.h"

static void released_version_keeps_its_manifest(void **state)
{
	(void)state;
	assert_int_equal(adopt("name: answer\nversion: 1\ntemperature: 0.1\n"), 0);
	assert_int_equal(adopt("name: answer\nversion: 1\ntemperature: 0.2\n"), 0); /* not released yet */
	assert_int_equal(rig.events[REGISTRY_CHANGED], 1);
	call("1", "r1");
	assert_int_equal(adopt("name: answer\nversion: 1\ntemperature: 0.9\n"), 1);
	assert_int_equal(adopt("name: answer\nversion: 1\ntemperature: 0.9\n"), 1);
	assert_int_equal(rig.events[REGISTRY_REFUSED], 1); /* told once */
	assert_non_null(strstr(shown("answer"), "\"temperature\":0.2"));
	/* people may change */
	assert_int_equal(adopt("name: answer\nversion: 1\ntemperature: 0.2\napproved_by: bob\n"), 0);
	assert_non_null(strstr(shown("answer"), "bob"));
}

static void refusal_holds_over_a_restart(void **state)
{
	(void)state;
	adopt("name: answer\nversion: 1\ntemperature: 0.1\n");
	deploy("1", 300, 1);
	restart();
	assert_int_equal(adopt("name: answer\nversion: 1\ntemperature: 0.9\n"), 1);
	assert_non_null(strstr(shown("answer"), "\"temperature\":0.1"));
}

static void traffic_makes_a_version_known_with_its_first_call(void **state)
{
	(void)state;
	call("7", "r1");
	call("7", "r1");
	restart();
	const char *answer = shown("answer");
	assert_non_null(strstr(answer, "\"source\":\"traffic\""));
	assert_non_null(strstr(answer, "\"release\":\"r1\""));
	assert_non_null(strstr(answer, "\"calls\":2"));
	assert_non_null(strstr(answer, "\"cost_usd\":4e-06"));
	assert_non_null(strstr(answer, "\"latency_ms\":50"));
}

/* What is shown of version "1" after its only call, which ended then; at 200 s. */
static void assert_seen(uint64_t end_unix_ns, const char *expected)
{
	struct call c = { .role = ROLE_LLM, .counted = true, .prompt_name = SLICE("answer"),
			  .prompt_version = SLICE("1"), .end_unix_ns = end_unix_ns };
	struct registry_drift drift[1];
	size_t count;

	tear_down(NULL);
	set_up(NULL);
	table = registry_table(rig.registry);
	prompt_table_count(table, &c);
	registry_tick(rig.registry, 200, drift, 1, &count);
	if (strstr(shown("answer"), expected) == NULL)
		fail_msg("'%s' is not in %s", expected, shown("answer"));
}

static void clock_of_a_sender_is_not_believed_too_far(void **state)
{
	(void)state;
	assert_seen(150 * UINT64_C(1000000000), "\"has_manifest\":false,\"first_seen\":150,\"last_seen\":150,");
	assert_seen(450 * UINT64_C(1000000000), "\"has_manifest\":false,\"first_seen\":450,\"last_seen\":450,");
	assert_seen(UINT64_MAX, "\"has_manifest\":false,\"first_seen\":200,\"last_seen\":200,");
	assert_seen(UINT64_MAX, "\"places\":[{\"first_seen\":200,\"last_seen\":200,");
	assert_seen(0, "\"has_manifest\":false,\"first_seen\":200,\"last_seen\":200,"); /* not told */
	assert_seen(0, "\"places\":[{\"first_seen\":200,\"last_seen\":200,");
}

static void fill_registry(void)
{
	char version[16];
	bool is_room = true;

	for (unsigned i = 0; is_room; i++) {
		snprintf(version, sizeof(version), "%u", i);
		is_room = !FAILED(registry_learn(rig.registry, SLICE("filler"), slice_of(version), PROMPT_FROM_TRAFFIC,
						 10));
	}
}

/* Calls of more versions than there are slots for news. */
static void call_unknown_versions(void)
{
	char version[16];
	struct call c = { .role = ROLE_LLM, .counted = true, .prompt_name = SLICE("unknown"),
			  .end_unix_ns = 200000000000 };

	for (unsigned i = 0; i <= NEWS_SLOTS; i++) {
		snprintf(version, sizeof(version), "%u", i);
		c.prompt_version = slice_of(version);
		prompt_table_count(table, &c);
	}
}

static void what_finds_no_room_is_not_counted_for_another_version(void **state)
{
	struct registry_drift drift[1];
	size_t count;

	(void)state;
	adopt_versions("1");
	fill_registry();
	call("1", "first");
	call_unknown_versions();
	for (int i = 0; i < 20; i++)
		registry_tick(rig.registry, 200, drift, 1, &count);
	call("1", "second");
	assert_non_null(strstr(shown("answer"), "\"deployed_to\":[],\"calls\":2,"));
}

static void what_is_assumed_of_a_release_does_not_prove_itself(void **state)
{
	(void)state;
	adopt_versions("12");
	deploy("1", 100, 1);
	assert_true(slice_equal(call("", "r1"), SLICE("1")));
	deploy("2", 110, 1);
	restart();
	assert_true(slice_equal(call("", "r1"), SLICE("2")));
	call("1", "r1"); /* this one tells it */
	assert_true(slice_equal(call("", "r1"), SLICE("1")));
	restart();
	assert_true(slice_equal(call("", "r1"), SLICE("1")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(released_version_keeps_its_manifest),
		TEST(refusal_holds_over_a_restart),
		TEST(traffic_makes_a_version_known_with_its_first_call),
		TEST(clock_of_a_sender_is_not_believed_too_far),
		TEST(what_finds_no_room_is_not_counted_for_another_version),
		TEST(what_is_assumed_of_a_release_does_not_prove_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
