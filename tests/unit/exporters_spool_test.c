/* SPDX-License-Identifier: Apache-2.0
 * Payloads on the disk stay until every reader is done with them, and come back in order after a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdatomic.h>

#include "agent/base/meter.h"
#include "agent/store/store.h"
#include "exporters/spool.h"
#include "tests/unit/scratch_dir.h"

#define MAX_BYTES  (UINT64_C(8) << 20)
#define TRACES     (1u << PAYLOAD_TRACES)
#define RECORDS    (1u << PAYLOAD_RECORDS)
#define LOADED_MAX 64

static struct spool *spool;
static _Atomic unsigned written, failed;

/* What spool_load told: reader and seq. */
static struct {
	unsigned reader[LOADED_MAX];
	struct spool_entry entry[LOADED_MAX];
	size_t count;
} loaded;

static void note(void *context, unsigned reader, const struct spool_entry *e)
{
	(void)context;
	assert_true(loaded.count < LOADED_MAX);
	loaded.reader[loaded.count] = reader;
	loaded.entry[loaded.count++] = *e;
}

static void on_written(void *context, struct status result)
{
	(void)context;
	if (FAILED(result))
		failed++;
	written++;
}

static int set_up(void **state)
{
	written = failed = 0;
	return make_dir(state);
}

static int tear_down(void **state)
{
	spool_close(spool);
	spool = NULL;
	return remove_dir(state);
}

/* Readers "a" (traces and records) and "b" (traces). */
static void open_spool(unsigned readers)
{
	struct buf why = BUF_INIT;
	unsigned reader;

	loaded.count = 0;
	if (FAILED(spool_open(dir, MAX_BYTES, &spool, &why)))
		fail_msg("%s", buf_string(&why));
	assert_false(FAILED(spool_add_reader(spool, "a", TRACES | RECORDS, 0, &reader)));
	if (readers > 1)
		assert_false(FAILED(spool_add_reader(spool, "b", TRACES, 1, &reader)));
	assert_false(FAILED(spool_load(spool, note, NULL)));
	buf_release(&why);
}

static void reopen(unsigned readers)
{
	spool_close(spool);
	open_spool(readers);
}

static struct spool_entry write_one(enum payload_kind kind, const char *text, uint32_t items)
{
	struct payload *p = payload_new(kind, strlen(text), items);
	struct spool_entry e;
	unsigned before = written;

	memcpy(p->bytes, text, strlen(text));
	assert_false(FAILED(spool_write(spool, &p, 1, &e, on_written, NULL)));
	while (written == before)
		usleep(100);
	payload_unref(p);
	return e;
}

static void what_was_written_comes_back_for_every_reader_in_order(void **state)
{
	(void)state;
	open_spool(2);
	struct spool_entry first = write_one(PAYLOAD_TRACES, "one", 3);
	write_one(PAYLOAD_RECORDS, "line\n", 1);
	write_one(PAYLOAD_TRACES, "two", 5);
	reopen(2);
	assert_int_equal(loaded.count, 5); /* a: three, b: two */
	assert_true(loaded.entry[0].seq == first.seq && loaded.entry[0].items == 3 && loaded.entry[0].size_bytes == 3);
	assert_true(loaded.entry[0].created_unix_ms == first.created_unix_ms);
	struct payload *p;
	assert_false(FAILED(spool_read(spool, &loaded.entry[0], &p)));
	assert_true(slice_equal(payload_view(p), SLICE("one")) && p->items == 3 && p->kind == PAYLOAD_TRACES);
	payload_unref(p);
}

static void it_is_kept_until_the_last_reader_is_done(void **state)
{
	struct payload *p;

	(void)state;
	open_spool(2);
	struct spool_entry e = write_one(PAYLOAD_TRACES, "one", 1);
	spool_mark(spool, 0, PAYLOAD_TRACES, e.seq + 1);
	reopen(2);
	assert_int_equal(loaded.count, 1);
	assert_int_equal(loaded.reader[0], 1);
	spool_mark(spool, 1, PAYLOAD_TRACES, e.seq + 1);
	reopen(2);
	assert_int_equal(loaded.count, 0);
	assert_int_equal(spool_read(spool, &e, &p).code, STATUS_NOTFOUND);
}

static void numbers_go_on_after_a_restart(void **state)
{
	(void)state;
	open_spool(1);
	struct spool_entry before = write_one(PAYLOAD_TRACES, "one", 1);
	spool_mark(spool, 0, PAYLOAD_TRACES, before.seq + 1);
	reopen(1);
	struct spool_entry after = write_one(PAYLOAD_TRACES, "two", 1);
	reopen(1);
	assert_int_equal(loaded.count, 1);
	assert_int_equal(loaded.entry[0].seq, after.seq);
}

static void a_new_reader_gets_nothing_old_and_one_that_left_holds_nothing(void **state)
{
	struct payload *p;

	(void)state;
	open_spool(1);
	struct spool_entry e = write_one(PAYLOAD_TRACES, "one", 1);
	reopen(2);
	assert_int_equal(loaded.count, 1);
	assert_int_equal(loaded.reader[0], 0);
	struct spool_entry both = write_one(PAYLOAD_TRACES, "two", 1);
	spool_mark(spool, 0, PAYLOAD_TRACES, both.seq + 1);
	reopen(1); /* b, the only one that still wants it, is gone */
	assert_int_equal(loaded.count, 0);
	reopen(1); /* by now the deletion is committed */
	assert_int_equal(spool_read(spool, &both, &p).code, STATUS_NOTFOUND);
	assert_int_equal(spool_read(spool, &e, &p).code, STATUS_NOTFOUND);
}

static void what_is_set_aside_survives_and_the_oldest_makes_room(void **state)
{
	struct payload *p = payload_new(PAYLOAD_TRACES, 4, 2);

	(void)state;
	memcpy(p->bytes, "bad!", 4);
	open_spool(1);
	for (int i = 0; i < 70; i++)
		spool_set_aside(spool, p, "otlp/a", "http_400");
	reopen(1);
	assert_int_equal(meter_value(meter_get(METER_SET_ASIDE, "")), 64);
	assert_int_equal(loaded.count, 0);
	payload_unref(p);
}

static struct {
	enum payload_kind kind[80];
	size_t count;
} seen;

static bool note_aside(void *context, const struct spool_entry *e, struct slice value)
{
	(void)context;
	assert_true(slice_starts_with(value, SLICE("otlp/a: http_400\n")));
	seen.kind[seen.count++] = e->kind;
	return true;
}

static void set_aside(enum payload_kind kind, int count)
{
	struct payload *p = payload_new(kind, 4, 1);

	memcpy(p->bytes, "bad!", 4);
	for (int i = 0; i < count; i++)
		spool_set_aside(spool, p, "otlp/a", "http_400");
	payload_unref(p);
}

static void the_oldest_that_is_set_aside_is_the_oldest_of_all_kinds(void **state)
{
	(void)state;
	open_spool(1);
	set_aside(PAYLOAD_RECORDS, 2);
	set_aside(PAYLOAD_TRACES, 62);
	reopen(1);
	set_aside(PAYLOAD_TRACES, 1); /* makes room by the first of the records */
	reopen(1);
	seen.count = 0;
	assert_int_equal(spool_visit_aside(spool, note_aside, NULL).code, STATUS_OK);
	assert_int_equal(seen.count, 64);
	assert_int_equal(seen.kind[0], PAYLOAD_RECORDS);
	assert_int_equal(seen.kind[1], PAYLOAD_TRACES);
}

static void a_full_map_refuses_and_takes_again_once_something_is_done(void **state)
{
	struct payload *p = payload_new(PAYLOAD_TRACES, 1u << 20, 1);
	struct spool_entry e = { .seq = 0 };
	unsigned before;

	(void)state;
	memset(p->bytes, 'x', p->size_bytes);
	open_spool(1);
	while (failed == 0) {
		before = written;
		assert_false(FAILED(spool_write(spool, &p, 1, &e, on_written, NULL)));
		while (written == before)
			usleep(100);
	}
	assert_true(written > 4);
	spool_mark(spool, 0, PAYLOAD_TRACES, e.seq);
	for (unsigned tries = 0; failed > 0 && tries < 20; tries++) {
		failed = 0;
		before = written;
		assert_false(FAILED(spool_write(spool, &p, 1, &e, on_written, NULL)));
		while (written == before)
			usleep(100);
	}
	assert_int_equal(failed, 0);
	payload_unref(p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_comes_back_for_every_reader_in_order),
		TEST(it_is_kept_until_the_last_reader_is_done),
		TEST(numbers_go_on_after_a_restart),
		TEST(a_new_reader_gets_nothing_old_and_one_that_left_holds_nothing),
		TEST(what_is_set_aside_survives_and_the_oldest_makes_room),
		TEST(the_oldest_that_is_set_aside_is_the_oldest_of_all_kinds),
		TEST(a_full_map_refuses_and_takes_again_once_something_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
