/* SPDX-License-Identifier: Apache-2.0
 * daemon/price_change.c - the same call, priced by both books.
 */
#include "agent/daemon/price_change.h"

#include "agent/base/clock.h"

#define TOKENS 1000u /* of each class that most calls have: a change of any of these prices shows */

struct books {
	const struct price_book *book[2]; /* before, after */
	struct pricer *pricer[2];
};

struct question {
	const struct books *books;
	struct slice model;
	bool differs;
};

static struct cost cost_of(struct pricer *p, struct slice provider, struct slice model)
{
	struct call c = { .provider = provider, .response_model = model, .end_unix_ns = clock_unix_ns(), .role = ROLE_LLM };

	tokens_set(&c.tokens, TOKENS_INPUT, 2 * TOKENS);
	tokens_set(&c.tokens, TOKENS_OUTPUT, TOKENS);
	tokens_set(&c.tokens, TOKENS_CACHE_READ, TOKENS);
	price_call(p, &c);
	return c.cost;
}

static void compare(void *context, struct slice provider)
{
	struct question *q = context;

	if (q->differs)
		return;
	struct cost before = cost_of(q->books->pricer[0], provider, q->model);
	struct cost after = cost_of(q->books->pricer[1], provider, q->model);
	q->differs = before.known != after.known || (before.known && before.total_pusd != after.total_pusd);
}

/* A baseline does not know who served the model: whoever the prices name may have. */
static bool is_affected(void *context, struct slice model)
{
	struct question q = { .books = context, .model = model };

	compare(&q, SLICE_NONE);
	for (int i = 0; i < 2; i++)
		price_book_own_providers(q.books->book[i], compare, &q);
	return q.differs;
}

static void tell(void *context, struct detector *d)
{
	detector_prices_changed(d, is_affected, context);
}

void price_change_tell(struct judge *j, const struct price_book *before, const struct price_book *after)
{
	struct books books = { { before, after }, { pricer_new(before), pricer_new(after) } };

	if (books.pricer[0] != NULL && books.pricer[1] != NULL)
		judge_with_detector(j, tell, &books);
	for (int i = 0; i < 2; i++)
		pricer_free(books.pricer[i]);
}
