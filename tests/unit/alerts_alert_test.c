/* SPDX-License-Identifier: Apache-2.0
 * An alert says the same everywhere: one id, one JSON form, one English sentence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/alerts/telling.h"
#include "agent/base/json.h"
#include "tests/unit/alerts_fixture.h"

static void assert_summary(struct verdict v, const char *want)
{
	struct alert *a = alert_new(&v);
	struct buf text = BUF_INIT;

	alert_summary(a, &text);
	assert_string_equal(buf_string(&text), want);
	buf_release(&text);
	alert_free(a);
}

static void one_sentence_says_what_moved(void **state)
{
	struct verdict v = cost_shift(START);

	(void)state;
	assert_summary(v, "cost per request of checkout (gpt-4o, support@1.4.0) is 1.91 times its baseline: "
			  "0.00420 USD instead of 0.00220 USD, 5.1 sigma");
	v.kind = VERDICT_CANARY;
	v.reference_version = SLICE("support@1.3.0");
	v.pooled_deviation = NAN;
	assert_summary(v, "cost per request of checkout (gpt-4o, support@1.4.0) is 1.91 times that of support@1.3.0: "
			  "0.00420 USD instead of 0.00220 USD, 3.5 sigma");
	v.kind = VERDICT_RUNAWAY;
	assert_summary(v, "one request of checkout (gpt-4o, support@1.4.0) cost 1.91 times the usual: "
			  "0.00420 USD instead of 0.00220 USD, 3.5 sigma");
	v.kind = VERDICT_SHIFT;
	v.metric = "error_rate";
	v.value = 0.12;
	v.baseline_mean = 0.0055;
	v.ratio = 21.8;
	v.prompt_version = SLICE("*");
	assert_summary(v, "error rate of checkout (gpt-4o) is 21.8 times its baseline: "
			  "12.0 % instead of 0.550 %, 3.5 sigma");
	v.metric = "spend_day";
	v.value = 12345.678;
	v.baseline_mean = 0;
	v.ratio = NAN;
	assert_summary(v, "projected spend of the day of checkout (gpt-4o) left its baseline: "
			  "12346 USD instead of 0 USD, 3.5 sigma");
}

static void a_canary_names_the_other_version_where_that_one_broke_nothing(void **state)
{
	struct verdict v = cost_shift(START);

	(void)state;
	v.kind = VERDICT_CANARY;
	v.metric = "invalid_json_rate";
	v.reference_version = SLICE("support@1.3.0");
	v.pooled_deviation = NAN;
	v.value = 0.08;
	v.baseline_mean = 0;
	v.ratio = NAN;
	assert_summary(v, "rate of broken JSON of checkout (gpt-4o, support@1.4.0) is worse than that of support@1.3.0: "
			  "8.00 % instead of 0 %, 3.5 sigma");
}

/* As baselines/ makes them: what they do not know is NaN. */
static void what_is_not_known_is_not_told(void **state)
{
	struct verdict v = cost_shift(START);

	(void)state;
	v.deviation = v.pooled_deviation = NAN;
	v.kind = VERDICT_LATENCY_P99;
	v.metric = "latency_p99";
	v.value = 9000;
	v.baseline_mean = 3000;
	v.ratio = 3;
	assert_summary(v, "99th percentile of latency of checkout (gpt-4o, support@1.4.0) is 3.00 times its baseline: "
			  "9000 ms instead of 3000 ms");
	v.metric = "model";
	v.value = v.baseline_mean = v.baseline_stddev = v.ratio = NAN;
	v.feature = v.prompt_version = SLICE("*");
	v.kind = VERDICT_MODEL_CHANGE;
	v.model = SLICE("gpt-4o-2024-11-20");
	v.request_model = SLICE("gpt-4o");
	v.previous_model = SLICE("gpt-4o-2024-08-06");
	assert_summary(v, "gpt-4o-2024-11-20 answers for gpt-4o, where gpt-4o-2024-08-06 did before");
	v.kind = VERDICT_FLOATING_ALIAS;
	v.model = SLICE("gpt-4o");
	assert_summary(v, "production asks for gpt-4o, a name that its vendor may point at another model");
	v = cost_shift(START);
	v.kind = VERDICT_MODEL_DRIFT;
	v.metric = "model";
	v.value = 2;
	v.deviation = 2.6;
	v.baseline_mean = v.baseline_stddev = v.ratio = v.pooled_deviation = v.sample_size = NAN;
	v.run = 4;
	v.window_s = 3600;
	assert_summary(v, "the pinned model of checkout (gpt-4o, support@1.4.0) answers otherwise: 2 metrics moved at once, "
			  "2.6 sigma in the mean of 4 h");
}

static void collect(void *context, const char *name, struct slice value)
{
	buf_printf(context, "%s: %.*s\n", name, SLICE_ARG(value));
}

static void no_line_of_a_telling_is_made_of_nothing(void **state)
{
	struct alerts_config config = { 0 };
	struct verdict v = cost_shift(START);
	struct buf lines = BUF_INIT;

	(void)state;
	v.value = v.baseline_mean = v.baseline_stddev = v.ratio = v.deviation = v.pooled_deviation = v.sample_size = NAN;
	v.trace_count = 0;
	struct alert *a = alert_new(&v);
	const struct telling t = { .alert = a, .config = &config };
	telling_visit(&t, collect, &lines);
	assert_string_equal(buf_string(&lines), "since: 2026-03-06T11:00:00Z\n");
	alert_free(a);
	buf_release(&lines);
}

static void a_budget_of_calls_is_told_in_whole_calls(void **state)
{
	struct verdict v = cost_shift(START);

	(void)state;
	v.kind = VERDICT_BUDGET;
	v.metric = "budget_requests";
	v.name = SLICE("day/all");
	v.value = 8;
	v.baseline_mean = 10;
	v.window_s = 86400;
	assert_summary(v, "budget day/all: 8 of 10 requests spent in 24 h");
	v.metric = "budget_forecast_tokens";
	assert_summary(v, "budget day/all: 8 of 10 tokens will be spent in 24 h");
	v.metric = "budget_call_tokens";
	v.name = SLICE("request/one");
	assert_summary(v, "budget request/one: a single call took 8 tokens, 10 tokens is the most");
}

static void json_holds_identity_evidence_and_links(void **state)
{
	struct verdict v = cost_shift(START);
	struct alert *a = alert_new(&v);
	struct buf text = BUF_INIT;
	const struct alerts_config config = { .runbook_url = "https://runbooks.example/" };
	char want[1024];

	(void)state;
	alert_json(a, &config, &text);
	assert_true(json_is_valid(buf_view(&text)));
	snprintf(want, sizeof(want),
		 "{\"type\":\"alert\",\"id\":\"%s\",\"incident\":\"%s\",\"state\":\"firing\","
		 "\"severity\":\"warning\",\"kind\":\"shift\","
		 "\"metric\":\"cost\",\"feature\":\"checkout\",\"model\":\"gpt-4o\",\"prompt_version\":\"support@1.4."
		 "0\","
		 "\"started_at\":1772794800,\"ended_at\":null,\"told\":false,\"value\":0.0042,\"baseline_mean\":0.0022,",
		 a->id, a->id);
	assert_memory_equal(text.ptr, want, strlen(want));
	assert_non_null(strstr(buf_string(&text), "\"trace_ids\":[\"abcd0000000000000000000000000000\"]"));
	assert_non_null(strstr(buf_string(&text), "\"runbook_url\":\"https://runbooks.example/shift\"}"));
	a->state = ALERT_RESOLVED;
	a->end = ALERT_END_ADOPTED;
	a->ended_at_s = START + 86400;
	a->verdict.pooled_deviation = NAN;
	buf_reset(&text);
	alert_json(a, NULL, &text);
	assert_true(json_is_valid(buf_view(&text)));
	assert_non_null(strstr(buf_string(&text), "\"ended_at\":1772881200,\"end_reason\":\"adopted\""));
	assert_non_null(strstr(buf_string(&text), "\"pooled_deviation\":null"));
	buf_release(&text);
	alert_free(a);
}

static void labels_cannot_break_the_json(void **state)
{
	struct verdict v = cost_shift(START);
	struct buf text = BUF_INIT;

	(void)state;
	v.feature = SLICE("a\"b\\\n\xff");
	v.model = (struct slice){ "", 0 };
	struct alert *a = alert_new(&v);
	alert_json(a, NULL, &text);
	assert_true(json_is_valid(buf_view(&text)));
	buf_release(&text);
	alert_free(a);
}

static void the_id_follows_from_what_and_when(void **state)
{
	struct verdict v = cost_shift(START), w;
	char id[ALERT_ID_SIZE], other[ALERT_ID_SIZE];

	(void)state;
	alert_id(&v, id);
	w = later(v, VERDICT_RESOLVED, START + 100);
	w.value = 7;
	alert_id(&w, other);
	assert_string_equal(id, other);
	w.started_at_s++;
	alert_id(&w, other);
	assert_string_not_equal(id, other);
	w = v;
	w.feature = SLICE("checkou");
	w.model = SLICE("tgpt-4o");
	alert_id(&w, other);
	assert_string_not_equal(id, other);
}

static void a_stored_alert_comes_back_whole_or_not_at_all(void **state)
{
	struct verdict v = cost_shift(START);
	struct alert *a = alert_new(&v), *b;
	struct buf stored = BUF_INIT, before = BUF_INIT, after = BUF_INIT;

	(void)state;
	a->state = ALERT_RESOLVED;
	a->end = ALERT_END_RECOVERED;
	a->ended_at_s = START + 500;
	a->mute = ALERT_MUTE_SILENCED;
	memcpy(a->muted_by, "0123456789abcdef", ALERT_ID_SIZE);
	buf_text(&a->evidence, "\"changes\":[]");
	buf_text(&a->cause, "more tokens");
	alert_save(a, &stored);
	b = alert_load(buf_view(&stored));
	assert_non_null(b);
	alert_json(a, NULL, &before);
	alert_json(b, NULL, &after);
	assert_string_equal(buf_string(&before), buf_string(&after));
	alert_free(b);
	for (size_t n = 0; n < stored.len; n++)
		assert_null(alert_load((struct slice){ stored.ptr, n }));
	for (size_t bit = 0; bit < 8 * stored.len; bit++) { /* any may be wrong: what is taken is told as JSON */
		stored.ptr[bit / 8] ^= (char)(1 << bit % 8);
		b = alert_load(buf_view(&stored));
		buf_reset(&after);
		if (b != NULL)
			alert_json(b, NULL, &after);
		assert_true(b == NULL || json_is_valid(buf_view(&after)));
		alert_free(b);
		stored.ptr[bit / 8] ^= (char)(1 << bit % 8);
	}
	buf_release(&stored);
	buf_release(&before);
	buf_release(&after);
	alert_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_sentence_says_what_moved),
		cmocka_unit_test(a_canary_names_the_other_version_where_that_one_broke_nothing),
		cmocka_unit_test(what_is_not_known_is_not_told),
		cmocka_unit_test(no_line_of_a_telling_is_made_of_nothing),
		cmocka_unit_test(a_budget_of_calls_is_told_in_whole_calls),
		cmocka_unit_test(json_holds_identity_evidence_and_links),
		cmocka_unit_test(labels_cannot_break_the_json),
		cmocka_unit_test(the_id_follows_from_what_and_when),
		cmocka_unit_test(a_stored_alert_comes_back_whole_or_not_at_all),
	};
	return cmocka_run_group_tests_name("alerts/alert", tests, NULL, NULL);
}
