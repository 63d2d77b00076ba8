/* SPDX-License-Identifier: Apache-2.0
 * daemon/canary_api.h - comparisons of prompt versions over HTTP.
 *
 *     GET /api/v1/canary                                     {"prompts":[...]}: those with two versions or more
 *     GET /api/v1/canary/NAME?environment=&from=&to=&feature=&model=      as canary/canary_json.h describes;
 *                                                                         404 without two versions
 */
#ifndef PLIMSOLL_DAEMON_CANARY_API_H
#define PLIMSOLL_DAEMON_CANARY_API_H

#include "agent/admin/api.h"

/* The context of the routes is the judge. */
extern const struct api_route canary_routes[];

#endif
