/* SPDX-License-Identifier: Apache-2.0
 * The detector's verdicts are the same over restarts at any point; older formats are read, and broken values refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/record.h"
#include "tests/unit/baselines_detector_rig.h"

struct pair {
	struct buf key, value;
};

struct pairs {
	struct pair *items;
	size_t count, longest_series;
};

static int by_key(const void *a, const void *b)
{
	const struct buf *x = &((const struct pair *)a)->key, *y = &((const struct pair *)b)->key;
	int order = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static void keep(void *context, struct slice key, struct slice value)
{
	struct pairs *pairs = context;
	struct pair *at = NULL;

	for (size_t i = 0; i < pairs->count && at == NULL; i++)
		if (slice_equal(buf_view(&pairs->items[i].key), key))
			at = &pairs->items[i];
	if (at == NULL) {
		pairs->items = realloc(pairs->items, (pairs->count + 1) * sizeof(pairs->items[0]));
		at = &pairs->items[pairs->count++];
		*at = (struct pair){ BUF_INIT, BUF_INIT };
		buf_slice(&at->key, key);
	}
	buf_reset(&at->value);
	buf_slice(&at->value, value);
	if (key.ptr[0] == 's' && value.len > pairs->longest_series)
		pairs->longest_series = value.len;
}

static void load_all(struct detector *d, struct pairs *pairs)
{
	qsort(pairs->items, pairs->count, sizeof(pairs->items[0]), by_key);
	for (size_t i = 0; i < pairs->count; i++)
		assert_int_equal(
			detector_load(d, buf_view(&pairs->items[i].key), buf_view(&pairs->items[i].value)).code,
			STATUS_OK);
}

static void pairs_release(struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		buf_release(&pairs->items[i].key);
		buf_release(&pairs->items[i].value);
	}
	free(pairs->items);
}

struct life {
	struct detector *detector;
	struct buf verdicts;
	struct pairs pairs;
	uint32_t seed;
	int restart_every; /* rows, on average; 0: never */
	int restarts;
};

static void restart(struct life *l)
{
	detector_save(l->detector, false, keep, &l->pairs);
	detector_free(l->detector);
	l->detector = detector_new(&scenario_config, write_verdict, &l->verdicts);
	load_all(l->detector, &l->pairs);
	l->restarts++;
}

static void live(void *context, const struct sample *s)
{
	struct life *l = context;

	if (l->restart_every != 0 && (noise(&l->seed) + 1) / 2 < 1.0 / l->restart_every)
		restart(l);
	detector_add(l->detector, s);
}

static void live_scenario(struct life *l, int restart_every, uint32_t seed)
{
	*l = (struct life){ .verdicts = BUF_INIT, .seed = seed, .restart_every = restart_every };
	l->detector = detector_new(&scenario_config, write_verdict, &l->verdicts);
	assert_true(scenario_play(SCENARIO, live, l) > 0);
}

static void life_release(struct life *l)
{
	detector_free(l->detector);
	buf_release(&l->verdicts);
	pairs_release(&l->pairs);
}

static void restarts_at_any_point_change_no_verdict(void **state)
{
	struct life calm, l;

	(void)state;
	live_scenario(&calm, 0, 0);
	detector_finish(calm.detector);
	assert_true(lines(&calm.verdicts) > 50);
	for (uint32_t seed = 1; seed <= 4; seed++) {
		live_scenario(&l, seed == 1 ? 20 : 600, seed);
		detector_finish(l.detector);
		assert_true(l.restarts > 5);
		assert_string_equal(buf_string(&l.verdicts), buf_string(&calm.verdicts));
		assert_true(l.pairs.longest_series <= 1024);
		life_release(&l);
	}
	life_release(&calm);
}

static void a_score_that_is_called_other_is_loaded_beside_all_others(void **state)
{
	struct life l = { .detector = detector_new(&scenario_config, write_verdict, &l.verdicts),
			  .verdicts = BUF_INIT };
	char name[24];

	(void)state;
	for (int i = 0; i < 40; i++) {
		struct sample s = sample_unknown(SAMPLE_SCORE);
		snprintf(name, sizeof(name), "score-%d", i);
		s.time_unix_ms = MONDAY * 1000;
		s.name = i == 3 ? SLICE("other") : slice_of(name);
		s.value = 0.5;
		detector_add(l.detector, &s);
	}
	uint64_t series = detector_series_count(l.detector);
	restart(&l); /* nothing of it is refused */
	assert_int_equal(detector_series_count(l.detector), series);
	life_release(&l);
}

static void what_has_not_changed_is_not_saved_again(void **state)
{
	struct pairs again = { 0 };
	struct life l;

	(void)state;
	live_scenario(&l, 0, 0);
	detector_save(l.detector, false, keep, &l.pairs);
	detector_save(l.detector, false, keep, &again);
	assert_int_equal(again.count, 0);
	detector_save(l.detector, true, keep, &again);
	assert_int_equal(again.count, l.pairs.count);
	pairs_release(&again);
	life_release(&l);
}

static void stored_values_that_are_broken_are_refused(void **state)
{
	struct life l;

	(void)state;
	live_scenario(&l, 0, 0);
	detector_save(l.detector, true, keep, &l.pairs);
	qsort(l.pairs.items, l.pairs.count, sizeof(l.pairs.items[0]), by_key);
	assert_true(l.pairs.count > 0);
	for (size_t i = 0; i < l.pairs.count; i++) {
		struct slice key = buf_view(&l.pairs.items[i].key), value = buf_view(&l.pairs.items[i].value);
		struct detector *d = detector_new(&scenario_config, write_verdict, &l.verdicts);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(
				detector_load(d, buf_view(&l.pairs.items[j].key), buf_view(&l.pairs.items[j].value))
					.code,
				STATUS_OK);
		assert_int_equal(detector_load(d, key, slice_head(value, value.len - 1)).code, STATUS_CORRUPT);
		assert_int_equal(detector_load(d, key, SLICE("\x02")).code, STATUS_CORRUPT);
		assert_int_equal(detector_load(d, slice_head(key, 1), value).code, STATUS_CORRUPT);
		detector_free(d);
	}
	life_release(&l);
}

/* A key as version 1 of the format has it: each of ten metrics has its place. */
static void a_key_of_the_first_format_is_read(void **state)
{
	struct slice labels[] = { SLICE("f"), SLICE("m"), SLICE("v1") };
	struct buf value = BUF_INIT, verdicts = BUF_INIT;
	struct record r = record_writer(&value);
	int64_t first_s = (int64_t)MONDAY, never = 0;
	uint32_t zero = 0, metrics = 10;
	double none = 0, two = 2, sum = -12;

	(void)state;
	record_format(&r, 1);
	for (size_t i = 0; i < 3; i++)
		record_slice(&r, &labels[i]);
	record_time(&r, &first_s);
	record_double(&r, &none); /* runaway */
	record_u32(&r, &zero);
	record_u32(&r, &zero);
	record_time(&r, &never);
	record_u32(&r, &metrics);
	record_count(&r, &two); /* cost: two requests */
	record_double(&r, &sum);
	record_double(&r, &sum);
	for (uint32_t m = 1; m < metrics; m++)
		record_count(&r, &none);
	struct detector *d = detector_new(&scenario_config, write_verdict, &verdicts);
	assert_int_equal(detector_load(d, (struct slice){ "k\0\0\0\0", 5 }, buf_view(&value)).code, STATUS_OK);
	assert_int_equal(detector_series_count(d), 1);
	detector_free(d);
	buf_release(&value);
	buf_release(&verdicts);
}

/* Format 2 had no second time behind the labels: since when a key is counted here. */
static void a_key_of_the_second_format_is_read(void **state)
{
	enum { FORMAT_AND_LABELS = 1 + 2 + 2 + 3 + 1 + 1, TIME = 5 };
	struct life l = { .detector = detector_new(&scenario_config, write_verdict, &l.verdicts),
			  .verdicts = BUF_INIT };
	struct sample s = request(MONDAY, 0.001);

	(void)state;
	s.feature = SLICE("f");
	s.model = SLICE("m");
	s.prompt_version = SLICE("v1");
	detector_add(l.detector, &s);
	uint64_t series = detector_series_count(l.detector);
	detector_save(l.detector, true, keep, &l.pairs);
	detector_free(l.detector);
	for (size_t i = 0; i < l.pairs.count; i++) {
		struct buf *value = &l.pairs.items[i].value;
		if (l.pairs.items[i].key.ptr[0] != 'k')
			continue;
		char *first = value->ptr + FORMAT_AND_LABELS, *counted = first + TIME;
		assert_int_equal(value->ptr[0], 3);
		assert_memory_equal(first, counted, TIME);
		value->ptr[0] = 2;
		memmove(first, counted, value->len - FORMAT_AND_LABELS - TIME);
		value->len -= TIME;
	}
	l.detector = detector_new(&scenario_config, write_verdict, &l.verdicts);
	load_all(l.detector, &l.pairs);
	assert_int_equal(detector_series_count(l.detector), series);
	life_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restarts_at_any_point_change_no_verdict),
		cmocka_unit_test(a_score_that_is_called_other_is_loaded_beside_all_others),
		cmocka_unit_test(what_has_not_changed_is_not_saved_again),
		cmocka_unit_test(stored_values_that_are_broken_are_refused),
		cmocka_unit_test(a_key_of_the_first_format_is_read),
		cmocka_unit_test(a_key_of_the_second_format_is_read),
	};

	return cmocka_run_group_tests_name("baselines/saved", tests, NULL, NULL);
}
