/* SPDX-License-Identifier: Apache-2.0
 * daemon/deploy_command.h - runs the operator's command for a deployment: without a shell, told by environment variables.
 */
#ifndef PLIMSOLL_DAEMON_DEPLOY_COMMAND_H
#define PLIMSOLL_DAEMON_DEPLOY_COMMAND_H

#include <uv.h>

#include "agent/config/option.h"
#include "agent/prompts/history.h"

/* exit_status: as struct prompt_deployment has it. On the loop's thread. */
typedef void (*deploy_command_done)(void *context, struct slice name, uint64_t at_s, uint32_t number,
				    int64_t exit_status);

struct deploy_run;

/* Starts argv[0] with its arguments; PLIMSOLL_PROMPT, _VERSION, _PREVIOUS_VERSION, _ENVIRONMENT, _BY, _TICKET, _CANARY
 * (percent) and _ACTION (deploy, rollback) say what for, beside our own environment without PLIMSOLL_TOKEN. Its output
 * is ours. Killed after timeout_ms, with all that it started. done is called once; NULL is returned where that has
 * happened already, since it could not be started. On the loop's thread. */
struct deploy_run *deploy_command_run(uv_loop_t *loop, const struct string_list *argv, uint64_t timeout_ms,
				      const struct prompt_deployment *d, deploy_command_done done, void *context);

/* Nobody waits for it any longer: it goes on by itself, and done is not called. */
void deploy_command_abandon(struct deploy_run *r);

#endif
