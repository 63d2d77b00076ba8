/* SPDX-License-Identifier: Apache-2.0
 * cli/prompts.h - `plimsoll prompts`, of the running agent or of a folder of manifests.
 */
#ifndef PLIMSOLL_CLI_PROMPTS_H
#define PLIMSOLL_CLI_PROMPTS_H

#include "agent/cli/client.h"
#include "agent/cli/command.h"
#include "agent/prompts/folder.h"

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
int prompts_list_folder(struct prompts_call *c);
int prompts_diff(struct prompts_call *c);

/* Reads the folder; mistakes go to standard error. CLI_GO_ON, CLI_NO where there were some, or CLI_UNREACHABLE. */
int prompts_read_folder(const char *directory, struct manifest_set *set);
void prompts_print_manifests(const struct manifest_set *set); /* as JSON, on standard output */

/* Of exports (prompts_import.c). */
int prompts_import(struct prompts_call *c);

/* --into and --name of `import`; NULL: not given. */
const char *prompts_import_target(const struct prompts_call *c);
const char *prompts_import_name(const struct prompts_call *c);

/* Of answers (prompts_print.c), on standard output. */
void prompts_print_list(struct slice answer);
void prompts_print_log(struct slice answer);

#endif
