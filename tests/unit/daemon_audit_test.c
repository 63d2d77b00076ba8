/* SPDX-License-Identifier: Apache-2.0
 * The audit keeps what happened in order, over a restart, and within its bounds.
 */
#include "agent/base/clock.h"
#include "agent/daemon/audit.h"
#include "tests/unit/captured.h"
#include "tests/unit/full_store.h"

static struct alerts_config config = { .audit_max_age_ms = 3600000, .audit_max_size_bytes = 1 << 20 };
static struct store *store;
static struct audit *audit;

static uint64_t now_s(void)
{
	return clock_unix_ns() / NS_PER_SECOND;
}

static void open_audit(void)
{
	store = must_open(MAP_BYTES);
	assert_int_equal(audit_new(store, &config, &audit).code, STATUS_OK);
}

static void close_audit(void)
{
	audit_free(audit);
	store_close(store);
}

static void note(const char *kind, const char *subject, uint64_t at_s)
{
	const struct audit_entry e = { .at_s = at_s, .kind = slice_of(kind), .feature = SLICE("f"),
				       .subject = slice_of(subject), .by = SLICE("ann"), .text = SLICE("t\"x") };

	audit_record(audit, &e);
}

static size_t listed(uint64_t since_s, const char *subject)
{
	struct buf json = BUF_INIT;
	size_t count = 0;

	assert_int_equal(store_flush(store).code, STATUS_OK);
	assert_int_equal(audit_json(audit, since_s, &json).code, STATUS_OK);
	for (const char *at = buf_string(&json); (at = strstr(at, subject)) != NULL; at++)
		count++;
	buf_release(&json);
	return count;
}

static void entries_are_kept_over_a_restart(void **state)
{
	uint64_t t = now_s();

	(void)state;
	open_audit();
	note(AUDIT_DEPLOY, "support@2", t - 10);
	note(AUDIT_FIRING, "abc", t);
	close_audit();
	open_audit();
	assert_int_equal(listed(0, "support@2"), 1);
	assert_int_equal(listed(t - 5, "support@2"), 0);
	assert_int_equal(listed(t - 5, "\"by\":\"ann\",\"text\":\"t\\\"x\""), 1);
	close_audit();
}

static void count_change(void *context, const struct audit_entry *e)
{
	assert_true(slice_equal(e->kind, SLICE(AUDIT_DEPLOY)));
	++*(size_t *)context;
}

static void only_changes_may_explain_an_alert(void **state)
{
	size_t count = 0;

	(void)state;
	open_audit();
	for (int i = 0; i < AUDIT_CHANGES_KEPT + 9; i++)
		note(AUDIT_DEPLOY, "x", now_s());
	note(AUDIT_FIRING, "abc", now_s());
	audit_changes(audit, count_change, &count);
	assert_int_equal(count, AUDIT_CHANGES_KEPT);
	close_audit();
}

static void what_is_too_old_or_too_much_goes(void **state)
{
	uint64_t t = now_s();
	char subject[32];

	(void)state;
	open_audit();
	note(AUDIT_DEPLOY, "ancient", t - 7200);
	note(AUDIT_DEPLOY, "recent", t);
	assert_int_equal(listed(0, "ancient"), 0);
	assert_int_equal(listed(0, "recent"), 1);
	config.audit_max_size_bytes = 1000;
	for (int i = 0; i < 200; i++) {
		snprintf(subject, sizeof(subject), "entry-%d.", i);
		note(AUDIT_FIRING, subject, t);
	}
	assert_int_equal(listed(0, "entry-0."), 0);
	assert_int_equal(listed(0, "entry-199."), 1);
	assert_true(listed(0, "\"kind\"") < 40);
	config.audit_max_size_bytes = 1 << 20;
	close_audit();
}

static void an_entry_that_the_store_has_no_room_for_is_named_in_the_log(void **state)
{
	(void)state;
	open_audit();
	fill_store(store, 1);
	captured_begin();
	note(AUDIT_DEPLOY, "unheard", now_s());
	struct status s = store_flush(store);
	captured_end();
	assert_int_equal(s.code, STATUS_FULL);
	assert_non_null(strstr(captured.err, "at=audit event=entry_lost kind=deploy reason=\"the store has reached"));
	close_audit();
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(entries_are_kept_over_a_restart),
		STORE_TEST(only_changes_may_explain_an_alert),
		STORE_TEST(what_is_too_old_or_too_much_goes),
		STORE_TEST(an_entry_that_the_store_has_no_room_for_is_named_in_the_log),
	};

	return cmocka_run_group_tests_name("daemon/audit", tests, NULL, NULL);
}
