/* SPDX-License-Identifier: Apache-2.0
 * alerts/silence.h - times of quiet that somebody asked for: which alerts, until when, who and why.
 *
 * Kept over a restart, forgotten a day after their end. Times are the clock's. Thread: the loop's.
 */
#ifndef PLIMSOLL_ALERTS_SILENCE_H
#define PLIMSOLL_ALERTS_SILENCE_H

#include "agent/alerts/alert.h"
#include "agent/base/deletions.h"
#include "agent/base/status.h"
#include "agent/config/matcher.h"

#define SILENCES_MAX       256
#define SILENCE_TEXT_MAX   512 /* bytes of matchers, and of a comment */
#define SILENCE_LONGEST_S  (366u * 86400u)

struct silence {
	char id[ALERT_ID_SIZE];
	char matchers_text[SILENCE_TEXT_MAX], comment[SILENCE_TEXT_MAX], by[128];
	struct matchers matchers; /* borrows from matchers_text */
	uint64_t from_s, until_s; /* unix */
	bool dirty;
};

struct silences {
	struct silence *items[SILENCES_MAX]; /* oldest first */
	size_t count;
	struct deletions deleted; /* keys, SILENCE_KEY_SIZE each */
};

#define SILENCE_KEY_SIZE ALERT_ID_SIZE /* 's' and the id's digits */

void silences_release(struct silences *s);

/* from_s: now. *out: borrowed. Errors: INVALID, no matchers, too long, over already; FULL; NOMEM. */
struct status silences_add(struct silences *s, struct slice matchers, uint64_t from_s, uint64_t until_s,
			   struct slice by, struct slice comment, const struct silence **out) MUST_USE;

/* Ends one now. NOTFOUND: none that still lasts. */
struct status silences_end(struct silences *s, struct slice id, uint64_t now_s) MUST_USE;

/* Forgets what ended long ago. */
void silences_expire(struct silences *s, uint64_t now_s);

/* The silence that covers an alert of these labels now, or NULL. */
const struct silence *silences_cover(const struct silences *s, const struct match_labels *labels, uint64_t now_s);

/* {"id":...,"matchers":"...","from":unix,"until":unix,"by":...,"comment":...,"active":bool} */
void silence_json(const struct silence *s, uint64_t now_s, struct buf *out);

/* As alerts_save and alerts_load; keys begin with 's'. */
typedef void (*silences_put)(void *context, struct slice key, struct slice value);
void silences_save(struct silences *s, bool all, silences_put put, void *context);
struct status silences_load(struct silences *s, struct slice key, struct slice value) MUST_USE;

#endif
