/* SPDX-License-Identifier: Apache-2.0
 * judgements/joiner.h - brings judgements and the calls that they are about together, whichever comes first.
 *
 * In:     counted calls, as known_call; judgements from spans, logs and HTTP
 * Out:    every judgement once, with its call or with the reason why it has none
 * Owns:   the calls of the last days (recent.h), what was seen (seen.h), what waits (waiting.h)
 *
 * Which call is meant: the one with the span or the response; else one made directly inside the span; else, where the
 * trace (or session) alone is named, its last answer: a trace is judged by what it ended in, and a judgement counts once,
 * not once for each call of the trace. A span that is named but is no counted call and has none inside may still come;
 * after FALLBACK the trace's last answer stands in for it.
 *
 * One lock guards all of it: any thread may call.
 */
#ifndef PLIMSOLL_JUDGEMENTS_JOINER_H
#define PLIMSOLL_JUDGEMENTS_JOINER_H

#include "agent/base/status.h"
#include "agent/judgements/recent.h"

#define JOIN_FALLBACK_NS UINT64_C(30000000000)

struct joiner;

struct joiner_settings {
	uint64_t max_bytes; /* of the calls that are remembered */
	uint64_t keep_ns;   /* how long a call is */
	uint64_t wait_ns;   /* how long a judgement waits for its call */
	recent_fetch fetch; /* NULL: nothing is stored */
	void *fetch_context;
	void (*out)(void *context, const struct joined_judgement *j); /* under the lock: be quick */
	void *out_context;
};

/* NULL without memory. */
struct joiner *joiner_new(const struct joiner_settings *settings);
void joiner_free(struct joiner *j);

/* Around the calls of one batch, in which none of the functions below may be called. */
void joiner_begin(struct joiner *j);
void joiner_call(struct joiner *j, const struct known_call *call, const struct call_labels *labels);
/* Lets those have their call that have waited for one of these. */
void joiner_end(struct joiner *j, uint64_t now_unix_ns);

#define TAKEN_MAP(X)         \
	X(JOINED, "joined")   \
	X(WAITING, "waiting") /* its call is not known (yet) */ \
	X(REPEATED, "repeated") \
	X(UNJOINED, "unjoined")

enum taken {
#define X(id, name) TAKEN_##id,
	TAKEN_MAP(X)
#undef X
	TAKEN_COUNT
};

extern const char *const taken_names[TAKEN_COUNT];

/* j is borrowed. */
enum taken joiner_take(struct joiner *j, const struct judgement *judgement, uint64_t now_unix_ns);

/* Ends the waits that are over, forgets calls that are too old. all: every wait. */
void joiner_advance(struct joiner *j, uint64_t now_unix_ns, bool all);

/* Hands over what changed since the last save, value.ptr NULL for what is gone; all: everything. Returns a number for
 * joiner_committed, which lets go of the memory of what is in the store. */
uint64_t joiner_save(struct joiner *j, bool all, void (*put)(void *context, struct slice key, struct slice value),
		     void *context);
void joiner_committed(struct joiner *j, uint64_t save);

/* Takes one stored entry over, in the order of keys, before anything else. Errors: CORRUPT; NOMEM. */
struct status joiner_load(struct joiner *j, struct slice key, struct slice value) MUST_USE;

#endif
