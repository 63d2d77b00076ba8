/* SPDX-License-Identifier: Apache-2.0
 * Of a flood of calls only so many a second are remembered for later judgements; the others are counted. What is
 * learned from a judgement has the labels of its call. What was accepted is kept, also at the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

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
	const struct call_labels labels = { .feature = SLICE("checkout"), .model = SLICE("gpt-4o"),
					    .prompt = SLICE("answer@1"),
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

/* ---------------------------------------------------------------- the end */
#define BATCH   250u
#define BATCHES 5u /* of each: fewer in all than may wait for their calls */
#define POSTERS 3u /* as the admin endpoint has threads */

struct poster {
	struct judgements *judgements;
	unsigned first;            /* batch */
	_Atomic unsigned accepted; /* batches */
	pthread_t thread;
};

static unsigned post_scores(struct judgements *j, unsigned batch, struct buf *answer)
{
	struct api_reply reply = { .status = 200 };
	struct buf body = BUF_INIT;

	for (unsigned i = 0; i < BATCH; i++)
		buf_printf(&body, "%s{\"trace_id\":\"%032x\",\"name\":\"Relevance\",\"value\":0.5,\"id\":\"%u\"}",
			   i == 0 ? "[" : ",", batch * BATCH + i + 1, batch * BATCH + i);
	buf_byte(&body, ']');
	const struct api_request q = { .method = "POST", .body = buf_view(&body) };
	judgement_routes[0].answer(j, &q, &reply);
	buf_slice(answer, buf_view(&reply.body));
	buf_release(&reply.body);
	buf_release(&body);
	return reply.status;
}

static void *post_until_the_end(void *context)
{
	struct poster *p = context;
	struct buf answer = BUF_INIT;

	while (p->accepted < BATCHES && post_scores(p->judgements, p->first + p->accepted, &answer) == 202)
		p->accepted++;
	buf_release(&answer);
	return NULL;
}

static struct judgements *opened(const struct config *config, uv_loop_t *loop, const struct judgement_outlets *outlets)
{
	struct judgements *j;
	struct buf why = BUF_INIT;

	assert_int_equal(judgements_new(config, loop, outlets, &j, &why).code, STATUS_OK);
	buf_release(&why);
	return j;
}

static void assert_is_known(struct judgements *j, const struct poster *p)
{
	for (unsigned i = 0; i < p->accepted; i++) {
		struct buf answer = BUF_INIT;
		assert_int_equal(post_scores(j, p->first + i, &answer), 202);
		assert_true(slice_starts_with(buf_view(&answer), SLICE("{\"accepted\":0,\"repeated\":250,")));
		buf_release(&answer);
	}
}

static void closed(struct judgements *j, uv_loop_t *loop)
{
	judgements_free(j);
	uv_run(loop, UV_RUN_DEFAULT);
}

static void what_was_accepted_while_the_agent_ends_is_saved(void **state)
{
	struct judgement_outlets outlets = { .store = must_open(MAP_BYTES) };
	struct poster posters[POSTERS];
	struct buf why = BUF_INIT;
	struct config *config;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	assert_int_equal(config_load(NULL, NULL, 0, &config, &why).code, STATUS_OK);
	struct judgements *j = opened(config, &loop, &outlets);
	for (unsigned i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){ .judgements = j, .first = i * BATCHES };
		pthread_create(&posters[i].thread, NULL, post_until_the_end, &posters[i]);
	}
	while (posters[0].accepted == 0)
		sched_yield();
	judgements_drain(j);
	for (unsigned i = 0; i < POSTERS; i++)
		pthread_join(posters[i].thread, NULL);
	closed(j, &loop);
	j = opened(config, &loop, &outlets);
	for (unsigned i = 0; i < POSTERS; i++)
		assert_is_known(j, &posters[i]);
	closed(j, &loop);
	assert_int_equal(uv_loop_close(&loop), 0);
	store_close(outlets.store);
	config_free(config);
	buf_release(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_judgement_is_learned_under_all_labels_of_its_call),
		cmocka_unit_test_setup_teardown(a_flood_is_remembered_in_part, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(what_was_accepted_while_the_agent_ends_is_saved, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
