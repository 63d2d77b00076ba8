/* SPDX-License-Identifier: Apache-2.0
 * alerts/movement_explain.c - two windows of an alert's key, compared.
 */
#include <inttypes.h>
#include <math.h>

#include "agent/alerts/movement_priv.h"
#include "agent/base/json.h"

#define COMPARED_S   (2 * 86400)
#define GROUPS_MAX   32
#define SHOWN_MAX    3
#define DAY_S        86400.0
#define SHARE_TO_SAY 0.2

/* A day's spend is judged at the end of each of its hours, the last of which is the beginning of the next day. */
static uint64_t day_start(const struct movement *m, uint64_t hour_end_s)
{
	if (hour_end_s <= 86400)
		return 0;
	return hour_end_s - 1 - (uint64_t)((int64_t)hour_end_s - 1 + m->utc_offset_s) % 86400;
}

uint64_t movement_window_start(const struct movement *m, const struct verdict *v)
{
	uint64_t length_s = (uint64_t)(v->run > 0 ? v->run : 1) * (v->window_s > 0 ? v->window_s : HOUR_S);

	if (strcmp(v->metric, "spend_day") == 0)
		return day_start(m, v->started_at_s);
	return v->started_at_s > length_s ? v->started_at_s - length_s : 0;
}

static bool is_about_cost(const struct verdict *v)
{
	static const char *const metrics[] = { "cost", "cost_tail", "spend_day", "output_tokens" };

	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
		if (strcmp(metrics[i], v->metric) == 0)
			return true;
	return false;
}

/* ---------------------------------------------------------------- windows */
struct span_of_time {
	uint64_t from_s, split_s, to_s; /* before: from..split; after: split..to */
};

/* The earliest hour of which a cell that is in use still has its sums; what idle ones have besides is not the whole. */
static uint64_t kept_since(const struct movement *m)
{
	uint64_t next_hour_s = m->newest_s / HOUR_S * HOUR_S + HOUR_S;

	return next_hour_s > KEPT_S ? next_hour_s - KEPT_S : 0;
}

static uint64_t later(uint64_t a_s, uint64_t b_s)
{
	return a_s > b_s ? a_s : b_s;
}

static struct span_of_time times_of(const struct movement *m, const struct verdict *v)
{
	struct span_of_time t = { .split_s = movement_window_start(m, v), .to_s = m->newest_s + 1 };

	t.from_s = t.split_s > COMPARED_S ? t.split_s - COMPARED_S : 0;
	t.from_s = later(t.from_s, later(m->first_s, kept_since(m)));
	return t;
}

/* A step belongs to the window in which its middle lies. */
static void sort_ring(const struct step *ring, size_t size, uint64_t width_s, const struct span_of_time *t,
		      struct cost_model *out)
{
	for (size_t i = 0; i < size; i++) {
		uint64_t middle_s = ring[i].start_s + width_s / 2;
		if (ring[i].start_s == 0 || middle_s < t->from_s)
			continue;
		cost_sums_add(middle_s < t->split_s ? &out->before : &out->after, &ring[i].sums);
	}
}

static struct cost_model sums_of(const struct cell *c, const struct span_of_time *t)
{
	struct cost_model sums = { .before = { 0 } };

	sort_ring(c->fine, FINE_COUNT, FINE_S, t, &sums);
	sort_ring(c->hours, HOUR_COUNT, HOUR_S, t, &sums);
	return sums;
}

/* ---------------------------------------------------------------- groups of cells */
static bool fits(struct slice wanted, struct slice has)
{
	return wanted.len == 0 || slice_equal(wanted, SLICE("*")) || slice_equal(wanted, has) ||
	       (has.len == 0 && slice_equal(wanted, SLICE("unknown")));
}

struct scope {
	struct slice labels[CELL_LABEL_COUNT]; /* empty or "*": all */
};

static bool in_scope(const struct scope *s, const struct cell *c)
{
	for (int i = 0; i < CELL_LABEL_COUNT; i++)
		if (!fits(s->labels[i], c->labels[i]))
			return false;
	return true;
}

struct group {
	struct slice value;
	struct cost_model sums;
};

/* The cells of a scope, put together by one label. What finds no room joins the last group. */
static size_t group_by(const struct movement *m, const struct scope *scope, const struct span_of_time *t,
		       enum cell_label label, struct group groups[GROUPS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct cell *c = m->cells[i];
		if (!in_scope(scope, c))
			continue;
		size_t at = 0;
		while (at < count && !slice_equal(groups[at].value, c->labels[label]))
			at++;
		if (at == count && count < GROUPS_MAX)
			groups[count++] = (struct group){ .value = c->labels[label] };
		else if (at == count)
			at = GROUPS_MAX - 1;
		struct cost_model sums = sums_of(c, t);
		cost_sums_add(&groups[at].sums.before, &sums.before);
		cost_sums_add(&groups[at].sums.after, &sums.after);
	}
	return count;
}

/* ---------------------------------------------------------------- what is said of them */
static double change_of(const struct decomposition *d)
{
	return d->after_usd - d->before_usd;
}

static double share_of(double part, double whole)
{
	return fabs(whole) > 1e-15 ? part / whole : NAN;
}

static void write_decomposition(struct buf *out, const char *name, const struct decomposition *d, int factors)
{
	double change = change_of(d);

	json_write_key(out, name);
	buf_byte(out, '{');
	json_write_number(out, "before_usd", d->before_usd);
	json_write_number(out, "after_usd", d->after_usd);
	json_write_number(out, "change_usd", change);
	json_write_number(out, "change_percent", 100 * share_of(change, d->before_usd));
	json_write_key(out, "parts");
	buf_byte(out, '[');
	for (int f = 0; f < factors; f++) {
		buf_printf(out, "%s{\"factor\":\"%s\"", f > 0 ? "," : "", factor_names[f]);
		json_write_number(out, "usd", d->parts_usd[f]);
		json_write_number(out, "percent_of_change", 100 * share_of(d->parts_usd[f], change));
		buf_byte(out, '}');
	}
	buf_text(out, "]}");
}

/* What a group adds to the change of cost per request of all: its cost in each window over the requests of all. */
static double contribution(const struct group *g, const struct cost_model *all)
{
	return g->sums.after.cost_usd / all->after.requests - g->sums.before.cost_usd / all->before.requests;
}

static size_t largest(const struct group *groups, size_t count, const struct cost_model *all, double sign,
		      const bool *taken)
{
	size_t best = count;

	for (size_t i = 0; i < count; i++)
		if (!taken[i] && (best == count || sign * contribution(&groups[i], all) >
							   sign * contribution(&groups[best], all)))
			best = i;
	return best;
}

struct report {
	const struct movement *m;
	const struct scope *scope;
	struct span_of_time times;
	struct cost_model all;
	double change_usd; /* of cost per request */
	struct buf *out, *cause;
};

static const struct {
	enum cell_label label;
	const char *name, *words;
} dimensions[] = {
	{ CELL_PROMPT, "prompt_version", "prompt version" },
	{ CELL_MODEL, "model", "model" },
	{ CELL_SEGMENT, "user_segment", "user segment" },
};

static void write_contributor(struct report *r, const char *name, const struct group *g)
{
	double usd = contribution(g, &r->all);

	json_write_comma(r->out);
	buf_byte(r->out, '{');
	json_write_key(r->out, "by");
	json_write_string(r->out, slice_of(name));
	json_write_key(r->out, "value");
	json_write_string(r->out, g->value.len > 0 ? g->value : SLICE("unknown"));
	json_write_number(r->out, "usd", usd);
	json_write_number(r->out, "percent_of_change", 100 * share_of(usd, r->change_usd));
	buf_byte(r->out, '}');
}

/* The largest contributors of one dimension; one alone explains nothing. */
static void write_dimension(struct report *r, size_t which)
{
	struct group groups[GROUPS_MAX];
	bool taken[GROUPS_MAX] = { false };
	double sign = r->change_usd < 0 ? -1 : 1;
	size_t count = group_by(r->m, r->scope, &r->times, dimensions[which].label, groups);

	for (size_t shown = 0; count > 1 && shown < SHOWN_MAX; shown++) {
		size_t at = largest(groups, count, &r->all, sign, taken);
		if (at == count)
			break;
		taken[at] = true;
		write_contributor(r, dimensions[which].name, &groups[at]);
		double share = share_of(contribution(&groups[at], &r->all), r->change_usd);
		if (shown == 0 && share > SHARE_TO_SAY)
			buf_printf(r->cause, "; %s %.*s makes up %.0f %%", dimensions[which].words,
				   SLICE_ARG(groups[at].value.len > 0 ? groups[at].value : SLICE("unknown")), 100 * share);
	}
}

/* "output_tokens" as people say it. */
static void say_name(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++)
		buf_byte(out, *name == '_' ? ' ' : *name);
}

static void say_factors(const struct decomposition *d, struct buf *cause)
{
	double change = change_of(d);
	bool more = false;

	buf_printf(cause, "cost per request %s by %.3g USD (%+.0f %%)", change < 0 ? "fell" : "rose", fabs(change),
		   100 * share_of(change, d->before_usd));
	for (int f = 0; f < FACTOR_VOLUME; f++) {
		double share = share_of(d->parts_usd[f], change);
		if (!(fabs(share) > SHARE_TO_SAY))
			continue;
		buf_text(cause, more ? ", " : ": ");
		say_name(cause, factor_names[f]);
		buf_printf(cause, " %.0f %%", 100 * share);
		more = true;
	}
}

static void write_times(struct buf *out, const char *name, uint64_t from_s, uint64_t to_s)
{
	json_write_key(out, name);
	buf_printf(out, "{\"from\":%" PRIu64 ",\"to\":%" PRIu64 "}", from_s, to_s);
}

static struct cost_model total_of(const struct group *groups, size_t count)
{
	struct cost_model all = { .before = { 0 } };

	for (size_t i = 0; i < count; i++) {
		cost_sums_add(&all.before, &groups[i].sums.before);
		cost_sums_add(&all.after, &groups[i].sums.after);
	}
	return all;
}

static void write_windows(struct report *r)
{
	const struct span_of_time *t = &r->times;

	write_times(r->out, "window", t->split_s, t->to_s);
	write_times(r->out, "compared_with", t->from_s, t->split_s);
	json_write_number(r->out, "requests_before", r->all.before.requests);
	json_write_number(r->out, "requests_after", r->all.after.requests);
	if (r->m->left_out > 0 && r->m->left_out_s >= t->from_s)
		buf_printf(r->out, ",\"calls_left_out\":%" PRIu64, r->m->left_out);
}

/* Everything about one scope. False where a window is empty. */
static bool write_scope(struct report *r, const char *name)
{
	struct group groups[GROUPS_MAX];
	struct cost_model models[GROUPS_MAX];
	struct decomposition request, day;
	size_t count = group_by(r->m, r->scope, &r->times, CELL_MODEL, groups);
	double before_days = (double)(r->times.split_s - r->times.from_s) / DAY_S;
	double after_days = (double)(r->times.to_s - r->times.split_s) / DAY_S;

	r->all = total_of(groups, count);
	if (r->all.before.requests <= 0 || r->all.after.requests <= 0 || before_days <= 0 || after_days <= 0)
		return false;
	for (size_t i = 0; i < count; i++)
		models[i] = groups[i].sums;
	decompose_request(models, count, &request);
	decompose_day(models, count, before_days, after_days, &day);
	r->change_usd = change_of(&request);
	json_write_key(r->out, name);
	buf_text(r->out, "{\"method\":\"shapley\"");
	write_windows(r);
	write_decomposition(r->out, "cost_per_request", &request, FACTOR_VOLUME);
	write_decomposition(r->out, "spend_per_day", &day, FACTOR_COUNT);
	say_factors(&request, r->cause);
	json_write_key(r->out, "contributors");
	buf_byte(r->out, '[');
	for (size_t i = 0; i < sizeof(dimensions) / sizeof(dimensions[0]); i++)
		write_dimension(r, i);
	buf_text(r->out, "]}");
	return true;
}

/* Whether the feature has no other calls than the key: then there is nothing more to say. */
static bool is_whole(const struct movement *m, const struct scope *feature, const struct report *key)
{
	struct group groups[GROUPS_MAX];
	struct cost_model all = total_of(groups, group_by(m, feature, &key->times, CELL_MODEL, groups));

	return all.before.requests <= key->all.before.requests && all.after.requests <= key->all.after.requests;
}

void movement_explain(const struct movement *m, const struct verdict *v, struct buf *evidence, struct buf *cause)
{
	const struct scope key = { { v->feature, v->model, v->prompt_version, v->user_segment } };
	const struct scope feature = { { v->feature, SLICE_NONE, SLICE_NONE, SLICE_NONE } };
	struct buf words = BUF_INIT;
	struct report r = { .m = m, .scope = &key, .times = times_of(m, v), .out = evidence, .cause = cause };

	if (!is_about_cost(v) || r.times.from_s >= r.times.split_s || r.times.split_s >= r.times.to_s)
		return;
	if (v->kind != VERDICT_CANARY) /* a version has no time before itself: steps would only be cut in two */
		write_scope(&r, "movement");
	if (is_whole(m, &feature, &r))
		return;
	struct report wide = { .m = m, .scope = &feature, .times = r.times, .out = evidence, .cause = &words };
	if (write_scope(&wide, "movement_of_feature") && cause->len == 0)
		buf_slice(cause, buf_view(&words));
	buf_release(&words);
}
