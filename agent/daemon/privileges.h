/* SPDX-License-Identifier: Apache-2.0
 * daemon/privileges.h - who the agent is, when it was started as root.
 *
 * It becomes the configured user right after its configuration is read, before it has a thread, a port or a file: so all
 * that it makes belongs to that user, and nothing of the traffic is ever seen by root. Where a port below 1024 is
 * configured, it keeps the one right to bind such ports (CAP_NET_BIND_SERVICE).
 */
#ifndef PLIMSOLL_DAEMON_PRIVILEGES_H
#define PLIMSOLL_DAEMON_PRIVILEGES_H

#include "agent/config/config.h"

/* Becomes config->user and makes sure that the way back is closed; without a user nothing changes. A state folder that is
 * not there is made and given to the user; storage.directory is filled in where it was left out.
 * why: the sentence to print. Errors: INVALID, no such user, or we are not root; DENIED; IO; NOMEM. */
struct status privileges_drop(struct config *config, struct buf *why) MUST_USE;

#endif
