/* SPDX-License-Identifier: Apache-2.0
 * Of a flood of calls only so many a second are remembered for later judgements; the others are counted. What is learned
 * from a judgement has the labels of its call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/meter.h"
#include "agent/daemon/judgements.h"
#include "tests/unit/store_dir.h"

static void a_flood_is_remembered_in_part(void **state)
{
	struct judgement_outlets outlets = { .store = must_open(MAP_BYTES) };
	const struct meter *forgotten = meter_get(METER_CALLS_FORGOTTEN, "reason=\"rate\"");
	struct config *config;
	struct judgements *j;
	struct buf why = BUF_INIT;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop); /* never turned: no second passes */
	assert_int_equal(config_load(NULL, NULL, 0, &config, &why).code, STATUS_OK);
	assert_int_equal(judgements_new(config, &loop, &outlets, &j, &why).code, STATUS_OK);
	assert_int_equal(judgements_admit(j, 32000), 32000);
	assert_int_equal(judgements_admit(j, 1000), 768);
	assert_int_equal(judgements_admit(j, 512), 0);
	assert_int_equal(meter_value(forgotten), 232 + 512);
	judgements_free(j);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	store_close(outlets.store);
	config_free(config);
	buf_release(&why);
}

/* Where versions are compared by environment, a score that comes late belongs to one of them. */
static void a_judgement_is_learned_under_all_labels_of_its_call(void **state)
{
	const struct judgement judged = { .name = SLICE("Relevance"), .scale = SCALE_SCORE, .value = 0.5 };
	const struct known_call call = { .span_id = { 1 } };
	const struct call_labels labels = { .feature = SLICE("checkout"), .model = SLICE("gpt-4o"), .prompt = SLICE("answer@1"),
					    .workflow = SLICE("buy"), .user_segment = SLICE("gold"),
					    .environment = SLICE("staging") };
	const struct joined_judgement joined = { .judgement = &judged, .call = &call, .labels = &labels };
	struct sample s;

	(void)state;
	assert_true(judgement_sample(&joined, &s));
	assert_true(slice_equal(s.feature, labels.feature) && slice_equal(s.model, labels.model));
	assert_true(slice_equal(s.prompt_version, labels.prompt) && slice_equal(s.workflow, labels.workflow));
	assert_true(slice_equal(s.user_segment, labels.user_segment) && slice_equal(s.environment, labels.environment));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_judgement_is_learned_under_all_labels_of_its_call),
		cmocka_unit_test_setup_teardown(a_flood_is_remembered_in_part, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
