/* SPDX-License-Identifier: Apache-2.0
 * daemon/audit.c - entries under keys that sort by time: eight bytes of seconds, four of a running number.
 */
#include "agent/daemon/audit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/base/log.h"
#include "agent/base/record.h"

#define FORMAT    1
#define KEY_BYTES 12

struct place {
	uint64_t at_s;
	uint32_t number, size_bytes;
};

struct audit {
	pthread_mutex_t lock;
	struct store *store;
	const struct alerts_config *config;
	struct place *places; /* of all that is stored, in the order in which they were written */
	size_t first, count, cap;
	uint64_t held_bytes;
	uint32_t next_number;
	struct buf changes[AUDIT_CHANGES_KEPT]; /* stored values; a ring */
	size_t change_count;                    /* ever */
};

static void record_entry(struct record *r, struct audit_entry *e)
{
	record_format(r, FORMAT);
	record_uint(r, &e->at_s);
	record_slice(r, &e->kind);
	record_slice(r, &e->feature);
	record_slice(r, &e->subject);
	record_slice(r, &e->by);
	record_slice(r, &e->text);
}

static bool read_entry(struct slice value, struct audit_entry *out)
{
	struct record r = record_reader(value);

	*out = (struct audit_entry){ 0 };
	record_entry(&r, out);
	return record_ok(&r);
}

static void write_key(char key[KEY_BYTES], uint64_t at_s, uint32_t number)
{
	for (int i = 0; i < 8; i++)
		key[i] = (char)(at_s >> (56 - 8 * i));
	for (int i = 0; i < 4; i++)
		key[8 + i] = (char)(number >> (24 - 8 * i));
}

static uint64_t read_number(const char *bytes, int n)
{
	uint64_t value = 0;

	for (int i = 0; i < n; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return value;
}

/* ---------------------------------------------------------------- bounds */
static bool note_place(struct audit *a, struct place place)
{
	if (a->first + a->count == a->cap) {
		size_t cap = a->count * 2 + 64;
		struct place *places = malloc(cap * sizeof(*places));
		if (places == NULL)
			return false;
		if (a->count > 0)
			memcpy(places, a->places + a->first, a->count * sizeof(*places));
		free(a->places);
		a->places = places;
		a->first = 0;
		a->cap = cap;
	}
	a->places[a->first + a->count++] = place;
	a->held_bytes += place.size_bytes;
	return true;
}

static bool is_over(const struct audit *a, uint64_t now_s)
{
	uint64_t age_s = a->config->audit_max_age_ms / 1000;

	return a->count > 0 && (a->held_bytes > a->config->audit_max_size_bytes ||
				a->places[a->first].at_s + age_s < now_s);
}

static void drop_old(struct audit *a, struct store_batch *batch, uint64_t now_s)
{
	char key[KEY_BYTES];

	for (; is_over(a, now_s); a->first++, a->count--) {
		const struct place *p = &a->places[a->first];
		write_key(key, p->at_s, p->number);
		store_batch_delete(batch, STORE_AUDIT, (struct slice){ key, KEY_BYTES });
		a->held_bytes -= p->size_bytes;
	}
}

/* ---------------------------------------------------------------- changes that may explain an alert */
static bool may_explain(struct slice kind)
{
	static const char *const kinds[] = { AUDIT_PROMPT_SEEN, AUDIT_MODEL_SEEN, AUDIT_PRICES,       AUDIT_CONFIG,
					     AUDIT_DEPLOY,      AUDIT_ROLLBACK,   AUDIT_MODEL_CHANGED };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (slice_equal(kind, slice_of(kinds[i])))
			return true;
	return false;
}

static void keep_change(struct audit *a, struct slice value)
{
	struct buf *slot = &a->changes[a->change_count++ % AUDIT_CHANGES_KEPT];

	buf_reset(slot);
	buf_slice(slot, value);
}

void audit_changes(struct audit *a, void (*visit)(void *context, const struct audit_entry *e), void *context)
{
	struct audit_entry entry;

	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < AUDIT_CHANGES_KEPT && i < a->change_count; i++) {
		const struct buf *slot = &a->changes[(a->change_count - 1 - i) % AUDIT_CHANGES_KEPT];
		if (read_entry(buf_view(slot), &entry))
			visit(context, &entry);
	}
	pthread_mutex_unlock(&a->lock);
}

/* ---------------------------------------------------------------- opening */
static bool load_one(void *context, struct slice key, struct slice value)
{
	struct audit *a = context;
	struct audit_entry entry;

	if (key.len != KEY_BYTES || !read_entry(value, &entry))
		return true;
	struct place place = { read_number(key.ptr, 8), (uint32_t)read_number(key.ptr + 8, 4), (uint32_t)value.len };
	if (place.number >= a->next_number)
		a->next_number = place.number + 1;
	if (may_explain(entry.kind))
		keep_change(a, value);
	return note_place(a, place);
}

struct status audit_new(struct store *store, const struct alerts_config *config, struct audit **out)
{
	struct audit *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return FAIL(NOMEM, "no memory for the audit");
	pthread_mutex_init(&a->lock, NULL);
	a->store = store;
	a->config = config;
	struct status s = store_scan(store, STORE_AUDIT, SLICE_NONE, load_one, a);
	if (FAILED(s)) {
		audit_free(a);
		return s;
	}
	*out = a;
	return OK;
}

void audit_free(struct audit *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < AUDIT_CHANGES_KEPT; i++)
		buf_release(&a->changes[i]);
	pthread_mutex_destroy(&a->lock);
	free(a->places);
	free(a);
}

void audit_reload(struct audit *a, const struct alerts_config *config)
{
	pthread_mutex_lock(&a->lock);
	a->config = config;
	pthread_mutex_unlock(&a->lock);
}

/* ---------------------------------------------------------------- writing */
static void write_value(struct audit *a, uint64_t at_s, struct slice value, struct store_batch *batch)
{
	struct place place = { at_s, a->next_number++, (uint32_t)value.len };
	char key[KEY_BYTES];

	if (!note_place(a, place))
		return;
	write_key(key, place.at_s, place.number);
	store_batch_put(batch, STORE_AUDIT, (struct slice){ key, KEY_BYTES }, value);
	drop_old(a, batch, clock_unix_ns() / NS_PER_SECOND);
}

/* Goes with an entry to the store, which may tell its end when the audit is gone already. */
struct receipt {
	size_t kind_len;
	char kind[];
};

static struct receipt *receipt_new(struct slice kind)
{
	struct receipt *r = malloc(sizeof(*r) + kind.len);

	if (r == NULL)
		return NULL;
	r->kind_len = kind.len;
	if (kind.len > 0)
		memcpy(r->kind, kind.ptr, kind.len);
	return r;
}

static void report_lost(struct slice kind, struct status why)
{
	LOG(ERROR, "audit", "entry_lost", "kind=%.*s reason=\"%s\"", SLICE_ARG(kind), why.why);
}

static void on_committed(void *context, struct status result)
{
	struct receipt *r = context;

	if (FAILED(result))
		report_lost((struct slice){ r->kind, r->kind_len }, result);
	free(r);
}

void audit_record(struct audit *a, const struct audit_entry *entry)
{
	struct audit_entry copy = *entry;
	struct buf value = BUF_INIT;
	struct record r = record_writer(&value);
	struct store_batch *batch = store_batch_new();
	struct receipt *receipt = receipt_new(entry->kind);

	record_entry(&r, &copy);
	struct status s = batch != NULL && receipt != NULL && record_ok(&r) ? OK : FAIL(NOMEM, "no memory for an entry");
	pthread_mutex_lock(&a->lock);
	if (!FAILED(s)) {
		if (may_explain(entry->kind))
			keep_change(a, buf_view(&value));
		write_value(a, entry->at_s, buf_view(&value), batch);
	}
	pthread_mutex_unlock(&a->lock);
	if (!FAILED(s))
		s = store_write(a->store, batch, on_committed, receipt);
	else
		store_batch_free(batch);
	if (FAILED(s)) {
		report_lost(entry->kind, s);
		free(receipt);
	}
	buf_release(&value);
}

void audit_note(struct audit *a, const char *kind, const char *subject, const char *text)
{
	const struct audit_entry entry = { .at_s = clock_unix_ns() / NS_PER_SECOND,
					   .kind = slice_of(kind),
					   .subject = slice_of(subject),
					   .text = slice_of(text) };

	audit_record(a, &entry);
}

/* ---------------------------------------------------------------- reading */
/* A pipeline need not write a sentence: "deploy release 7" is one. */
static void write_sentence(struct buf *out, const struct audit_entry *e)
{
	struct buf words = BUF_INIT;

	if (e->text.len > 0)
		buf_slice(&words, e->text);
	else
		buf_printf(&words, "%.*s %.*s", SLICE_ARG(e->kind), SLICE_ARG(e->subject));
	json_write_text_if_any(out, "text", slice_trim(buf_view(&words)));
	buf_release(&words);
}

void audit_entry_json(const struct audit_entry *e, struct buf *out)
{
	buf_printf(out, "{\"time\":%" PRIu64, e->at_s);
	json_write_text_if_any(out, "kind", e->kind);
	json_write_text_if_any(out, "feature", e->feature);
	json_write_text_if_any(out, "subject", e->subject);
	json_write_text_if_any(out, "by", e->by);
	write_sentence(out, e);
	buf_byte(out, '}');
}

struct listing {
	uint64_t since_s;
	struct buf *out;
	bool more;
};

static bool list_one(void *context, struct slice key, struct slice value)
{
	struct listing *l = context;
	struct audit_entry entry;

	(void)key;
	if (!read_entry(value, &entry) || entry.at_s < l->since_s)
		return true;
	buf_text(l->out, l->more ? "," : "");
	l->more = true;
	audit_entry_json(&entry, l->out);
	return !buf_failed(l->out);
}

struct status audit_json(struct audit *a, uint64_t since_s, struct buf *out)
{
	struct listing listing = { .since_s = since_s, .out = out };

	buf_text(out, "{\"entries\":[");
	TRY(store_scan(a->store, STORE_AUDIT, SLICE_NONE, list_one, &listing));
	buf_text(out, "]}");
	return OK;
}
