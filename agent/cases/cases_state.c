/* SPDX-License-Identifier: Apache-2.0
 * cases/cases_state.c - a list as a stored value, and back.
 */
#include "agent/cases/cases_priv.h"

#define FORMAT 1

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

static void record_exemplar(struct record *r, struct exemplar *e)
{
	record_uint(r, &e->time_s);
	record_bytes(r, e->trace_id, sizeof(e->trace_id));
	record_u8(r, &e->outcome);
	r->failed |= e->outcome >= OUTCOME_COUNT;
	record_double(r, &e->badness);
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
}

static void record_list(struct record *r, struct case_list *l)
{
	record_format(r, FORMAT);
	record_label(r, &l->feature);
	record_u8(r, &l->reason);
	record_uint(r, &l->newest_s);
	record_u32(r, &l->count);
	r->failed |= l->reason >= CASE_REASON_COUNT || l->count > CASES_EACH;
	for (uint32_t i = 0; i < l->count && !r->failed; i++)
		record_exemplar(r, &l->items[i]);
	record_usual(r, &l->cost);
	record_usual(r, &l->latency);
}

void cases_save(struct cases *c, bool all, cases_put put, void *context)
{
	struct buf value = BUF_INIT;

	for (size_t at = 0; at + sizeof(uint64_t) <= c->deleted.len; at += sizeof(uint64_t))
		put(context, (struct slice){ c->deleted.ptr + at, sizeof(uint64_t) }, SLICE_NONE);
	buf_reset(&c->deleted);
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

struct status cases_load(struct cases *c, struct slice key, struct slice value)
{
	struct case_list read = { .id = 0 };
	struct record r = record_reader(value);

	record_list(&r, &read);
	if (!record_ok(&r) || key.len != sizeof(read.id))
		return FAIL(CORRUPT, "not the worst calls of a feature");
	struct case_list *l = case_list_get(c, case_label_slice(&read.feature), (enum case_reason)read.reason);
	if (l == NULL)
		return FAIL(NOMEM, "no memory for the worst calls");
	read.id = l->id;
	*l = read;
	return OK;
}
