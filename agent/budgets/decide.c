/* SPDX-License-Identifier: Apache-2.0
 * budgets/decide.c - may this call be made? First every budget is looked at, then all that it fits hold its cost back.
 */
#include <math.h>
#include <stdio.h>

#include "agent/base/money.h"
#include "agent/budgets/ledger.h"

#define ESCROW_PARTS      64  /* at least this part of the limit is held on the disk at a time, */
#define ESCROW_CALLS      8   /* and room for so many calls like this one */
#define DEBT_MINUTES      60  /* what a throttle lets through in so many it may have let through before */
#define MAX_AGE_S         30u
#define MAX_AGE_IDLE_S    5u  /* nothing tells yet how fast it burns */
#define MAX_AGE_REFUSED_S 5u  /* somebody may start the budget anew */
#define MAX_AGE_SHARE     8.0 /* an answer holds for this part of the time that the rest would last */

const char *const budget_decision_names[DECISION_COUNT] = { "allow", "throttle", "deny" };

/* One budget that the call is about. */
struct match {
	struct rule *rule;
	struct group *group; /* NULL: nobody has spent anything there */
	struct amount remaining, estimate;
	bool has_estimate;
};

struct deciding {
	struct budgets *b;
	const struct budget_question *q;
	int64_t now_s;
	struct match matches[BUDGET_MATCHES_MAX];
	size_t count;
	bool is_priced;
	int64_t price_pusd;
	bool has_failed; /* it could not be done right: fail_closed decides */
	struct budget_answer *out;
};

/* ---------------------------------------------------------------- what the call will cost */

static void price(struct deciding *d)
{
	if (d->q->has_estimate) {
		d->is_priced = true;
		d->price_pusd = d->q->estimate_pusd;
		return;
	}
	struct call c = {
		.role = ROLE_LLM,
		.provider = d->q->labels[BUDGET_BY_PROVIDER],
		.request_model = d->q->labels[BUDGET_BY_MODEL],
		.start_unix_ns = (uint64_t)d->now_s * 1000000000u,
		.end_unix_ns = (uint64_t)d->now_s * 1000000000u,
	};

	if (!d->q->has_tokens || c.request_model.len == 0 || d->b->outlets.price == NULL)
		return;
	tokens_set(&c.tokens, TOKENS_INPUT, d->q->input_tokens);
	tokens_set(&c.tokens, TOKENS_OUTPUT, d->q->max_output_tokens);
	d->is_priced = d->b->outlets.price(d->b->outlets.price_context, &c, &d->price_pusd);
}

/* By the tokens that were told, else what calls of the group take on average, else unknown. */
static void estimate(const struct deciding *d, struct match *m)
{
	const struct group *g = m->group;

	m->estimate.n[AMOUNT_REQUESTS] = 1;
	if (d->q->has_tokens)
		m->estimate.n[AMOUNT_TOKENS] = (__int128_t)d->q->input_tokens + d->q->max_output_tokens;
	else if (g != NULL)
		m->estimate.n[AMOUNT_TOKENS] = g->mean_tokens;
	m->has_estimate = d->is_priced || (g != NULL && g->has_mean_cost);
	if (m->has_estimate)
		m->estimate.n[AMOUNT_PUSD] = d->is_priced ? d->price_pusd : (__int128_t)g->mean_pusd;
	if (m->rule->kind != PERIOD_REQUEST && d->q->calls > 1) /* of several calls, each has to keep that for itself */
		for (int unit = 0; unit < AMOUNT_KINDS; unit++)
			m->estimate.n[unit] *= d->q->calls;
}

/* ---------------------------------------------------------------- looking at each budget */

static bool is_short(const struct match *m, int unit)
{
	return m->rule->limit.n[unit] > 0 &&
	       (m->remaining.n[unit] <= 0 || m->estimate.n[unit] > m->remaining.n[unit]);
}

static bool is_used_up(const struct match *m)
{
	return is_short(m, AMOUNT_PUSD) || is_short(m, AMOUNT_TOKENS) || is_short(m, AMOUNT_REQUESTS);
}

/* Each group has a rate of its own. It starts with one call, and saves up what a second lets through. */
static struct throttle *throttle_of(const struct match *m)
{
	return m->group != NULL ? &m->group->throttle : &m->rule->throttle;
}

static void refill(struct throttle *t, double per_minute, int64_t now_s)
{
	if (t->at_s == 0)
		t->tokens = 1;
	else if (now_s > t->at_s)
		t->tokens += (double)(now_s - t->at_s) * per_minute / 60;
	t->tokens = fmin(t->tokens, fmax(1, per_minute / 60));
	t->at_s = now_s;
}

static enum budget_decision verdict_on(const struct deciding *d, const struct match *m)
{
	if (m->rule->config->hard == BUDGET_TELLS || !is_used_up(m))
		return DECISION_ALLOW;
	if (m->rule->config->hard == BUDGET_DENIES)
		return DECISION_DENY;
	refill(throttle_of(m), m->rule->config->throttle_per_minute, d->now_s);
	return throttle_of(m)->tokens >= 1 ? DECISION_ALLOW : DECISION_THROTTLE;
}

/* Why a call does not fit, by how little waiting helps. */
enum shortage { SHORT_WHILE_HELD, SHORT_OF_REST, USED_UP, ABOVE_LIMIT };

static enum shortage shortage_in(const struct match *m, const struct amount *held, int unit)
{
	__int128_t unspent = m->remaining.n[unit] + held->n[unit];

	if (m->estimate.n[unit] > m->rule->limit.n[unit])
		return ABOVE_LIMIT;
	if (unspent <= 0)
		return USED_UP;
	return m->estimate.n[unit] > unspent ? SHORT_OF_REST : SHORT_WHILE_HELD;
}

static enum shortage shortage_of(const struct deciding *d, const struct match *m)
{
	struct amount held = m->group != NULL ? group_held(m->group, d->now_s) : (struct amount){ { 0 } };
	enum shortage worst = SHORT_WHILE_HELD;

	for (int unit = 0; unit < AMOUNT_KINDS; unit++) {
		if (!is_short(m, unit))
			continue;
		enum shortage s = shortage_in(m, &held, unit);
		worst = s > worst ? s : worst;
	}
	return worst;
}

/* When something of what is held back is free again at the latest, unless its calls cost that much. */
static double held_for_s(const struct deciding *d, const struct match *m)
{
	int64_t until_s = d->b->oldest != NULL ? d->b->oldest->until_s : INT64_MAX;

	if (m->group->left_until_s > d->now_s && m->group->left_until_s < until_s)
		until_s = m->group->left_until_s;
	return (double)(until_s - d->now_s);
}

static double retry_after(const struct deciding *d, const struct match *m, enum budget_decision decision)
{
	if (decision == DECISION_THROTTLE)
		return (1 - throttle_of(m)->tokens) * 60 / m->rule->config->throttle_per_minute;
	enum shortage shortage = shortage_of(d, m);
	if (m->rule->kind == PERIOD_REQUEST || shortage == ABOVE_LIMIT)
		return 0;
	double period_s = (double)(rule_period(m->rule, d->now_s).end_s - d->now_s);
	return shortage == SHORT_WHILE_HELD ? fmin(period_s, held_for_s(d, m)) : period_s;
}

static const char *reason_for(const struct deciding *d, const struct match *m, enum budget_decision decision)
{
	static const char *const reasons[] = {
		[SHORT_WHILE_HELD] = "what is left of the budget is held back for calls that are under way",
		[SHORT_OF_REST] = "the call is likely to take more than what is left of the budget",
		[USED_UP] = "the budget is used up",
		[ABOVE_LIMIT] = "the call is likely to take more than the whole budget",
	};

	if (decision == DECISION_ALLOW)
		return "";
	if (m->rule->kind == PERIOD_REQUEST)
		return "this call would cost more than a single one may";
	return decision == DECISION_THROTTLE ? "the budget is used up; calls are let through at a lower rate" :
					       reasons[shortage_of(d, m)];
}

/* For how long nothing is likely to change for calls like this one. */
static uint32_t max_age(const struct deciding *d, const struct match *m, enum budget_decision decision)
{
	double age = m->rule->config->hard == BUDGET_TELLS ? MAX_AGE_S : MAX_AGE_IDLE_S;
	double rate = m->group != NULL ? group_rate(m->group, d->now_s) : 0;

	if (decision != DECISION_ALLOW)
		return (uint32_t)fmin(retry_after(d, m, decision), MAX_AGE_REFUSED_S);
	if (m->rule->config->hard != BUDGET_TELLS && is_used_up(m))
		return 0; /* let through by the throttle: this one call */
	if (m->rule->limit.n[AMOUNT_PUSD] > 0 && rate > 0 && m->rule->config->hard != BUDGET_TELLS)
		age = (double)m->remaining.n[AMOUNT_PUSD] / rate / MAX_AGE_SHARE;
	return (uint32_t)fmax(0, fmin(age, MAX_AGE_S));
}

/* The share of the limit that is left, in the unit that is nearest to its end. */
static double tightness(const struct match *m)
{
	double least = INFINITY;

	for (int unit = 0; unit < AMOUNT_KINDS; unit++)
		if (m->rule->limit.n[unit] > 0)
			least = fmin(least, (double)m->remaining.n[unit] / (double)m->rule->limit.n[unit]);
	return least;
}

static void tell(const struct deciding *d, const struct match *m, enum budget_decision decision)
{
	struct budget_answer *out = d->out;

	out->decision = decision;
	out->reason = reason_for(d, m, decision);
	snprintf(out->budget, sizeof(out->budget), "%s", m->rule->instance->id);
	for (int unit = 0; unit < AMOUNT_KINDS; unit++)
		out->is_limited[unit] = m->rule->limit.n[unit] > 0;
	out->remaining = m->remaining;
	out->has_estimate = m->has_estimate;
	out->estimate_pusd = m->estimate.n[AMOUNT_PUSD];
	out->retry_after_s = decision == DECISION_ALLOW ? 0 : retry_after(d, m, decision);
	out->period_ends_s = m->rule->kind == PERIOD_REQUEST ? 0 : rule_period(m->rule, d->now_s).end_s;
}

static void look_at(struct deciding *d, struct rule *r)
{
	struct match *m = &d->matches[d->count++];
	bool has_groups = r->kind != PERIOD_REQUEST;

	*m = (struct match){ .rule = r, .remaining = r->limit };
	if (has_groups)
		m->group = d->q->reserves ? group_get(d->b, r, d->q->labels) : group_find(d->b, r, d->q->labels);
	if (m->group != NULL)
		m->remaining = group_remaining(m->group, d->now_s);
	else if (has_groups && d->q->reserves)
		d->has_failed = true;
	estimate(d, m);
}

static void judge(struct deciding *d)
{
	double tightest = INFINITY;
	uint32_t age = MAX_AGE_S;

	for (size_t i = 0; i < d->count; i++) {
		const struct match *m = &d->matches[i];
		enum budget_decision decision = verdict_on(d, m);
		uint32_t its_age = max_age(d, m, decision);
		age = its_age < age ? its_age : age;
		if (decision > d->out->decision || (decision == d->out->decision && tightness(m) < tightest)) {
			tightest = tightness(m);
			tell(d, m, decision);
		}
	}
	d->out->max_age_s = age;
}

/* ---------------------------------------------------------------- holding it back */

/* More than what is open, so that most decisions need not wait for the disk. True: this one has to. */
static bool raise_escrow(struct budgets *b, struct group *g, const struct amount *estimate)
{
	bool must_wait = false;

	for (int unit = 0; unit < AMOUNT_KINDS; unit++)
		must_wait |= g->rule->limit.n[unit] > 0 && g->escrow.n[unit] < g->open.n[unit];
	for (int unit = 0; must_wait && unit < AMOUNT_KINDS; unit++) {
		__int128_t part = g->rule->limit.n[unit] / ESCROW_PARTS, calls = ESCROW_CALLS * estimate->n[unit];
		g->escrow.n[unit] = 2 * g->open.n[unit] + (part > calls ? part : calls);
	}
	if (must_wait)
		group_touch(b, g);
	return g->rule->config->hard != BUDGET_TELLS && (must_wait || !escrow_is_kept(b, g));
}

/* True where the answer has to wait until the reservation is on the disk. */
static bool reserve(struct deciding *d)
{
	struct budgets *b = d->b;
	int64_t until_s = d->now_s + (int64_t)((b->config->budgets.reservation_ms + 999) / 1000);
	struct reservation *r = reservation_new(b, until_s, d->q->has_trace_id ? d->q->trace_id : NULL, d->q->calls);
	bool must_wait = false;

	if (r == NULL) {
		d->has_failed = true;
		return false;
	}
	for (size_t i = 0; i < d->count; i++) {
		struct match *m = &d->matches[i];
		if (m->group == NULL)
			continue;
		reservation_hold(r, m->group, &m->estimate);
		must_wait |= raise_escrow(b, m->group, &m->estimate);
	}
	d->out->reservation = r->id;
	d->out->reserved_until_s = until_s;
	if (b->dirty != NULL && !keep(b, NULL, 0, d->now_s, NULL, NULL))
		d->has_failed = must_wait;
	return must_wait;
}

/* Of several calls that are let through at once, those beyond what was saved up are a debt: of an hour at most, whatever
 * number somebody names. */
static void use_throttle(const struct deciding *d)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct match *m = &d->matches[i];
		if (m->rule->config->hard != BUDGET_THROTTLES || !is_used_up(m))
			continue;
		struct throttle *t = throttle_of(m);
		t->tokens = fmax(t->tokens - (d->q->calls > 1 ? d->q->calls : 1),
				 -m->rule->config->throttle_per_minute * DEBT_MINUTES);
	}
}

static void count(struct deciding *d)
{
	for (size_t i = 0; i < d->count; i++)
		d->matches[i].rule->counts.decisions[verdict_on(d, &d->matches[i])]++;
}

static bool decide_locked(struct deciding *d)
{
	struct budgets *b = d->b;

	reservations_expire(b, d->now_s);
	price(d);
	for (size_t i = 0; i < b->rule_count; i++)
		if (rule_fits(&b->rules[i], d->q->labels))
			look_at(d, &b->rules[i]);
	judge(d);
	count(d);
	if (d->out->decision != DECISION_ALLOW || d->count == 0)
		return false;
	use_throttle(d); /* who only asks makes the call, too */
	return d->q->reserves && reserve(d);
}

/* No room, no memory, no disk: what then, the configuration says. */
static void fail(struct deciding *d, bool fails_closed)
{
	if (!fails_closed || d->out->decision != DECISION_ALLOW)
		return;
	if (d->out->reservation != 0)
		(void)budgets_cancel(d->b, d->out->reservation);
	d->out->reservation = 0;
	d->out->decision = DECISION_DENY;
	d->out->reason = "the decision could not be made, and budgets.fail_closed is set";
	d->out->retry_after_s = 1;
	d->out->max_age_s = 0;
}

void budgets_decide(struct budgets *b, const struct budget_question *q, int64_t now_s, struct budget_answer *out)
{
	struct deciding d = { .b = b, .q = q, .now_s = now_s, .out = out };

	*out = (struct budget_answer){ .decision = DECISION_ALLOW, .reason = "" };
	pthread_mutex_lock(&b->lock);
	bool must_wait = decide_locked(&d), fails_closed = b->config->budgets.fails_closed;
	pthread_mutex_unlock(&b->lock);
	if (must_wait && FAILED(b->outlets.keeper.flush(b->outlets.keeper.context)))
		d.has_failed = true;
	if (d.has_failed)
		fail(&d, fails_closed);
}
