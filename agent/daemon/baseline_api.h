/* SPDX-License-Identifier: Apache-2.0
 * daemon/baseline_api.h - the running agent's baselines over its admin endpoint.
 *
 *     GET  /api/v1/baselines                   where each series stands
 *     GET  /api/v1/baselines/export            everything that was learned (baselines/exchange.h)
 *     POST /api/v1/baselines/import?mode=      import or merge; the body is an export, or some lines under its head
 *     POST /api/v1/baselines/reset?feature=    forget keys, by feature, model, prompt_version
 */
#ifndef PLIMSOLL_DAEMON_BASELINE_API_H
#define PLIMSOLL_DAEMON_BASELINE_API_H

#include "agent/admin/api.h"
#include "agent/baselines/detector.h"

/* Context: the struct judge. */
extern const struct api_route baseline_routes[];

/* Appends where each series stands whose labels are these (empty: any), as a JSON array. */
void baselines_write_json(const struct detector *d, struct slice feature, struct slice model, struct slice metric,
			  struct buf *out);

#endif
