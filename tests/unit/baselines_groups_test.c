/* SPDX-License-Identifier: Apache-2.0
 * One cause is told as one: groups of verdicts; and what somebody knows better than the baselines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/baselines_rig.h"

#define DAYS 1440

static const char *const one[] = { "f", NULL }, *const three[] = { "f1", "f2", "f3", NULL };
static struct rig rig;

static void dearer_on_day_five(struct rig *r, struct sample *s, int minute)
{
	(void)r;
	if (minute >= 4 * DAYS)
		s->cost_usd *= 2.5;
}

static void a_model_that_grows_dearer_for_all_features_is_one_group(void **state)
{
	const struct baselines_config config = rig_config();
	uint64_t id = 0;
	uint32_t members = 0;

	(void)state;
	rig_open(&rig, &config);
	rig_play(&rig, three, 4 * DAYS + 600, dearer_on_day_five);
	for (int i = 0; i < rig.count; i++) {
		const struct told *t = &rig.told[i];
		if (t->v.event != VERDICT_RAISED || t->v.kind != VERDICT_SHIFT || strcmp(t->metric, "cost") != 0)
			continue;
		assert_true(t->group != 0);
		if (id == 0)
			id = t->group;
		assert_true(t->group == id);
		assert_true(t->group_members > members);
		members = t->group_members;
		assert_string_equal(t->group_feature, members == 1 ? t->feature : "*");
	}
	assert_true(members >= 3);
	detector_free(rig.detector);
}

static void one_dearer_and_one_failing(struct rig *r, struct sample *s, int minute)
{
	bool is_first = slice_equal(s->feature, SLICE("f1"));

	s->workflow = is_first ? SLICE("w1") : SLICE("w2");
	if (minute < 4 * DAYS)
		return;
	if (is_first)
		s->cost_usd *= 2.5;
	else if (rig_noise(r) > 0.4)
		s->outcome = OUTCOME_ERROR;
}

static void rollups_by_two_workflows_are_two_keys(void **state)
{
	static const char *const rollups[] = { "workflow" }, *const two[] = { "f1", "f2", NULL };
	struct baselines_config config = rig_config();

	(void)state;
	config.rollups = (struct string_list){ (const char **)(void *)rollups, 1 };
	rig_open(&rig, &config);
	rig_play(&rig, two, 4 * DAYS + 600, one_dearer_and_one_failing);
	const struct told *cost = rig_find(&rig, 0, VERDICT_RAISED, VERDICT_SHIFT, "cost");
	const struct told *failures = rig_find(&rig, 0, VERDICT_RAISED, VERDICT_SHIFT, "error_rate");
	assert_non_null(cost);
	assert_non_null(failures);
	assert_true(cost->group != 0 && failures->group != 0 && cost->group != failures->group);
	const struct told *of_workflow = rig_find(&rig, (int)(failures - rig.told) + 1, VERDICT_RAISED, VERDICT_SHIFT,
						  "error_rate");
	assert_non_null(of_workflow);
	assert_string_equal(of_workflow->feature, "*");
	assert_true(of_workflow->group == failures->group);
	detector_free(rig.detector);
}

static void an_accepted_level_is_the_baseline_at_once(void **state)
{
	const struct baselines_config config = rig_config();
	const struct told *t = NULL;

	(void)state;
	rig_open(&rig, &config);
	rig_play(&rig, one, 4 * DAYS, NULL);
	while (t == NULL && rig.now_s < RIG_START + 5 * 86400) {
		struct sample s = rig_call(&rig, "f", "v1", 2.5);
		detector_add(rig.detector, &s);
		rig.now_s += 60;
		t = rig_find(&rig, 0, VERDICT_RAISED, VERDICT_SHIFT, "cost");
	}
	assert_non_null(t);
	struct verdict identity = t->v;
	identity.feature = SLICE("f");
	identity.model = SLICE("m");
	identity.prompt_version = SLICE("v1");
	identity.name = identity.workflow = identity.user_segment = SLICE_NONE;
	int before = rig.count;
	assert_int_equal(detector_accept(rig.detector, &identity).code, STATUS_OK);
	assert_int_equal(rig.count, before + 1);
	assert_int_equal(rig.told[before].v.event, VERDICT_ADOPTED);
	assert_true(rig.told[before].v.started_at_s == t->v.started_at_s);
	assert_int_equal(detector_accept(rig.detector, &identity).code, STATUS_NOTFOUND);
	for (int i = 0; i < 2 * DAYS; i++, rig.now_s += 60) {
		struct sample s = rig_call(&rig, "f", "v1", 2.5);
		detector_add(rig.detector, &s);
	}
	assert_null(rig_find(&rig, before, VERDICT_RAISED, VERDICT_SHIFT, "cost"));
	for (int i = 0; i < 720; i++, rig.now_s += 60) { /* and it is watched again */
		struct sample s = rig_call(&rig, "f", "v1", 7);
		detector_add(rig.detector, &s);
	}
	assert_non_null(rig_find(&rig, before, VERDICT_RAISED, VERDICT_SHIFT, "cost"));
	detector_free(rig.detector);
}

static bool is_m(void *context, struct slice model)
{
	(void)context;
	return slice_equal(model, SLICE("m"));
}

static void a_change_of_prices_raises_nothing(void **state)
{
	const struct baselines_config config = rig_config();

	(void)state;
	rig_open(&rig, &config);
	rig_play(&rig, one, 4 * DAYS, NULL);
	int calm = rig.count;
	detector_prices_changed(rig.detector, is_m, NULL);
	for (int i = 0; i < 2 * DAYS; i++, rig.now_s += 60) {
		struct sample s = rig_call(&rig, "f", "v1", 2);
		detector_add(rig.detector, &s);
	}
	assert_null(rig_find(&rig, calm, VERDICT_RAISED, VERDICT_SHIFT, "cost"));
	assert_null(rig_find(&rig, calm, VERDICT_RAISED, VERDICT_SHIFT, "cost_tail"));
	detector_free(rig.detector);
}

/* Plays until an alert of the metric is told, at most so many days. */
static const struct told *play_until(const char *metric, double factor, int days)
{
	const struct told *t = NULL;
	int from = rig.count;

	for (int i = 0; i < days * DAYS && t == NULL; i++, rig.now_s += 60) {
		struct sample s = rig_call(&rig, "f", "v1", factor);
		detector_add(rig.detector, &s);
		t = rig_find(&rig, from, VERDICT_RAISED, VERDICT_SHIFT, metric);
	}
	return t;
}

static void a_change_of_prices_raises_nothing_in_what_spans_its_models(void **state)
{
	static const char *const rollups[] = { "all", "feature", "workflow" };
	struct baselines_config config = rig_config();

	(void)state;
	config.rollups = (struct string_list){ (const char **)(void *)rollups, 3 };
	rig_open(&rig, &config);
	for (int i = 0; i < 5 * DAYS; i++, rig.now_s += 60) {
		struct sample s = rig_call(&rig, "f", "v1", i < 4 * DAYS ? 1 : 2.5);
		s.workflow = SLICE("w");
		if (i == 4 * DAYS)
			detector_prices_changed(rig.detector, is_m, NULL);
		detector_add(rig.detector, &s);
	}
	assert_null(rig_find(&rig, 0, VERDICT_RAISED, VERDICT_SHIFT, "cost"));
	detector_free(rig.detector);
}

static void an_accepted_day_is_the_level_of_days_to_come(void **state)
{
	const struct baselines_config config = rig_config();

	(void)state;
	rig_open(&rig, &config);
	rig_play(&rig, one, 6 * DAYS + DAYS / 4, NULL);
	const struct told *t = play_until("spend_day", 4, 1);
	assert_non_null(t);
	struct verdict day = t->v;
	day.feature = SLICE("f");
	day.model = SLICE("m");
	day.prompt_version = SLICE("*");
	int before = rig.count;
	assert_int_equal(detector_accept(rig.detector, &day).code, STATUS_OK);
	assert_int_equal(rig.told[before].v.event, VERDICT_ADOPTED);
	assert_string_equal(rig.told[before].version, "*");
	assert_int_equal(detector_accept(rig.detector, &day).code, STATUS_NOTFOUND);
	assert_null(play_until("spend_day", 4, 4));
	assert_non_null(play_until("spend_day", 16, 2)); /* and it is watched again */
	detector_free(rig.detector);
}

static void a_change_of_prices_is_no_dear_day_either(void **state)
{
	const struct baselines_config config = rig_config();

	(void)state;
	rig_open(&rig, &config);
	rig_play(&rig, one, 6 * DAYS + DAYS / 4, NULL);
	detector_prices_changed(rig.detector, is_m, NULL);
	assert_null(play_until("spend_day", 3, 4));
	assert_non_null(play_until("spend_day", 12, 2));
	detector_free(rig.detector);
}

static void answers_are_short_for_a_day(struct rig *r, struct sample *s, int minute)
{
	(void)r;
	if (minute >= 4 * DAYS && minute < 5 * DAYS + DAYS / 8)
		s->output_tokens = floor(s->output_tokens * 0.5);
}

static void an_alert_that_is_on_again_the_other_way_says_so(void **state)
{
	const struct baselines_config config = rig_config();

	(void)state;
	rig_open(&rig, &config);
	rig_play(&rig, one, 6 * DAYS, answers_are_short_for_a_day);
	const struct told *down = rig_find(&rig, 0, VERDICT_RAISED, VERDICT_SHIFT, "output_tokens");
	assert_non_null(down);
	assert_true(down->v.direction == -1 && down->v.ratio < 0.6);
	const struct told *adopted = rig_find(&rig, 0, VERDICT_ADOPTED, VERDICT_SHIFT, "output_tokens");
	assert_non_null(adopted);
	int from = (int)(adopted - rig.told) + 1;
	assert_null(rig_find(&rig, from, VERDICT_RAISED, VERDICT_SHIFT, "output_tokens"));
	const struct told *up = rig_find(&rig, from, VERDICT_REOPENED, VERDICT_SHIFT, "output_tokens");
	assert_non_null(up);
	assert_true(up->v.direction == 1 && up->v.ratio > 1.3);
	assert_true(up->v.at_s - adopted->v.at_s < 6 * 3600);
	assert_int_equal(up->v.started_at_s, down->v.started_at_s);
	detector_free(rig.detector);
}

static struct sample answered(const char *asked, const char *model)
{
	struct sample s = rig_call(&rig, "f", "v1", 1);

	s.request_model = slice_of(asked);
	s.model = slice_of(model);
	s.model_pinned = TRI_NO;
	return s;
}

static void another_model_behind_the_same_name_is_told_once(void **state)
{
	const struct baselines_config config = rig_config();

	(void)state;
	rig_open(&rig, &config);
	for (int i = 0; i < 300; i++, rig.now_s += 60) {
		const char *model = i % 10 == 0 ? "gpt-4o" : i < 200 ? "gpt-4o-2024-05-13" : "gpt-4o-2024-08-06";
		struct sample s = answered("gpt-4o", model);
		detector_add(rig.detector, &s);
	}
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.told[0].v.kind, VERDICT_MODEL_CHANGE);
	assert_string_equal(rig.told[0].model, "gpt-4o-2024-08-06");
	assert_string_equal(rig.told[0].previous, "gpt-4o-2024-05-13");
	detector_free(rig.detector);
}

static void a_router_among_many_models_is_no_change_of_one(void **state)
{
	static const char *const models[] = { "a", "b", "c", "d", "e", "f", "g" };
	const struct baselines_config config = rig_config();

	(void)state;
	rig_open(&rig, &config);
	for (int i = 0; i < 2 * DAYS; i += 20, rig.now_s += 1200) {
		struct sample s = answered("router/auto", models[i / 20 % 7]);
		detector_add(rig.detector, &s);
	}
	assert_true(rig.count <= 4); /* the first few may be news */
	int before = rig.count;
	rig.now_s += 2 * 86400;
	struct sample s = answered("router/auto", "another");
	detector_add(rig.detector, &s);
	assert_int_equal(rig.count, before + 1);
	detector_free(rig.detector);
}

static void a_floating_alias_is_told_as_often_as_is_asked_for(void **state)
{
	struct baselines_config config = rig_config();

	(void)state;
	config.alias_notice_every_ms = UINT64_C(86400) * 1000;
	rig_open(&rig, &config);
	for (int i = 0; i < 3 * DAYS; i += 10, rig.now_s += 600) {
		struct sample s = answered("gpt-4o", "gpt-4o");
		detector_add(rig.detector, &s);
	}
	assert_int_equal(rig.count, 3);
	assert_int_equal(rig.told[2].v.kind, VERDICT_FLOATING_ALIAS);
	detector_free(rig.detector);
}

static void answers_change(struct rig *r, struct sample *s, int minute)
{
	s->model_pinned = TRI_YES;
	s->name = SLICE("helpful");
	s->value = 0.8 + rig_noise(r) * 0.05;
	if (minute < 4 * DAYS)
		return;
	s->output_tokens = floor(s->output_tokens * 0.6);
	s->value -= 0.1;
}

static void a_pinned_model_that_answers_otherwise_is_told_with_what_shows_it(void **state)
{
	const struct baselines_config config = rig_config();

	(void)state;
	rig_open(&rig, &config);
	rig_play(&rig, one, 5 * DAYS, answers_change);
	const struct told *drift = rig_find(&rig, 0, VERDICT_RAISED, VERDICT_MODEL_DRIFT, "model");
	const struct told *length = rig_find(&rig, 0, VERDICT_RAISED, VERDICT_SHIFT, "output_tokens");
	assert_non_null(drift);
	assert_non_null(length);
	assert_true(drift->v.value == 2);
	assert_true(drift->v.started_at_s - (RIG_START + 4 * 86400) <= 6 * 3600);
	assert_true(drift->group == length->group && drift->group != 0);
	assert_null(rig_find(&rig, (int)(drift - rig.told) + 1, VERDICT_RAISED, VERDICT_MODEL_DRIFT, NULL));
	detector_free(rig.detector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_model_that_grows_dearer_for_all_features_is_one_group),
		cmocka_unit_test(rollups_by_two_workflows_are_two_keys),
		cmocka_unit_test(an_accepted_level_is_the_baseline_at_once),
		cmocka_unit_test(a_change_of_prices_raises_nothing),
		cmocka_unit_test(a_change_of_prices_raises_nothing_in_what_spans_its_models),
		cmocka_unit_test(an_accepted_day_is_the_level_of_days_to_come),
		cmocka_unit_test(a_change_of_prices_is_no_dear_day_either),
		cmocka_unit_test(an_alert_that_is_on_again_the_other_way_says_so),
		cmocka_unit_test(another_model_behind_the_same_name_is_told_once),
		cmocka_unit_test(a_pinned_model_that_answers_otherwise_is_told_with_what_shows_it),
		cmocka_unit_test(a_router_among_many_models_is_no_change_of_one),
		cmocka_unit_test(a_floating_alias_is_told_as_often_as_is_asked_for),
	};
	return cmocka_run_group_tests_name("baselines/groups", tests, NULL, NULL);
}
