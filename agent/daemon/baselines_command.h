/* SPDX-License-Identifier: Apache-2.0
 * daemon/baselines_command.h - `plimsoll baselines`: look at what was learned, carry it elsewhere, forget it.
 *
 * What it speaks of is the running agent, the store of a stopped one (--storage), or an export (--file, which is only
 * looked at).
 */
#ifndef PLIMSOLL_DAEMON_BASELINES_COMMAND_H
#define PLIMSOLL_DAEMON_BASELINES_COMMAND_H

#include "agent/cli/command.h"

extern const struct command command_baselines;

#endif
