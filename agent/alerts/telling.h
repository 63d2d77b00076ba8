/* SPDX-License-Identifier: Apache-2.0
 * alerts/telling.h - what people are told of an alert: the alert, the others of its incident, and in which words.
 */
#ifndef PLIMSOLL_ALERTS_TELLING_H
#define PLIMSOLL_ALERTS_TELLING_H

#include "agent/alerts/alert.h"
#include "agent/config/config.h"

#define TELLING_MEMBERS_MAX 16

/* Borrows everything. */
struct telling {
	const struct alert *alert;
	const struct alert *members[TELLING_MEMBERS_MAX]; /* others of one cause; nobody is told of them by themselves */
	size_t member_count;
	bool goes_on; /* of an alert that has ended: others of its incident fire, so that nobody is told of an end yet */
	const struct alerts_config *config;
};

/* `alert_<id>_firing`, `_resolved`, or `_firing_2` where it is told again. Holds no dot. */
#define TELLING_ID_SIZE 40
void telling_id(const struct telling *t, char out[TELLING_ID_SIZE]);

/* By the channel's template; "[FIRING] summary" where there is none, or nothing comes out of it: no channel takes a message
 * without a title. */
void telling_title(const struct telling *t, const struct channel_config *c, struct buf *out);

/* By the channel's template, else all that is known: lines "name: value". */
void telling_text(const struct telling *t, const struct channel_config *c, struct buf *out);

/* The lines of the default text, one by one; runbook and links are not among them. Names are such as Prometheus takes
 * for labels. */
typedef void (*telling_line)(void *context, const char *name, struct slice value);
void telling_visit(const struct telling *t, telling_line line, void *context);

/* The alert's JSON object with the others of its incident as `members`. */
void telling_json(const struct telling *t, struct buf *out);

/* The address of the alert on the page; nothing where alerts.external_url is not set. */
void telling_link(const struct telling *t, struct buf *out);

#endif
