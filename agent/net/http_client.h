/* SPDX-License-Identifier: Apache-2.0
 * net/http_client.h - outbound HTTP requests on the loop thread (curl multi on libuv).
 *
 * For exporters and alert channels. Knows nothing of spans. Everything here is called on the loop's thread.
 */
#ifndef PLIMSOLL_NET_HTTP_CLIENT_H
#define PLIMSOLL_NET_HTTP_CLIENT_H

#include <uv.h>

#include "agent/base/slice.h"
#include "agent/base/status.h"
#include "agent/config/config.h"

struct http_client;

struct http_request {
	const char *url;
	const char *content_type;
	const char *content_encoding;   /* NULL: identity */
	const char *authorization;      /* of the header; NULL: none */
	const char *unix_socket;        /* a path, instead of the URL's host; NULL: none */
	const struct string_map *headers; /* may be NULL */
	const struct tls_client_config *tls; /* may be NULL: verify with the system's certificates */
	struct slice body;              /* POSTed; borrowed until done is called */
	uint64_t timeout_ms;
};

struct http_response {
	struct status status;     /* not OK: no HTTP answer came; why says what happened */
	const char *error;        /* curl's words for it, "" where there was an answer */
	unsigned code;            /* 200, ... */
	uint64_t retry_after_ms;  /* from Retry-After, seconds or date; 0: none */
	struct slice content_type;
	struct slice body;        /* at most 64 KiB are kept */
	void *transfer;           /* for http_response_header */
};

typedef void (*http_done)(void *context, const struct http_response *response);

/* A header of the answer, or NULL where it has none of this name; only inside done. */
const char *http_response_header(const struct http_response *response, const char *name);

struct status http_client_new(uv_loop_t *loop, struct http_client **out) MUST_USE;

/* Starts a request; done is called exactly once, later, on the loop. Redirects are not followed. Only body must outlive
 * the call. Errors, where done is not called: INVALID, a header or the URL cannot be sent; UNAVAILABLE, the client is
 * being freed; NOMEM. */
struct status http_client_post(struct http_client *c, const struct http_request *request, http_done done,
			       void *context) MUST_USE;

/* Ends the requests that were started with this context: their done is called with UNAVAILABLE before this returns. */
void http_client_cancel(struct http_client *c, const void *context);

/* Ends running requests (their done is called with UNAVAILABLE), closes handles. The loop must still run once. */
void http_client_free(struct http_client *c);

#endif
