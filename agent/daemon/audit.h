/* SPDX-License-Identifier: Apache-2.0
 * daemon/audit.h - the record of what happened and who did it: alerts, silences, accepted levels, deploys, reloads,
 * prices, and what was seen for the first time. In the table `audit`, bounded by age and bytes, oldest gone first.
 *
 * Thread: any. Writing queues for the store and does not wait.
 */
#ifndef PLIMSOLL_DAEMON_AUDIT_H
#define PLIMSOLL_DAEMON_AUDIT_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"
#include "agent/base/status.h"
#include "agent/config/config.h"
#include "agent/store/store.h"

/* Kinds that may explain an alert. */
#define AUDIT_PROMPT_SEEN   "prompt_version_first_seen"
#define AUDIT_MODEL_SEEN    "model_first_seen"
#define AUDIT_PRICES        "prices_changed"
#define AUDIT_CONFIG        "config_reloaded"
#define AUDIT_DEPLOY        "deploy"
#define AUDIT_ROLLBACK      "rollback"
#define AUDIT_MODEL_CHANGED "model_changed"

/* Kinds that do not. */
#define AUDIT_FIRING       "alert_firing"
#define AUDIT_RESOLVED     "alert_resolved"
#define AUDIT_ACCEPTED     "alert_accepted"
#define AUDIT_SILENCED     "silence_added"
#define AUDIT_UNSILENCED   "silence_ended"
#define AUDIT_BUDGET_RESET "budget_reset"
#define AUDIT_MANIFEST_ADDED   "prompt_manifest_added"
#define AUDIT_MANIFEST_CHANGED "prompt_manifest_changed"
#define AUDIT_MANIFEST_REFUSED "prompt_manifest_refused"
#define AUDIT_PROMPT_DRIFT     "prompt_drift"
#define AUDIT_CANARY           "canary_verdict"
#define AUDIT_PROMPT_GATE      "prompt_gate"

struct audit_entry {
	uint64_t at_s;        /* unix; event time where it is about traffic */
	struct slice kind;    /* one of the above, or a word of its own */
	struct slice feature; /* empty: about all of them */
	struct slice subject; /* what: an alert's id, a prompt version, a file */
	struct slice by;      /* who; empty: the agent */
	struct slice text;    /* one sentence */
};

struct audit;

/* store and config are borrowed; config until audit_reload. Errors: IO, NOMEM. */
struct status audit_new(struct store *store, const struct alerts_config *config, struct audit **out) MUST_USE;
void audit_free(struct audit *a);
void audit_reload(struct audit *a, const struct alerts_config *config);

void audit_record(struct audit *a, const struct audit_entry *entry);

/* An entry about the whole agent, of now. */
void audit_note(struct audit *a, const char *kind, const char *subject, const char *text);

/* {"entries":[...]}, oldest first, of those since then. Errors: as of store_scan. */
struct status audit_json(struct audit *a, uint64_t since_s, struct buf *out) MUST_USE;

/* Visits the newest AUDIT_CHANGES_KEPT entries of kinds that may explain an alert, newest first. */
#define AUDIT_CHANGES_KEPT 128
void audit_changes(struct audit *a, void (*visit)(void *context, const struct audit_entry *e), void *context);

void audit_entry_json(const struct audit_entry *e, struct buf *out);

#endif
