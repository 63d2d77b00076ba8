/* SPDX-License-Identifier: Apache-2.0
 * daemon/settings.h - what a reload replaces under running lanes: the known keys, the prices, which cost counts.
 *
 * Reference counted. A lane holds one reference for as long as it works with these settings.
 */
#ifndef PLIMSOLL_DAEMON_SETTINGS_H
#define PLIMSOLL_DAEMON_SETTINGS_H

#include <stdatomic.h>

#include "agent/config/config.h"
#include "agent/dialects/known_keys.h"
#include "agent/pricing/price.h"

struct settings {
	_Atomic unsigned references;
	struct known_keys *keys;
	struct price_book *prices;
	bool reported_cost_counts; /* prices.cost_source: a span's own cost goes before ours */
};

/* One reference. Takes over prices on success. Errors: those of known_keys_new; NOMEM. */
struct status settings_new(const struct config *config, struct price_book *prices, struct settings **out) MUST_USE;
struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s); /* NULL is allowed */

#endif
