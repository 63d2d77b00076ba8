/* SPDX-License-Identifier: Apache-2.0
 * daemon/run.h - `plimsoll run`: the agent until a signal ends it.
 */
#ifndef PLIMSOLL_DAEMON_RUN_H
#define PLIMSOLL_DAEMON_RUN_H

#include "agent/cli/command.h"

extern const struct command command_run;

#endif
