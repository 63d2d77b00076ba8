/* SPDX-License-Identifier: Apache-2.0
 * daemon/alert_list.h - the alerts of a replay, each once, as of the last that was heard of it.
 */
#ifndef PLIMSOLL_DAEMON_ALERT_LIST_H
#define PLIMSOLL_DAEMON_ALERT_LIST_H

#include "agent/alerts/alert.h"

struct alert_list {
	struct listed_alert {
		char id[ALERT_ID_SIZE];
		struct buf line;
	} *items; /* in the order in which they fired */
	size_t count, cap;
	const struct alerts_config *config; /* borrowed; may be NULL */
	bool as_json;            /* else a sentence for people */
	bool failed;             /* memory ran out: alerts are missing */
};

/* Takes the alert's present state. */
void alert_list_take(struct alert_list *l, const struct alert *a);
void alert_list_release(struct alert_list *l);

#endif
