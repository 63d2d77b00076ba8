/* SPDX-License-Identifier: Apache-2.0
 * net/http_exchange.h - one HTTP request that waits for its answer, for commands that have no loop.
 *
 * No redirect is followed and no proxy of the environment is asked: what is called is an agent nearby.
 */
#ifndef PLIMSOLL_NET_HTTP_EXCHANGE_H
#define PLIMSOLL_NET_HTTP_EXCHANGE_H

#include "agent/base/buf.h"
#include "agent/base/status.h"

struct http_exchange {
	const char *method; /* "GET", "POST" */
	const char *url;
	const char *unix_socket; /* its path, instead of the URL's host; NULL: none */
	const char *ca_file, *cert_file, *key_file; /* of https; NULL: the system's, none */
	const char *token; /* sent as bearer token; NULL: none */
	struct slice body; /* JSON; sent unless the method is GET */
	uint64_t timeout_ms;
	size_t answer_bytes_max;
};

/* Sends the request. answer gets the body, code the HTTP status; on failure why gets curl's words.
 * Errors: those of transfer_status (http_transfer.h); FULL, the answer is longer than answer_bytes_max.
 * Thread: any, it blocks. */
struct status http_exchange(const struct http_exchange *request, unsigned *code, struct buf *answer,
			    struct buf *why) MUST_USE;

#endif
