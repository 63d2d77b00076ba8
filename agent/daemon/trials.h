/* SPDX-License-Identifier: Apache-2.0
 * daemon/trials.h - joins what is deployed (prompts/registry.h) with what is compared (canary/canary.h): the canary follows
 * deployments, what it finds goes into their history and the audit, a worse version is not given all of the traffic, and
 * an alert about a version names who deployed it.
 */
#ifndef PLIMSOLL_DAEMON_TRIALS_H
#define PLIMSOLL_DAEMON_TRIALS_H

#include "agent/daemon/audit.h"
#include "agent/daemon/judge.h"
#include "agent/prompts/registry.h"

struct trials {
	struct registry *registry;
	struct judge *judge;
	struct audit *audit;
};

/* All are borrowed; t is, by the judge. Before the loop runs. */
void trials_init(struct trials *t, struct registry *registry, struct judge *judge, struct audit *audit);

/* Tells the judge what is deployed where, if that changed. On the loop's thread. */
void trials_follow(struct trials *t);

/* Whether a version may get all of the traffic of its environment, or more than its canary has: only where it is better or
 * equal on every guarded metric (for more: where it is not worse), or where it is forced.
 * d: as for registry_promotion. reason: what the history shall say; empty where no canary has a say. why: if not.
 * Any thread but the loop's. */
bool trials_permit(struct trials *t, const struct prompt_deployment *d, bool forced, struct buf *reason, struct buf *why);

/* A canary may be about to end: keeps how it stands. Any thread but the loop's. */
void trials_note(struct trials *t, struct slice name, struct slice environment);

/* "answer@1.5.0 was deployed to production for 5 % of the traffic, after 1.4.0, by ana (OPS-12)" */
void trials_write_deployment(const struct prompt_deployment *d, struct buf *out);

#endif
