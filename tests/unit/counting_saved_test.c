/* SPDX-License-Identifier: Apache-2.0
 * What was counted, and what is held until it is known whether it counts, outlives a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/meter.h"
#include "tests/unit/counting_rig.h"

struct copy {
	struct counting *to;
	unsigned blocks;
};

static void copy_block(void *context, struct slice key, struct slice value)
{
	struct copy *copy = context;

	copy->blocks++;
	assert_false(FAILED(counting_load(copy->to, key, value)));
}

static void what_was_counted_is_known_after_a_restart(void **state)
{
	static const struct told inner = { .id = 2, .parent = 1, .role = ROLE_LLM, .answer = "r1", .input = 50,
					   .output = 5 };
	static const struct told outer = { .id = 1, .role = ROLE_LLM, .input = 50, .output = 5 };
	static const struct told sibling = { .id = 3, .parent = 1, .role = ROLE_LLM, .answer = "r1", .input = 50,
					     .output = 5 };
	struct world *before = world_new(), *after = world_new();
	struct copy copy = { after->counting, 0 };

	(void)state;
	tell(before, &inner);
	assert_int_equal(end_batch(before), 1);
	counting_save(before->counting, false, copy_block, &copy);
	assert_int_equal(copy.blocks, 3); /* the block, where the ring goes on, and who tells by spans */
	counting_save(before->counting, false, copy_block, &copy);
	assert_int_equal(copy.blocks, 3); /* nothing has changed */
	tell(after, &inner);
	tell(after, &outer);
	tell(after, &sibling);
	assert_int_equal(end_batch(after), 0);
	world_free(before);
	world_free(after);
}

static void copy_state(struct world *from, struct world *to)
{
	struct copy copy = { to->counting, 0 };

	counting_save(from->counting, false, copy_block, &copy);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which end at such a size */
static void what_cannot_be_held_is_counted_as_dropped(void **state)
{
	struct meter *dropped = meter_get(METER_DROPPED, "exporter=\"*\",kind=\"held_spans\",reason=\"no_memory\"");
	const struct told alone = { .trace = 1, .id = 1, .role = ROLE_AGENT, .claims = true, .input = 9, .output = 1 };
	struct world *w = world_new();
	int64_t before = meter_value(dropped);

	(void)state;
	tell(w, &alone);
	counting_decide(w->counting, &w->batch, w->calls);
	assert_int_equal(w->batch.spans[0].verdict, COUNTING_HELD);
	counting_hold(w->counting, &w->batch.spans[0], &w->calls[0], (struct slice){ "", SIZE_MAX / 4 });
	assert_int_equal(counting_held(w->counting), 0);
	assert_int_equal(meter_value(dropped), before + 1);
	world_free(w);
}
#endif

static void what_is_held_is_held_after_a_restart(void **state)
{
	static const struct told agent = { .id = 1, .role = ROLE_AGENT, .claims = true, .input = 700, .output = 30 };
	static const struct told call = { .id = 2, .parent = 1, .role = ROLE_LLM, .input = 700, .output = 30 };

	(void)state;
	for (int inside = 0; inside < 2; inside++) {
		struct world *before = world_new(), *after = world_new();
		tell(before, &agent);
		assert_int_equal(end_batch(before), 0);
		copy_state(before, after);
		assert_int_equal(counting_held(after->counting), 1);
		if (inside) {
			tell(after, &call);
			assert_int_equal(end_batch(after), 1);
		}
		assert_int_equal(promoted(after), 1 - inside);
		world_free(before);
		world_free(after);
	}
}

static void count_deletion(void *context, struct slice key, struct slice value)
{
	unsigned *deletions = context;

	if (value.ptr != NULL)
		return;
	assert_int_equal(key.len, 12);
	++*deletions;
}

/* all: the save before it failed. */
static unsigned deletions_asked_for(struct world *w, bool all)
{
	unsigned deletions = 0;

	counting_save(w->counting, all, count_deletion, &deletions);
	return deletions;
}

/* Else a restart would load it, and count it again. */
static void what_waits_no_longer_is_deleted_until_a_save_did_not_fail(void **state)
{
	static const struct told agents[] = {
		{ .id = 1, .role = ROLE_AGENT, .claims = true, .input = 700, .output = 30 },
		{ .trace = 1, .id = 2, .role = ROLE_AGENT, .claims = true, .input = 20, .output = 3 },
	};
	struct world *w = world_new();

	(void)state;
	tell(w, &agents[0]);
	assert_int_equal(end_batch(w), 0);
	assert_int_equal(deletions_asked_for(w, false), 0);
	assert_int_equal(promoted(w), 1);
	assert_int_equal(deletions_asked_for(w, false), 1);
	tell(w, &agents[1]);
	assert_int_equal(end_batch(w), 0);
	assert_int_equal(deletions_asked_for(w, true), 1);
	assert_int_equal(promoted(w), 1);
	assert_int_equal(deletions_asked_for(w, true), 2);
	assert_int_equal(deletions_asked_for(w, false), 0);
	world_free(w);
}

/* The span between them was seen before the restart, and is neither a call nor around one that was seen. */
static void who_is_inside_whom_is_known_after_a_restart(void **state)
{
	static const struct told agent = { .id = 1, .role = ROLE_AGENT, .claims = true, .input = 700, .output = 30 };
	static const struct told between = { .id = 2, .parent = 1 };
	static const struct told call = { .id = 3, .parent = 2, .role = ROLE_LLM, .input = 700, .output = 30 };
	struct world *before = world_new(), *after = world_new();

	(void)state;
	tell(before, &between);
	tell(before, &agent);
	assert_int_equal(end_batch(before), 0);
	copy_state(before, after);
	tell(after, &call);
	assert_int_equal(end_batch(after), 1);
	assert_int_equal(promoted(after), 0);
	world_free(before);
	world_free(after);
}

static void a_damaged_block_is_refused(void **state)
{
	struct world *w = world_new();

	(void)state;
	assert_int_equal(counting_load(w->counting, SLICE("\0\0\0\0"), SLICE("\x09")).code, STATUS_CORRUPT);
	assert_int_equal(counting_load(w->counting, SLICE("\0\0\0\0"), SLICE("\x01\x01zzz")).code, STATUS_CORRUPT);
	assert_int_equal(counting_load(w->counting, SLICE("\0\0"), SLICE("\x01")).code, STATUS_CORRUPT);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_counted_is_known_after_a_restart),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		cmocka_unit_test(what_cannot_be_held_is_counted_as_dropped),
#endif
		cmocka_unit_test(what_is_held_is_held_after_a_restart),
		cmocka_unit_test(what_waits_no_longer_is_deleted_until_a_save_did_not_fail),
		cmocka_unit_test(who_is_inside_whom_is_known_after_a_restart),
		cmocka_unit_test(a_damaged_block_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
