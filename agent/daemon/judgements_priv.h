/* SPDX-License-Identifier: Apache-2.0
 * daemon/judgements_priv.h - what the joiner's side and the HTTP side of the judgements share.
 */
#ifndef PLIMSOLL_DAEMON_JUDGEMENTS_PRIV_H
#define PLIMSOLL_DAEMON_JUDGEMENTS_PRIV_H

#include "agent/daemon/judgements.h"
#include "agent/judgements/joiner.h"

/* As joiner_take, counted. Any thread. */
enum taken judgements_take(struct judgements *j, const struct judgement *judgement, uint64_t now_unix_ns);

/* What is taken between the two is saved, also where the agent is about to end; false: it is, nothing is taken any more,
 * and nobody leaves. Any thread but the loop's. */
bool judgements_enter(struct judgements *j);
void judgements_leave(struct judgements *j);

#endif
