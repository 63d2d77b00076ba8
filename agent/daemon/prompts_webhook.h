/* SPDX-License-Identifier: Apache-2.0
 * daemon/prompts_webhook.h - platforms tell of prompt versions: POST /api/v1/prompts/webhook/<platform>.
 *
 * Answered: 200, taken, or nothing to know in it (the reason is said, so that no platform sends it again); 400, it should
 * tell a version and does not; 401, not signed; 403, no secret is configured; 409, the version was released with another
 * content; 503, no room. Counted in plimsoll_agent_prompt_webhooks_total.
 */
#ifndef PLIMSOLL_DAEMON_PROMPTS_WEBHOOK_H
#define PLIMSOLL_DAEMON_PROMPTS_WEBHOOK_H

#include "agent/admin/api.h"

/* context: struct prompts. */
void prompts_answer_langfuse(void *context, const struct api_request *q, struct api_reply *reply);
void prompts_answer_braintrust(void *context, const struct api_request *q, struct api_reply *reply);

#endif
