/* SPDX-License-Identifier: Apache-2.0
 * exporters/spool.c - keys, marks, and what is below all of them.
 */
#include "exporters/spool.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
#include "agent/store/store.h"
#include "exporters/spool_key.h"

#define COMMIT_INTERVAL_MS 10
#define HURRY_BYTES        ((size_t)2 << 20)
#define ASIDE_MAX          64
#define DAMAGED_LABELS     "store=\"queue\",reason=\"damaged\""
#define PLACES_MAX         64u
#define ASIDE_BYTES_MAX    ((size_t)16 << 20)

struct reader {
	char id[SPOOL_ID_BYTES_MAX];
	uint32_t kinds;
	unsigned exporter, place; /* in this configuration; on the disk */
	uint64_t marks[PAYLOAD_KIND_COUNT];
};

struct spool {
	struct store *store;
	pthread_mutex_t lock; /* guards next_seq, so that seqs are written in their order */
	uint64_t next_seq;
	unsigned next_place;
	uint32_t kinds;
	struct reader readers[SPOOL_READERS_MAX]; /* the loop thread's, once loaded */
	unsigned reader_count;
	uint64_t floors[PAYLOAD_KIND_COUNT]; /* what is below is deleted, or being so */
	_Atomic bool deleting_failed;
	struct aside {
		uint64_t seq;
		size_t bytes;
		enum payload_kind kind;
		uint32_t items;
		uint64_t created_unix_ms;
	} aside[ASIDE_MAX]; /* oldest first */
	size_t aside_count, aside_bytes;
	struct meter *aside_meter;
};

/* ------------------------------------------------------------------ opening */

/* What a queue holds is worth less than a start: a file that cannot be used is kept for whoever wants to look. */
static struct status begin_anew(const struct store_habits *habits, struct store **out, struct buf *why)
{
	static const char *const files[] = { "data.mdb", "lock.mdb" };
	char from[4096], to[4200];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(from, sizeof(from), "%s/%s", habits->directory, files[i]);
		snprintf(to, sizeof(to), "%s.damaged", from);
		(void)rename(from, to);
	}
	LOG(ERROR, "exporters", "queue_damaged", "directory=\"%s\" kept=\"data.mdb.damaged\" reason=\"%s\"",
	    habits->directory, buf_string(why));
	meter_add(meter_get(METER_STORE_FAILURES, DAMAGED_LABELS), 1);
	buf_release(why); /* a start that goes on has nothing to say */
	return store_open_as(habits, out, why);
}

struct status spool_open(const char *directory, uint64_t max_bytes, struct spool **out, struct buf *why)
{
	const struct store_habits habits = {
		.directory = directory,
		.max_size_bytes = max_bytes,
		.commit_interval_ms = COMMIT_INTERVAL_MS,
		.hurry_bytes = HURRY_BYTES,
		.labels = "store=\"queue\"",
	};
	struct spool *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return FAIL(NOMEM, "no memory for the queues on the disk");
	meter_get(METER_STORE_FAILURES, DAMAGED_LABELS); /* zero is shown, so that the start that finds damage is an increase */
	struct status status = store_open_as(&habits, &s->store, why);
	if (status.code == STATUS_CORRUPT)
		status = begin_anew(&habits, &s->store, why);
	if (FAILED(status)) {
		free(s);
		return status;
	}
	s->next_seq = 1;
	s->aside_meter = meter_get(METER_SET_ASIDE, "");
	pthread_mutex_init(&s->lock, NULL);
	*out = s;
	return OK;
}

void spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	store_close(s->store);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static bool note_last(void *context, struct slice key, size_t value_bytes)
{
	struct spool *s = context;
	struct spool_entry e;

	if (spool_key_read(key, value_bytes, &e) && e.seq >= s->next_seq)
		s->next_seq = e.seq + 1;
	return true;
}

/* Marks may lie above every payload that is left. */
static bool note_mark(void *context, struct slice key, struct slice value)
{
	struct spool *s = context;
	uint64_t mark = value.len == 8 ? spool_get_be(value.ptr, 8) : 0;

	(void)key;
	if (mark > s->next_seq)
		s->next_seq = mark;
	return true;
}

static bool note_place(void *context, struct slice key, struct slice value)
{
	struct spool *s = context;
	uint64_t place = value.len == 8 ? spool_get_be(value.ptr, 8) : 0;

	(void)key;
	if (place >= s->next_place)
		s->next_place = (unsigned)place + 1;
	return true;
}

static struct status find_end(struct spool *s)
{
	TRY(store_scan_keys(s->store, STORE_QUEUE, SLICE("p"), note_last, s));
	TRY(store_scan_keys(s->store, STORE_QUEUE, SLICE("x"), note_last, s));
	TRY(store_scan(s->store, STORE_QUEUE, SLICE("b"), note_place, s));
	return store_scan(s->store, STORE_QUEUE, SLICE("m"), note_mark, s);
}

static void write_mark(struct spool *s, const struct reader *r, enum payload_kind kind)
{
	unsigned char key[SPOOL_ID_BYTES_MAX + 2], value[8];
	struct store_batch *b = store_batch_new();

	if (b == NULL)
		return; /* the next one says it too */
	spool_put_be(value, r->marks[kind], 8);
	store_batch_put(b, STORE_QUEUE, spool_mark_key(key, kind, r->id), (struct slice){ (const char *)value, 8 });
	struct status status = store_write(s->store, b, NULL, NULL);
	(void)status; /* counted by the store; without the mark, more is sent twice after a crash */
}

static struct status read_mark(struct spool *s, struct reader *r, enum payload_kind kind)
{
	unsigned char key[SPOOL_ID_BYTES_MAX + 2];
	struct buf value = BUF_INIT;
	struct status status = store_get(s->store, STORE_QUEUE, spool_mark_key(key, kind, r->id), &value);

	if (!FAILED(status) && value.len == 8) {
		r->marks[kind] = spool_get_be(value.ptr, 8);
	} else if (!FAILED(status) || status.code == STATUS_NOTFOUND) {
		r->marks[kind] = s->next_seq;
		write_mark(s, r, kind);
		status = OK;
	}
	buf_release(&value);
	return status;
}

/* A place is an exporter's for ever: what is on the disk says by it whom it is for. */
static struct status take_place(struct spool *s, struct reader *r)
{
	unsigned char key[SPOOL_ID_BYTES_MAX + 2], value[8];
	struct store_batch *b = NULL;

	if (s->next_place >= PLACES_MAX || (b = store_batch_new()) == NULL)
		return FAIL(TOOBIG, "64 exporters have had a queue on the disk here; move its folder aside when it is empty");
	r->place = s->next_place++;
	spool_put_be(value, r->place, 8);
	store_batch_put(b, STORE_QUEUE, spool_place_key(key, r->id), (struct slice){ (const char *)value, 8 });
	return store_write(s->store, b, NULL, NULL);
}

static struct status read_place(struct spool *s, struct reader *r)
{
	unsigned char key[SPOOL_ID_BYTES_MAX + 2];
	struct buf value = BUF_INIT;
	struct status status = store_get(s->store, STORE_QUEUE, spool_place_key(key, r->id), &value);
	bool found = !FAILED(status) && value.len == 8;

	r->place = found ? (unsigned)spool_get_be(value.ptr, 8) % PLACES_MAX : 0;
	buf_release(&value);
	if (found || (FAILED(status) && status.code != STATUS_NOTFOUND))
		return status;
	return take_place(s, r);
}

struct status spool_add_reader(struct spool *s, const char *id, uint32_t kinds, unsigned exporter, unsigned *reader)
{
	if (s->reader_count == SPOOL_READERS_MAX || strlen(id) >= SPOOL_ID_BYTES_MAX)
		return FAIL(TOOBIG, "more exporters than the queue on the disk can serve, or too long a name");
	if (s->reader_count == 0)
		TRY(find_end(s));
	struct reader *r = &s->readers[s->reader_count];
	snprintf(r->id, sizeof(r->id), "%s", id);
	r->kinds = kinds;
	r->exporter = exporter;
	TRY(read_place(s, r));
	for (enum payload_kind kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
		if (kinds >> kind & 1u)
			TRY(read_mark(s, r, kind));
	s->kinds |= kinds;
	*reader = s->reader_count++;
	return OK;
}

struct loading {
	struct spool *spool;
	spool_visit visit;
	void *context;
};

static bool load_entry(void *context, struct slice key, size_t value_bytes)
{
	const struct loading *l = context;
	struct spool_entry e;

	if (!spool_key_read(key, value_bytes, &e))
		return true;
	for (unsigned i = 0; i < l->spool->reader_count; i++) {
		const struct reader *r = &l->spool->readers[i];
		if ((r->kinds >> e.kind & 1u) && (e.readers >> r->place & 1u) && e.seq >= r->marks[e.kind])
			l->visit(l->context, i, &e);
	}
	return true;
}

static bool load_aside(void *context, struct slice key, size_t value_bytes)
{
	struct spool *s = context;
	struct spool_entry e;

	if (spool_key_read(key, value_bytes, &e) && s->aside_count < ASIDE_MAX) {
		s->aside[s->aside_count++] =
			(struct aside){ e.seq, value_bytes, e.kind, e.items, e.created_unix_ms };
		s->aside_bytes += value_bytes;
	}
	return true;
}

static int by_seq(const void *a, const void *b)
{
	const struct aside *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

static bool is_known(const struct spool *s, enum payload_kind kind, struct slice id)
{
	for (unsigned i = 0; i < s->reader_count; i++)
		if ((s->readers[i].kinds >> kind & 1u) && slice_equal(slice_of(s->readers[i].id), id))
			return true;
	return false;
}

/* An exporter that left the configuration, or keeps its queue in memory now, wants nothing back. */
static bool forget_reader(void *context, struct slice key, size_t value_bytes)
{
	struct spool *s = context;
	struct store_batch *b;

	(void)value_bytes;
	if (key.len < 2 || is_known(s, (enum payload_kind)key.ptr[1], slice_skip(key, 2)) ||
	    (b = store_batch_new()) == NULL)
		return true;
	store_batch_delete(b, STORE_QUEUE, key);
	LOG(WARN, "exporters", "queue_left", "exporter=%.*s kind=%s", SLICE_ARG(slice_skip(key, 2)),
	    (unsigned char)key.ptr[1] < PAYLOAD_KIND_COUNT ? payload_kind_names[(unsigned char)key.ptr[1]] : "unknown");
	struct status status = store_write(s->store, b, NULL, NULL);
	return !FAILED(status);
}

static uint64_t lowest_mark(const struct spool *s, enum payload_kind kind)
{
	uint64_t lowest = UINT64_MAX;

	for (unsigned i = 0; i < s->reader_count; i++)
		if ((s->readers[i].kinds >> kind & 1u) && s->readers[i].marks[kind] < lowest)
			lowest = s->readers[i].marks[kind];
	return lowest;
}

static void on_deleted(void *context, struct status result)
{
	struct spool *s = context;

	if (FAILED(result))
		s->deleting_failed = true;
}

/* Deletes what is below all marks. True: something was below. */
static bool sweep(struct spool *s, enum payload_kind kind)
{
	struct spool_entry first = { .kind = kind }, end = { .kind = kind, .seq = lowest_mark(s, kind) };
	unsigned char first_key[SPOOL_KEY_BYTES], end_key[SPOOL_KEY_BYTES];
	struct store_batch *b;

	if (end.seq <= s->floors[kind] && !s->deleting_failed)
		return false;
	b = store_batch_new();
	if (b == NULL)
		return true;
	s->deleting_failed = false;
	spool_key_write(first_key, 'p', &first);
	spool_key_write(end_key, 'p', &end);
	store_batch_delete_range(b, STORE_QUEUE, (struct slice){ (const char *)first_key, SPOOL_SEQ_KEY_BYTES },
				 (struct slice){ (const char *)end_key, SPOOL_SEQ_KEY_BYTES });
	if (FAILED(store_write(s->store, b, on_deleted, s)))
		s->deleting_failed = true;
	else
		s->floors[kind] = end.seq;
	return true;
}

struct status spool_load(struct spool *s, spool_visit visit, void *context)
{
	struct loading loading = { s, visit, context };

	TRY(store_scan_keys(s->store, STORE_QUEUE, SLICE("p"), load_entry, &loading));
	TRY(store_scan_keys(s->store, STORE_QUEUE, SLICE("x"), load_aside, s));
	qsort(s->aside, s->aside_count, sizeof(s->aside[0]), by_seq); /* keys go by kind first */
	meter_set(s->aside_meter, (int64_t)s->aside_count);
	TRY(store_scan_keys(s->store, STORE_QUEUE, SLICE("m"), forget_reader, s));
	for (enum payload_kind kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
		sweep(s, kind);
	return OK;
}

/* Bits of the places of those who want the payload. */
static uint64_t readers_of(const struct spool *s, const struct payload *p)
{
	uint64_t readers = 0;

	for (unsigned i = 0; i < s->reader_count; i++)
		if ((s->readers[i].kinds >> p->kind & 1u) && payload_is_for(p, s->readers[i].exporter))
			readers |= UINT64_C(1) << s->readers[i].place;
	return readers;
}

bool spool_wants(const struct spool *s, const struct payload *p)
{
	return (s->kinds >> p->kind & 1u) != 0 && readers_of(s, p) != 0;
}

/* ------------------------------------------------------------------ writing, reading */

struct writing {
	struct payload *payloads[SPOOL_WRITE_MAX];
	size_t count;
	void (*done)(void *context, struct status result);
	void *context;
};

static void writing_free(struct writing *w)
{
	for (size_t i = 0; i < w->count; i++)
		payload_unref(w->payloads[i]);
	free(w);
}

static void on_written(void *context, struct status result)
{
	struct writing *w = context;

	w->done(w->context, result);
	writing_free(w);
}

/* Numbers the payloads and queues their batch; both under the lock. */
static struct status write_in_order(struct spool *s, struct writing *w, struct store_batch *b,
				    struct spool_entry *entries)
{
	unsigned char key[SPOOL_KEY_BYTES];

	for (size_t i = 0; i < w->count; i++) {
		const struct payload *p = w->payloads[i];
		entries[i] = (struct spool_entry){
			.seq = s->next_seq++,
			.created_unix_ms = clock_unix_ns() / NS_PER_MS,
			.size_bytes = p->size_bytes,
			.kind = p->kind,
			.items = p->items,
			.readers = readers_of(s, p),
		};
		store_batch_lend(b, STORE_QUEUE, spool_key_write(key, 'p', &entries[i]), payload_view(p));
	}
	return store_write(s->store, b, on_written, w);
}

struct status spool_write(struct spool *s, struct payload *const *payloads, size_t count, struct spool_entry *entries,
			  void (*done)(void *context, struct status result), void *context)
{
	struct writing *w = calloc(1, sizeof(*w));
	struct store_batch *b = store_batch_new();

	assert(count <= SPOOL_WRITE_MAX);
	if (w == NULL || b == NULL) {
		free(w);
		store_batch_free(b);
		return FAIL(NOMEM, "no memory to queue the request");
	}
	*w = (struct writing){ .count = count, .done = done, .context = context };
	for (size_t i = 0; i < count; i++)
		w->payloads[i] = payload_ref(payloads[i]);
	pthread_mutex_lock(&s->lock);
	struct status status = write_in_order(s, w, b, entries);
	pthread_mutex_unlock(&s->lock);
	if (FAILED(status))
		writing_free(w);
	return status;
}

struct status spool_read(struct spool *s, const struct spool_entry *e, struct payload **out)
{
	unsigned char key[SPOOL_KEY_BYTES];
	struct buf bytes = BUF_INIT;
	struct payload *p = NULL;
	struct status status = store_get(s->store, STORE_QUEUE, spool_key_write(key, 'p', e), &bytes);

	if (!FAILED(status) && (p = payload_new(e->kind, bytes.len, e->items)) == NULL)
		status = FAIL(NOMEM, "no memory for a queued request");
	if (p != NULL)
		memcpy(p->bytes, bytes.ptr, bytes.len);
	buf_release(&bytes);
	if (!FAILED(status))
		*out = p;
	return status;
}

void spool_mark(struct spool *s, unsigned reader, enum payload_kind kind, uint64_t seq)
{
	struct reader *r = &s->readers[reader];

	if (seq <= r->marks[kind])
		return;
	r->marks[kind] = seq;
	sweep(s, kind);
	if (seq > s->floors[kind]) /* others still want it, so that only the mark tells that this one is done */
		write_mark(s, r, kind);
}

/* ------------------------------------------------------------------ set aside */

static struct slice aside_key(unsigned char *key, const struct aside *a)
{
	const struct spool_entry e = { .seq = a->seq, .kind = a->kind, .items = a->items,
				       .created_unix_ms = a->created_unix_ms };

	return spool_key_write(key, 'x', &e);
}

static void forget_oldest_aside(struct spool *s, struct store_batch *b)
{
	unsigned char key[SPOOL_KEY_BYTES];

	store_batch_delete(b, STORE_QUEUE, aside_key(key, &s->aside[0]));
	s->aside_bytes -= s->aside[0].bytes;
	memmove(&s->aside[0], &s->aside[1], --s->aside_count * sizeof(s->aside[0]));
}

void spool_set_aside(struct spool *s, const struct payload *p, const char *exporter, const char *reason)
{
	struct store_batch *b = store_batch_new();
	struct buf value = BUF_INIT;
	unsigned char key[SPOOL_KEY_BYTES];

	buf_printf(&value, "%s: %s\n", exporter, reason);
	buf_slice(&value, payload_view(p));
	if (b != NULL && !buf_failed(&value) && value.len <= ASIDE_BYTES_MAX) {
		while (s->aside_count == ASIDE_MAX || s->aside_bytes + value.len > ASIDE_BYTES_MAX)
			forget_oldest_aside(s, b);
		struct aside *a = &s->aside[s->aside_count++];
		pthread_mutex_lock(&s->lock);
		*a = (struct aside){ s->next_seq++, value.len, p->kind, p->items, clock_unix_ns() / NS_PER_MS };
		pthread_mutex_unlock(&s->lock);
		s->aside_bytes += value.len;
		store_batch_put(b, STORE_QUEUE, aside_key(key, a), buf_view(&value));
		struct status status = store_write(s->store, b, NULL, NULL);
		(void)status; /* counted by the store, and the batch was counted as refused */
		meter_set(s->aside_meter, (int64_t)s->aside_count);
		b = NULL;
	}
	store_batch_free(b);
	buf_release(&value);
}

struct aside_list {
	struct aside items[ASIDE_MAX];
	size_t count;
};

static bool list_aside(void *context, struct slice key, size_t value_bytes)
{
	struct aside_list *l = context;
	struct spool_entry e;

	if (spool_key_read(key, value_bytes, &e) && l->count < ASIDE_MAX)
		l->items[l->count++] = (struct aside){ e.seq, value_bytes, e.kind, e.items, e.created_unix_ms };
	return true;
}

/* One that made room for a newer one in between is passed over, and one that is damaged. */
struct status spool_visit_aside(struct spool *s, spool_aside_visit visit, void *context)
{
	struct aside_list l = { .count = 0 };
	unsigned char key[SPOOL_KEY_BYTES];
	struct buf value = BUF_INIT;
	struct status status = store_scan_keys(s->store, STORE_QUEUE, SLICE("x"), list_aside, &l);
	bool goes_on = !FAILED(status);

	qsort(l.items, l.count, sizeof(l.items[0]), by_seq);
	for (size_t i = 0; goes_on && i < l.count; i++) {
		const struct aside *a = &l.items[i];
		const struct spool_entry e = { .seq = a->seq, .created_unix_ms = a->created_unix_ms, .size_bytes = a->bytes,
					       .kind = a->kind, .items = a->items };
		buf_reset(&value);
		status = store_get(s->store, STORE_QUEUE, aside_key(key, a), &value);
		if (FAILED(status) && status.code != STATUS_NOTFOUND && status.code != STATUS_CORRUPT)
			break;
		goes_on = FAILED(status) || visit(context, &e, buf_view(&value));
		status = OK;
	}
	buf_release(&value);
	return status;
}
