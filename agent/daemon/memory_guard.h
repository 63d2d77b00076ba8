/* SPDX-License-Identifier: Apache-2.0
 * daemon/memory_guard.h - keeps the process below its memory limit by saying no in time.
 *
 * Every check_interval it reads what is resident and not backed by a file (what the kernel cannot take back). Above the
 * soft limit receivers refuse new work, with word of when to come again, until it is back below; above the limit itself
 * the exporters' queues in memory are shed, oldest first. The limit is limits.memory.limit_mib, or else a share of what
 * the control group allows; where there is none, nothing is guarded. Loop thread.
 */
#ifndef PLIMSOLL_DAEMON_MEMORY_GUARD_H
#define PLIMSOLL_DAEMON_MEMORY_GUARD_H

#include <uv.h>

#include "agent/config/config.h"
#include "exporters/sender.h"

struct memory_guard;

/* Bytes that the process may take; 0: unlimited. */
uint64_t memory_limit_of(const struct config *config);

/* What one request, and all that are worked on, may take of that: no more than configured, an eighth and a quarter. */
void memory_limit_apply(uint64_t limit_bytes, struct config *receiving);

/* senders: borrowed, may be NULL. NULL without memory. */
struct memory_guard *memory_guard_start(const struct config *config, uv_loop_t *loop, struct senders *senders);

/* The loop must turn once more. */
void memory_guard_stop(struct memory_guard *g);

#endif
