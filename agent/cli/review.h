/* SPDX-License-Identifier: Apache-2.0
 * cli/review.h - `plimsoll report`: the week, against the week before.
 */
#ifndef PLIMSOLL_CLI_REVIEW_H
#define PLIMSOLL_CLI_REVIEW_H

#include "agent/base/buf.h"
#include "agent/cli/command.h"

extern const struct command command_report;

/* The answer of GET /api/v1/report as Markdown. */
void review_print(struct slice answer, struct buf *out);

#endif
