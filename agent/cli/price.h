/* SPDX-License-Identifier: Apache-2.0
 * cli/price.h - `plimsoll price`: what a call costs, and what the price tables hold.
 */
#ifndef PLIMSOLL_CLI_PRICE_H
#define PLIMSOLL_CLI_PRICE_H

#include "agent/cli/command.h"

/* argv[0] is "price". Returns an exit status (enum cli_exit). */
int cli_price(int argc, char **argv);

extern const struct command command_price;

/* What stands behind "price": each has its own options and help. */
extern const struct command command_price_list, command_price_check, command_price_update, command_price_diff;

#endif
