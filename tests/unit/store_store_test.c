/* SPDX-License-Identifier: Apache-2.0
 * What is written is read back, in key order, by whole batches, from any thread; a full map says so and recovers.
 */
#include "tests/unit/store_dir.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "agent/base/clock.h"

static void a_value_is_read_back_after_reopening(void **state)
{
	struct store *s = must_open(MAP_BYTES);

	(void)state;
	must_write(s, SLICE("a"), SLICE("1"));
	must_write(s, SLICE("a\0b"), SLICE(""));
	must_write(s, SLICE("a"), SLICE("2"));
	store_close(s);
	s = must_open(MAP_BYTES);
	assert_value(s, SLICE("a"), SLICE("2"));
	assert_value(s, SLICE("a\0b"), SLICE(""));
	assert_lookup(s, SLICE("b"), STATUS_NOTFOUND);
	store_close(s);
}

static void closing_commits_what_is_queued(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	struct store_batch *b = store_batch_new();

	(void)state;
	store_batch_put(b, STORE_BASELINES, SLICE("k"), SLICE("v"));
	assert_int_equal(store_write(s, b, NULL, NULL).code, STATUS_OK);
	store_close(s);
	s = must_open(MAP_BYTES);
	assert_value(s, SLICE("k"), SLICE("v"));
	store_close(s);
}

struct visited {
	char text[64];
	int left;
};

static bool note_visit(void *context, struct slice key, struct slice value)
{
	struct visited *v = context;
	size_t n = strlen(v->text);

	snprintf(v->text + n, sizeof(v->text) - n, "%.*s=%.*s ", SLICE_ARG(key), SLICE_ARG(value));
	return --v->left != 0;
}

static void assert_scan(struct store *s, struct slice prefix, int limit, const char *want)
{
	struct visited v = { "", limit };

	assert_int_equal(store_scan(s, STORE_BASELINES, prefix, note_visit, &v).code, STATUS_OK);
	assert_string_equal(v.text, want);
}

static void a_scan_visits_a_prefix_in_key_order(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	struct store_batch *b = store_batch_new();
	static const char *const keys[] = { "b/2", "a/9", "b/10", "c", "b/1" };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		store_batch_put(b, STORE_BASELINES, slice_of(keys[i]), SLICE("v"));
	store_batch_put(b, STORE_ALERTS, SLICE("b/3"), SLICE("other table"));
	assert_int_equal(store_write(s, b, NULL, NULL).code, STATUS_OK);
	assert_int_equal(store_flush(s).code, STATUS_OK);
	assert_scan(s, SLICE("b/"), 0, "b/1=v b/10=v b/2=v ");
	assert_scan(s, SLICE(""), 2, "a/9=v b/1=v ");
	assert_scan(s, SLICE("d"), 0, "");
	store_close(s);
}

struct nested {
	struct store *s;
	struct buf got;
};

static bool read_again(void *context, struct slice key, struct slice value)
{
	struct nested *n = context;

	(void)value;
	assert_int_equal(store_get(n->s, STORE_BASELINES, key, &n->got).code, STATUS_OK);
	return true;
}

static void a_visit_may_read(void **state)
{
	struct nested n = { must_open(MAP_BYTES), BUF_INIT };

	(void)state;
	must_write(n.s, SLICE("k"), SLICE("v"));
	assert_int_equal(store_scan(n.s, STORE_BASELINES, SLICE(""), read_again, &n).code, STATUS_OK);
	assert_true(slice_equal(buf_view(&n.got), SLICE("v")));
	buf_release(&n.got);
	store_close(n.s);
}

static void changes_of_a_batch_happen_in_order_and_deletes_of_nothing_are_fine(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	struct store_batch *b = store_batch_new();

	(void)state;
	must_write(s, SLICE("old"), SLICE("1"));
	store_batch_delete(b, STORE_BASELINES, SLICE("never there"));
	store_batch_delete(b, STORE_BASELINES, SLICE("old"));
	store_batch_put(b, STORE_BASELINES, SLICE("new"), SLICE("1"));
	store_batch_put(b, STORE_BASELINES, SLICE("new"), SLICE("2"));
	assert_int_equal(store_write(s, b, NULL, NULL).code, STATUS_OK);
	assert_int_equal(store_flush(s).code, STATUS_OK);
	assert_scan(s, SLICE(""), 0, "new=2 ");
	store_close(s);
}

static void keys_that_lmdb_cannot_hold_are_refused(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	char longest[512];

	(void)state;
	memset(longest, 'k', sizeof(longest));
	assert_int_equal(write_one(s, (struct slice){ longest, 511 }, SLICE("v")).code, STATUS_OK);
	assert_int_equal(write_one(s, (struct slice){ longest, 512 }, SLICE("v")).code, STATUS_INVALID);
	assert_int_equal(write_one(s, SLICE(""), SLICE("v")).code, STATUS_INVALID);
	store_close(s);
}

/* One of several threads that each write PER_THREAD batches. */
#define THREADS 4
#define PER_THREAD 200

struct load {
	struct store *s;
	int number;
	_Atomic int acknowledged;
};

static void count_acknowledged(void *context, struct status result)
{
	struct load *l = context;

	if (!FAILED(result))
		l->acknowledged++;
}

static void *write_many(void *context)
{
	struct load *l = context;
	char key[32];
	struct buf got = BUF_INIT;

	for (int i = 0; i < PER_THREAD; i++) {
		struct store_batch *b = store_batch_new();
		snprintf(key, sizeof(key), "%d/%05d", l->number, i);
		store_batch_put(b, STORE_BASELINES, slice_of(key), SLICE("v"));
		store_batch_put(b, STORE_BUDGETS, slice_of(key), SLICE("w"));
		if (FAILED(store_write(l->s, b, count_acknowledged, l)))
			abort();
		struct status read = store_get(l->s, STORE_BASELINES, slice_of(key), &got);
		if (read.code != STATUS_OK && read.code != STATUS_NOTFOUND)
			abort();
	}
	buf_release(&got);
	return NULL;
}

static void batches_of_several_threads_are_committed_in_groups(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	struct load loads[THREADS];
	pthread_t threads[THREADS];
	struct store_stats stats;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		loads[i] = (struct load){ .s = s, .number = i };
		pthread_create(&threads[i], NULL, write_many, &loads[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(store_flush(s).code, STATUS_OK);
	assert_int_equal(store_stats(s, &stats).code, STATUS_OK);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(loads[i].acknowledged, PER_THREAD);
	assert_int_equal(stats.entries[STORE_BASELINES], THREADS * PER_THREAD);
	assert_int_equal(stats.entries[STORE_BUDGETS], THREADS * PER_THREAD);
	assert_in_range(stats.commits, 1, THREADS * PER_THREAD / 4);
	assert_in_range(stats.used_bytes, 1, MAP_BYTES);
	store_close(s);
}

static void a_stream_of_small_batches_is_paced(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	struct store_stats stats;
	uint64_t end_ns = clock_mono_ns() + 300 * NS_PER_MS;

	(void)state;
	while (clock_mono_ns() < end_ns) {
		struct store_batch *b = store_batch_new();
		store_batch_put(b, STORE_BASELINES, SLICE("k"), SLICE("v"));
		assert_int_equal(store_write(s, b, NULL, NULL).code, STATUS_OK);
		usleep(1000);
	}
	assert_int_equal(store_flush(s).code, STATUS_OK);
	assert_int_equal(store_stats(s, &stats).code, STATUS_OK);
	assert_in_range(stats.commits, 1, 300 / 50 + 2);
	store_close(s);
}

/* Adds entries from number `from` on until one does not fit, whose number is returned. */
static size_t fill(struct store *s, size_t from, struct slice value)
{
	char key[24];

	for (size_t n = from;; n++) {
		snprintf(key, sizeof(key), "%08zu", n);
		struct status written = write_one(s, slice_of(key), value);
		if (FAILED(written)) {
			assert_int_equal(written.code, STATUS_FULL);
			assert_lookup(s, slice_of(key), STATUS_NOTFOUND);
			return n;
		}
		assert_value(s, slice_of(key), value);
		assert_in_range(n, from, from + 1000);
	}
}

static void delete_range(struct store *s, size_t from, size_t to)
{
	struct store_batch *b = store_batch_new();
	char key[24];

	for (size_t i = from; i < to; i++) {
		snprintf(key, sizeof(key), "%08zu", i);
		store_batch_delete(b, STORE_BASELINES, slice_of(key));
	}
	assert_int_equal(store_write(s, b, NULL, NULL).code, STATUS_OK);
	assert_int_equal(store_flush(s).code, STATUS_OK);
}

/* As a queue uses the store: the oldest half goes, and at least half as much fits again at once. */
static void full_map_recovers(size_t value_bytes)
{
	struct store *s = must_open(UINT64_C(1) << 20);
	char *zeros = calloc(1, value_bytes);
	struct slice value = { zeros, value_bytes };
	size_t oldest = 0, end = fill(s, 0, value);

	for (int round = 0; round < 10; round++) {
		size_t middle = oldest + (end - oldest + 1) / 2, freed = middle - oldest;
		delete_range(s, oldest, middle);
		oldest = middle;
		size_t new_end = fill(s, end, value);
		assert_in_range(new_end - end, (freed + 1) / 2, 2 * freed);
		end = new_end;
	}
	delete_range(s, oldest, end);
	must_write(s, SLICE("k"), SLICE("v"));
	free(zeros);
	store_close(s);
}

static void a_map_full_of_small_values_says_so_and_works_again_after_deleting(void **state)
{
	(void)state;
	full_map_recovers(3000);
}

static void a_map_full_of_large_values_says_so_and_works_again_after_deleting(void **state)
{
	(void)state;
	full_map_recovers(200000);
}

static void one_batch_that_does_not_fit_takes_no_other_with_it(void **state)
{
	struct store *s = must_open(UINT64_C(1) << 20);
	char *huge = calloc(1, 2 << 20);
	struct load fits = { 0 }, does_not = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct store_batch *b = store_batch_new();
		char key[2] = { (char)('a' + i), '\0' };
		store_batch_put(b, STORE_BASELINES, slice_of(key), (struct slice){ huge, i == 1 ? 2 << 20 : 10 });
		assert_int_equal(store_write(s, b, count_acknowledged, i == 1 ? &does_not : &fits).code, STATUS_OK);
	}
	assert_int_equal(store_flush(s).code, STATUS_OK);
	assert_int_equal(fits.acknowledged, 2);
	assert_int_equal(does_not.acknowledged, 0);
	assert_lookup(s, SLICE("b"), STATUS_NOTFOUND);
	free(huge);
	store_close(s);
}

/* A disk that takes its time: the store's thread stands still between these two. */
struct slow_disk {
	sem_t reached, goes_on;
};

static void stand_still(void *context, struct status result)
{
	struct slow_disk *disk = context;

	assert_int_equal(result.code, STATUS_OK);
	sem_post(&disk->reached);
	sem_wait(&disk->goes_on);
}

static void hold_up(struct store *s, struct slow_disk *disk)
{
	struct store_batch *b = store_batch_new();

	sem_init(&disk->reached, 0, 0);
	sem_init(&disk->goes_on, 0, 0);
	store_batch_put(b, STORE_BASELINES, SLICE("first"), SLICE("v"));
	assert_int_equal(store_write(s, b, stand_still, disk).code, STATUS_OK);
	sem_wait(&disk->reached);
}

static void too_much_waiting_is_refused_at_once(void **state)
{
	struct store *s = must_open(UINT64_C(256) << 20);
	char *block = calloc(1, 4 << 20);
	int accepted = 0;
	struct status last = OK;
	struct slow_disk disk;

	(void)state;
	hold_up(s, &disk);
	while (!FAILED(last) && accepted < 1000) {
		struct store_batch *b = store_batch_new();
		store_batch_put(b, STORE_QUEUE, SLICE("k"), (struct slice){ block, 4 << 20 });
		last = store_write(s, b, NULL, NULL);
		accepted += !FAILED(last);
	}
	assert_int_equal(last.code, STATUS_FULL);
	assert_in_range(accepted, 7, 16); /* 64 MiB, of buffers that grow by doubling */
	sem_post(&disk.goes_on);
	assert_int_equal(store_flush(s).code, STATUS_OK);
	must_write(s, SLICE("k"), SLICE("v"));
	free(block);
	store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

static bool count_key(void *context, struct slice key, size_t value_bytes)
{
	size_t *sum = context;

	(void)key;
	*sum += value_bytes;
	return true;
}

static void a_range_is_deleted_over_many_pages_and_its_ends_stay(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	struct store_batch *b = store_batch_new();
	char key[16], value[300];
	size_t bytes = 0;

	(void)state;
	memset(value, 'v', sizeof(value));
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "k%04d", i);
		store_batch_put(b, STORE_BASELINES, slice_of(key), (struct slice){ value, sizeof(value) });
	}
	assert_int_equal(store_write(s, b, NULL, NULL).code, STATUS_OK);
	b = store_batch_new();
	store_batch_delete_range(b, STORE_BASELINES, SLICE("k0001"), SLICE("k0999"));
	assert_int_equal(store_write(s, b, NULL, NULL).code, STATUS_OK);
	assert_int_equal(store_flush(s).code, STATUS_OK);
	assert_int_equal(store_scan_keys(s, STORE_BASELINES, SLICE("k"), count_key, &bytes).code, STATUS_OK);
	assert_int_equal(bytes, 2 * sizeof(value));
	assert_value(s, SLICE("k0000"), (struct slice){ value, sizeof(value) });
	assert_value(s, SLICE("k0999"), (struct slice){ value, sizeof(value) });
	store_close(s);
}

static void an_empty_range_deletes_nothing(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	struct store_batch *b = store_batch_new();

	(void)state;
	must_write(s, SLICE("m"), SLICE("1"));
	store_batch_delete_range(b, STORE_BASELINES, SLICE("a"), SLICE("m"));
	store_batch_delete_range(b, STORE_BASELINES, SLICE("n"), SLICE("z"));
	assert_int_equal(store_write(s, b, NULL, NULL).code, STATUS_OK);
	assert_int_equal(store_flush(s).code, STATUS_OK);
	assert_value(s, SLICE("m"), SLICE("1"));
	store_close(s);
}

static void a_lent_value_is_read_back_with_its_checksum(void **state)
{
	struct store *s = must_open(MAP_BYTES);
	struct store_batch *b = store_batch_new();
	static char large[100000];

	(void)state;
	memset(large, 'L', sizeof(large));
	store_batch_lend(b, STORE_BASELINES, SLICE("large"), (struct slice){ large, sizeof(large) });
	store_batch_lend(b, STORE_BASELINES, SLICE("empty"), SLICE_NONE);
	assert_int_equal(store_write(s, b, NULL, NULL).code, STATUS_OK);
	assert_int_equal(store_flush(s).code, STATUS_OK);
	assert_value(s, SLICE("large"), (struct slice){ large, sizeof(large) });
	assert_value(s, SLICE("empty"), SLICE(""));
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_value_is_read_back_after_reopening),
		TEST(closing_commits_what_is_queued),
		TEST(a_range_is_deleted_over_many_pages_and_its_ends_stay),
		TEST(an_empty_range_deletes_nothing),
		TEST(a_lent_value_is_read_back_with_its_checksum),
		TEST(a_scan_visits_a_prefix_in_key_order),
		TEST(a_visit_may_read),
		TEST(changes_of_a_batch_happen_in_order_and_deletes_of_nothing_are_fine),
		TEST(keys_that_lmdb_cannot_hold_are_refused),
		TEST(batches_of_several_threads_are_committed_in_groups),
		TEST(a_stream_of_small_batches_is_paced),
		TEST(a_map_full_of_small_values_says_so_and_works_again_after_deleting),
		TEST(a_map_full_of_large_values_says_so_and_works_again_after_deleting),
		TEST(one_batch_that_does_not_fit_takes_no_other_with_it),
		TEST(too_much_waiting_is_refused_at_once),
	};
	return cmocka_run_group_tests_name("store/store", tests, NULL, NULL);
}
