/* SPDX-License-Identifier: Apache-2.0
 * The walker reads as protobuf-c does: requests made at random, shuffled, cut off, flipped, and recorded ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tests/oracle/corpus.h"
#include "tests/oracle/otlp_oracle.h"
#include "tests/oracle/otlp_random.h"
#include "tests/unit/otlp_walk_rig.h"

#define ROUNDS 300

static void assert_agreement(struct slice wire, enum signal signal, struct arena *a)
{
	char *exact = malloc(wire.len + (wire.len == 0)); /* so that a sanitizer sees a read past the end */

	memcpy(exact, wire.ptr, wire.len);
	struct verdict v = oracle_compare((struct slice){ exact, wire.len }, signal, a);
	free(exact);
	if (v.oracle_accepts && !v.walker_accepts)
		fail_msg("refused what protobuf-c accepts");
	if (v.difference != NULL)
		fail_msg("differs from protobuf-c: %s", v.difference);
}

static void any_order_of_fields_reads_alike(void **state)
{
	struct arena *a = *state;
	struct random r = { 1, a };

	for (int i = 0; i < ROUNDS; i++) {
		struct slice wire = random_pack(&r, &random_request(&r)->base);
		assert_agreement(wire, SIGNAL_TRACES, a);
		assert_agreement(random_shuffle(&r, wire, RANDOM_LEVELS), SIGNAL_TRACES, a);
		arena_reset(a);
	}
}

static void every_truncation_is_judged_as_protobuf_c_does(void **state)
{
	struct arena *a = *state, scratch;
	struct random r = { 4, a };
	struct slice wire = SLICE_NONE;

	arena_init(&scratch, ARENA_BYTES);
	while (wire.len < 1500 || wire.len > 6000) {
		arena_reset(a);
		wire = random_pack(&r, &random_request(&r)->base);
	}
	char *base = malloc(wire.len);
	for (size_t n = 0; n < wire.len; n++) {
		struct slice cut = { base + (wire.len - n), n }; /* ends where the allocation ends */
		memcpy(base + (wire.len - n), wire.ptr, n);
		struct verdict v = oracle_compare(cut, SIGNAL_TRACES, &scratch);
		assert_int_equal(v.walker_accepts, v.oracle_accepts);
		assert_null(v.difference);
		arena_reset(&scratch);
	}
	free(base);
	arena_release(&scratch);
}

static void flipped_bytes_never_make_a_difference(void **state)
{
	struct arena *a = *state;
	struct random r = { 9, a };

	for (int i = 0; i < 40 * ROUNDS; i++) {
		struct slice wire = random_pack(&r, &random_request(&r)->base);
		if (wire.len > 0 && wire.len < 4000)
			for (int flips = 0; flips < 3; flips++)
				((char *)(uintptr_t)wire.ptr)[random_below(&r, wire.len)] = (char)random_below(&r, 256);
		assert_agreement(wire, SIGNAL_TRACES, a);
		arena_reset(a);
	}
}

static void recorded_requests_read_as_protobuf_c_does(void **state)
{
	struct corpus corpus;
	struct arena *a = *state;
	enum signal signal;
	struct slice body;

	if (!corpus_open(&corpus, "pb"))
		skip();
	while (corpus_next(&corpus, &signal, &body)) {
		assert_agreement(body, signal, a);
		arena_reset(a);
	}
	corpus_close(&corpus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_of_fields_reads_alike),
		cmocka_unit_test(every_truncation_is_judged_as_protobuf_c_does),
		cmocka_unit_test(flipped_bytes_never_make_a_difference),
		cmocka_unit_test(recorded_requests_read_as_protobuf_c_does),
	};

	return cmocka_run_group_tests_name("otlp/walk_alike", tests, set_up, tear_down);
}
