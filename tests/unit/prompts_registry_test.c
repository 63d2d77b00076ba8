/* SPDX-License-Identifier: Apache-2.0
 * The registry keeps what was released as it was, learns from traffic, knows what to go back to, and forgets nothing over
 * a restart.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/prompts/registry.h"

#define PAIRS_MAX 300

/* A store of a few pairs, and what the registry told. */
static struct rig {
	struct registry *registry;
	struct buf keys[PAIRS_MAX], values[PAIRS_MAX];
	size_t pair_count;
	unsigned events[4];
	struct prompt_versions versions; /* of the last rollback */
	bool refuses;                    /* nothing is taken */
} rig;

static struct prompt_table *table;

static size_t find_pair(struct slice key)
{
	size_t i = 0;

	while (i < rig.pair_count && !slice_equal(buf_view(&rig.keys[i]), key))
		i++;
	return i;
}

static bool put(void *context, struct slice key, struct slice value)
{
	size_t i = find_pair(key);

	(void)context;
	if (rig.refuses)
		return false;
	assert_true(i < PAIRS_MAX);
	if (i == rig.pair_count) {
		buf_slice(&rig.keys[i], key);
		rig.pair_count++;
	}
	buf_reset(&rig.values[i]);
	buf_slice(&rig.values[i], value);
	return true;
}

static void on_event(void *context, const struct registry_event *e)
{
	(void)context;
	rig.events[e->kind]++;
}

static int by_key(const void *x, const void *y)
{
	const struct buf *a = &rig.keys[*(const size_t *)x], *b = &rig.keys[*(const size_t *)y];
	int order = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);

	return order != 0 ? order : a->len < b->len ? -1 : a->len > b->len;
}

/* In the order of their keys, as the store hands them out. */
static struct registry *open_registry(void)
{
	const struct registry_outlets outlets = { put, on_event, NULL };
	size_t order[PAIRS_MAX];
	struct registry *r = NULL;

	assert_false(FAILED(registry_new(&outlets, &r)));
	for (size_t i = 0; i < rig.pair_count; i++)
		order[i] = i;
	qsort(order, rig.pair_count, sizeof(order[0]), by_key);
	for (size_t i = 0; i < rig.pair_count; i++) {
		const struct buf *key = &rig.keys[order[i]], *value = &rig.values[order[i]];
		if (value->len > 0)
			assert_false(FAILED(registry_load(r, buf_view(key), buf_view(value))));
	}
	registry_loaded(r);
	return r;
}

static int set_up(void **state)
{
	(void)state;
	rig = (struct rig){ .pair_count = 0 };
	rig.registry = open_registry();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	prompt_table_unref(table);
	table = NULL;
	registry_free(rig.registry);
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		buf_release(&rig.keys[i]);
		buf_release(&rig.values[i]);
	}
	return 0;
}

static void restart(void)
{
	registry_save(rig.registry, false);
	registry_free(rig.registry);
	rig.registry = open_registry();
}

static size_t adopt(const char *text)
{
	struct manifest_set set = { .count = 0 };
	struct manifest *m = NULL;
	struct buf errors = BUF_INIT;

	assert_false(FAILED(manifest_read("m.yaml", slice_of(text), &m, &errors)));
	assert_false(FAILED(manifest_set_add(&set, m, &errors)));
	size_t refused = registry_adopt(rig.registry, &set, PROMPT_FROM_MANIFEST, 100);
	manifest_set_release(&set);
	return refused;
}

static const char *shown(const char *name)
{
	static struct buf out;

	buf_reset(&out);
	assert_true(registry_write_one(rig.registry, slice_of(name), &out));
	return buf_string(&out);
}

/* An empty version: the span names only the prompt. Returns the version that it counts for. */
static struct slice call(const char *version, const char *release)
{
	struct prompt_table *fresh = registry_table(rig.registry);
	struct call c = { .role = ROLE_LLM, .counted = true, .prompt_name = SLICE("answer"),
				.prompt_version = slice_of(version), .environment = SLICE("production"),
				.release = slice_of(release), .end_unix_ns = 200000000000, .latency_ns = 50000000,
				.cost = { .known = true, .total_pusd = 2000000 } };
	struct registry_drift drift[1];
	size_t count;

	if (fresh != NULL) {
		prompt_table_unref(table);
		table = fresh;
	}
	prompt_table_apply(table, &c);
	prompt_table_count(table, &c);
	registry_tick(rig.registry, 200, drift, 1, &count);
	return c.prompt_version;
}

static void deploy(const char *version, uint64_t at_s, double share)
{
	struct prompt_deployment d = { .at_s = at_s, .name = SLICE("answer"), .version = slice_of(version),
				       .environment = SLICE("production"), .by = SLICE("ana"), .canary_share = share };
	struct prompt_versions versions;
	struct buf why = BUF_INIT;

	assert_false(FAILED(registry_deploy(rig.registry, &d, &versions, &why)));
}

static struct status roll_back(struct prompt_deployment *d, struct buf *reason, struct buf *why)
{
	*d = (struct prompt_deployment){ .kind = PROMPT_ROLLBACK, .at_s = 900, .name = SLICE("answer"),
					 .environment = SLICE("production"), .by = SLICE("ana"), .canary_share = 1 };
	return registry_rollback(rig.registry, d, &rig.versions, reason, why);
}

static void assert_goes_back_to(const char *version, const char *words)
{
	struct buf reason = BUF_INIT, why = BUF_INIT;
	struct prompt_deployment d;

	assert_false(FAILED(roll_back(&d, &reason, &why)));
	assert_true(slice_equal(d.version, slice_of(version)));
	assert_non_null(strstr(buf_string(&reason), words));
	buf_release(&reason);
	buf_release(&why);
}

static void gate(const char *version, bool open)
{
	struct prompt_gate g = { .name = SLICE("answer"), .version = slice_of(version), .at_s = 10, .open = open,
				       .pass_rate = open ? 1 : 0.5, .cases = 4, .json = SLICE("{}") };
	struct buf why = BUF_INIT;

	assert_false(FAILED(registry_gate(rig.registry, &g, &why)));
}

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
	assert_int_equal(adopt("name: answer\nversion: 1\ntemperature: 0.2\napproved_by: bob\n"), 0); /* people may change */
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
	struct call c = { .role = ROLE_LLM, .counted = true, .prompt_name = SLICE("answer"), .prompt_version = SLICE("1"),
			  .end_unix_ns = end_unix_ns };
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
		is_room = !FAILED(registry_learn(rig.registry, SLICE("filler"), slice_of(version), PROMPT_FROM_TRAFFIC, 10));
	}
}

/* Calls of more versions than there are slots for news. */
static void call_unknown_versions(void)
{
	char version[16];
	struct call c = { .role = ROLE_LLM, .counted = true, .prompt_name = SLICE("unknown"), .end_unix_ns = 200000000000 };

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
	adopt("name: answer\nversion: 1\n");
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
	adopt("name: answer\nversion: 1\n");
	adopt("name: answer\nversion: 2\n");
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

static void unknown_version_is_not_deployed(void **state)
{
	struct prompt_deployment d = { .at_s = 1, .name = SLICE("answer"), .version = SLICE("9"), .by = SLICE("ana"),
				       .environment = SLICE("production"), .canary_share = 1 };
	struct prompt_versions versions;
	struct buf why = BUF_INIT;

	(void)state;
	adopt("name: answer\nversion: 1\n");
	assert_int_equal(registry_deploy(rig.registry, &d, &versions, &why).code, STATUS_NOTFOUND);
	assert_non_null(strstr(buf_string(&why), "known: 1"));
	buf_release(&why);
}

static void what_makes_no_sense_is_not_deployed(void **state)
{
	const struct row {
		const char *environment, *by;
		double share;
		const char *said;
	} rows[] = {
		{ "production", "ana", 0.05, "version '1' of 'answer' is in force in 'production': a canary is another version" },
		{ "a\nb", "ana", 1, "environment: 1 to 100 characters are wanted, none of them a control character" },
		{ "production", "\x1b[31m", 1, "by: 1 to 200 characters are wanted, none of them a control character" },
		{ "", "ana", 1, "environment: 1 to" },
		{ "production", "ana", 1.5, "canary: a share of the traffic" },
	};

	(void)state;
	adopt("name: answer\nversion: 1\n");
	deploy("1", 100, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prompt_deployment d = { .at_s = 200, .name = SLICE("answer"), .version = SLICE("1"), .canary_share = rows[i].share,
					       .environment = slice_of(rows[i].environment), .by = slice_of(rows[i].by) };
		struct prompt_versions versions;
		struct buf why = BUF_INIT;
		assert_int_equal(registry_deploy(rig.registry, &d, &versions, &why).code, STATUS_INVALID);
		assert_non_null(strstr(buf_string(&why), rows[i].said));
		buf_release(&why);
	}
}

static void going_back_passes_over_what_was_bad(void **state)
{
	(void)state;
	for (char v = '1'; v <= '4'; v++) {
		char text[] = "name: answer\nversion: 0\n", version[] = { v, '\0' };
		text[22] = v;
		adopt(text);
		deploy(version, 100 * (uint64_t)(v - '0'), 1);
	}
	gate("1", true);
	gate("2", false);
	registry_note_alert(rig.registry, SLICE("answer@3"), 350);
	assert_goes_back_to("1", "passed its gate");
}

static void without_gates_an_alert_free_version_will_do(void **state)
{
	(void)state;
	adopt("name: answer\nversion: 1\n");
	adopt("name: answer\nversion: 2\n");
	deploy("1", 100, 1);
	deploy("2", 200, 1);
	registry_note_alert(rig.registry, SLICE("answer@1"), 250); /* after its time */
	restart();
	assert_goes_back_to("1", "no gate's result is known");
}

static void canary_ends_where_it_began(void **state)
{
	(void)state;
	adopt("name: answer\nversion: 1\n");
	adopt("name: answer\nversion: 2\n");
	deploy("1", 100, 1);
	deploy("2", 200, 0.05);
	assert_goes_back_to("1", "ends the canary of 2");
	assert_true(registry_is_in_force(rig.registry, SLICE("answer"), SLICE("1"), SLICE("production")));
}

static void with_nothing_to_go_back_to_it_says_so(void **state)
{
	struct buf reason = BUF_INIT, why = BUF_INIT;
	struct prompt_deployment d;

	(void)state;
	adopt("name: answer\nversion: 1\n");
	deploy("1", 100, 1);
	assert_int_equal(roll_back(&d, &reason, &why).code, STATUS_NOTFOUND);
	assert_non_null(strstr(buf_string(&why), "--to"));
	buf_release(&reason);
	buf_release(&why);
}

static void deployment_whose_command_failed_does_not_hold(void **state)
{
	(void)state;
	adopt("name: answer\nversion: 1\n");
	adopt("name: answer\nversion: 2\n");
	deploy("1", 100, 1);
	deploy("2", 200, 1);
	registry_command(rig.registry, SLICE("answer"), 200, 1, PROMPT_COMMAND_DONE, 3);
	assert_true(registry_is_in_force(rig.registry, SLICE("answer"), SLICE("1"), SLICE("production")));
	restart();
	assert_true(registry_is_in_force(rig.registry, SLICE("answer"), SLICE("1"), SLICE("production")));
	assert_non_null(strstr(shown("answer"), "\"command_exit\":3"));
}

static void what_is_in_force_outlives_a_restart_though_the_clock_was_set_back(void **state)
{
	(void)state;
	adopt("name: answer\nversion: 1\n");
	adopt("name: answer\nversion: 2\n");
	deploy("1", 5000, 1);
	deploy("2", 100, 1);
	assert_true(registry_is_in_force(rig.registry, SLICE("answer"), SLICE("2"), SLICE("production")));
	restart();
	assert_true(registry_is_in_force(rig.registry, SLICE("answer"), SLICE("2"), SLICE("production")));
}

static void deploy_to(const char *environment, const char *version, uint64_t at_s)
{
	struct prompt_deployment d = { .at_s = at_s, .name = SLICE("answer"), .version = slice_of(version),
				       .environment = slice_of(environment), .by = SLICE("ci"), .canary_share = 1 };
	struct prompt_versions versions;
	struct buf why = BUF_INIT;

	assert_false(FAILED(registry_deploy(rig.registry, &d, &versions, &why)));
}

static void what_is_in_force_outlives_many_deployments_elsewhere(void **state)
{
	(void)state;
	adopt("name: answer\nversion: 1\n");
	adopt("name: answer\nversion: 2\n");
	deploy_to("production", "1", 100);
	deploy_to("production", "2", 101);
	for (unsigned i = 0; i < REGISTRY_DEPLOYMENTS_MAX; i++)
		deploy_to("staging", i % 2 == 0 ? "1" : "2", 200 + i);
	restart();
	assert_true(registry_is_in_force(rig.registry, SLICE("answer"), SLICE("2"), SLICE("production")));
	assert_null(strstr(shown("answer"), "\"time\":100,"));
	assert_null(strstr(shown("answer"), "\"time\":200,"));
	assert_non_null(strstr(shown("answer"), "\"time\":201,"));
}

static void where_each_deployment_is_in_force_the_oldest_goes(void **state)
{
	char environment[16];

	(void)state;
	adopt("name: answer\nversion: 1\n");
	for (unsigned i = 0; i <= REGISTRY_DEPLOYMENTS_MAX; i++) {
		snprintf(environment, sizeof(environment), "review-%u", i);
		deploy_to(environment, "1", 100 + i);
	}
	assert_false(registry_is_in_force(rig.registry, SLICE("answer"), SLICE("1"), SLICE("review-0")));
	assert_true(registry_is_in_force(rig.registry, SLICE("answer"), SLICE("1"), SLICE("review-1")));
}

static void ten_gates_are_kept(void **state)
{
	struct buf key = BUF_INIT;
	size_t kept = 0;

	(void)state;
	for (int i = 0; i < 13; i++)
		gate("1", i == 12);
	for (size_t i = 0; i < rig.pair_count; i++)
		kept += rig.values[i].len > 0 && rig.keys[i].ptr[0] == 'g';
	assert_int_equal(kept, PROMPT_GATES_MAX);
	assert_true(registry_gate_key(rig.registry, SLICE("answer"), SLICE("1"), &key));
	assert_false(registry_gate_key(rig.registry, SLICE("answer"), SLICE("2"), &key));
	restart();
	assert_non_null(strstr(shown("answer"), "\"open\":true"));
	buf_release(&key);
}

static void what_the_store_does_not_take_is_put_by_the_next_save(void **state)
{
	(void)state;
	rig.refuses = true;
	adopt("name: answer\nversion: 1\n");
	deploy("1", 100, 1);
	registry_save(rig.registry, false);
	rig.refuses = false;
	restart();
	assert_true(registry_is_in_force(rig.registry, SLICE("answer"), SLICE("1"), SLICE("production")));
	size_t pairs = rig.pair_count;
	rig.pair_count = 0;
	registry_save(rig.registry, false);
	assert_int_equal(rig.pair_count, 0); /* nothing is put twice */
	registry_save(rig.registry, true);
	assert_int_equal(rig.pair_count, pairs);
}

/* Its words are nowhere else. */
static void a_gate_that_the_store_does_not_take_is_not_kept(void **state)
{
	struct prompt_gate g = { .name = SLICE("answer"), .version = SLICE("1"), .at_s = 10, .json = SLICE("{}") };
	struct buf why = BUF_INIT, key = BUF_INIT;

	(void)state;
	rig.refuses = true;
	assert_int_equal(registry_gate(rig.registry, &g, &why).code, STATUS_FULL);
	assert_false(registry_gate_key(rig.registry, g.name, g.version, &key));
	rig.refuses = false;
	assert_false(FAILED(registry_gate(rig.registry, &g, &why)));
	g.at_s = 10;
	assert_false(FAILED(registry_gate(rig.registry, &g, &why)));
	assert_int_equal(g.at_s, 11); /* of the later one */
	registry_forget_gate(rig.registry, &g);
	assert_true(registry_gate_key(rig.registry, g.name, g.version, &key));
	g.at_s = 10;
	registry_forget_gate(rig.registry, &g);
	assert_false(registry_gate_key(rig.registry, g.name, g.version, &key));
	buf_release(&why);
	buf_release(&key);
}

static void no_trial(void *context, const struct prompt_trial *t)
{
	(void)t;
	++*(unsigned *)context;
}

/* Then nothing was in force before the second one, whatever was thought when it was made. */
static void the_same_version_twice_is_no_trial_when_the_first_command_fails(void **state)
{
	struct prompt_deployment first = { .at_s = 100, .name = SLICE("answer"), .version = SLICE("1"), .canary_share = 1,
					   .environment = SLICE("production"), .by = SLICE("ana"), .command = PROMPT_COMMAND_RUNS };
	struct prompt_versions versions;
	struct buf why = BUF_INIT;
	unsigned trials = 0;

	(void)state;
	adopt("name: answer\nversion: 1\n");
	assert_false(FAILED(registry_deploy(rig.registry, &first, &versions, &why)));
	deploy("1", 200, 1);
	registry_command(rig.registry, SLICE("answer"), 100, first.number, PROMPT_COMMAND_DONE, 1);
	registry_visit_trials(rig.registry, no_trial, &trials);
	assert_int_equal(trials, 0);
	buf_release(&why);
}

/* It would be kept under its own key from then on, and be read again by every start. */
static void a_value_under_the_key_of_another_is_refused(void **state)
{
	struct registry *r;

	(void)state;
	adopt("name: answer\nversion: 1\n");
	deploy("1", 100, 1);
	gate("1", true);
	registry_save(rig.registry, false);
	assert_int_equal(rig.pair_count, 3);
	const struct registry_outlets outlets = { put, on_event, NULL };
	assert_false(FAILED(registry_new(&outlets, &r)));
	for (size_t i = 0; i < rig.pair_count; i++) {
		struct buf *key = &rig.keys[i];
		key->ptr[key->len - 2] ^= 1;
		assert_int_equal(registry_load(r, buf_view(key), buf_view(&rig.values[i])).code, STATUS_CORRUPT);
		key->ptr[key->len - 2] ^= 1;
		assert_false(FAILED(registry_load(r, buf_view(key), buf_view(&rig.values[i]))));
	}
	registry_free(r);
}

/* It is answered as it was stored. */
static void a_gate_whose_result_is_no_json_is_refused(void **state)
{
	const struct prompt_gate g = { .name = SLICE("answer"), .version = SLICE("1"), .json = SLICE("{\"cases\":") };
	struct prompt_gate copy = g;
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct record w = record_writer(&value);

	(void)state;
	prompt_gate_record(&w, &copy);
	prompt_gate_key(&g, &key);
	assert_int_equal(registry_load(rig.registry, buf_view(&key), buf_view(&value)).code, STATUS_CORRUPT);
	buf_release(&key);
	buf_release(&value);
}

static void damage_is_refused(void **state)
{
	(void)state;
	assert_true(FAILED(registry_load(rig.registry, SLICE("v"), SLICE("x"))));
	assert_true(FAILED(registry_load(rig.registry, SLICE("d"), SLICE("\1"))));
	assert_true(FAILED(registry_load(rig.registry, SLICE("g"), SLICE("\1\200"))));
	assert_true(FAILED(registry_load(rig.registry, SLICE("?"), SLICE(""))));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(released_version_keeps_its_manifest),
		TEST(refusal_holds_over_a_restart),
		TEST(traffic_makes_a_version_known_with_its_first_call),
		TEST(clock_of_a_sender_is_not_believed_too_far),
		TEST(what_finds_no_room_is_not_counted_for_another_version),
		TEST(what_is_assumed_of_a_release_does_not_prove_itself),
		TEST(unknown_version_is_not_deployed),
		TEST(what_makes_no_sense_is_not_deployed),
		TEST(going_back_passes_over_what_was_bad),
		TEST(without_gates_an_alert_free_version_will_do),
		TEST(canary_ends_where_it_began),
		TEST(with_nothing_to_go_back_to_it_says_so),
		TEST(deployment_whose_command_failed_does_not_hold),
		TEST(what_is_in_force_outlives_a_restart_though_the_clock_was_set_back),
		TEST(what_is_in_force_outlives_many_deployments_elsewhere),
		TEST(where_each_deployment_is_in_force_the_oldest_goes),
		TEST(ten_gates_are_kept),
		TEST(what_the_store_does_not_take_is_put_by_the_next_save),
		TEST(a_gate_that_the_store_does_not_take_is_not_kept),
		TEST(the_same_version_twice_is_no_trial_when_the_first_command_fails),
		TEST(a_value_under_the_key_of_another_is_refused),
		TEST(a_gate_whose_result_is_no_json_is_refused),
		TEST(damage_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
