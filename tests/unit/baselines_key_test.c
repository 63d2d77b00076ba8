/* SPDX-License-Identifier: Apache-2.0
 * The table of keys gives the least free number, finds what is there and nothing else, and versions of one feature and
 * model are measured against the same first one, whatever came and went before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/baselines/key.h"

#define ROOM     200u
#define FEATURES 40u
#define VERSIONS 8u
#define STEPS    20000u

static struct key_table table;

static int set_up(void **state)
{
	(void)state;
	return key_table_init(&table, ROOM) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	key_table_release(&table);
	return 0;
}

/* Until the next call with as many features. */
static struct labels labels_of(unsigned feature, unsigned version)
{
	static char features[FEATURES][16], versions[VERSIONS][16];

	snprintf(features[feature], sizeof(features[feature]), "feature %u", feature);
	snprintf(versions[version], sizeof(versions[version]), "p@%u", version);
	return (struct labels){ .feature = slice_of(features[feature]), .model = SLICE("m"),
				.prompt_version = slice_of(versions[version]) };
}

static struct baseline_key *add(unsigned feature, unsigned version)
{
	return key_table_add(&table, labels_of(feature, version), key_table_free_id(&table), 1);
}

static uint32_t least_free(void)
{
	uint32_t id = 0;

	while (id < ROOM && table.keys[id] != NULL)
		id++;
	return id;
}

/* Of the versions that are there; NULL: there are none. */
static const struct baseline_key *any_version(unsigned feature)
{
	const struct baseline_key *any = NULL;

	for (unsigned v = 0; any == NULL && v < VERSIONS; v++)
		any = key_table_find(&table, labels_of(feature, v));
	return any;
}

static void a_number_that_was_given_back_is_given_first(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROOM; i++)
		assert_int_equal(add(i % FEATURES, i / FEATURES)->id, i);
	assert_int_equal(key_table_free_id(&table), ROOM);
	assert_null(add(0, VERSIONS - 1));
	key_table_drop(&table, table.keys[150]);
	key_table_drop(&table, table.keys[63]);
	key_table_drop(&table, table.keys[64]);
	assert_int_equal(add(0, 5)->id, 63);
	assert_int_equal(add(1, 5)->id, 64);
	assert_int_equal(add(2, 5)->id, 150);
	assert_int_equal(key_table_free_id(&table), ROOM);
}

/* As a store's keys come, with what is missing between them. */
static void numbers_that_were_passed_over_are_free(void **state)
{
	(void)state;
	assert_non_null(key_table_add(&table, labels_of(0, 0), 130, 1));
	assert_null(key_table_add(&table, labels_of(0, 1), 130, 1));
	assert_null(key_table_add(&table, labels_of(0, 1), ROOM, 1));
	for (unsigned i = 0; i < 130; i++)
		assert_int_equal(add(1 + i % 20, i / 20)->id, i);
	assert_int_equal(add(0, 1)->id, 131);
}

static void versions_are_measured_against_the_first_while_it_is_there(void **state)
{
	(void)state;
	struct baseline_key *first = add(0, 0), *second = add(0, 1), *third = add(0, 2), *other = add(1, 2);

	assert_ptr_equal(key_incumbent(&table, first), first);
	assert_ptr_equal(key_incumbent(&table, third), first);
	assert_ptr_equal(key_incumbent(&table, other), other);
	key_table_drop(&table, first);
	assert_ptr_equal(key_incumbent(&table, second), second);
	key_table_drop(&table, second);
	key_table_drop(&table, third);
	struct baseline_key *later = add(0, 3);
	assert_ptr_equal(key_incumbent(&table, add(0, 4)), later);
}

/* A generator of numbers, always the same ones. */
static unsigned next_number(unsigned below)
{
	static uint64_t seed = 1;

	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(seed >> 33) % below;
}

static void whatever_comes_and_goes_is_found_and_nothing_else(void **state)
{
	bool is_there[FEATURES][VERSIONS] = { { false } };

	(void)state;
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned feature = next_number(FEATURES), version = next_number(VERSIONS);
		struct baseline_key *k = key_table_find(&table, labels_of(feature, version));
		assert_true((k != NULL) == is_there[feature][version]);
		assert_int_equal(key_table_free_id(&table), least_free());
		if (k != NULL) {
			key_table_drop(&table, k);
			is_there[feature][version] = false;
			continue;
		}
		const struct baseline_key *kin = any_version(feature);
		uint32_t id = least_free(), incumbent = kin != NULL ? kin->incumbent : id;
		k = add(feature, version);
		assert_true((k != NULL) == (id < ROOM));
		is_there[feature][version] = k != NULL;
		if (k != NULL)
			assert_int_equal(k->incumbent, incumbent);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_number_that_was_given_back_is_given_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(numbers_that_were_passed_over_are_free, set_up, tear_down),
		cmocka_unit_test_setup_teardown(versions_are_measured_against_the_first_while_it_is_there, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(whatever_comes_and_goes_is_found_and_nothing_else, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("baselines/key", tests, NULL, NULL);
}
