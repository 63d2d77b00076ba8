/* SPDX-License-Identifier: Apache-2.0
 * alerts/silence.c - a short list, searched from end to end.
 */
#include "agent/alerts/silence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/json.h"

#define FORMAT      1
#define REMEMBERED_S 86400

void silences_release(struct silences *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i]);
	deletions_release(&s->deleted);
	s->count = 0;
}

static bool fits(struct slice text, size_t size)
{
	return text.len < size && (text.len == 0 || memchr(text.ptr, '\0', text.len) == NULL);
}

static void copy(char *out, struct slice text)
{
	if (text.len > 0)
		memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

/* NULL, or why the texts can not be a silence. */
static const char *fill(struct silence *s, struct slice matchers, struct slice by, struct slice comment)
{
	if (!fits(matchers, sizeof(s->matchers_text)) || !fits(comment, sizeof(s->comment)) || !fits(by, sizeof(s->by)))
		return "matchers or comment longer than 511 bytes, or a name longer than 127";
	copy(s->matchers_text, matchers);
	copy(s->comment, comment);
	copy(s->by, by);
	return matchers_read(slice_of(s->matchers_text), &s->matchers);
}

static bool is_taken(const struct silences *s, const char *id)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->items[i]->id, id) == 0)
			return true;
	return false;
}

/* The same may be asked for twice within a second. */
static void name_it(const struct silences *s, struct silence *item)
{
	uint64_t hash = hash_stable(item->matchers_text, strlen(item->matchers_text));

	hash = hash_mix(hash_mix(hash, item->from_s), item->until_s);
	do {
		snprintf(item->id, sizeof(item->id), "%016" PRIx64, hash);
		hash = hash_mix(hash, 1);
	} while (is_taken(s, item->id));
}

struct status silences_add(struct silences *s, struct slice matchers, uint64_t from_s, uint64_t until_s,
			   struct slice by, struct slice comment, const struct silence **out)
{
	if (until_s <= from_s)
		return FAIL(INVALID, "a silence ends after it begins");
	if (until_s - from_s > SILENCE_LONGEST_S)
		return FAIL(INVALID, "a silence lasts a year at most; alerts.silences in the configuration is for good");
	if (s->count == SILENCES_MAX)
		return FAIL(FULL, "256 silences are kept already; end some of them");
	struct silence *item = calloc(1, sizeof(*item));
	if (item == NULL)
		return FAIL(NOMEM, "no memory for a silence");
	const char *why = fill(item, matchers, by, comment);
	if (why != NULL) {
		free(item);
		return FAIL(INVALID, why);
	}
	item->from_s = from_s;
	item->until_s = until_s;
	item->dirty = true;
	name_it(s, item);
	s->items[s->count++] = item;
	*out = item;
	return OK;
}

struct status silences_end(struct silences *s, struct slice id, uint64_t now_s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct silence *item = s->items[i];
		if (!slice_equal(slice_of(item->id), id) || item->until_s <= now_s)
			continue;
		item->until_s = now_s;
		item->dirty = true;
		return OK;
	}
	return FAIL(NOTFOUND, "no silence of this id lasts now; plimsoll alerts silences lists them");
}

void silences_expire(struct silences *s, uint64_t now_s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (s->items[i]->until_s + REMEMBERED_S > now_s) {
			s->items[kept++] = s->items[i];
			continue;
		}
		buf_printf(&s->deleted.fresh, "s%s", s->items[i]->id);
		free(s->items[i]);
	}
	s->count = kept;
}

/* None begins later than it was asked for: a time before that is of a clock that was set back. */
static bool is_active(const struct silence *s, uint64_t now_s)
{
	return now_s < s->until_s;
}

const struct silence *silences_cover(const struct silences *s, const struct match_labels *labels, uint64_t now_s)
{
	for (size_t i = 0; i < s->count; i++)
		if (is_active(s->items[i], now_s) && matchers_hold(&s->items[i]->matchers, labels))
			return s->items[i];
	return NULL;
}

void silence_json(const struct silence *s, uint64_t now_s, struct buf *out)
{
	buf_printf(out, "{\"id\":\"%s\",\"matchers\":", s->id);
	json_write_string(out, slice_of(s->matchers_text));
	buf_printf(out, ",\"from\":%" PRIu64 ",\"until\":%" PRIu64 ",\"by\":", s->from_s, s->until_s);
	json_write_string(out, slice_of(s->by));
	buf_text(out, ",\"comment\":");
	json_write_string(out, slice_of(s->comment));
	buf_printf(out, ",\"active\":%s}", is_active(s, now_s) ? "true" : "false");
}

/* ---------------------------------------------------------------- kept over a restart */
static void record_silence(struct record *r, struct silence *s, struct slice *matchers, struct slice *by,
			   struct slice *comment)
{
	record_format(r, FORMAT);
	record_bytes(r, s->id, sizeof(s->id));
	record_uint(r, &s->from_s);
	record_uint(r, &s->until_s);
	record_slice(r, matchers);
	record_slice(r, by);
	record_slice(r, comment);
}

static void save_one(struct silence *s, silences_put put, void *context)
{
	struct slice matchers = slice_of(s->matchers_text), by = slice_of(s->by), comment = slice_of(s->comment);
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct record r = record_writer(&value);

	buf_printf(&key, "s%s", s->id);
	record_silence(&r, s, &matchers, &by, &comment);
	if (!buf_failed(&key) && record_ok(&r)) {
		put(context, buf_view(&key), buf_view(&value));
		s->dirty = false;
	}
	buf_release(&key);
	buf_release(&value);
}

void silences_save(struct silences *s, bool all, silences_put put, void *context)
{
	deletions_put(&s->deleted, SILENCE_KEY_SIZE, all, put, context);
	for (size_t i = 0; i < s->count; i++)
		if (all || s->items[i]->dirty)
			save_one(s->items[i], put, context);
}

/* Under another key than its own it would be loaded again by every later start. */
static bool is_key(struct slice key, const struct silence *s)
{
	return s->id[ALERT_ID_SIZE - 1] == '\0' && slice_equal(slice_skip(key, 1), slice_of(s->id));
}

struct status silences_load(struct silences *s, struct slice key, struct slice value)
{
	struct silence *item = s->count < SILENCES_MAX ? calloc(1, sizeof(*item)) : NULL;
	struct slice matchers = SLICE_NONE, by = SLICE_NONE, comment = SLICE_NONE;
	struct record r = record_reader(value);

	if (item == NULL)
		return FAIL(NOMEM, "no room for a stored silence");
	record_silence(&r, item, &matchers, &by, &comment);
	if (!record_ok(&r) || !is_key(key, item) || fill(item, matchers, by, comment) != NULL) {
		free(item);
		return FAIL(CORRUPT, "a stored silence has another version, shape or key");
	}
	s->items[s->count++] = item;
	return OK;
}
