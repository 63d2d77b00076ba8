/* SPDX-License-Identifier: Apache-2.0
 * budgets/rules.c - budgets of the configuration, made ready to be asked.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/base/money.h"
#include "agent/budgets/ledger.h"

/* To the pico-dollar: the whole dollars apart, so that large limits lose nothing. */
static __int128_t pusd_of(double usd)
{
	double whole = floor(usd);

	return (__int128_t)whole * PUSD_PER_USD + llround((usd - whole) * (double)PUSD_PER_USD);
}

static uint32_t dimensions_of(const struct string_list *by)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < by->count; i++)
		for (int d = 0; d < BUDGET_DIMENSIONS; d++)
			if (strcmp(by->items[i], budget_dimension_names[d]) == 0)
				bits |= 1u << d;
	return bits;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct status rule_init(struct rule *r, const struct config_instance *instance)
{
	const struct budget_config *c = instance->options;

	*r = (struct rule){ .instance = instance, .config = c, .kind = period_kind_of(instance->kind) };
	r->limit.n[AMOUNT_PUSD] = pusd_of(c->limit_usd);
	r->limit.n[AMOUNT_TOKENS] = c->limit_tokens;
	r->limit.n[AMOUNT_REQUESTS] = c->limit_requests;
	r->by = dimensions_of(&c->by);
	r->soft_count = budget_soft(c, r->soft);
	for (size_t i = 0; i < r->soft_count; i++)
		r->soft[i] /= 100;
	qsort(r->soft, r->soft_count, sizeof(r->soft[0]), by_value);
	r->counts = (struct budget_counts){ .budget = instance->id, .config = c, .limit = r->limit };
	return zone_open(c->time_zone != NULL ? c->time_zone : "UTC", &r->zone);
}

struct status rules_new(const struct config *config, struct rule **out, size_t *count)
{
	const struct config_instances *limits = &config->budgets.limits;
	size_t n = limits->count < RULES_MAX ? limits->count : RULES_MAX;
	struct rule *rules = calloc(RULES_MAX, sizeof(*rules));

	if (rules == NULL)
		return FAIL(NOMEM, "no memory for the budgets");
	for (size_t i = 0; i < n; i++) {
		struct status s = rule_init(&rules[i], &limits->items[i]);
		rules[i].series_max = (size_t)config->limits.max_series / n + (config->limits.max_series < (int64_t)n);
		if (FAILED(s)) {
			rules_free(rules, i);
			return s;
		}
	}
	*out = rules;
	*count = n;
	return OK;
}

void rules_free(struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		zone_free(rules[i].zone);
	free(rules);
}

struct rule *rule_named(struct budgets *b, struct slice id)
{
	for (size_t i = 0; i < b->rule_count; i++)
		if (slice_equal(slice_of(b->rules[i].instance->id), id))
			return &b->rules[i];
	return NULL;
}

bool rule_fits(const struct rule *r, const struct slice labels[BUDGET_DIMENSIONS])
{
	for (int d = 0; d < BUDGET_DIMENSIONS; d++)
		if (r->config->only[d] != NULL && !slice_equal(slice_of(r->config->only[d]), labels[d]))
			return false;
	return true;
}

struct period rule_period(struct rule *r, int64_t unix_s)
{
	if (unix_s < r->current.start_s || unix_s >= r->current.end_s)
		r->current = period_at(r->kind, r->zone, unix_s);
	return r->current;
}
