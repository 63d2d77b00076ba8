/* SPDX-License-Identifier: Apache-2.0
 * daemon/spending.c - the store as the budgets see it, and a pricer of their own.
 */
#include "agent/daemon/spending.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"

struct spending {
	struct store *store;
	struct audit *audit;
	struct budgets *budgets;
	pthread_mutex_t lock; /* of the pricer */
	struct pricer *pricer;
};

/* ---------------------------------------------------------------- the store */

static void *begin(void *context)
{
	(void)context;
	return store_batch_new();
}

static void put(void *batch, struct slice key, struct slice value)
{
	if (value.ptr != NULL)
		store_batch_put(batch, STORE_BUDGETS, key, value);
	else
		store_batch_delete(batch, STORE_BUDGETS, key);
}

static struct status write_batch(void *context, void *batch, void (*done)(void *done_context, struct status result),
				 void *done_context)
{
	struct spending *s = context;

	return store_write(s->store, batch, done, done_context);
}

static struct status flush(void *context)
{
	struct spending *s = context;

	return store_flush(s->store);
}

/* ---------------------------------------------------------------- prices */

static bool price(void *context, const struct call *call, int64_t *pusd)
{
	struct spending *s = context;
	struct call c = *call;

	pthread_mutex_lock(&s->lock);
	if (s->pricer != NULL)
		price_call(s->pricer, &c);
	pthread_mutex_unlock(&s->lock);
	*pusd = c.cost.total_pusd;
	return c.cost.known;
}

void spending_reprice(struct spending *s, const struct price_book *prices)
{
	struct pricer *fresh = pricer_new(prices);

	pthread_mutex_lock(&s->lock);
	pricer_free(s->pricer);
	s->pricer = fresh; /* NULL without memory: decisions go by averages */
	pthread_mutex_unlock(&s->lock);
}

/* ---------------------------------------------------------------- life */

struct loading {
	struct budgets *budgets;
	int64_t now_s;
};

static bool load(void *context, struct slice key, struct slice value)
{
	struct loading *l = context;
	struct status s = budgets_load(l->budgets, key, value, l->now_s);

	if (FAILED(s))
		LOG(WARN, "budgets", "entry_left_out", "reason=\"%s\"", s.why);
	return true;
}

static struct status open_budgets(struct spending *s, const struct config *config, struct buf *why)
{
	struct budgets_outlets outlets = { .keeper = { s, begin, put, write_batch, flush },
					   .price = price,
					   .price_context = s };
	struct status result = budgets_new(config, &outlets, &s->budgets);
	if (!FAILED(result)) {
		struct loading l = { s->budgets, (int64_t)(clock_unix_ns() / NS_PER_SECOND) };
		result = store_scan(s->store, STORE_BUDGETS, SLICE_NONE, load, &l);
	}
	if (FAILED(result))
		buf_printf(why, "cannot set up the budgets: %s", result.why);
	return result;
}

struct status spending_new(const struct config *config, struct store *store, struct audit *audit,
			   const struct price_book *prices, struct spending **out, struct buf *why)
{
	struct spending *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return FAIL(NOMEM, "no memory for the budgets");
	pthread_mutex_init(&s->lock, NULL);
	s->store = store;
	s->audit = audit;
	s->pricer = pricer_new(prices);
	struct status result = open_budgets(s, config, why);
	if (FAILED(result)) {
		spending_free(s);
		return result;
	}
	*out = s;
	return OK;
}

void spending_free(struct spending *s)
{
	if (s == NULL)
		return;
	budgets_free(s->budgets);
	pricer_free(s->pricer);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void spending_settle(struct spending *s)
{
	(void)store_flush(s->store).code; /* the budgets log what fails, and save it again */
}

struct budgets *spending_budgets(struct spending *s)
{
	return s->budgets;
}

struct audit *spending_audit(struct spending *s)
{
	return s->audit;
}
