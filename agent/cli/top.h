/* SPDX-License-Identifier: Apache-2.0
 * cli/top.h - `plimsoll top`: the running agent's figures in a terminal, renewed as they change.
 */
#ifndef PLIMSOLL_CLI_TOP_H
#define PLIMSOLL_CLI_TOP_H

#include "agent/cli/command.h"

extern const struct command command_top;

/* One screen of a summary (observe/observe.h) and a list of alerts (GET /api/v1/alerts), of at most so many lines and
 * columns, appended to out. by: "feature", "prompt" or "model". */
void top_render(struct slice summary, struct slice alerts, const char *by, unsigned lines, unsigned columns,
		bool colour, struct buf *out);

#endif
