/* SPDX-License-Identifier: Apache-2.0
 * daemon/prompts_api.h - /api/v1/prompts: list, one, deploy, rollback, gate results, webhooks of platforms.
 */
#ifndef PLIMSOLL_DAEMON_PROMPTS_API_H
#define PLIMSOLL_DAEMON_PROMPTS_API_H

#include "agent/admin/api.h"

/* Context: struct prompts. */
extern const struct api_route prompt_routes[];

#endif
