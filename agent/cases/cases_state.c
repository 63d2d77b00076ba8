/* SPDX-License-Identifier: Apache-2.0
 * cases/cases_state.c - a list as a stored value, and back.
 */
#include <math.h>

#include "agent/cases/cases_priv.h"

#define FORMAT               2
#define FORMAT_WITHOUT_SPANS 1
#define LOG_MOST             745.0 /* of any double above zero */

static void record_label(struct record *r, struct case_label *l)
{
	struct slice text = case_label_slice(l);

	record_slice(r, &text);
	if (record_writes(r))
		return;
	r->failed |= text.len > CASE_LABEL_BYTES;
	l->length = r->failed ? 0 : (uint8_t)text.len;
	if (l->length > 0)
		memcpy(l->text, text.ptr, l->length);
}

static void record_exemplar(struct record *r, uint8_t format, struct exemplar *e)
{
	record_uint(r, &e->time_s);
	record_bytes(r, e->trace_id, sizeof(e->trace_id));
	if (format == FORMAT)
		record_bytes(r, e->span_id, sizeof(e->span_id));
	record_u8(r, &e->outcome);
	r->failed |= e->outcome >= OUTCOME_COUNT;
	record_double(r, &e->badness);
	r->failed |= !isfinite(e->badness); /* it has no place among the others */
	record_double(r, &e->cost_usd);
	record_double(r, &e->latency_ms);
	record_double(r, &e->score);
	record_label(r, &e->model);
	record_label(r, &e->version);
}

static void record_usual(struct record *r, struct usual *u)
{
	record_double(r, &u->n);
	record_double(r, &u->mean);
	record_double(r, &u->variance);
	r->failed |= !(u->n >= 0 && fabs(u->mean) <= LOG_MOST && u->variance >= 0 && u->variance <= LOG_MOST * LOG_MOST);
}

static void record_list(struct record *r, struct case_list *l)
{
	bool is_old = !record_writes(r) && r->rest.len > 0 && r->rest.ptr[0] == FORMAT_WITHOUT_SPANS;
	uint8_t format = is_old ? FORMAT_WITHOUT_SPANS : FORMAT;

	record_format(r, format);
	record_label(r, &l->feature);
	record_u8(r, &l->reason);
	record_uint(r, &l->newest_s);
	record_u32(r, &l->count);
	r->failed |= l->reason >= CASE_REASON_COUNT || l->count > CASES_EACH;
	for (uint32_t i = 0; i < l->count && !r->failed; i++)
		record_exemplar(r, format, &l->items[i]);
	record_usual(r, &l->cost);
	record_usual(r, &l->latency);
}

static void save_text(struct case_text *t, bool all, struct buf *value, cases_put put, void *context)
{
	uint8_t key[CASE_TEXT_KEY_BYTES];

	if (!t->is_used || (t->is_saved && !all))
		return; /* what only waits is nothing to keep */
	buf_reset(value);
	case_text_write(t, value);
	if (buf_failed(value))
		return;
	case_texts_key(t, key);
	put(context, (struct slice){ (const char *)key, sizeof(key) }, buf_view(value));
	t->is_saved = true;
}

static void save_texts(struct case_texts *texts, bool all, struct buf *value, cases_put put, void *context)
{
	for (size_t i = 0; i < CASE_TEXT_BUCKETS && texts->count > 0; i++)
		for (struct case_text *t = texts->buckets[i]; t != NULL; t = t->next)
			save_text(t, all, value, put, context);
}

void cases_save(struct cases *c, bool all, cases_put put, void *context)
{
	struct buf value = BUF_INIT;

	deletions_put(&c->deleted, sizeof(uint64_t), all, put, context);
	deletions_put(&c->texts.deleted, CASE_TEXT_KEY_BYTES, all, put, context);
	save_texts(&c->texts, all, &value, put, context);
	for (size_t i = 0; i < c->count; i++) {
		struct case_list *l = c->lists[i];
		struct record r = record_writer(&value);
		if (!all && !l->dirty)
			continue;
		buf_reset(&value);
		record_list(&r, l);
		if (!record_ok(&r))
			continue; /* without memory: it stays dirty */
		put(context, (struct slice){ (const char *)&l->id, sizeof(l->id) }, buf_view(&value));
		l->dirty = false;
	}
	buf_release(&value);
}

static struct status load_text(struct cases *c, struct slice key, struct slice value)
{
	if (c->policy == TEXTS_KEPT)
		return case_texts_load(&c->texts, key, value);
	if (c->policy == TEXTS_DELETED)
		buf_slice(&c->texts.deleted.fresh, key);
	return OK;
}

/* What is stored under another key than its own would be loaded again by every later start. */
static bool is_key(struct slice key, const struct case_list *l)
{
	uint64_t id = case_list_id(case_label_slice(&l->feature), (enum case_reason)l->reason);

	return slice_equal(key, (struct slice){ (const char *)&id, sizeof(id) });
}

struct status cases_load(struct cases *c, struct slice key, struct slice value)
{
	if (key.len == CASE_TEXT_KEY_BYTES)
		return load_text(c, key, value);

	struct case_list read = { .id = 0 };
	struct record r = record_reader(value);

	record_list(&r, &read);
	if (!record_ok(&r) || !is_key(key, &read))
		return FAIL(CORRUPT, "not the worst calls of a feature");
	struct case_list *l = case_list_get(c, case_label_slice(&read.feature), (enum case_reason)read.reason);
	if (l == NULL)
		return FAIL(NOMEM, "no memory for the worst calls");
	read.id = l->id;
	*l = read;
	case_bar_set(c, case_label_slice(&l->feature));
	return OK;
}
