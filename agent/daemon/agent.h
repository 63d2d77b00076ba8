/* SPDX-License-Identifier: Apache-2.0
 * daemon/agent.h - the running agent: all stages set up in order, and taken down in the reverse one.
 *
 * Everything here is called on the loop's thread, which is the main thread.
 */
#ifndef PLIMSOLL_DAEMON_AGENT_H
#define PLIMSOLL_DAEMON_AGENT_H

#include <uv.h>

#include "agent/base/buf.h"
#include "agent/config/config.h"

struct agent;

/* Opens state, prices, exporters and ports. Takes over config on success.
 * why: on failure the sentence to print. */
struct status agent_start(struct config *config, uv_loop_t *loop, struct agent **out, struct buf *why) MUST_USE;

/* Appends what was opened, for a person to read: ports, state, and the line that points an SDK here. */
void agent_banner(const struct agent *a, struct buf *out);

/* Applies a new configuration file; one that cannot be used changes nothing. Says in the log what came of it. */
void agent_reload(struct agent *a);

/* Once a second: ages totals, and looks whether the price files changed. */
void agent_tick(struct agent *a);

/* Refuses new work, lets what is in the agent leave it (at most AGENT_DRAIN_MS), then calls done. */
#define AGENT_DRAIN_MS 8000u
void agent_drain(struct agent *a, void (*done)(void *context), void *context);

/* After the drain, or after a failed start of something else. The loop must turn until it is empty. */
void agent_free(struct agent *a);

#endif
