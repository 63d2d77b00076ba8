/* SPDX-License-Identifier: Apache-2.0
 * What the registry puts into its store, again where that did not take it, and what it refuses to load from there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/prompts_registry_rig.h"

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
	adopt_versions("1");
	deploy("1", 100, 1);
	registry_save(rig.registry, false);
	rig.refuses = false;
	restart();
	assert_true(is_in_force("1", "production"));
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

/* It would be kept under its own key from then on, and be read again by every start. */
static void a_value_under_the_key_of_another_is_refused(void **state)
{
	struct registry *r;

	(void)state;
	adopt_versions("1");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ten_gates_are_kept),
		TEST(what_the_store_does_not_take_is_put_by_the_next_save),
		TEST(a_gate_that_the_store_does_not_take_is_not_kept),
		TEST(a_value_under_the_key_of_another_is_refused),
		TEST(a_gate_whose_result_is_no_json_is_refused),
		TEST(damage_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
