/* SPDX-License-Identifier: Apache-2.0
 * budgets/budgets.c - the ledger: calls that are over are added to the budgets that they belong to.
 */
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hash.h"
#include "agent/base/hex.h"
#include "agent/base/money.h"
#include "agent/budgets/ledger.h"

#define MEAN_SHARE       8   /* a new call's part in the rolling mean is one in so many */
#define RATE_MEMORY_S    60.0
#define IDENTITIES_BATCH 512u

struct status budgets_new(const struct config *config, const struct budgets_outlets *outlets, struct budgets **out)
{
	struct budgets *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return FAIL(NOMEM, "no memory for the budgets");
	pthread_mutex_init(&b->lock, NULL);
	b->config = config;
	b->outlets = *outlets;
	b->next_group_id = b->next_journal = 1;
	struct status s = rules_new(config, &b->rules, &b->rule_count);
	if (FAILED(s)) {
		budgets_free(b);
		return s;
	}
	*out = b;
	return OK;
}

static void free_group(void *context, struct group *g)
{
	(void)context;
	free(g);
}

void budgets_free(struct budgets *b)
{
	if (b == NULL)
		return;
	while (b->oldest != NULL)
		reservation_end(b, b->oldest);
	groups_each(b, free_group, NULL);
	rules_free(b->rules, b->rule_count);
	deletions_release(&b->deleted);
	free(b->journal);
	free(b->known);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* ---------------------------------------------------------------- spending */

/* The model that was asked for, as a decision before the call has to name it; else the one that answered. */
static void labels_of(const struct call *c, struct slice out[BUDGET_DIMENSIONS])
{
#define X(id, name, member) out[BUDGET_BY_##id] = c->member;
	BUDGET_DIMENSION_MAP(X)
#undef X
	if (out[BUDGET_BY_MODEL].len == 0)
		out[BUDGET_BY_MODEL] = c->response_model;
}

static struct amount amount_of(const struct call *c)
{
	return (struct amount){ .n = {
		[AMOUNT_PUSD] = c->cost.known ? c->cost.total_pusd : 0,
		[AMOUNT_TOKENS] = (__int128_t)tokens_get(&c->tokens, TOKENS_INPUT) + tokens_get(&c->tokens, TOKENS_OUTPUT),
		[AMOUNT_REQUESTS] = 1,
	} };
}

static uint64_t blend(uint64_t mean, uint64_t value, bool is_first)
{
	if (is_first)
		return value;
	return value > mean ? mean + (value - mean + MEAN_SHARE - 1) / MEAN_SHARE : mean - (mean - value) / MEAN_SHARE;
}

static void learn(struct group *g, const struct amount *amount, bool is_priced, int64_t now_s)
{
	g->mean_tokens = blend(g->mean_tokens, (uint64_t)amount->n[AMOUNT_TOKENS], g->mean_tokens == 0);
	if (!is_priced)
		return;
	g->mean_pusd = blend(g->mean_pusd, (uint64_t)amount->n[AMOUNT_PUSD], !g->has_mean_cost);
	g->has_mean_cost = true;
	g->rate_pusd_per_s = group_rate(g, now_s) + (double)amount->n[AMOUNT_PUSD] / RATE_MEMORY_S;
	g->rate_at_s = now_s;
}

/* Nobody pays for a call that failed. */
static bool is_unpriced(const struct call *c)
{
	return !c->cost.known && !outcome_is_error(c->outcome);
}

/* A single call above its own limit; such budgets have no groups. */
static void check_single(struct rule *r, const struct call *c, const struct amount *amount, int64_t now_s)
{
	int unit = 0;

	while (unit < AMOUNT_KINDS && (r->limit.n[unit] == 0 || amount->n[unit] <= r->limit.n[unit]))
		unit++;
	if (unit == AMOUNT_KINDS)
		return;
	r->counts.over_request++;
	r->single.at_s = now_s;
	r->single.unit = unit;
	r->single.value = amount->n[unit];
	memcpy(r->single.trace_id, c->trace_id, sizeof(c->trace_id));
}

static bool add(struct budgets *b, struct rule *r, const struct call *c, const struct slice *labels,
		const struct amount *amount, int64_t now_s)
{
	int64_t at_s = (int64_t)(c->end_unix_ns / NS_PER_SECOND);

	if (r->kind == PERIOD_REQUEST) {
		check_single(r, c, amount, now_s);
		r->counts.unpriced += is_unpriced(c);
		return false;
	}
	struct group *g = group_get(b, r, labels);
	struct spell *s = g != NULL ? group_spell(g, rule_period(r, at_s > now_s + CLOCK_AHEAD_MAX_S ? now_s : at_s)) : NULL;
	if (s == NULL) {
		r->counts.late++;
		return false;
	}
	amount_add(&s->spent, amount);
	s->calls++;
	r->counts.overflow += !g->has_series;
	s->unpriced += is_unpriced(c);
	r->counts.unpriced += is_unpriced(c);
	learn(g, amount, c->cost.known, now_s);
	group_touch(b, g);
	return true;
}

/* "0123456789abcdef" */
static bool read_reservation(struct slice text, uint64_t *out)
{
	uint64_t id = 0;

	if (text.len != 16)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.ptr[i]);
		if (digit < 0)
			return false;
		id = id << 4 | (uint64_t)digit;
	}
	*out = id;
	return true;
}

static void settle(struct budgets *b, const struct call *c)
{
	uint64_t id;
	struct reservation *r = read_reservation(c->reservation_id, &id) ? reservation_named(b, id) : NULL;

	if (r == NULL && b->reservation_count > 0)
		r = reservation_of_trace(b, c->trace_id);
	if (r != NULL)
		reservation_settle(b, r);
}

/* Over restarts the same; 0 where the call has none. */
static uint64_t identity_of(const struct call *c)
{
	static const uint8_t none[16];

	if (memcmp(c->trace_id, none, sizeof(c->trace_id)) == 0)
		return 0;
	return hash_mix(hash_stable(c->trace_id, sizeof(c->trace_id)), hash_stable(c->span_id, sizeof(c->span_id)));
}

/* True where a budget that is kept has grown. */
static bool spend(struct budgets *b, const struct call *c, int64_t now_s)
{
	struct slice labels[BUDGET_DIMENSIONS];
	struct amount amount = amount_of(c);
	bool has_grown = false;

	labels_of(c, labels);
	for (size_t i = 0; i < b->rule_count; i++)
		if (rule_fits(&b->rules[i], labels))
			has_grown |= add(b, &b->rules[i], c, labels, &amount, now_s);
	settle(b, c);
	return has_grown;
}

static bool nobody_asks(struct budgets *b)
{
	pthread_mutex_lock(&b->lock);
	bool is_idle = b->rule_count == 0 && b->reservation_count == 0;
	pthread_mutex_unlock(&b->lock);
	return is_idle;
}

bool budgets_spend(struct budgets *b, const struct call *calls, size_t count, int64_t now_s,
		   void (*done)(void *context, struct status result), void *context)
{
	if (nobody_asks(b))
		return false; /* as it is without a budget: the calls need not be looked at */
	uint64_t few[IDENTITIES_BATCH], *identities = few;
	size_t grown = 0;
	bool is_pending = false;

	if (count > IDENTITIES_BATCH && (identities = malloc(count * sizeof(*identities))) == NULL)
		identities = few; /* without memory: what does not fit is not known after a kill */
	size_t room = identities == few ? IDENTITIES_BATCH : count;
	pthread_mutex_lock(&b->lock);
	for (size_t i = 0; i < count; i++) {
		uint64_t identity = identity_of(&calls[i]);
		if (known_take(b, identity) || !spend(b, &calls[i], now_s))
			continue;
		if (grown < room)
			identities[grown] = identity;
		grown++;
	}
	if (grown > 0)
		is_pending = keep(b, identities, grown < room ? grown : room, now_s, done, context);
	pthread_mutex_unlock(&b->lock);
	if (identities != few)
		free(identities);
	return is_pending && done != NULL;
}

bool budgets_cancel(struct budgets *b, uint64_t reservation)
{
	pthread_mutex_lock(&b->lock);
	struct reservation *r = reservation_named(b, reservation);
	if (r != NULL)
		reservation_end(b, r);
	pthread_mutex_unlock(&b->lock);
	return r != NULL;
}

/* ---------------------------------------------------------------- starting anew */

struct reset {
	struct budgets *b;
	struct rule *rule;
	int64_t now_s;
};

static void reset_group(void *context, struct group *g)
{
	struct reset *reset = context;

	if (g->rule != reset->rule)
		return;
	struct spell *s = group_spell(g, rule_period(g->rule, reset->now_s));
	if (s != NULL)
		s->forgiven = s->spent;
	g->left_until_s = 0;
	group_touch(reset->b, g);
}

bool budgets_reset(struct budgets *b, struct slice budget, int64_t now_s)
{
	bool is_queued = false;

	pthread_mutex_lock(&b->lock);
	struct reset reset = { b, rule_named(b, budget), now_s };
	if (reset.rule != NULL) {
		groups_each(b, reset_group, &reset);
		is_queued = keep(b, NULL, 0, now_s, NULL, NULL);
	}
	pthread_mutex_unlock(&b->lock);
	(void)is_queued; /* else the next write holds it */
	return reset.rule != NULL;
}
