/* SPDX-License-Identifier: Apache-2.0
 * A version that is worse is told of once, one that is as good may be promoted, and nobody is fooled by drift.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "agent/canary/canary.h"
#include "agent/canary/canary_json.h"
#include "agent/canary/sequential.h"

#define T0   UINT64_C(1760054400)
#define HOUR 3600u

static const char *guard[] = { "cost", "latency", "error_rate", "invalid_json_rate", "eval_score" };
static const struct canary_config config = {
	.enabled = true,
	.alpha = 0.01,
	.guard = { guard, sizeof(guard) / sizeof(guard[0]) },
	.margins = { 0.1, 0.1, 0.1, 0.2, 0.01, 0.03, 0.05, 0.15 },
};

struct told {
	unsigned count;
	char metric[32], version[32], reference[32];
	uint32_t traces;
};

static void on_verdict(void *context, const struct verdict *v)
{
	struct told *t = context;

	assert_int_equal(v->kind, VERDICT_CANARY);
	t->count++;
	t->traces = v->trace_count;
	snprintf(t->metric, sizeof(t->metric), "%s", v->metric);
	snprintf(t->version, sizeof(t->version), "%.*s", SLICE_ARG(v->prompt_version));
	snprintf(t->reference, sizeof(t->reference), "%.*s", SLICE_ARG(v->reference_version));
}

/* What the n-th call of a version is like. */
struct habit {
	const char *version;
	double cost_usd;       /* of a typical one */
	unsigned broken_every; /* breaks JSON; 0: never */
	double score;          /* NaN: nobody judges */
};

/* The same spread around every level, without chance. */
static double wobble(unsigned n)
{
	return 0.5 * sin(n * 2.399963); /* the golden angle: even, and never the same twice */
}

static void one_call(struct canary *c, const struct habit *h, unsigned n, uint64_t unix_s, double level)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = unix_s * 1000;
	s.feature = SLICE("triage");
	s.model = SLICE("gpt-4o");
	s.prompt_version = slice_of(h->version);
	s.cost_usd = h->cost_usd * exp(level + wobble(n));
	s.latency_ms = 800 * exp(level + wobble(n + 7));
	s.outcome = h->broken_every != 0 && n % h->broken_every == 0 ? OUTCOME_INVALID_JSON : OUTCOME_OK;
	s.trace_id[0] = (uint8_t)(n + 1);
	if (!isnan(h->score)) {
		s.name = SLICE("quality");
		s.value = h->score + 0.1 * wobble(n + 3);
	}
	canary_add(c, &s);
}

/* A call of each every so many seconds, side by side; drift: of the level of both, in logarithms, by hour. */
static void serve(struct canary *c, const struct habit *a, const struct habit *b, unsigned hours, unsigned every_s,
		  double drift)
{
	unsigned n = 0;

	for (uint64_t t = T0; t < T0 + hours * HOUR; t += every_s, n++) {
		double level = drift * (double)((t - T0) / HOUR);
		one_call(c, a, n, t, level);
		one_call(c, b, n + 1000, t + 1, level);
	}
}

static void keep(void *context, const struct canary_comparison *c)
{
	*(struct canary_comparison *)context = *c;
}

static enum canary_verdict verdict_of(const struct canary *c, struct canary_comparison *out)
{
	struct canary_wish wish = { .name = SLICE("support") };
	struct canary_pair pair;

	assert_false(FAILED(canary_choose(c, &wish, &pair)));
	return canary_visit(c, &wish, &pair, keep, out);
}

static const struct canary_row *row_of(const struct canary_comparison *c, enum canary_metric m)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->rows[i].metric == m)
			return &c->rows[i];
	fail_msg("no row of metric %d", (int)m);
	return NULL;
}

static void a_version_that_breaks_json_is_told_once_and_names_both(void **state)
{
	struct told told = { 0 };
	struct canary *c = canary_new(&config, on_verdict, &told);
	struct habit old = { "support@1.4.0", 0.01, 0, NAN }, new = { "support@1.5.0", 0.01, 12, NAN };
	struct canary_comparison comparison;

	(void)state;
	serve(c, &old, &new, 12, 60, 0);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.metric, "invalid_json_rate");
	assert_string_equal(told.version, "support@1.5.0");
	assert_string_equal(told.reference, "support@1.4.0");
	assert_int_equal(told.traces, 1);
	assert_int_equal(verdict_of(c, &comparison), CANARY_WORSE);
	assert_int_equal(row_of(&comparison, CANARY_COST)->verdict, CANARY_EQUAL);
	canary_free(c);
}

static void a_version_that_is_as_good_may_be_promoted(void **state)
{
	struct told told = { 0 };
	struct canary *c = canary_new(&config, on_verdict, &told);
	struct habit old = { "support@1.4.0", 0.01, 0, 0.8 }, new = { "support@1.5.0", 0.01, 0, 0.8 };
	struct canary_comparison comparison;

	(void)state;
	serve(c, &old, &new, 72, 60, 0);
	assert_int_equal(verdict_of(c, &comparison), CANARY_EQUAL);
	assert_int_equal(told.count, 0);
	canary_free(c);
}

static void a_version_that_is_cheaper_is_better(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);
	struct habit old = { "support@1.4.0", 0.01, 0, 0.8 }, new = { "support@1.5.0", 0.007, 0, 0.8 };
	struct canary_comparison comparison;

	(void)state;
	serve(c, &old, &new, 72, 60, 0);
	assert_int_equal(verdict_of(c, &comparison), CANARY_BETTER);
	assert_int_equal(row_of(&comparison, CANARY_COST)->verdict, CANARY_BETTER);
	canary_free(c);
}

static void drift_that_both_go_through_is_no_difference(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);
	struct habit old = { "support@1.4.0", 0.01, 0, NAN }, new = { "support@1.5.0", 0.01, 0, NAN };
	struct canary_comparison comparison;
	unsigned n = 0;

	(void)state;
	for (uint64_t t = T0; t < T0 + 48 * HOUR; t += 60, n++) { /* the old one serves less and less, all costs more and more */
		double level = 0.03 * (double)((t - T0) / HOUR);
		bool is_new = n % 48 < (t - T0) / HOUR;
		one_call(c, is_new ? &new : &old, n, t, level);
	}
	verdict_of(c, &comparison);
	const struct canary_row *cost = row_of(&comparison, CANARY_COST);
	assert_true(cost->difference.side_by_side);
	assert_true(cost->difference.mean_b - cost->difference.mean_a > 0.3); /* what their own means say */
	assert_true(fabs(cost->difference.by) < cost->half_width);
	canary_free(c);
}

static void what_is_not_known_yet_says_how_much_is_missing(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);
	struct habit old = { "support@1.4.0", 0.01, 0, NAN }, new = { "support@1.5.0", 0.01, 0, NAN };
	struct canary_comparison comparison;

	(void)state;
	serve(c, &old, &new, 2, 60, 0);
	assert_int_equal(verdict_of(c, &comparison), CANARY_UNDECIDED);
	const struct canary_row *cost = row_of(&comparison, CANARY_COST);
	double expected = cost->calls_needed + cost->difference.n_a + cost->difference.n_b;
	assert_true(expected > 500 && expected < 20000);
	serve(c, &old, &new, (unsigned)(expected * 1.5 / 120), 60, 0);
	verdict_of(c, &comparison);
	assert_int_equal(row_of(&comparison, CANARY_COST)->verdict, CANARY_EQUAL);
	canary_free(c);
}

static void versions_one_after_the_other_need_days_of_the_older_one(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);
	struct habit old = { "support@1.4.0", 0.01, 0, NAN }, new = { "support@1.5.0", 0.05, 0, NAN };
	struct canary_comparison comparison;
	uint64_t t = T0;

	(void)state;
	for (unsigned n = 0; n < 24 * 60; n++, t += 60)
		one_call(c, &old, n, t, 0);
	for (unsigned n = 0; n < 24 * 60; n++, t += 60)
		one_call(c, &new, n, t, 0);
	assert_int_equal(verdict_of(c, &comparison), CANARY_UNDECIDED);
	assert_false(row_of(&comparison, CANARY_COST)->difference.is_known);
	canary_free(c);
}

struct store {
	struct buf keys[4096], values[4096];
	size_t count;
};

static void put(void *context, struct slice key, struct slice value)
{
	struct store *s = context;

	assert_non_null(value.ptr);
	buf_slice(&s->keys[s->count], key);
	buf_slice(&s->values[s->count++], value);
}

static void what_was_seen_outlives_a_restart_and_is_not_told_again(void **state)
{
	static struct store store;
	struct told told = { 0 };
	struct canary *c = canary_new(&config, on_verdict, &told), *again = canary_new(&config, on_verdict, &told);
	struct habit old = { "support@1.4.0", 0.01, 0, 0.8 }, new = { "support@1.5.0", 0.01, 12, 0.8 };
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct canary_wish wish = { .name = SLICE("support"), .from = SLICE("1.4.0") };

	(void)state;
	serve(c, &old, &new, 12, 60, 0);
	canary_save(c, false, put, &store);
	for (char kind = 'a'; kind <= 'h'; kind++) /* in the order of keys */
		for (size_t i = 0; i < store.count; i++)
			if (store.keys[i].ptr[0] == kind)
				assert_false(FAILED(canary_load(again, buf_view(&store.keys[i]),
								buf_view(&store.values[i]))));
	assert_false(FAILED(canary_write_json(c, &wish, "", &before)));
	assert_false(FAILED(canary_write_json(again, &wish, "", &after)));
	assert_string_equal(buf_string(&before), buf_string(&after));
	one_call(again, &new, 1, T0 + 13 * HOUR, 0);
	assert_int_equal(told.count, 1);
	for (size_t i = 0; i < store.count; i++) {
		buf_release(&store.keys[i]);
		buf_release(&store.values[i]);
	}
	buf_release(&before);
	buf_release(&after);
	canary_free(c);
	canary_free(again);
}

static void damaged_values_are_left_out(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);

	(void)state;
	assert_int_equal(canary_load(c, SLICE("a12345678"), SLICE("\1\377")).code, STATUS_CORRUPT);
	assert_int_equal(canary_load(c, SLICE("h123456780000"), SLICE("\1")).code, STATUS_CORRUPT);
	assert_int_equal(canary_load(c, SLICE("x"), SLICE("")).code, STATUS_CORRUPT);
	canary_free(c);
}

static void many_versions_do_not_grow_without_bound(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);
	struct canary_wish wish = { .name = SLICE("support") };
	struct canary_pair pair;
	char version[32];

	(void)state;
	for (unsigned i = 0; i < 3 * CANARY_ARMS_MAX; i++) {
		struct habit h = { version, 0.01, 0, NAN };
		snprintf(version, sizeof(version), "support@1.%u", i);
		one_call(c, &h, i, T0 + i * HOUR, 0);
	}
	assert_false(FAILED(canary_choose(c, &wish, &pair)));
	assert_true(slice_equal(pair.to, SLICE("support@1.191")));
	assert_true(slice_equal(pair.from, SLICE("support@1.190")));
	wish.from = SLICE("1.0"); /* long gone */
	assert_int_equal(canary_choose(c, &wish, &pair).code, STATUS_NOTFOUND);
	canary_free(c);
}

static void versions_beyond_the_room_do_not_push_out_those_that_serve(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);
	struct canary_wish wish = { .name = SLICE("support"), .from = SLICE("1.0"), .to = SLICE("1.1") };
	struct canary_pair pair;
	char version[32];
	unsigned n = 0;

	(void)state;
	for (unsigned minute = 0; minute < 30; minute++)
		for (unsigned i = 0; i < 2 * CANARY_ARMS_MAX; i++) {
			struct habit h = { version, 0.01, 0, NAN };
			snprintf(version, sizeof(version), "support@1.%u", i);
			one_call(c, &h, n++, T0 + minute * 60, 0);
		}
	assert_false(FAILED(canary_choose(c, &wish, &pair)));
	struct canary_comparison comparison;
	canary_visit(c, &wish, &pair, keep, &comparison);
	assert_true(arm_hour(comparison.a, (uint32_t)(T0 / HOUR), 0)->requests == 30);
	wish.to = SLICE("1.127"); /* found no room */
	assert_int_equal(canary_choose(c, &wish, &pair).code, STATUS_NOTFOUND);
	canary_free(c);
}

static void the_bound_is_that_of_the_mixture_and_its_inverse_finds_it_back(void **state)
{
	(void)state;
	/* V = t^2: sqrt(4 V ln(sqrt(2) / alpha)) */
	assert_true(fabs(sequential_half_width(0.0625, 0.25, 0.001) - sqrt(0.25 * log(sqrt(2) / 0.001))) < 1e-12);
	double variance = sequential_variance(0.1, 0.25, 0.001);
	assert_true(fabs(sequential_half_width(variance, 0.25, 0.001) - 0.1) < 1e-6);
}

static struct canary_summary summary_of(const struct canary *c, struct canary_comparison *out)
{
	struct canary_wish wish = { .name = SLICE("support") };
	struct canary_pair pair;
	struct canary_summary s;

	assert_false(FAILED(canary_choose(c, &wish, &pair)));
	canary_visit(c, &wish, &pair, keep, out);
	canary_summarize(c, &wish, &pair, &s);
	return s;
}

static void a_metric_that_gets_worse_says_when_there_will_be_a_verdict(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);
	struct habit old = { "support@1.4.0", 0.01, 0, NAN }, new = { "support@1.5.0", 0.01, 12, NAN };
	struct canary_comparison comparison;

	(void)state;
	serve(c, &old, &new, 2, 60, 0);
	struct canary_summary s = summary_of(c, &comparison);
	assert_int_equal(s.verdict, CANARY_UNDECIDED);
	assert_true(s.calls_needed > 0);
	assert_true(s.calls_needed < row_of(&comparison, CANARY_ERROR_RATE)->calls_needed); /* equal, much later */
	assert_non_null(strstr(buf_string(&s.reason), "invalid_json_rate of triage (gpt-4o) is not decided yet"));
	buf_release(&s.reason);
	serve(c, &old, &new, 12, 60, 0);
	s = summary_of(c, &comparison);
	assert_int_equal(s.verdict, CANARY_WORSE);
	assert_true(s.calls_needed <= 0);
	buf_release(&s.reason);
	canary_free(c);
}

static void assert_missing(const struct canary *c, const struct canary_wish *wish, const char *why)
{
	struct buf out = BUF_INIT;
	struct canary_pair pair;

	assert_true(FAILED(canary_choose(c, wish, &pair)));
	canary_write_missing(c, wish, &out);
	assert_string_equal(buf_string(&out), why);
	buf_release(&out);
}

static void where_nothing_can_be_compared_it_says_what_was_seen(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);
	struct habit old = { "support@1.4.0", 0.01, 0, NAN }, new = { "support@1.5.0", 0.01, 0, NAN };
	struct canary_wish nobody = { .name = SLICE("nobody") }, support = { .name = SLICE("support") };
	struct canary_wish far = { .name = SLICE("support"), .to = SLICE("9"), .model = SLICE("o3") };

	(void)state;
	assert_missing(c, &nobody,
		       "no calls of a prompt 'nobody' were seen; `plimsoll canary` lists what can be compared");
	one_call(c, &old, 1, T0, 0);
	assert_missing(c, &support, "no two versions of 'support' to compare; seen were 1.4.0 (triage, gpt-4o)");
	one_call(c, &new, 1, T0, 0);
	assert_missing(c, &far, "no two versions of 'support' to compare, to 9 by model 'o3'; seen were 1.4.0 (triage, gpt-4o), "
				"1.5.0 (triage, gpt-4o)");
	canary_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_that_breaks_json_is_told_once_and_names_both),
		cmocka_unit_test(a_version_that_is_as_good_may_be_promoted),
		cmocka_unit_test(a_version_that_is_cheaper_is_better),
		cmocka_unit_test(drift_that_both_go_through_is_no_difference),
		cmocka_unit_test(what_is_not_known_yet_says_how_much_is_missing),
		cmocka_unit_test(versions_one_after_the_other_need_days_of_the_older_one),
		cmocka_unit_test(what_was_seen_outlives_a_restart_and_is_not_told_again),
		cmocka_unit_test(damaged_values_are_left_out),
		cmocka_unit_test(many_versions_do_not_grow_without_bound),
		cmocka_unit_test(versions_beyond_the_room_do_not_push_out_those_that_serve),
		cmocka_unit_test(the_bound_is_that_of_the_mixture_and_its_inverse_finds_it_back),
		cmocka_unit_test(a_metric_that_gets_worse_says_when_there_will_be_a_verdict),
		cmocka_unit_test(where_nothing_can_be_compared_it_says_what_was_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
