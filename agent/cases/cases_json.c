/* SPDX-License-Identifier: Apache-2.0
 * cases/cases_json.c - the kept calls as JSON, reasons by turns so that none crowds out the others.
 */
#include <math.h>

#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/cases/cases_priv.h"

#define USUAL_MIN  50.0
#define NORMAL_P95 1.6449

/* Up to three digits: where all calls cost the same, that is what one may cost, and not a rounding error less. */
static double round_up(double value)
{
	double unit = pow(10, floor(log10(value)) - 2), digits = ceil(value / unit - 1e-6);

	return unit < 1 ? digits / round(1 / unit) : digits * unit;
}

static double p95_of(const struct usual *u)
{
	return u->n >= USUAL_MIN ? round_up(exp(u->mean + NORMAL_P95 * sqrt(u->variance))) : (double)NAN;
}

static void write_id(struct buf *out, const char *name, const uint8_t *id, size_t n)
{
	bool is_known = false;

	for (size_t i = 0; i < n; i++)
		is_known |= id[i] != 0;
	json_write_key(out, name);
	if (!is_known) {
		buf_text(out, "null");
		return;
	}
	buf_byte(out, '"');
	buf_hex(out, id, n);
	buf_byte(out, '"');
}

static void write_words(struct buf *out, const struct call_text *text)
{
	json_write_text(out, "question", text->question);
	if (text->messages.len > 0) {
		json_write_key(out, "messages");
		buf_slice(out, text->messages);
	}
	json_write_text_if_any(out, "actual", text->actual);
}

static void write_case(const struct cases *c, const struct case_list *l, const struct exemplar *e, bool with_texts,
		       struct buf *out)
{
	const struct case_text *words = case_texts_find(&c->texts, e->trace_id, e->span_id);
	const struct case_list *usual = case_list_find(c, case_label_slice(&l->feature), CASE_EXPENSIVE);

	buf_byte(out, '{');
	json_write_text(out, "reason", slice_of(case_reason_names[l->reason]));
	json_write_key(out, "time");
	buf_printf(out, "%llu", (unsigned long long)e->time_s);
	write_id(out, "trace_id", e->trace_id, sizeof(e->trace_id));
	write_id(out, "span_id", e->span_id, sizeof(e->span_id));
	json_write_text(out, "feature", case_label_slice(&l->feature));
	json_write_text(out, "model", case_label_slice(&e->model));
	json_write_text(out, "prompt_version", case_label_slice(&e->version));
	json_write_text(out, "outcome", slice_of(outcome_names[e->outcome]));
	json_write_number(out, "cost_usd", e->cost_usd);
	json_write_number(out, "latency_ms", e->latency_ms);
	json_write_number(out, "score", e->score);
	json_write_number(out, "max_cost_usd", usual != NULL ? p95_of(&usual->cost) : (double)NAN);
	json_write_number(out, "max_latency_ms", usual != NULL ? p95_of(&usual->latency) : (double)NAN);
	json_write_key(out, "has_content");
	buf_text(out, words != NULL ? "true" : "false");
	if (with_texts && words != NULL)
		write_words(out, &words->call.text);
	buf_byte(out, '}');
}

/* The n-th worst of a list that is young enough; NULL where there are fewer. */
static const struct exemplar *nth(const struct case_list *l, size_t n, uint64_t since_s)
{
	for (size_t i = 0; i < l->count; i++) {
		size_t worse = 0;
		for (size_t k = 0; k < l->count; k++)
			worse += l->items[k].time_s >= since_s &&
				 (l->items[k].badness > l->items[i].badness ||
				  (l->items[k].badness == l->items[i].badness && k < i));
		if (worse == n && l->items[i].time_s >= since_s)
			return &l->items[i];
	}
	return NULL;
}

void cases_write(const struct cases *c, uint64_t since_s, size_t most, bool with_texts, struct buf *out)
{
	size_t written = 0;

	buf_text(out, "{\"cases\":[");
	for (size_t rank = 0; rank < CASES_EACH; rank++)
		for (size_t i = 0; i < c->count && written < most; i++) {
			const struct exemplar *e = nth(c->lists[i], rank, since_s);
			if (e == NULL)
				continue;
			if (written++ > 0)
				buf_byte(out, ',');
			write_case(c, c->lists[i], e, with_texts, out);
		}
	buf_text(out, "]}");
}
