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
#include "agent/net/tls_server.h"

struct admin {
	struct admin_source source;
	const char *token; /* admin.token, or NULL */
	char configured_host[256];
	bool is_loopback; /* on every address: then the Host header is checked; a unix socket is none */
	const char *unix_path; /* NULL: not a unix socket, or not bound */
	struct tls_server *tls; /* NULL: plain */
	uint16_t port;
	struct MHD_Daemon *daemons[LISTEN_ADDRESSES_MAX];
	size_t daemon_count;
	_Atomic unsigned scrapes;          /* running now */
	_Atomic size_t bodies;             /* bytes of the bodies that are being received */
	const char *_Atomic not_ready_why; /* NULL: ready */
};

struct request {
	struct admin *admin;
	struct MHD_Connection *connection;
	bool is_head; /* a GET without its body */
};

/* A header's value, empty where it is not there. */
struct slice request_header(const struct request *r, const char *name);

/* Answers with these bytes: borrowed for good (reply_static), or taken from body, which is empty then (reply_buf).
 * status: an HTTP code. Every reply carries the security headers. */
enum MHD_Result reply_static(const struct request *r, unsigned status, const char *content_type, const char *bytes,
			     size_t n);
enum MHD_Result reply_buf(const struct request *r, unsigned status, const char *content_type, struct buf *body);

/* As reply_buf, with one more header; name NULL: none. An empty body is fine. */
enum MHD_Result reply_with(const struct request *r, unsigned status, const char *content_type, struct buf *body,
			   const char *name, const char *value);

/* {"error":"..."} with one more header; name NULL: none. */
enum MHD_Result reply_refusal(const struct request *r, unsigned status, const char *message, const char *name,
			      const char *value);

/* Sends a response that the caller made, with the security headers, and drops it. NULL closes the connection. */
enum MHD_Result reply_send(const struct request *r, unsigned status, const char *content_type,
			   struct MHD_Response *response);

/* Answers a GET or HEAD of a path that exists. */
enum MHD_Result route_request(const struct request *r, const char *path);

/* Whether another method was meant for a path that exists. */
bool route_exists(const char *path);

/* The paths of that table, for whoever asks for another: "/, /metrics, ...". */
void route_list(struct buf *out);

/* Whether a registered table knows the path, whatever the method. */
bool api_covers(const struct request *r, const char *path);

/* ", GET /api/v1/..." for every registered route. */
void api_list(const struct request *r, struct buf *out);

/* A request for such a path, in three steps. begin: its headers are here; either it is answered already (*out stays
 * NULL) or *out collects its body. take: a piece of the body. finish: all of it is here. */
struct upload;
enum MHD_Result api_begin(const struct request *r, const char *path, const char *method, struct upload **out);
void api_take(struct admin *a, struct upload *u, const char *bytes, size_t n);
enum MHD_Result api_finish(const struct request *r, const char *path, const struct upload *u);
void upload_free(struct admin *a, struct upload *u);

/* /metrics: a scrape that is sent as it is written. */
enum MHD_Result metrics_reply(const struct request *r);

#endif
