/* SPDX-License-Identifier: Apache-2.0
 * cli/alerts.h - `plimsoll alerts` and `plimsoll audit`: what fires and why, and what people do about it.
 */
#ifndef PLIMSOLL_CLI_ALERTS_H
#define PLIMSOLL_CLI_ALERTS_H

#include "agent/cli/command.h"

extern const struct command command_alerts, command_audit;

/* Shared by the two: "90s", "30m", "2h", "7d", or a number of seconds. False: none of these. */
bool alerts_read_duration(const char *text, uint64_t *seconds) MUST_USE;

/* Prints one alert with all that is known of it. answer: of GET /api/v1/alerts/ID. */
void alerts_print(struct slice answer);

#endif
