/* SPDX-License-Identifier: Apache-2.0
 * daemon/review_api.h - a look back over days over HTTP.
 *
 *     GET /api/v1/report?days=7      what review/review.h writes, and "alerts":[...] that began then, "changes":[...] of
 *                                    the audit: deployments, price changes, reloads
 *     GET /api/v1/cases?since=UNIX_S&worst=50   what cases/cases.h writes, without texts
 *     GET /api/v1/cases/content?...             the same with them; asks for the token as what changes state does
 */
#ifndef PLIMSOLL_DAEMON_REVIEW_API_H
#define PLIMSOLL_DAEMON_REVIEW_API_H

#include "agent/admin/api.h"

/* The context of the routes is a struct alerts_api. */
extern const struct api_route review_routes[];

#endif
