/* SPDX-License-Identifier: Apache-2.0
 * receivers/http_connection.h - the open connections of the HTTP receiver, and which of them have a request under way.
 *
 * libmicrohttpd closes connections that are silent for too long. A sender that drips byte after byte is never silent,
 * so each request also has a time to be complete in: the read timeout, and more for every byte that has come. All of it
 * belongs to the HTTP thread.
 */
#ifndef PLIMSOLL_RECEIVERS_HTTP_CONNECTION_H
#define PLIMSOLL_RECEIVERS_HTTP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/meter.h"
#include "agent/net/tls_server.h"

struct http_connection {
	struct http_connection *next, **self; /* in the list */
	struct http_connections *all;
	int fd;
	struct tls_material *tls; /* what its handshake began with; NULL: plain */
	bool has_request, had_request; /* now; ever */
	uint64_t busy_since_ns;  /* monotonic: when the request, or the connection, began; 0: idle, or waits for us */
	uint64_t received_bytes; /* of its body, as far as they were wanted */
};

struct http_connections {
	struct http_connection *first;
	unsigned requests; /* under way */
	uint64_t read_timeout_ms, next_sweep_ns;
	struct meter *open;
};

/* NULL without memory: then nothing more is read from fd than what has come already. */
struct http_connection *http_connection_new(struct http_connections *all, int fd);
void http_connection_free(struct http_connection *c);

/* A request begins, a piece of its body has come, all of it has and waits for the disk (its sender has done its part in
 * time), it is over. c NULL: nothing to note. */
void http_connection_begin(struct http_connection *c);
void http_connection_received(struct http_connection *c, size_t n);
void http_connection_wait(struct http_connection *c);
void http_connection_end(struct http_connection *c);

/* Before its end: bytes came over TCP, but never a request. Another protocol, a broken request line, a failed handshake. */
bool http_connection_was_in_vain(const struct http_connection *c);

/* Cuts off the requests that take too long; the daemon then sees the connection end. now_ns: monotonic. */
void http_connections_sweep(struct http_connections *all, uint64_t now_ns);

#endif
