/* SPDX-License-Identifier: Apache-2.0
 * baselines/model_watch.c - a short list of names, the newest answers first.
 */
#include "agent/baselines/model_watch.h"

#include <math.h>
#include <stdlib.h>

#define SETTLED_S 3600
#define ROUTER_S  86400 /* more models than are kept answered in this time */

static struct slice text_of(const struct model_name *n)
{
	return (struct slice){ n->text, n->len };
}

static void set(struct model_name *n, struct slice s)
{
	n->len = (uint8_t)(s.len < MODEL_NAME_MAX ? s.len : MODEL_NAME_MAX);
	memcpy(n->text, s.ptr, n->len);
}

void model_watch_release(struct model_watch *w)
{
	for (uint32_t i = 0; i < w->count; i++)
		free(w->items[i]);
	w->count = 0;
}

struct asked_model *model_watch_place(struct model_watch *w, uint32_t place)
{
	if (place >= MODELS_MAX || place < w->count)
		return NULL;
	for (; w->count <= place; w->count++) {
		w->items[w->count] = calloc(1, sizeof(struct asked_model));
		if (w->items[w->count] == NULL)
			return NULL;
	}
	return w->items[place];
}

static struct asked_model *find(const struct model_watch *w, struct slice name)
{
	for (uint32_t i = 0; i < w->count; i++)
		if (slice_equal(text_of(&w->items[i]->name), name))
			return w->items[i];
	return NULL;
}

static struct asked_model *make(struct model_watch *w, struct slice name, int64_t now_s)
{
	struct asked_model *m;

	if (w->count < MODELS_MAX) {
		m = model_watch_place(w, w->count);
		if (m == NULL)
			return NULL;
	} else {
		m = w->items[0];
		for (uint32_t i = 1; i < w->count; i++)
			if (w->items[i]->last_s < m->last_s)
				m = w->items[i];
		*m = (struct asked_model){ 0 };
		cohort_memo_clear(&w->found);
	}
	set(&m->name, name);
	m->first_s = now_s;
	return m;
}

static struct asked_model *look_up(struct model_watch *w, uint64_t cohort, struct slice asked, int64_t now_s)
{
	struct asked_model *m = find(w, asked);

	if (m == NULL)
		m = make(w, asked, now_s);
	cohort_memo_keep(&w->found, cohort, m);
	return m;
}

static struct verdict notice(enum verdict_kind kind, const struct sample *s, int64_t now_s)
{
	struct verdict v = {
		.event = VERDICT_RAISED,
		.kind = kind,
		.metric = MODEL_WATCH_METRIC,
		.feature = SLICE("*"),
		.model = s->model,
		.prompt_version = SLICE("*"),
		.request_model = s->request_model,
		.started_at_s = (uint64_t)now_s,
		.at_s = (uint64_t)now_s,
		.value = NAN,
		.baseline_mean = NAN,
		.baseline_stddev = NAN,
		.deviation = NAN,
		.pooled_deviation = NAN,
		.ratio = NAN,
		.sample_size = 1,
		.run = 1,
		.trace_count = 1,
	};

	memcpy(v.trace_ids[0], s->trace_id, sizeof(v.trace_ids[0]));
	return v;
}

static bool is_newest(const struct asked_model *m, struct slice answer)
{
	return m->answer_count > 0 && slice_equal(text_of(&m->answers[0]), answer);
}

/* True where the answer is not among those of late, nor one of many; it is now, and the newest. */
static bool is_new(struct asked_model *m, struct slice answer, int64_t now_s)
{
	bool is_full = m->answer_count == MODEL_ANSWERS_MAX;
	bool is_routed = is_full && now_s - m->came_s[MODEL_ANSWERS_MAX - 1] < ROUTER_S;
	uint8_t at = 0;

	while (at < m->answer_count && !slice_equal(text_of(&m->answers[at]), answer))
		at++;
	bool known = at < m->answer_count;
	if (!known && m->answer_count < MODEL_ANSWERS_MAX)
		m->answer_count++;
	if (!known && at == m->answer_count)
		at--;
	memmove(m->answers + 1, m->answers, at * sizeof(m->answers[0]));
	memmove(m->came_s + 1, m->came_s, at * sizeof(m->came_s[0]));
	set(&m->answers[0], answer);
	m->came_s[0] = now_s;
	m->dirty = true;
	return !known && !is_routed;
}

static void tell_change(const struct asked_model *m, const struct sample *s, int64_t now_s, verdict_fn emit,
			void *context)
{
	struct verdict v = notice(VERDICT_MODEL_CHANGE, s, now_s);

	v.previous_model = text_of(&m->answers[1]);
	emit(context, &v);
}

void model_watch_take(struct model_watch *w, const struct sample *s, int64_t now_s, int64_t notice_every_s,
		      verdict_fn emit, void *context)
{
	struct slice asked = slice_head(s->request_model, MODEL_NAME_MAX);
	struct slice answer = slice_head(s->model, MODEL_NAME_MAX);
	struct asked_model *m;

	if (asked.len == 0 || answer.len == 0 || outcome_is_error(s->outcome))
		return;
	m = cohort_memo_find(&w->found, s->cohort);
	if (m == NULL)
		m = look_up(w, s->cohort, asked, now_s);
	if (m == NULL)
		return;
	m->last_s = now_s;
	/* an answer by the name that was asked for says nothing: many servers echo it */
	if (!is_newest(m, answer) && !slice_equal(asked, answer)) {
		bool first = m->answer_count == 0;
		if (is_new(m, answer, now_s) && !first && now_s - m->first_s >= SETTLED_S)
			tell_change(m, s, now_s, emit, context);
	}
	if (notice_every_s > 0 && s->model_pinned == TRI_NO &&
	    (m->noticed_s == 0 || now_s - m->noticed_s >= notice_every_s)) {
		m->noticed_s = now_s;
		m->dirty = true;
		struct verdict v = notice(VERDICT_FLOATING_ALIAS, s, now_s);
		v.model = s->request_model;
		emit(context, &v);
	}
}

static void record_name(struct record *r, struct model_name *n)
{
	struct slice text = text_of(n);

	record_slice(r, &text);
	r->failed |= text.len > MODEL_NAME_MAX;
	if (!record_writes(r) && !r->failed)
		set(n, text);
}

void asked_model_record(struct record *r, struct asked_model *m)
{
	record_name(r, &m->name);
	record_time_since_1970(r, &m->first_s);
	record_time_since_1970(r, &m->last_s);
	record_time_since_1970(r, &m->noticed_s);
	record_u8(r, &m->answer_count);
	r->failed |= m->answer_count > MODEL_ANSWERS_MAX;
	for (uint8_t i = 0; i < m->answer_count && !r->failed; i++)
		record_name(r, &m->answers[i]);
	if (r->failed)
		m->answer_count = 0;
	for (uint8_t i = 0; i < m->answer_count && !record_writes(r); i++)
		m->came_s[i] = m->last_s;
}
