/* SPDX-License-Identifier: Apache-2.0
 * counting/tally.c - growth of series, summed by group; groups that are due become calls.
 */
#include "agent/counting/tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hash.h"
#include "agent/base/meter.h"
#include "agent/counting/counting_priv.h"
#include "agent/counting/tally_priv.h"
#include "agent/span/record.h"

#define PROBES           8u
#define SERIES_PROBES    64u /* so that hardly any gives way before the table is full */
#define TELLER_FORGOTTEN 3600u /* seconds without a word, after which a service's metrics are believed again */
#define SUM_MAX          1e15  /* of one point, as its count: more is no count of anything */

void tally_free(struct tally *t)
{
	for (size_t i = 0; t != NULL && i < TALLY_GROUPS; i++)
		buf_release(&t->groups[i].record);
	free(t);
}

/* ------------------------------------------------------------------ who tells by spans */

static struct teller *teller_of(struct tally *t, uint32_t name)
{
	struct teller *oldest = &t->tellers[name % TALLY_TELLERS];

	for (unsigned i = 0; i < PROBES; i++) {
		struct teller *at = &t->tellers[(name + i) % TALLY_TELLERS];
		if (at->name == name)
			return at;
		if (oldest->name != 0 && (at->name == 0 || at->seen_s < oldest->seen_s))
			oldest = at;
	}
	return oldest;
}

void tally_told(struct tally *t, uint32_t name, uint64_t now_s)
{
	struct teller *at = teller_of(t, name);

	if (name == 0)
		return;
	t->tellers_are_dirty |= at->name != name;
	*at = (struct teller){ name, now_s };
}

static bool is_told_by_spans(struct tally *t, const struct group *g)
{
	const struct teller *at = teller_of(t, g->teller);

	return g->teller != 0 && at->name == g->teller && g->since_s < at->seen_s + TELLER_FORGOTTEN;
}

/* ------------------------------------------------------------------ growth */

/* Of a cumulative one never 0. */
static uint64_t start_of(const struct tally_point *p)
{
	return !p->is_cumulative ? 0 : p->start_unix_ns > 0 ? p->start_unix_ns : 1;
}

static struct series *series_of(struct tally *t, uint64_t key)
{
	struct series *oldest = &t->series[key % TALLY_SERIES];

	for (unsigned i = 0; i < SERIES_PROBES; i++) {
		struct series *at = &t->series[(key + i) % TALLY_SERIES];
		if (at->key == key)
			return at;
		if (at->time_unix_ns < oldest->time_unix_ns)
			oldest = at;
	}
	if (oldest->start_unix_ns != 0 && oldest->time_unix_ns > t->forgotten_unix_ns)
		t->forgotten_unix_ns = oldest->time_unix_ns;
	*oldest = (struct series){ .key = key };
	return oldest;
}

/* What came since the point before. False: nothing did, or this point was here already. A series that starts again, or
 * falls, starts from nothing; one that may have given way to another goes on from here. */
static bool grow(struct tally *t, const struct tally_point *p, uint64_t *calls, double *sum)
{
	struct series *s = series_of(t, p->series | 1);
	bool is_new = s->time_unix_ns == 0, may_be_known = is_new && p->is_cumulative && start_of(p) < t->forgotten_unix_ns;
	bool goes_on = p->is_cumulative && !is_new && start_of(p) == s->start_unix_ns && p->count >= s->count &&
		       p->sum >= s->sum;

	if (p->time_unix_ns <= s->time_unix_ns)
		return false;
	*calls = goes_on ? p->count - s->count : p->count;
	*sum = goes_on ? p->sum - s->sum : p->sum;
	*s = (struct series){ s->key, start_of(p), p->time_unix_ns, p->count, p->sum };
	t->is_dirty = true;
	if (may_be_known) {
		meter_add(meter_get(METER_DROPPED, "exporter=\"*\",kind=\"metric_points\",reason=\"no_memory\""), 1);
		return false;
	}
	return *calls > 0 || *sum > 0;
}

/* ------------------------------------------------------------------ groups */

static uint64_t text_key(uint64_t key, struct slice text)
{
	return hash_mix(key, text.len > 0 ? hash_stable(text.ptr, text.len) : 0);
}

/* By the model asked for: not every metric tells the one that answered. */
static uint64_t group_key(const struct call *c)
{
	uint64_t key = text_key(c->role, c->service);

	key = text_key(key, c->scope);
	key = text_key(key, c->provider);
	key = text_key(key, c->request_model.len > 0 ? c->request_model : c->response_model);
	key = text_key(key, c->feature);
	key = text_key(key, c->session_id);
	return text_key(key, c->error_type) | 1;
}

/* What a teller is known by: the service, or the scope where the SDK was not told a name ("unknown_service:node"), as
 * happens where only its spans were given one. */
static uint32_t told_by(const struct call *c)
{
	bool is_named = c->service.len > 0 && !slice_starts_with(c->service, SLICE("unknown_service"));
	struct slice name = is_named ? c->service : c->scope;

	return name.len > 0 ? (uint32_t)hash_stable(name.ptr, name.len) | 1u : 0;
}

static struct group *group_of(struct tally *t, const struct call *c, uint64_t now_s)
{
	uint64_t key = group_key(c);
	struct group *free_one = NULL;

	for (unsigned i = 0; i < TALLY_GROUPS; i++) {
		struct group *g = &t->groups[(key + i) % TALLY_GROUPS];
		if (g->key == key)
			return g;
		if (g->key == 0 && free_one == NULL)
			free_one = g;
	}
	if (free_one == NULL)
		return NULL;
	struct buf record = free_one->record;
	*free_one = (struct group){ .key = key, .since_s = now_s, .record = record };
	free_one->teller = told_by(c);
	buf_reset(&free_one->record);
	return free_one;
}

static void describe(struct group *g, const struct call *c)
{
	if (g->record.len > 0 && (g->has_response_model || c->response_model.len == 0))
		return;
	buf_reset(&g->record);
	record_write(&g->record, c, "");
	g->has_response_model = c->response_model.len > 0;
}

static void add(struct group *g, const struct tally_point *p, uint64_t calls, double sum)
{
	if (p->time_unix_ns > g->end_unix_ns)
		g->end_unix_ns = p->time_unix_ns;
	switch (p->amount) {
	case TALLY_TIME:
		g->timed += calls;
		g->seconds += sum;
		break;
	case TALLY_COST:
		g->usd += sum;
		g->has_cost = true;
		break;
	default:
		g->tokens[p->class] += sum;
		g->known |= 1u << p->class;
		g->input_excludes_cache |= p->input_excludes_cache;
		g->output_excludes_thought |= p->output_excludes_thought;
		if (p->counts_calls)
			*(p->class == TOKENS_INPUT ? &g->asked : &g->answered) += calls;
		break;
	}
}

static void count_dropped_calls(const char *reason, uint64_t calls)
{
	char labels[64];

	if (calls == 0)
		return;
	snprintf(labels, sizeof(labels), "exporter=\"*\",kind=\"metric_calls\",reason=\"%s\"", reason);
	meter_add(meter_get(METER_DROPPED, labels), (int64_t)calls);
}

static void take_point(struct counting *c, const struct tally_point *p)
{
	double sum;
	uint64_t calls;

	if (!(p->sum >= 0 && p->sum < SUM_MAX) || (double)p->count >= SUM_MAX || !grow(c->tally, p, &calls, &sum))
		return;
	struct group *g = group_of(c->tally, p->call, c->now_s);
	if (g == NULL) {
		count_dropped_calls("no_memory", calls);
		return;
	}
	describe(g, p->call);
	add(g, p, calls, sum);
}

void counting_tally(struct counting *c, const struct tally_point *points, size_t n)
{
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < n; i++)
		take_point(c, &points[i]);
	pthread_mutex_unlock(&c->lock);
}

/* ------------------------------------------------------------------ taking */

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void sum_up(const struct group *g, struct tally_sum *out)
{
	*out = (struct tally_sum){
		.told = most(1, most(g->timed, most(g->asked, g->answered))),
		.end_unix_ns = g->end_unix_ns,
		.known = g->known,
		.seconds = g->timed > 0 ? g->seconds : 0,
		.usd = g->usd,
		.has_cost = g->has_cost,
	};
	out->calls = out->told < TALLY_CALLS_MAX ? out->told : TALLY_CALLS_MAX;
	for (int class = 0; class < TOKEN_CLASS_COUNT; class++)
		out->tokens[class] = (uint64_t)llround(g->tokens[class]);
	if (g->input_excludes_cache && (g->known & (1u << TOKENS_CACHE_READ | 1u << TOKENS_CACHE_WRITE)) != 0) {
		out->tokens[TOKENS_INPUT] += out->tokens[TOKENS_CACHE_READ] + out->tokens[TOKENS_CACHE_WRITE];
		out->known |= 1u << TOKENS_INPUT;
	}
	if (g->output_excludes_thought && (g->known & 1u << TOKENS_REASONING) != 0) {
		out->tokens[TOKENS_OUTPUT] += out->tokens[TOKENS_REASONING];
		out->known |= 1u << TOKENS_OUTPUT;
	}
}

bool counting_tally_take(struct counting *c, uint64_t now_s, bool all, struct tally_sum *sum, struct buf *record)
{
	bool found = false;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < TALLY_GROUPS && !found; i++) {
		struct group *g = &c->tally->groups[i];
		if (g->key == 0 || (!all && now_s < g->since_s + COUNTING_PATIENCE_S))
			continue;
		found = !is_told_by_spans(c->tally, g) && !buf_failed(&g->record);
		if (found) {
			sum_up(g, sum);
			count_dropped_calls("too_many", sum->told - sum->calls);
			buf_reset(record);
			buf_slice(record, buf_view(&g->record));
		}
		g->key = 0;
		c->tally->is_dirty = true;
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}

static uint64_t part(uint64_t total, uint64_t which, uint64_t of)
{
	return total / of + (which < total % of ? 1 : 0);
}

void tally_share(const struct tally_sum *sum, uint64_t which, struct call *c)
{
	c->end_unix_ns = sum->end_unix_ns;
	c->latency_ns = (uint64_t)llround(sum->seconds / (double)sum->told * 1e9);
	c->start_unix_ns = c->end_unix_ns - (c->latency_ns < c->end_unix_ns ? c->latency_ns : 0);
	for (int class = 0; class < TOKEN_CLASS_COUNT; class++)
		if ((sum->known >> class & 1u) != 0)
			tokens_set(&c->tokens, (enum token_class)class, part(sum->tokens[class], which, sum->told));
	if (!sum->has_cost || sum->usd <= 0 || sum->usd > 1e6)
		return;
	c->reported_cost = (struct money){ true, (int64_t)part((uint64_t)llround(sum->usd * 1e12), which, sum->told) };
}
