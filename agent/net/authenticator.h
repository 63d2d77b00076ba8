/* SPDX-License-Identifier: Apache-2.0
 * net/authenticator.h - who may send to a receiver: whoever passes one of the ways that are configured.
 *
 * Judges by headers alone, before anything of a request's body is looked at. Made and freed on the loop's thread; asked by
 * any. Nothing that is offered is ever logged.
 */
#ifndef PLIMSOLL_NET_AUTHENTICATOR_H
#define PLIMSOLL_NET_AUTHENTICATOR_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/config/security.h"

struct authenticator;

/* A header's value, empty where it is not there. name: as configured; case does not count. */
typedef struct slice header_lookup(void *context, const char *name);

/* *out is NULL where everybody is let in. key: "receivers.otlp.protocols.grpc", a literal. The strings of config outlive it.
 * why: the sentence to print. Errors: INVALID, IO, NOMEM. */
struct status authenticator_new(const struct server_auth_config *config, const char *key, struct authenticator **out,
				struct buf *why) MUST_USE;
void authenticator_free(struct authenticator *a); /* NULL is allowed */

/* a: NULL lets everybody in. Errors: UNAUTHENTICATED; UNAVAILABLE, too many wrong passwords of late. */
struct status authenticator_check(struct authenticator *a, header_lookup *header, void *context) MUST_USE;

/* What WWW-Authenticate says with a 401. */
const char *authenticator_challenge(const struct authenticator *a);

#endif
