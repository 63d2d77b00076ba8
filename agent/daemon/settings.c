/* SPDX-License-Identifier: Apache-2.0
 * daemon/settings.c - holds them until the last lane has let go.
 */
#include "agent/daemon/settings.h"

#include <stdlib.h>

struct status settings_new(const struct config *config, struct price_book *prices, struct settings **out)
{
	struct settings *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return FAIL(NOMEM, "no memory for the settings");
	struct status result = known_keys_new(&config->dimensions, &s->keys);
	if (FAILED(result)) {
		free(s);
		return result;
	}
	atomic_init(&s->references, 1);
	s->prices = prices;
	s->reported_cost_counts = config->prices.cost_source == COST_REPORTED;
	*out = s;
	return OK;
}

struct settings *settings_ref(struct settings *s)
{
	atomic_fetch_add(&s->references, 1);
	return s;
}

void settings_unref(struct settings *s)
{
	if (s == NULL || atomic_fetch_sub(&s->references, 1) != 1)
		return;
	known_keys_free(s->keys);
	price_book_free(s->prices);
	free(s);
}
