/* SPDX-License-Identifier: Apache-2.0
 * cli/cases.h - `plimsoll cases export`: the worst calls of production as evaluation cases.
 */
#ifndef PLIMSOLL_CLI_CASES_H
#define PLIMSOLL_CLI_CASES_H

#include "agent/cli/command.h"

extern const struct command command_cases;

#endif
