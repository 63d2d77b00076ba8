/* SPDX-License-Identifier: Apache-2.0
 * admin/admin_priv.h - what the files of this folder share. libmicrohttpd's types stay among them.
 */
#ifndef PLIMSOLL_ADMIN_ADMIN_PRIV_H
#define PLIMSOLL_ADMIN_ADMIN_PRIV_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "agent/admin/admin.h"
#include "agent/net/listen.h"

struct admin {
	struct admin_source source;
	char configured_host[256];
	bool is_loopback; /* on every address: then the Host header is checked */
	uint16_t port;
	struct MHD_Daemon *daemons[LISTEN_ADDRESSES_MAX];
	size_t daemon_count;
	_Atomic unsigned scrapes;          /* running now */
	const char *_Atomic not_ready_why; /* NULL: ready */
};

struct request {
	struct admin *admin;
	struct MHD_Connection *connection;
};

/* A header's value, empty where it is not there. */
struct slice request_header(const struct request *r, const char *name);

/* Answers with these bytes: borrowed for good (reply_static), or taken from body, which is empty then (reply_buf).
 * status: an HTTP code. Every reply carries the security headers. */
enum MHD_Result reply_static(const struct request *r, unsigned status, const char *content_type, const char *bytes,
			     size_t n);
enum MHD_Result reply_buf(const struct request *r, unsigned status, const char *content_type, struct buf *body);

/* {"error":"..."}; message: a literal. */
enum MHD_Result reply_error(const struct request *r, unsigned status, const char *message);

/* Sends a response that the caller made, with the security headers, and drops it. NULL closes the connection. */
enum MHD_Result reply_send(const struct request *r, unsigned status, const char *content_type,
			   struct MHD_Response *response);

/* Routes a GET or HEAD. */
enum MHD_Result route_request(const struct request *r, const char *path);

/* Whether another method was meant for a path that exists. */
bool route_exists(const char *path);

/* /metrics: a scrape that is sent as it is written. */
enum MHD_Result metrics_reply(const struct request *r);

#endif
