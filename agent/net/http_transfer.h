/* SPDX-License-Identifier: Apache-2.0
 * net/http_transfer.h - one request on an easy handle of curl: set up from our words, read back into them.
 *
 * Shared by http_client.c, which runs transfers on the loop, and http_transfer.c; http_exchange.c takes
 * the status alone.
 */
#ifndef PLIMSOLL_NET_HTTP_TRANSFER_H
#define PLIMSOLL_NET_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "agent/base/buf.h"
#include "agent/net/http_client.h"

struct transfer {
	struct http_client *client;
	struct transfer *next, **link; /* link: what points to this one, while it runs */
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	http_done done;
	void *context;
	struct buf body;
	char error[CURL_ERROR_SIZE];
};

/* Sets the easy handle up. False where curl refuses a part of the request; what was set is undone by a reset. */
bool transfer_prepare(struct transfer *t, const struct http_request *request);

/* What curl's outcome means: OK, whatever the answer's code. Errors: UNAVAILABLE, nobody answers there; TIMEOUT;
 * INVALID, no URL that can be called; DENIED, a certificate is not trusted or cannot be used; NOMEM. */
struct status transfer_status(CURLcode code) MUST_USE;

/* What came of it; slices and words borrow from the transfer. */
struct http_response transfer_outcome(struct transfer *t, CURLcode code);

#endif
