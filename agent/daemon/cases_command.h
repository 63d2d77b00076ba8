/* SPDX-License-Identifier: Apache-2.0
 * daemon/cases_command.h - `plimsoll cases export`: the worst calls of production as evaluation cases.
 *
 * Their words come from the agent where it keeps them, else from recordings of the traffic, redacted here.
 */
#ifndef PLIMSOLL_DAEMON_CASES_COMMAND_H
#define PLIMSOLL_DAEMON_CASES_COMMAND_H

#include "agent/cli/command.h"

extern const struct command command_cases;

#endif
