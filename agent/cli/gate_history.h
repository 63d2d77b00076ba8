/* SPDX-License-Identifier: Apache-2.0
 * cli/gate_history.h - gate results that the agent keeps with a prompt version.
 */
#ifndef PLIMSOLL_CLI_GATE_HISTORY_H
#define PLIMSOLL_CLI_GATE_HISTORY_H

#include "agent/cli/client.h"
#include "agent/gate/gate.h"

/* "name@version". */
bool gate_history_is_version(const char *text);

/* agent: the value of --agent. Both return CLI_GO_ON, or the exit status, having said why. */
int gate_history_keep(const char *agent, const char *prompt, const struct gate *g) MUST_USE;
int gate_history_load(const char *agent, const char *prompt, double pass_score, struct results **out) MUST_USE;

#endif
