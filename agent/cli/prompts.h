/* SPDX-License-Identifier: Apache-2.0
 * cli/prompts.h - `plimsoll prompts`, of the running agent or of a folder of manifests.
 */
#ifndef PLIMSOLL_CLI_PROMPTS_H
#define PLIMSOLL_CLI_PROMPTS_H

#include "agent/cli/client.h"
#include "agent/cli/command.h"

extern const struct command command_prompts;

/* What a verb works with. */
struct prompts_call {
	const struct cli_args *args;
	char **operands; /* behind the verb */
	bool json;
	const char *directory; /* --directory: work on these manifests, without an agent; NULL: ask the agent */
	struct client client;
	struct buf answer;
};

/* Verbs that need no agent (prompts_files.c). */
int prompts_check(struct prompts_call *c);
int prompts_import(struct prompts_call *c);
int prompts_list_folder(struct prompts_call *c);
int prompts_diff(struct prompts_call *c);

/* --output of `import`: the folder to write to; NULL: standard output. */
const char *prompts_import_target(const struct prompts_call *c);

/* Of answers (prompts_print.c), on standard output. */
void prompts_print_list(struct slice answer);
void prompts_print_log(struct slice answer);

#endif
