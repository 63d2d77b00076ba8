/* SPDX-License-Identifier: Apache-2.0
 * prompts/use.c - counters that any receiving thread adds to.
 */
#include "agent/prompts/use.h"

#include <math.h>

#include "agent/base/clock.h"

const char *const drift_field_names[DRIFT_FIELDS] = {
#define X(id, name) [DRIFT_##id] = name,
	DRIFT_FIELD_MAP(X)
#undef X
};

static void add(struct prompt_use *u, enum use_counter which, uint64_t n)
{
	if (n > 0)
		atomic_fetch_add_explicit(&u->counters[which], n, memory_order_relaxed);
}

static void see(struct prompt_use *u, uint64_t first_s, uint64_t last_s)
{
	uint64_t first = atomic_load_explicit(&u->first_seen_s, memory_order_relaxed);
	uint64_t last = atomic_load_explicit(&u->last_seen_s, memory_order_relaxed);

	while ((first == 0 || first_s < first) &&
	       !atomic_compare_exchange_weak_explicit(&u->first_seen_s, &first, first_s, memory_order_relaxed,
						      memory_order_relaxed))
		;
	while (last_s > last && !atomic_compare_exchange_weak_explicit(&u->last_seen_s, &last, last_s,
								       memory_order_relaxed, memory_order_relaxed))
		;
}

static void see_one(struct prompt_use_sum *sum, uint64_t at_s)
{
	if (sum->counters[USE_CALLS] == 0 || at_s < sum->first_s)
		sum->first_s = at_s;
	if (at_s > sum->last_s)
		sum->last_s = at_s;
}

void prompt_use_sum_add(struct prompt_use_sum *sum, const struct call *c)
{
	bool failed = outcome_is_error(c->outcome);
	uint64_t *n = sum->counters;

	see_one(sum, c->end_unix_ns / NS_PER_SECOND);
	n[USE_CALLS]++;
	n[USE_TOLD] += !c->prompt_version_is_assumed;
	n[USE_FAILED] += failed;
	n[USE_FLAWED] += !failed && c->outcome != OUTCOME_OK;
	n[USE_INPUT_TOKENS] += tokens_get(&c->tokens, TOKENS_INPUT);
	n[USE_OUTPUT_TOKENS] += tokens_get(&c->tokens, TOKENS_OUTPUT);
	n[USE_LATENCY_MS] += c->latency_ns / NS_PER_MS;
	if (c->score_name.len > 0 && c->score >= 0 && c->score <= 1) {
		n[USE_SCORED]++;
		n[USE_SCORES] += (uint64_t)(c->score * USE_SCORE_ONE + 0.5);
	}
	if (!c->cost.known || c->cost.total_pusd < 0)
		return;
	n[USE_PRICED]++;
	n[USE_COST_PUSD] += (uint64_t)c->cost.total_pusd;
}

void prompt_use_sum_end(struct prompt_use_sum *sum)
{
	if (sum->counters[USE_CALLS] == 0)
		return;
	see(sum->use, sum->first_s, sum->last_s);
	for (int i = 0; i < USE_COUNTERS; i++)
		add(sum->use, (enum use_counter)i, sum->counters[i]);
	*sum = (struct prompt_use_sum){ 0 };
}

void prompt_use_count(struct prompt_use *u, const struct call *c)
{
	struct prompt_use_sum one = { .use = u };

	prompt_use_sum_add(&one, c);
	prompt_use_sum_end(&one);
}

/* ---------------------------------------------------------------- drift */
static bool drifted(struct prompt_drift *d, enum drift_field field, double seen)
{
	atomic_store_explicit(&d->seen[field], seen, memory_order_relaxed);
	atomic_fetch_add_explicit(&d->counts[field], 1, memory_order_relaxed);
	return true;
}

static bool drifted_to(struct prompt_drift *d, enum drift_field field, struct slice seen)
{
	struct prompt_drift_text *kept = prompt_drift_text_of(d, field);
	uint32_t is_free = 0;

	atomic_fetch_add_explicit(&d->counts[field], 1, memory_order_relaxed);
	if (!atomic_compare_exchange_strong_explicit(&kept->state, &is_free, 1, memory_order_acquire, memory_order_relaxed))
		return true;
	size_t n = seen.len < DRIFT_TEXT_BYTES - 1 ? seen.len : DRIFT_TEXT_BYTES - 1;
	memcpy(kept->text, seen.ptr, n);
	kept->text[n] = '\0';
	atomic_store_explicit(&kept->state, 2, memory_order_release);
	return true;
}

/* Answers come under the exact id of a floating name ("gpt-4o-2024-08-06" for "gpt-4o"): the one that was asked for is
 * compared, and either does where both are told. */
static bool model_differs(const struct prompt_promise *p, const struct call *c)
{
	struct slice asked = c->request_model, answered = c->response_model;

	if (p->model.len == 0 || (asked.len == 0 && answered.len == 0))
		return false;
	return !slice_equal(p->model, asked) && !slice_equal(p->model, answered);
}

static bool differs(double a, double b)
{
	return fabs(a - b) > 1e-6 * (1 + fabs(a)); /* a float of 32 bits on the way is no drift */
}

static bool check_request(struct prompt_drift *d, const struct prompt_promise *p, const struct call *c)
{
	bool any = false;

	if (model_differs(p, c))
		any = drifted_to(d, DRIFT_MODEL, call_model(c));
	if (c->has_temperature && !isnan(p->temperature) && differs(c->temperature, p->temperature))
		any = drifted(d, DRIFT_TEMPERATURE, c->temperature);
	if (c->max_output_tokens > 0 && p->max_output_tokens > 0 && c->max_output_tokens != p->max_output_tokens)
		any = drifted(d, DRIFT_MAX_OUTPUT_TOKENS, (double)c->max_output_tokens);
	return any;
}

static bool check_retrieval(struct prompt_drift *d, const struct prompt_promise *p, const struct call *c)
{
	const struct retrieval *r = c->retrieval;
	bool any = false;

	if (p->collection.len > 0 && c->retrieval_collection.len > 0 && !slice_equal(p->collection, c->retrieval_collection))
		any = drifted_to(d, DRIFT_COLLECTION, c->retrieval_collection);
	if (p->top_k > 0 && c->retrieval_top_k > 0 && c->retrieval_top_k != p->top_k)
		any = drifted(d, DRIFT_TOP_K, (double)c->retrieval_top_k);
	else if (p->top_k > 0 && r != NULL && r->documents > p->top_k)
		any = drifted(d, DRIFT_TOP_K, (double)r->documents);
	if (!isnan(p->min_score) && r != NULL && r->scored > 0 && r->worst_score < p->min_score)
		any = drifted(d, DRIFT_MIN_SCORE, r->worst_score);
	return any;
}

bool prompt_drift_check(struct prompt_drift *d, const struct prompt_promise *p, const struct call *c)
{
	bool request = c->role != ROLE_RETRIEVAL && check_request(d, p, c);

	return check_retrieval(d, p, c) || request;
}
