/* SPDX-License-Identifier: Apache-2.0
 * daemon/price_change.c - the same call, priced by both books.
 */
#include "agent/daemon/price_change.h"

#include "agent/base/clock.h"

#define TOKENS 1000u /* of each class that most calls have: a change of any of these prices shows */

struct books {
	struct pricer *before, *after;
};

static struct cost cost_of(struct pricer *p, struct slice model)
{
	struct call c = { .response_model = model, .end_unix_ns = clock_unix_ns(), .role = ROLE_LLM };

	tokens_set(&c.tokens, TOKENS_INPUT, 2 * TOKENS);
	tokens_set(&c.tokens, TOKENS_OUTPUT, TOKENS);
	tokens_set(&c.tokens, TOKENS_CACHE_READ, TOKENS);
	price_call(p, &c);
	return c.cost;
}

static bool is_affected(void *context, struct slice model)
{
	const struct books *books = context;
	struct cost before = cost_of(books->before, model), after = cost_of(books->after, model);

	return before.known != after.known || (before.known && before.total_pusd != after.total_pusd);
}

static void tell(void *context, struct detector *d)
{
	detector_prices_changed(d, is_affected, context);
}

void price_change_tell(struct judge *j, const struct price_book *before, const struct price_book *after)
{
	struct books books = { pricer_new(before), pricer_new(after) };

	if (books.before != NULL && books.after != NULL)
		judge_with_detector(j, tell, &books);
	pricer_free(books.before);
	pricer_free(books.after);
}
