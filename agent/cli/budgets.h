/* SPDX-License-Identifier: Apache-2.0
 * cli/budgets.h - `plimsoll budgets`: what was spent of which limit.
 */
#ifndef PLIMSOLL_CLI_BUDGETS_H
#define PLIMSOLL_CLI_BUDGETS_H

#include "agent/cli/command.h"

extern const struct command command_budgets;

#endif
