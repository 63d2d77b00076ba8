/* SPDX-License-Identifier: Apache-2.0
 * daemon/evidence.h - what an alert is told with: how cost moved, and what was changed just before; and what of it all
 * goes into the audit.
 */
#ifndef PLIMSOLL_DAEMON_EVIDENCE_H
#define PLIMSOLL_DAEMON_EVIDENCE_H

#include "agent/alerts/alerts.h"
#include "agent/alerts/movement.h"
#include "agent/daemon/audit.h"

/* Appends members to a JSON object, and a sentence to the cause. */
typedef void (*evidence_explain_fn)(void *context, const struct verdict *v, struct buf *evidence, struct buf *cause);

struct evidence {
	struct movement *movement;
	evidence_explain_fn deployment; /* of the version that the alert is about; NULL: nobody knows */
	void *deployment_context;
	struct audit *audit; /* borrowed; NULL: a replay, which has none */
};

/* An alert_explain; context is the evidence. */
void evidence_explain(void *context, const struct alert *a, struct buf *evidence, struct buf *cause);

/* Notes that it fires, or ended. */
void evidence_note(struct evidence *e, const struct alert *a);

/* A movement_news_fn. */
void evidence_news(void *context, const struct movement_news *news);

#endif
