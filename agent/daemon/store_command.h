/* SPDX-License-Identifier: Apache-2.0
 * daemon/store_command.h - `plimsoll store`: what an agent keeps, whether it is whole, and a copy of it.
 */
#ifndef PLIMSOLL_DAEMON_STORE_COMMAND_H
#define PLIMSOLL_DAEMON_STORE_COMMAND_H

#include "agent/cli/command.h"

extern const struct command command_store;

#endif
