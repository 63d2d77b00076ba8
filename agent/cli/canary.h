/* SPDX-License-Identifier: Apache-2.0
 * cli/canary.h - `plimsoll canary`: is the newer version of a prompt as good as the older one?
 */
#ifndef PLIMSOLL_CLI_CANARY_H
#define PLIMSOLL_CLI_CANARY_H

#include "agent/base/buf.h"
#include "agent/cli/command.h"

extern const struct command command_canary;

/* A comparison (canary/canary_json.h) as a table. */
void canary_print(struct slice comparison, struct buf *out);

/* The prompts of which two versions are known, as GET /api/v1/canary lists them. */
void canary_print_list(struct slice answer, struct buf *out);

#endif
