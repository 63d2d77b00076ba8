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
#include "agent/config/config.h"
#include "agent/span/verdict.h"

#define ALERT_ID_SIZE 17 /* 16 hexadecimal digits and a NUL */

enum alert_state { ALERT_FIRING, ALERT_RESOLVED };

/* How an alert ended. */
#define ALERT_END_MAP(X)                                                        \
	X(NONE, "")                                                             \
	X(RECOVERED, "recovered") /* back in range */                           \
	X(ADOPTED, "adopted")     /* the new level is the baseline now */       \
	X(EXPIRED, "expired")     /* a notice that had its time, a series without traffic, or nobody judges it any more */

enum alert_end {
#define X(id, name) ALERT_END_##id,
	ALERT_END_MAP(X)
#undef X
	ALERT_END_COUNT
};

/* Why nobody is told of an alert. */
#define ALERT_MUTE_MAP(X)                                                                     \
	X(NONE, "")                                                                           \
	X(SILENCED, "silence")    /* somebody wants quiet */                                  \
	X(SHADOW, "shadow")       /* the rule is on probation */                              \
	X(HIDDEN, "inhibition")   /* another alert says more */                               \
	X(FLAPPING, "flapping")   /* it fires so often that it is no news */                  \
	X(MEMBER, "incident")     /* another alert of the same incident was told, and lists it */

enum alert_mute {
#define X(id, name) ALERT_MUTE_##id,
	ALERT_MUTE_MAP(X)
#undef X
	ALERT_MUTE_COUNT
};

struct alert {
	char id[ALERT_ID_SIZE];
	char identity[ALERT_ID_SIZE]; /* of kind, metric and key alone: the same in every pod and for every occurrence */
	char incident[ALERT_ID_SIZE]; /* id of the first alert of one cause */
	uint64_t group;               /* of the verdict; 0: it stood alone */
	enum alert_state state;
	enum alert_end end;
	uint64_t firing_since_s; /* unix; later than its start where it re-opened */
	uint64_t ended_at_s;     /* unix; 0 while firing */
	uint32_t tellings;       /* how often channels were told that it fires */
	uint64_t told_at_s;      /* unix, by the clock; the last time */
	bool end_is_told;        /* channels heard that it ended; it may have re-opened since */
	bool may_hide;           /* while it fires, another one; as of the last alerts_settle */
	enum alert_mute mute;    /* while it fires and was not told */
	char muted_by[ALERT_ID_SIZE]; /* of the silence or the other alert; may be empty */
	bool dirty;              /* changed since it was saved */
	struct buf evidence;     /* members of a JSON object that explain it, `"movement":{...},"changes":[...]` */
	struct buf cause;        /* the same as a sentence; empty: nothing is known */
	struct verdict verdict;  /* as raised; its strings are the alert's own */
	char text[];
};

extern const char *const alert_state_names[];

/* A firing alert from a RAISED verdict. NULL without memory. */
struct alert *alert_new(const struct verdict *v);
void alert_free(struct alert *a);

/* The id of the alert that v raised, or speaks of. */
void alert_id(const struct verdict *v, char out[ALERT_ID_SIZE]);

/* Whether both are about the same feature and model, and the same prompt version where both name one. */
bool alert_same_key(const struct verdict *a, const struct verdict *b);

/* One sentence in English: what moved, from where to where, by how many sigmas. */
void alert_summary(const struct alert *a, struct buf *out);

/* A value of the alert's metric as people write it: "0.0042 USD", "12.5 %". */
void alert_value(const struct alert *a, double value, struct buf *out);

/* Appends the runbook's address: alerts.runbook_url or the built-in one under alerts.external_url, or nothing. */
void alert_runbook(const struct alert *a, const struct alerts_config *config, struct buf *out);

/* The alert as one JSON object, the same in a replay, the API and notifications. config: for the runbook's address;
 * may be NULL. */
void alert_json(const struct alert *a, const struct alerts_config *config, struct buf *out);

/* The alert as a stored value, and back. NULL: another format, damaged, or no memory. */
void alert_save(const struct alert *a, struct buf *out);
struct alert *alert_load(struct slice value);

#endif
