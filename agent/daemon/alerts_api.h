/* SPDX-License-Identifier: Apache-2.0
 * daemon/alerts_api.h - alerts, silences, tests of channels and the audit over HTTP, and the built-in runbooks.
 *
 *     GET    /api/v1/alerts?state=firing|all      {"alerts":[...],"pending":[...]}
 *     GET    /api/v1/alerts/ID                    one, with the others of its incident
 *     POST   /api/v1/alerts/ID/accept             {"by"}: its level is the baseline from now on
 *     GET    /api/v1/silences                     {"silences":[...]}
 *     POST   /api/v1/silences                     {"matchers","duration_s","by","comment"}
 *     DELETE /api/v1/silences/ID
 *     POST   /api/v1/channels/test                {"channel","resolved"}: 202 {"test":N}
 *     GET    /api/v1/channels/test/N              what the receiver answered
 *     GET    /api/v1/audit?since=UNIX_S           {"entries":[...]}
 *     POST   /api/v1/audit                        {"kind":"deploy"|"rollback","subject","feature","by","text","time"}
 *     GET    /runbooks/KIND                       a page
 */
#ifndef PLIMSOLL_DAEMON_ALERTS_API_H
#define PLIMSOLL_DAEMON_ALERTS_API_H

#include "agent/admin/api.h"
#include "agent/daemon/audit.h"
#include "agent/daemon/judge.h"

/* The context of the routes. */
struct alerts_api {
	struct judge *judge;
	struct audit *audit;
};

extern const struct api_route alerts_api_routes[];

#endif
