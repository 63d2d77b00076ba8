/* SPDX-License-Identifier: Apache-2.0
 * daemon/judgements_priv.h - what the joiner's side and the HTTP side of the judgements share.
 */
#ifndef PLIMSOLL_DAEMON_JUDGEMENTS_PRIV_H
#define PLIMSOLL_DAEMON_JUDGEMENTS_PRIV_H

#include "agent/daemon/judgements.h"
#include "agent/judgements/joiner.h"

/* As joiner_take, counted. Any thread. */
enum taken judgements_take(struct judgements *j, const struct judgement *judgement, uint64_t now_unix_ns);

/* The agent is about to end. */
bool judgements_are_closed(const struct judgements *j);

#endif
