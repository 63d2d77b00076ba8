/* SPDX-License-Identifier: Apache-2.0
 * What one detector has learned is as good in another; what is no export is refused as a whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/baselines/detector_priv.h"
#include "agent/baselines/exchange.h"
#include "tests/unit/baselines_rig.h"

#define DAYS 1440

static const char *const one[] = { "f", NULL };
static struct rig rig, other;
static struct buf text; /* what was exported last */

static int set_up(void **state)
{
	const struct baselines_config config = rig_config();

	(void)state;
	rig_open(&rig, &config);
	rig_open(&other, &config);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	detector_free(rig.detector);
	detector_free(other.detector);
	buf_release(&text);
	return 0;
}

static void export_of(struct detector *d, struct buf *out)
{
	buf_reset(out);
	exchange_export(d, out);
	assert_false(buf_failed(out));
}

/* For so many days, and exports it. */
static void learn(int days)
{
	rig_play(&rig, one, days * DAYS, NULL);
	export_of(rig.detector, &text);
}

static void play_version(struct rig *r, const char *version, int minutes, double factor)
{
	for (int i = 0; i < minutes; i++, r->now_s += 60) {
		struct sample s = rig_call(r, "f", version, factor);
		detector_add(r->detector, &s);
	}
}

static struct status take(struct detector *d, struct slice told, enum exchange_mode mode,
			  struct exchange_result *result)
{
	struct buf why = BUF_INIT;
	struct status s = exchange_import(d, told, mode, true, result, &why);

	assert_true(!FAILED(s) == (why.len == 0));
	buf_release(&why);
	return s;
}

static void a_new_agent_judges_by_what_another_has_learned(void **state)
{
	struct exchange_result result;
	struct buf again = BUF_INIT;

	(void)state;
	learn(4);
	assert_int_equal(take(other.detector, buf_view(&text), EXCHANGE_IMPORT, &result).code, STATUS_OK);
	assert_int_equal(result.added, detector_series_count(rig.detector));
	export_of(other.detector, &again);
	assert_int_equal(again.len, text.len);
	other.now_s = rig.now_s;
	play_version(&other, "v1", 360, 2.5);
	assert_non_null(rig_find(&other, 0, VERDICT_RAISED, VERDICT_SHIFT, "cost"));
	buf_release(&again);
}

static void hours_without_traffic_before_an_import_do_not_pass_after_it(void **state)
{
	struct exchange_result result;

	(void)state;
	learn(4);
	other.now_s = rig.now_s;
	detector_advance(other.detector, other.now_s - 5 * 3600);
	detector_advance(other.detector, other.now_s);
	assert_int_equal(take(other.detector, buf_view(&text), EXCHANGE_IMPORT, &result).code, STATUS_OK);
	detector_advance(other.detector, other.now_s + 1);
	assert_true(detector_time(other.detector) <= other.now_s);
}

static void an_export_from_a_clock_ahead_does_not_take_time_ahead(void **state)
{
	struct exchange_result result;

	(void)state;
	learn(4);
	other.now_s = rig.now_s - 86400;
	detector_advance(other.detector, other.now_s);
	assert_int_equal(take(other.detector, buf_view(&text), EXCHANGE_IMPORT, &result).code, STATUS_OK);
	assert_true(detector_time(other.detector) <= other.now_s + 300);
}

static void replicas_merge_to_something_between_them(void **state)
{
	struct exchange_result result;

	(void)state;
	other.seed = 99;
	rig_play(&rig, one, 3 * DAYS, NULL);
	rig_play(&other, one, 3 * DAYS, NULL);
	export_of(other.detector, &text);
	assert_int_equal(take(rig.detector, buf_view(&text), EXCHANGE_MERGE, &result).code, STATUS_OK);
	assert_int_equal(result.changed, detector_series_count(rig.detector));
	assert_int_equal(result.added, 0);
	int before = rig.count;
	rig_play(&rig, one, 2 * DAYS, NULL);
	assert_null(rig_find(&rig, before, VERDICT_RAISED, VERDICT_SHIFT, NULL));
}

static void what_is_cut_altered_or_of_another_version_changes_nothing(void **state)
{
	struct exchange_result result;

	(void)state;
	learn(3);
	for (size_t cut = 0; cut < text.len - 1; cut += text.len / 97 + 1)
		assert_true(FAILED(take(other.detector, slice_head(buf_view(&text), cut), EXCHANGE_IMPORT, &result)));
	char *version = strstr(text.ptr, "\"version\":1");
	version[strlen("\"version\":")] = '2';
	assert_int_equal(take(other.detector, buf_view(&text), EXCHANGE_IMPORT, &result).code, STATUS_INVALID);
	version[strlen("\"version\":")] = '1';
	char *shape = strstr(text.ptr, "\"state\":\"");
	shape[strlen("\"state\":\"") + 1] ^= 2;
	assert_int_equal(take(other.detector, buf_view(&text), EXCHANGE_IMPORT, &result).code, STATUS_CORRUPT);
	assert_int_equal(detector_series_count(other.detector), 0);
	assert_int_equal(take(other.detector, SLICE("{\"type\":\"call\"}\n"), EXCHANGE_IMPORT, &result).code,
			 STATUS_MALFORMED);
}

static int pairs;

static void count_pair(void *context, struct slice key, struct slice value)
{
	(void)context;
	(void)key;
	pairs += value.ptr != NULL && key.ptr[0] == 's';
}

static void a_reset_forgets_and_ends_what_fires(void **state)
{
	(void)state;
	rig_play(&rig, one, 4 * DAYS, NULL);
	play_version(&rig, "v1", 360, 2.5);
	assert_non_null(rig_find(&rig, 0, VERDICT_RAISED, VERDICT_SHIFT, "cost"));
	pairs = 0;
	detector_save(rig.detector, true, count_pair, NULL);
	assert_true(pairs > 0);
	assert_int_equal(detector_reset(rig.detector, SLICE("g"), SLICE_NONE, SLICE_NONE), 0);
	assert_int_equal(detector_reset(rig.detector, SLICE("f"), SLICE_NONE, SLICE_NONE), 1);
	pairs = 0;
	detector_save(rig.detector, true, count_pair, NULL);
	assert_int_equal(pairs, 0);
	assert_int_equal(detector_series_count(rig.detector), 0);
	assert_non_null(rig_find(&rig, 0, VERDICT_ADOPTED, VERDICT_SHIFT, "cost"));
}

static void ignore_pair(void *context, struct slice key, struct slice value)
{
	(void)context;
	(void)key;
	(void)value;
}

static void a_reset_first_version_is_succeeded_by_the_next(void **state)
{
	(void)state;
	play_version(&rig, "v1", 6 * DAYS, 1);
	play_version(&rig, "v2", 2 * DAYS, 1);
	assert_int_equal(detector_reset(rig.detector, SLICE_NONE, SLICE_NONE, SLICE("v1")), 1);
	detector_save(rig.detector, true, ignore_pair, NULL);
	int before = rig.count;
	play_version(&rig, "v3", DAYS, 3);
	const struct told *canary = rig_find(&rig, before, VERDICT_RAISED, VERDICT_CANARY, "cost");
	assert_non_null(canary);
	assert_string_equal(canary->version, "v3");
	assert_non_null(rig_find(&rig, before, VERDICT_RAISED, VERDICT_SHIFT, "spend_day"));
}

/* As damage in the store may have it, of which the checksum knows nothing. */
static void a_first_version_that_names_another_first_is_succeeded_too(void **state)
{
	(void)state;
	play_version(&rig, "v1", 60, 1);
	play_version(&rig, "v2", 60, 1);
	struct baseline_key *v1 = key_table_find(&rig.detector->table, (struct labels){ .feature = SLICE("f"),
				.model = SLICE("m"), .prompt_version = SLICE("v1") });
	assert_non_null(v1);
	v1->incumbent = 99;
	assert_int_equal(detector_reset(rig.detector, SLICE_NONE, SLICE_NONE, SLICE("v1")), 1);
	detector_save(rig.detector, true, ignore_pair, NULL);
	for (uint32_t i = 0; i < rig.detector->table.count; i++) {
		const struct baseline_key *k = rig.detector->table.keys[i];
		assert_true(k == NULL || k->incumbent == k->id);
	}
}

/* Two versions side by side, whose cost has another level every six hours. */
static void play_blocks(struct rig *r, int blocks)
{
	for (int block = 0; block < blocks; block++) {
		double level = exp(rig_noise(r) * 0.3);
		for (int i = 0; i < 360; i++, r->now_s += 60) {
			struct sample v1 = rig_call(r, "f", "v1", level), v2 = rig_call(r, "f", "v2", level);
			detector_add(r->detector, &v1);
			detector_add(r->detector, &v2);
		}
	}
}

static void an_imported_version_is_measured_by_what_is_seen_here(void **state)
{
	struct exchange_result result;

	(void)state;
	play_blocks(&rig, 40);
	assert_null(rig_find(&rig, 0, VERDICT_RAISED, VERDICT_CANARY, NULL));
	export_of(rig.detector, &text);
	assert_int_equal(take(other.detector, buf_view(&text), EXCHANGE_IMPORT, &result).code, STATUS_OK);
	other.now_s = rig.now_s;
	play_version(&other, "v2", 360, exp(0.3)); /* as high as any six hours may be */
	assert_null(rig_find(&other, 0, VERDICT_RAISED, VERDICT_CANARY, "cost"));
}

static void a_reset_ends_the_alerts_of_the_day_and_of_percentiles_too(void **state)
{
	static const char *asked_for[] = { "latency_p99" };
	struct baselines_config config = rig_config();

	(void)state;
	detector_free(rig.detector);
	config.metrics.items = asked_for;
	config.metrics.count = 1;
	rig_open(&rig, &config);
	play_version(&rig, "v1", 8 * DAYS, 1);
	for (int i = 0; i < DAYS; i++, rig.now_s += 60) {
		struct sample s = rig_call(&rig, "f", "v1", 4);
		s.latency_ms *= 5;
		detector_add(rig.detector, &s);
	}
	assert_non_null(rig_find(&rig, 0, VERDICT_RAISED, VERDICT_SHIFT, "spend_day"));
	assert_non_null(rig_find(&rig, 0, VERDICT_RAISED, VERDICT_LATENCY_P99, "latency_p99"));
	int before = rig.count;
	assert_int_equal(detector_reset(rig.detector, SLICE("f"), SLICE_NONE, SLICE_NONE), 1);
	detector_save(rig.detector, true, ignore_pair, NULL);
	assert_non_null(rig_find(&rig, before, VERDICT_ADOPTED, VERDICT_SHIFT, "spend_day"));
	assert_non_null(rig_find(&rig, before, VERDICT_ADOPTED, VERDICT_LATENCY_P99, "latency_p99"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_agent_judges_by_what_another_has_learned),
		TEST(hours_without_traffic_before_an_import_do_not_pass_after_it),
		TEST(an_export_from_a_clock_ahead_does_not_take_time_ahead),
		TEST(replicas_merge_to_something_between_them),
		TEST(what_is_cut_altered_or_of_another_version_changes_nothing),
		TEST(an_imported_version_is_measured_by_what_is_seen_here),
		TEST(a_reset_forgets_and_ends_what_fires),
		TEST(a_reset_first_version_is_succeeded_by_the_next),
		TEST(a_first_version_that_names_another_first_is_succeeded_too),
		TEST(a_reset_ends_the_alerts_of_the_day_and_of_percentiles_too),
	};
	return cmocka_run_group_tests_name("baselines/exchange", tests, NULL, NULL);
}
