/* SPDX-License-Identifier: Apache-2.0
 * daemon/explain_live.h - what the running agent has decided about the spans of a trace.
 */
#ifndef PLIMSOLL_DAEMON_EXPLAIN_LIVE_H
#define PLIMSOLL_DAEMON_EXPLAIN_LIVE_H

#include "agent/cli/command.h"

/* Whether the operand is a trace id, and no file of that name. */
bool explain_names_trace(const char *operand);

/* Asks the agent (NULL: the usual one) and prints; as_json: its answer, a span on each line. Returns the exit status. */
int explain_live(const struct command *self, const char *agent, const char *trace_id, bool as_json);

#endif
