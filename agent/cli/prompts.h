/* SPDX-License-Identifier: Apache-2.0
 * cli/prompts.h - `plimsoll prompts`, of the running agent or of a folder of manifests.
 */
#ifndef PLIMSOLL_CLI_PROMPTS_H
#define PLIMSOLL_CLI_PROMPTS_H

#include "agent/cli/verb.h"
#include "agent/prompts/folder.h"

extern const struct command command_prompts;

#define PROMPTS_PATH "/api/v1/prompts/" /* of one prompt, in front of its name */

/* --directory: work on these manifests, without an agent; NULL: ask the agent. */
const char *prompts_directory(const struct verb_call *c);

/* Verbs that need no agent (prompts_files.c). */
int prompts_check(struct verb_call *c);
int prompts_list_folder(struct verb_call *c);
int prompts_diff(struct verb_call *c);

/* Reads the folder; mistakes go to standard error. CLI_GO_ON, CLI_NO where there were some, or CLI_UNREACHABLE. */
int prompts_read_folder(const char *directory, struct manifest_set *set);
void prompts_print_manifests(const struct manifest_set *set); /* as JSON, on standard output */

/* Of exports (prompts_import.c). */
int prompts_import(struct verb_call *c);

/* --into and --name of `import`; NULL: not given. */
const char *prompts_import_target(const struct verb_call *c);
const char *prompts_import_name(const struct verb_call *c);

/* Of answers (prompts_print.c), on standard output. */
void prompts_print_list(struct slice answer);
void prompts_print_log(struct slice answer);

#endif
