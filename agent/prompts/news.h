/* SPDX-License-Identifier: Apache-2.0
 * prompts/news.h - versions, environments and releases that traffic names and the registry does not know yet: a small
 * table that receiving threads fill without waiting, and the registry empties.
 *
 * Calls are counted here until the lanes work with a table that knows the version; when the table is full, what is new
 * waits for the next call that names it, and only its first calls stay uncounted.
 */
#ifndef PLIMSOLL_PROMPTS_NEWS_H
#define PLIMSOLL_PROMPTS_NEWS_H

#include "agent/prompts/history.h"
#include "agent/prompts/use.h"

#define NEWS_SLOTS     64u
#define NEWS_PLACE_MAX 100u /* longer environments and releases are not told apart */

struct news_slot {
	_Atomic uint32_t state; /* 0: free, 1: being written, 2: to read */
	uint32_t age;           /* the reader's */
	uint64_t hash;
	uint32_t name_len, version_len, environment_len, release_len;
	char text[PROMPT_NAME_MAX + PROMPT_VERSION_MAX + 2 * NEWS_PLACE_MAX];
	struct prompt_use use;
};

struct prompt_news {
	struct news_slot slots[NEWS_SLOTS];
};

/* What a call's version and place are called. Slices borrow from the call, or from the slot. */
struct news_place {
	struct slice name, version, environment, release;
};

/* False: it names none that can be kept. */
bool news_place_of(const struct call *c, struct news_place *out);
uint64_t news_place_hash(const struct news_place *p);

/* Where to count a call of an unknown place; NULL: no room. Any thread. */
struct prompt_use *news_note(struct prompt_news *n, const struct news_place *p, uint64_t hash);

/* Calls visit with each place noted, every time until news_forget. One thread. */
void news_visit(struct prompt_news *n, void (*visit)(void *context, const struct news_place *p, struct news_slot *slot),
		void *context);

/* The place is known to all lanes by now, and its counters were taken; or there is no room for it, and what it counted
 * must not count for the next one. */
void news_forget(struct news_slot *slot);

#endif
