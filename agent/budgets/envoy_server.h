/* SPDX-License-Identifier: Apache-2.0
 * budgets/envoy_server.h - decisions for gateways made of Envoy, over gRPC on an endpoint of its own:
 * envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit and envoy.service.auth.v3.Authorization/Check.
 *
 * One thread answers; what it answers with reserves, as POST /api/v1/budgets/decision does. Without TLS: it belongs
 * beside the Envoy that asks, on loopback or a unix socket.
 */
#ifndef PLIMSOLL_BUDGETS_ENVOY_SERVER_H
#define PLIMSOLL_BUDGETS_ENVOY_SERVER_H

#include "agent/budgets/budgets.h"

struct envoy_server;

/* config (its budgets.envoy) and b are borrowed until the stop. why: on failure the sentence to print.
 * Errors: EXISTS, the port is taken; IO; NOMEM. */
struct status envoy_server_start(const struct config *config, struct budgets *b, struct envoy_server **out,
				 struct buf *why) MUST_USE;

/* Ends running calls, joins the thread and frees. NULL is allowed. */
void envoy_server_stop(struct envoy_server *s);

/* 0: a unix socket. */
uint16_t envoy_server_port(const struct envoy_server *s);

#endif
