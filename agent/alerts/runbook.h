/* SPDX-License-Identifier: Apache-2.0
 * alerts/runbook.h - what to look at first, for each kind of trouble: for those who have no runbooks of their own yet.
 */
#ifndef PLIMSOLL_ALERTS_RUNBOOK_H
#define PLIMSOLL_ALERTS_RUNBOOK_H

#include "agent/base/buf.h"
#include "agent/span/verdict.h"

#define RUNBOOK_STEPS_MAX 7

struct runbook {
	const char *name;  /* last part of its address */
	const char *title, *means;
	const char *steps[RUNBOOK_STEPS_MAX + 1]; /* ends at NULL */
};

/* Never NULL. */
const struct runbook *runbook_of(enum verdict_kind kind, struct slice metric);

/* By its name, or by the name of a kind; NULL: none. */
const struct runbook *runbook_named(struct slice name);

/* The whole page. */
void runbook_html(const struct runbook *r, struct buf *out);

#endif
