/* SPDX-License-Identifier: Apache-2.0
 * alerts/alerts_priv.h - what alerts.c (the table and what happens to alerts), settle.c (who is told) and keep.c (the
 * disk) share.
 */
#ifndef PLIMSOLL_ALERTS_ALERTS_PRIV_H
#define PLIMSOLL_ALERTS_ALERTS_PRIV_H

#include "agent/alerts/alerts.h"
#include "agent/alerts/channel_test.h"
#include "agent/alerts/notifier.h"
#include "agent/alerts/rules.h"
#include "agent/base/deletions.h"
#include "agent/base/meter.h"

struct alerts {
	const struct alerts_config *config;
	uv_loop_t *loop;
	struct http_client *http;
	struct notifier *notifier; /* NULL: nobody is told */
	struct rules rules;
	struct silences silences;
	struct channel_tests tests;
	alert_fn on_change;
	void *context;
	alert_explain explain;
	void *explain_context;
	struct alert *items[ALERTS_MAX]; /* by started_at_s, oldest first */
	size_t count;
	bool unsaved; /* something happened since the last alerts_save */
	struct deletions deleted; /* keys of forgotten alerts, ALERT_KEY_SIZE each */
	struct meter *raised[VERDICT_KIND_COUNT];
};

#define ALERT_KEY_SIZE ALERT_ID_SIZE /* a letter and the id's digits */

/* Whether people want to hear that an alert of this kind has ended. */
bool alerts_end_is_news(const struct alert *alert);

/* Puts it in its place in the table, which owns it then; forgets another where the table is full. */
void alerts_insert(struct alerts *a, struct alert *alert);

#endif
