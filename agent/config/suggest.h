/* SPDX-License-Identifier: Apache-2.0
 * config/suggest.h - the known word that somebody most likely meant.
 */
#ifndef PLIMSOLL_CONFIG_SUGGEST_H
#define PLIMSOLL_CONFIG_SUGGEST_H

#include "agent/base/slice.h"

/* Feed every known word; best is then the nearest of those near enough (about one mistake in three letters), or NULL.
 */
struct suggestion {
	struct slice typed;
	const char *best;
	size_t distance;
};

struct suggestion suggest_for(struct slice typed);
void suggest_consider(struct suggestion *s, const char *known);

#endif
