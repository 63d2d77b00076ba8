/* SPDX-License-Identifier: Apache-2.0
 * daemon/prompts.h - the registry of prompt versions in the running agent: the folder it follows, the table that lanes
 * work with, drift that becomes alerts, the command that deploys.
 *
 * Lives on the loop's thread; what the API does is said at each function.
 */
#ifndef PLIMSOLL_DAEMON_PROMPTS_H
#define PLIMSOLL_DAEMON_PROMPTS_H

#include <uv.h>

#include "agent/config/config.h"
#include "agent/daemon/audit.h"
#include "agent/daemon/judge.h"
#include "agent/daemon/pipeline.h"
#include "agent/prompts/registry.h"

struct prompts;
struct trials;

/* Loads what the store holds, and the folder. All are borrowed; config until prompts_reload. why: what is wrong, to print.
 * Errors: IO, NOMEM. A folder with mistakes is no error: they are logged, and what can be read is taken. */
struct status prompts_new(const struct config *config, uv_loop_t *loop, struct store *store, struct audit *audit,
			  struct judge *judge, struct prompts **out, struct buf *why) MUST_USE;

/* Whose lanes get the tables from now on; at once the first one. */
void prompts_serve(struct prompts *p, struct pipeline *pipeline);

void prompts_reload(struct prompts *p, const struct config *config);

/* Once a second. */
void prompts_tick(struct prompts *p);

/* Saves everything. Before the store is flushed for the last time. */
void prompts_drain(struct prompts *p);

/* Waits for what is being stored, and closes its handles: the loop must turn once more. */
void prompts_free(struct prompts *p);

/* Takes samples on their way to the judge, and notes scores; context is prompts. Any thread. */
void prompts_offer(void *context, struct sample_chunk *chunk);

/* The families plimsoll_prompt_*; an observe_source. Any thread. */
void prompts_render(void *context, struct exposition *x);

/* For the API, any thread but the loop's. */
struct registry *prompts_registry(struct prompts *p);
struct trials *prompts_trials(struct prompts *p);
struct store *prompts_store(struct prompts *p);
struct audit *prompts_audit(struct prompts *p);

/* Appends the configured secret of the platform's webhooks. False: none is configured. */
bool prompts_webhook_secret(struct prompts *p, uint8_t source, struct buf *out);

/* Notes the deployment in the audit, and runs prompts.deploy_command for it, if there is one. d->command says whether it
 * does: DONE, with its d->command_exit, where it could not be started. */
void prompts_deployed(struct prompts *p, struct prompt_deployment *d);

/* As prompts_deployed, of what somebody else has deployed: nothing is run. */
void prompts_noted(struct prompts *p, const struct prompt_deployment *d);

/* Takes over a manifest that a platform told of. Returns whether it was refused, since the version was released with
 * another content. */
bool prompts_told(struct prompts *p, struct manifest *m, uint8_t source);

/* Whether a webhook with this signature was taken a short time ago; and that it was taken now. */
bool prompts_heard(struct prompts *p, struct slice signature);
void prompts_note_heard(struct prompts *p, struct slice signature);

/* What became of a webhook of a platform, to be counted. */
enum webhook_result { WEBHOOK_TAKEN, WEBHOOK_IGNORED, WEBHOOK_REFUSED, WEBHOOK_MISTAKE, WEBHOOK_UNSIGNED, WEBHOOK_RESULTS };
void prompts_count_webhook(struct prompts *p, enum webhook_result result);

#endif
