/* SPDX-License-Identifier: Apache-2.0
 * alerts/alert.h - one alert: what is wrong, since when, the evidence, and whether it still is.
 *
 * Its id follows from kind, metric, key and time of start, so that a restart, a replay or another replica gives the
 * same alert the same id.
 */
#ifndef PLIMSOLL_ALERTS_ALERT_H
#define PLIMSOLL_ALERTS_ALERT_H

#include "agent/base/buf.h"
#include "agent/base/record.h"
#include "agent/span/verdict.h"

#define ALERT_ID_SIZE 17 /* 16 hexadecimal digits and a NUL */

enum alert_state { ALERT_FIRING, ALERT_RESOLVED };

/* How an alert ended. */
#define ALERT_END_MAP(X)                                                        \
	X(NONE, "")                                                             \
	X(RECOVERED, "recovered") /* back in range */                           \
	X(ADOPTED, "adopted")     /* the new level is the baseline now */       \
	X(EXPIRED, "expired")     /* a notice that had its time, or a series without traffic */

enum alert_end {
#define X(id, name) ALERT_END_##id,
	ALERT_END_MAP(X)
#undef X
	ALERT_END_COUNT
};

struct alert {
	char id[ALERT_ID_SIZE];
	char incident[ALERT_ID_SIZE]; /* id of the first alert of one cause */
	enum alert_state state;
	enum alert_end end;
	uint64_t firing_since_s; /* unix; later than its start where it re-opened */
	uint64_t ended_at_s;     /* unix; 0 while firing */
	bool end_is_told;        /* channels heard that it ended; it may have re-opened since */
	bool dirty;              /* changed since it was saved */
	struct verdict verdict;  /* as raised; its strings are the alert's own */
	char text[];
};

/* A firing alert from a RAISED verdict. NULL without memory. */
struct alert *alert_new(const struct verdict *v);

/* The id of the alert that v raised, or speaks of. */
void alert_id(const struct verdict *v, char out[ALERT_ID_SIZE]);

/* Whether both are about the same feature and model, and the same prompt version where both name one. */
bool alert_same_key(const struct verdict *a, const struct verdict *b);

/* One sentence in English: what moved, from where to where, by how many sigmas. */
void alert_summary(const struct alert *a, struct buf *out);

/* The alert as one JSON object, the same in a replay, the API and notifications. runbook_url: prefix to which the kind
 * is appended; NULL: no link. */
void alert_json(const struct alert *a, const char *runbook_url, struct buf *out);

/* The alert as a stored value, and back. NULL: another format, or no memory. */
void alert_save(const struct alert *a, struct buf *out);
struct alert *alert_load(struct slice value);

#endif
