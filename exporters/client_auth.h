/* SPDX-License-Identifier: Apache-2.0
 * exporters/client_auth.h - the Authorization header of an exporter: fixed, from a file, or a token that is fetched.
 *
 * OAuth 2.0 client credentials (RFC 6749 section 4.4): a token is fetched when the first request needs one, all that come
 * meanwhile wait for it, and it is kept until shortly before it expires. Loop thread.
 */
#ifndef PLIMSOLL_EXPORTERS_CLIENT_AUTH_H
#define PLIMSOLL_EXPORTERS_CLIENT_AUTH_H

#include "agent/config/config.h"
#include "agent/net/http_client.h"

struct client_auth;

/* Somebody who wants the header's value; embedded in what is to be sent. */
struct client_auth_waiter {
	struct client_auth_waiter *next, **link; /* link NULL: does not wait */
	/* authorization: borrowed for the call; "" where nothing is configured. status not OK: there is none. */
	void (*ready)(struct client_auth_waiter *w, struct status status, const char *authorization);
	uint64_t generation; /* of the value it got */
};

/* id: the exporter's. The options and what id points to outlive it. A value is made in any case,
 * so that callers need not ask whether there is one. why: the sentence to print. Errors: INVALID, IO, NOMEM. */
struct status client_auth_new(const char *id, const struct client_auth_config *config, struct http_client *http,
			      struct client_auth **out, struct buf *why) MUST_USE;

/* Nobody waits any more. NULL is allowed. */
void client_auth_free(struct client_auth *a);

/* Calls w->ready, at once or later. */
void client_auth_get(struct client_auth *a, struct client_auth_waiter *w);

/* It is not called any more. */
void client_auth_cancel(struct client_auth_waiter *w);

/* The peer took the value that w got. */
void client_auth_accepted(struct client_auth *a, const struct client_auth_waiter *w);

/* The peer refused it. True: another one may help, since that was fetched and good before. */
bool client_auth_refused(struct client_auth *a, const struct client_auth_waiter *w);

/* As http_client_post, with the header; a 401 that a new token may help is answered by one more attempt. */
struct status client_auth_post(struct client_auth *a, const struct http_request *request, http_done done,
			       void *context) MUST_USE;

/* As http_client_cancel, of what client_auth_post has started. */
void client_auth_cancel_post(struct client_auth *a, const void *context);

#endif
