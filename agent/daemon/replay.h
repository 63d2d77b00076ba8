/* SPDX-License-Identifier: Apache-2.0
 * daemon/replay.h - `plimsoll replay`: recorded traffic through the same stages, in event time.
 */
#ifndef PLIMSOLL_DAEMON_REPLAY_H
#define PLIMSOLL_DAEMON_REPLAY_H

#include "agent/cli/command.h"

extern const struct command command_replay;

#endif
