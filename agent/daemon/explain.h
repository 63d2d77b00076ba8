/* SPDX-License-Identifier: Apache-2.0
 * daemon/explain.h - `plimsoll explain`: how each recorded span was read, and whether it counts.
 */
#ifndef PLIMSOLL_DAEMON_EXPLAIN_H
#define PLIMSOLL_DAEMON_EXPLAIN_H

#include "agent/cli/command.h"

extern const struct command command_explain;

#endif
