/* SPDX-License-Identifier: Apache-2.0
 * canary/canary_json.c - comparisons as JSON.
 */
#include "agent/canary/canary_json.h"

#include <math.h>

#include "agent/base/json.h"

static void write_text(struct buf *out, const char *name, struct slice text)
{
	json_write_key(out, name);
	json_write_string(out, text);
}

static void write_number(struct buf *out, const char *name, double value)
{
	json_write_key(out, name);
	json_write_double(out, value);
}

static void write_bool(struct buf *out, const char *name, bool value)
{
	json_write_key(out, name);
	buf_text(out, value ? "true" : "false");
}

static void write_version(struct buf *out, const char *name, const struct canary_row *r, double n, double mean)
{
	bool is_log = canary_metric_infos[r->metric].kind == CANARY_LOG;
	double value = n == 0 ? (double)NAN : is_log ? exp(mean) : mean;

	json_write_key(out, name);
	buf_byte(out, '{');
	write_number(out, "calls", n);
	write_number(out, "value", value);
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
	write_text(out, "metric", slice_of(info->name));
	if (r->name.len > 0)
		write_text(out, "name", r->name);
	write_bool(out, "guarded", r->guarded);
	write_bool(out, "side_by_side", d->side_by_side);
	write_number(out, "hours", d->hours);
	write_version(out, "from", r, d->n_a, d->mean_a);
	write_version(out, "to", r, d->n_b, d->mean_b);
	write_text(out, "unit", slice_of(is_log ? "ratio" : info->kind == CANARY_RATE ? "share" : "score"));
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		write_number(out, differences[i].name, is_log ? expm1(differences[i].value) : differences[i].value);
	write_text(out, "verdict", slice_of(canary_verdict_names[r->verdict]));
	write_number(out, "needs", r->calls_needed > 0 ? ceil(r->calls_needed) : (double)NAN);
	buf_byte(out, '}');
}

static void write_comparison(void *context, const struct canary_comparison *c)
{
	struct buf *out = context;

	if (out->len > 0 && out->ptr[out->len - 1] != '[')
		buf_byte(out, ',');
	buf_byte(out, '{');
	write_text(out, "feature", c->b->feature);
	write_text(out, "model", c->b->model);
	write_text(out, "verdict", slice_of(canary_verdict_names[c->verdict]));
	write_number(out, "alpha", c->alpha);
	buf_text(out, ",\"metrics\":[");
	for (size_t i = 0; i < c->count; i++) {
		if (i > 0)
			buf_byte(out, ',');
		write_row(out, &c->rows[i]);
	}
	buf_text(out, "]}");
}

static void write_head(struct buf *out, struct slice name, const struct canary_pair *pair, enum canary_verdict v)
{
	write_text(out, "prompt", name);
	write_text(out, "from", pair->from);
	write_text(out, "to", pair->to);
	write_text(out, "verdict", slice_of(canary_verdict_names[v]));
	write_bool(out, "promote", v == CANARY_EQUAL || v == CANARY_BETTER);
}

struct status canary_write_json(const struct canary *c, const struct canary_wish *wish, const char *leading,
				struct buf *out)
{
	struct buf comparisons = BUF_INIT;
	struct canary_pair pair;

	TRY(canary_choose(c, wish, &pair));
	enum canary_verdict v = canary_visit(c, wish, &pair, write_comparison, &comparisons);
	buf_byte(out, '{');
	buf_text(out, leading);
	write_head(out, wish->name, &pair, v);
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

static void pass_over(void *context, const struct canary_comparison *c)
{
	(void)context;
	(void)c;
}

static void list_name(void *context, struct slice name)
{
	const struct listing *l = context;
	struct canary_wish wish = { .name = name };
	struct canary_pair pair;

	if (FAILED(canary_choose(l->canary, &wish, &pair)))
		return;
	if (l->out->ptr[l->out->len - 1] != '[')
		buf_byte(l->out, ',');
	buf_byte(l->out, '{');
	write_head(l->out, name, &pair, canary_visit(l->canary, &wish, &pair, pass_over, NULL));
	buf_byte(l->out, '}');
}

void canary_write_list(const struct canary *c, struct buf *out)
{
	struct listing l = { c, out };

	buf_text(out, "{\"prompts\":[");
	if (!buf_failed(out))
		canary_names(c, list_name, &l);
	buf_text(out, "]}");
}
