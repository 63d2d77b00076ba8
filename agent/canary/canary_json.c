/* SPDX-License-Identifier: Apache-2.0
 * canary/canary_json.c - comparisons as JSON.
 */
#include "agent/canary/canary_json.h"

#include <math.h>

#include "agent/base/json.h"

static void write_version(struct buf *out, const char *name, const struct canary_row *r, double n, double mean)
{
	bool is_log = canary_metric_infos[r->metric].kind == CANARY_LOG;
	double value = n == 0 ? (double)NAN : is_log ? exp(mean) : mean;

	json_write_key(out, name);
	buf_byte(out, '{');
	json_write_number(out, "calls", n);
	json_write_number(out, "value", value);
	buf_byte(out, '}');
}

static void write_row(struct buf *out, const struct canary_row *r)
{
	const struct canary_metric_info *info = &canary_metric_infos[r->metric];
	const struct difference *d = &r->difference;
	bool is_log = info->kind == CANARY_LOG;
	double by = d->n_a > 0 && d->n_b > 0 ? d->by : (double)NAN;
	const struct {
		const char *name;
		double value;
	} differences[] = { { "difference", by }, { "low", by - r->half_width }, { "high", by + r->half_width },
			    { "margin", r->margin } };

	buf_byte(out, '{');
	json_write_text(out, "metric", slice_of(info->name));
	json_write_text_if_any(out, "name", r->name);
	json_write_flag(out, "guarded", r->guarded);
	json_write_flag(out, "side_by_side", d->side_by_side);
	json_write_number(out, "hours", d->hours);
	write_version(out, "from", r, d->n_a, d->mean_a);
	write_version(out, "to", r, d->n_b, d->mean_b);
	json_write_text(out, "unit", slice_of(is_log ? "ratio" : info->kind == CANARY_RATE ? "share" : "score"));
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		json_write_number(out, differences[i].name,
					  is_log ? expm1(differences[i].value) : differences[i].value);
	json_write_text(out, "verdict", slice_of(canary_verdict_names[r->verdict]));
	json_write_number(out, "needs", r->calls_needed > 0 ? ceil(r->calls_needed) : (double)NAN);
	buf_byte(out, '}');
}

static void write_comparison(void *context, const struct canary_comparison *c)
{
	struct buf *out = context;

	if (out->len > 0 && out->ptr[out->len - 1] != '[')
		buf_byte(out, ',');
	buf_byte(out, '{');
	json_write_text_if_any(out, "environment", c->b->labels.environment);
	json_write_text(out, "feature", c->b->labels.feature);
	json_write_text(out, "model", c->b->labels.model);
	if (!slice_equal(c->a->labels.model, c->b->labels.model))
		json_write_text(out, "from_model", c->a->labels.model);
	json_write_text(out, "verdict", slice_of(canary_verdict_names[c->verdict]));
	json_write_number(out, "alpha", c->alpha);
	buf_text(out, ",\"metrics\":[");
	for (size_t i = 0; i < c->count; i++) {
		if (i > 0)
			buf_byte(out, ',');
		write_row(out, &c->rows[i]);
	}
	buf_text(out, "]}");
}

/* ---------------------------------------------------------------- the pair as a whole */
static void write_share(struct buf *out, const struct canary *c, const struct canary_trial *t)
{
	struct canary_share s = canary_share_of(c, t);

	json_write_key(out, "share");
	buf_byte(out, '{');
	json_write_number(out, "told", t->share);
	json_write_number(out, "actual", s.actual);
	json_write_count(out, "calls", s.calls);
	json_write_count(out, "of", s.of);
	json_write_count(out, "since", t->share_since_s);
	json_write_flag(out, "differs", s.differs);
	buf_byte(out, '}');
}

static void write_trial(struct buf *out, const struct canary *c, const struct canary_trial *t)
{
	json_write_text(out, "environment", t->environment);
	json_write_text(out, "state", slice_of(canary_trial_names[t->state]));
	json_write_count(out, "since", t->since_s);
	json_write_text(out, "by", t->by);
	if (t->state == CANARY_TRIAL_RUNS)
		write_share(out, c, t);
}

static void write_head(struct buf *out, const struct canary *c, const struct canary_wish *wish,
		       const struct canary_pair *pair)
{
	struct canary_summary s;

	canary_summarize(c, wish, pair, &s);
	json_write_text(out, "prompt", wish->name);
	json_write_text(out, "from", pair->from);
	json_write_text(out, "to", pair->to);
	if (pair->trial != NULL)
		write_trial(out, c, pair->trial);
	else
		json_write_text_if_any(out, "environment", wish->environment);
	json_write_text(out, "verdict", slice_of(canary_verdict_names[s.verdict]));
	json_write_flag(out, "promote", s.verdict == CANARY_EQUAL || s.verdict == CANARY_BETTER);
	json_write_text(out, "reason", buf_view(&s.reason));
	json_write_number(out, "needs", s.calls_needed > 0 ? s.calls_needed : (double)NAN);
	json_write_number(out, "calls_from", s.calls_from);
	json_write_number(out, "calls_to", s.calls_to);
	buf_release(&s.reason);
}

struct status canary_write_json(const struct canary *c, const struct canary_wish *wish, const char *leading,
				struct buf *out)
{
	struct buf comparisons = BUF_INIT;
	struct canary_pair pair;

	TRY(canary_choose(c, wish, &pair));
	canary_visit(c, wish, &pair, write_comparison, &comparisons);
	buf_byte(out, '{');
	buf_text(out, leading);
	write_head(out, c, wish, &pair);
	buf_text(out, ",\"comparisons\":[");
	buf_slice(out, buf_view(&comparisons));
	buf_text(out, "]}");
	out->failed |= buf_failed(&comparisons);
	buf_release(&comparisons);
	return OK;
}

struct listing {
	const struct canary *canary;
	struct buf *out;
};

static void list_pair(void *context, const struct canary_wish *wish)
{
	const struct listing *l = context;
	struct canary_pair pair;

	if (FAILED(canary_choose(l->canary, wish, &pair)))
		return;
	json_write_comma(l->out);
	buf_byte(l->out, '{');
	write_head(l->out, l->canary, wish, &pair);
	buf_byte(l->out, '}');
}

void canary_write_list(const struct canary *c, struct buf *out)
{
	struct listing l = { c, out };

	buf_text(out, "{\"prompts\":[");
	canary_pairs(c, list_pair, &l);
	buf_text(out, "]}");
}
