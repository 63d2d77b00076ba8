/* SPDX-License-Identifier: Apache-2.0
 * cli/gate.h - `plimsoll gate`: may this prompt version ship?
 */
#ifndef PLIMSOLL_CLI_GATE_H
#define PLIMSOLL_CLI_GATE_H

#include "agent/cli/command.h"

extern const struct command command_gate;

#endif
