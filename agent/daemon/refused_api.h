/* SPDX-License-Identifier: Apache-2.0
 * daemon/refused_api.h - batches that a peer will never take, to look at: /api/v1/refused.
 *
 * GET /api/v1/refused      {"batches":[{"id":7,"kind":"traces","items":2,"bytes":512,"time":1764000000.5,"why":"otlp/a: ..."}]}
 * GET /api/v1/refused/ID   its bytes as they were sent: one OTLP request, or JSON lines. They may hold prompts, so this is
 *                          for whoever may change state. `plimsoll replay` reads what it gives.
 */
#ifndef PLIMSOLL_DAEMON_REFUSED_API_H
#define PLIMSOLL_DAEMON_REFUSED_API_H

#include "agent/admin/api.h"

/* The context is the struct senders. */
extern const struct api_route refused_routes[];

#endif
