/* SPDX-License-Identifier: Apache-2.0
 * counting/counting.h - decides which model calls count: each real one once, however many spans tell of it.
 *
 * In:     the spans of one batch with their parents, and the calls that were read from some of them
 * Out:    counted, wrapper and not_counted of each call
 * Owns:   one bounded table (span_table.h) that all receiving threads share, locked once a batch
 *
 * Rules (facts: the semantic conventions' habits and the bugs that users of other tools reported):
 * - Of calls inside each other the innermost one counts, since it stands nearest to the model; where only the outer one
 *   tells token counts, the outer one does. Children usually end first, so a span is marked by what is inside it,
 *   perhaps before it arrives.
 * - Where the outer one came first and was counted, an inner one with its model and output counts, or input counts within
 *   1 %, is a duplicate: what was counted is not taken back, because Prometheus counters never fall.
 * - The same answer id in a trace is the same call. So are equal token counts at the same time by two instrumentations,
 *   in one trace, or at the roots of two traces of one service.
 * - A span that repeats usage without being a call (an agent, a chain) is held; where the trace has fallen silent and
 *   no call inside it was counted, it is counted itself, late.
 * - Held likewise, until somebody who knows better has told of the same call or the trace is silent: a call without
 *   usage while the spans around it are not known, one whose producer is known to miscount, and one that a framework
 *   tells of without a word about the cache where the provider counts cached tokens beside the input.
 * - A log record that tells of a call is a child of the span in whose context it was written, and is held: spans go
 *   before log records. Only a vendor's own program (a command-line agent) is believed at once.
 * - A span sent again is known by its ids and adds nothing.
 */
#ifndef PLIMSOLL_COUNTING_COUNTING_H
#define PLIMSOLL_COUNTING_COUNTING_H

#include "agent/base/arena.h"
#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/span/call.h"

struct counting;

/* bytes: what the table may take. NULL without memory. */
struct counting *counting_new(size_t bytes);
void counting_free(struct counting *c);

enum counting_verdict {
	COUNTING_NONE,      /* no model call */
	COUNTING_COUNTED,
	COUNTING_WRAPPER,   /* the call is inside */
	COUNTING_DUPLICATE, /* told by another span or record */
	COUNTING_REPEATED,  /* the same span sent again; it was not counted the first time either */
	COUNTING_REPEATED_COUNTED, /* the same, and it was: its attributes must come out as they did then */
	COUNTING_HELD,      /* may be counted late: hand its record to counting_hold */
	COUNTING_VERDICTS
};

#define COUNTING_NO_CALL UINT32_MAX

/* Keys that another span of the same call is found by; 0: there is nothing to compare. */
struct twin_keys {
	uint64_t answer; /* of the answer's id */
	uint64_t tokens; /* of role, token counts (where none are told, the model) and the stretch of time it starts in */
	uint64_t neighbour; /* the same, of the stretch that is next to its start */
};

/* One span of a batch. */
struct counting_span {
	uint64_t key, parent;
	struct twin_keys twins; /* of a call */
	uint32_t trace;  /* hash */
	uint32_t place;  /* in the table; holds as long as the entry there names this span as its own */
	uint32_t call;  /* place in the batch's calls, or COUNTING_NO_CALL */
	uint8_t verdict; /* enum counting_verdict */
	bool is_alone;   /* the span that it is directly inside has not come, nor been read here */
	uint64_t other; /* key of the span that made it so: the one inside, around or beside it; 0: none, or not known */
};

/* The spans of one batch, in its arena. All zeros but the arena at first. The table is larger than the caches: where
 * counting is set, what deciding about a span will look at is loaded while the batch is still being read. */
struct counting_batch {
	struct arena *arena;
	const struct counting *counting;
	struct counting_span *spans;
	size_t count, cap;
};

/* Notes a span: every one, since calls are found to be inside each other through the spans between them. parent: NULL
 * on a root. Errors: NOMEM. */
struct status counting_note(struct counting_batch *b, const uint8_t trace_id[16], const uint8_t span_id[8],
			    const uint8_t *parent_span_id, uint32_t call) MUST_USE;

/* Notes a call that a log record told of; its parent is the span in whose context the record was written.
 * Errors: NOMEM. */
struct status counting_note_log(struct counting_batch *b, const struct call *c, uint32_t call) MUST_USE;

/* Decides about all calls of the batch: sets their counted, wrapper and not_counted, and the verdicts. What the told
 * twice knows better (prompt, session, cache tokens) is filled in where the counted call does not say it. Any thread. */
void counting_decide(struct counting *c, struct counting_batch *b, struct call *calls);

/* Holds a span whose verdict was COUNTING_HELD, as its priced request record. Past the limit the oldest one is given up
 * and counted as dropped. Any thread. */
void counting_hold(struct counting *c, const struct counting_span *span, const struct call *call, struct slice record);

/* Seconds of silence in a trace after which a span of it that only repeats usage is decided: agents think for long. A
 * call waits this short for who knows it better: the two end together and are exported within seconds. */
#define COUNTING_SILENCE_S  60u
#define COUNTING_PATIENCE_S 10u

/* Takes the oldest held record that is due now and counts after all; those that do not are dropped on the way. all: none
 * waits any longer. now_s: of whatever clock the caller keeps to, the monotonic one or that of replayed events; it does
 * not go back. False: nothing more to do. record: reset and filled. Any thread. */
bool counting_promote(struct counting *c, uint64_t now_s, bool all, struct buf *record);

/* How many records wait. Any thread. */
size_t counting_held(struct counting *c);

/* Hands over what changed since the last time (all: everything), as pairs for the store, an empty value for a pair that
 * is gone; how many there can be follows from the table's size. counting_load takes them back into a new table of any
 * size; what was held waits anew. Any thread.
 * Errors: CORRUPT, the value is not one of these, or cut off: what could be read of it holds. */
typedef void (*counting_put)(void *context, struct slice key, struct slice value);
void counting_save(struct counting *c, bool all, counting_put put, void *context);
struct status counting_load(struct counting *c, struct slice key, struct slice value) MUST_USE;

#endif
