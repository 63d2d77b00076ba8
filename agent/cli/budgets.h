/* SPDX-License-Identifier: Apache-2.0
 * cli/budgets.h - `plimsoll budgets`: what was spent of which limit.
 */
#ifndef PLIMSOLL_CLI_BUDGETS_H
#define PLIMSOLL_CLI_BUDGETS_H

#include "agent/base/slice.h"
#include "agent/cli/command.h"

extern const struct command command_budgets;

/* An answer of GET /api/v1/budgets as a table: groups, the tightest first, then budgets of which nothing was spent. False:
 * no memory. */
bool budgets_print(struct slice answer);

#endif
