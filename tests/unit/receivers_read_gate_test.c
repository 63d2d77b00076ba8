/* SPDX-License-Identifier: Apache-2.0
 * Messages are let in while the budget and the count of readers have room for what they may bring.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/receivers/read_gate.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

static struct read_gate gate_of(uint64_t limit, uint64_t max_bytes)
{
	struct read_gate g;

	read_gate_init(&g, in_flight_of(limit), max_bytes, 1);
	assert_int_equal(meter_value(g.in_flight.bytes), 0);
	return g;
}

static unsigned enter_all(struct read_gate *g, struct read_permit *permits, unsigned n)
{
	unsigned in = 0;

	while (in < n && read_gate_enter(g, &permits[in]))
		in++;
	return in;
}

static void leave_all(struct read_gate *g, struct read_permit *permits, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		read_gate_leave(g, &permits[i]);
	assert_int_equal(meter_value(g->in_flight.bytes), 0);
	assert_int_equal(g->fresh, 0);
}

static void a_wave_of_messages_of_a_quarter_of_the_largest_size_fits(void **state)
{
	struct read_gate g = gate_of(256 * MIB, 64 * MIB);
	struct read_permit permits[64];

	(void)state;
	unsigned in = enter_all(&g, permits, 64);
	assert_in_range(in, 12, 16);
	for (unsigned i = 0; i < in; i++)
		read_gate_arrived(&g, &permits[i], 16 * MIB);
	assert_true(meter_value(g.in_flight.bytes) <= (int64_t)(256 * MIB));
	leave_all(&g, permits, in);
}

static void after_a_large_message_fewer_are_asked_for_and_after_many_small_ones_more(void **state)
{
	struct read_gate g = gate_of(256 * MIB, 64 * MIB);
	struct read_permit permits[64];

	(void)state;
	assert_true(read_gate_enter(&g, permits));
	read_gate_arrived(&g, permits, 60 * MIB);
	read_gate_leave(&g, permits);
	unsigned in = enter_all(&g, permits, 64);
	assert_int_equal(in, 4);
	leave_all(&g, permits, in);
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(read_gate_enter(&g, permits));
		read_gate_arrived(&g, permits, 1000);
		read_gate_leave(&g, permits);
	}
	in = enter_all(&g, permits, 64);
	assert_true(in > 10);
	leave_all(&g, permits, in);
}

static void a_reader_that_lingers_makes_room_for_others_but_keeps_its_bytes(void **state)
{
	struct read_gate g = gate_of(256 * MIB, 64 * MIB);
	struct read_permit permits[64];

	(void)state;
	unsigned in = enter_all(&g, permits, 64);
	int64_t held = meter_value(g.in_flight.bytes);
	read_gate_linger(&g, &permits[0]);
	read_gate_linger(&g, &permits[0]);
	assert_int_equal(meter_value(g.in_flight.bytes), held);
	assert_int_equal(enter_all(&g, permits + in, 1), 1);
	assert_int_equal(enter_all(&g, permits + in + 1, 1), 0);
	leave_all(&g, permits, in + 1);
}

static void one_message_is_let_in_even_past_a_tiny_budget(void **state)
{
	struct read_gate g = gate_of(1 * KIB, 64 * MIB);
	struct read_permit permits[2];

	(void)state;
	assert_int_equal(enter_all(&g, permits, 2), 1);
	leave_all(&g, permits, 1);
}

static void leaving_twice_gives_back_once(void **state)
{
	struct read_gate g = gate_of(1 * MIB, 1 * MIB);
	struct read_permit permit;

	(void)state;
	assert_true(read_gate_enter(&g, &permit));
	read_gate_leave(&g, &permit);
	leave_all(&g, &permit, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wave_of_messages_of_a_quarter_of_the_largest_size_fits),
		cmocka_unit_test(after_a_large_message_fewer_are_asked_for_and_after_many_small_ones_more),
		cmocka_unit_test(a_reader_that_lingers_makes_room_for_others_but_keeps_its_bytes),
		cmocka_unit_test(one_message_is_let_in_even_past_a_tiny_budget),
		cmocka_unit_test(leaving_twice_gives_back_once),
	};
	return cmocka_run_group_tests_name("receivers/read_gate", tests, NULL, NULL);
}
