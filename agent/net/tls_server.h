/* SPDX-License-Identifier: Apache-2.0
 * net/tls_server.h - certificate, key and clients' CA of one listener, as they stand in their files now.
 *
 * Made, checked (by file_watch.h) and freed on the loop's thread; taken from by any. A connection holds what it began
 * with, so a change reaches new connections and leaves open ones alone.
 */
#ifndef PLIMSOLL_NET_TLS_SERVER_H
#define PLIMSOLL_NET_TLS_SERVER_H

#include <microhttpd.h>

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/config/security.h"

struct tls_server;

/* What was in the files at one time. PEM texts, NUL-terminated; client_ca NULL: clients need no certificate. */
struct tls_material {
	const char *cert, *key, *client_ca;
};

/* *out is NULL where the listener has no TLS. key: "receivers.otlp.protocols.http.tls", a literal. The strings of
 * config outlive it. why: the sentence to print. Errors: INVALID, IO, NOMEM. */
struct status tls_server_new(const struct tls_server_config *config, const char *key, struct tls_server **out,
			     struct buf *why) MUST_USE;

/* Of what was taken, nothing needs it any more. NULL is allowed. */
void tls_server_free(struct tls_server *t);

/* The material of now, until tls_material_release. */
struct tls_material *tls_server_take(struct tls_server *t);
void tls_material_release(struct tls_material *m); /* NULL is allowed */

/* ------------------------------------------------------------------ for libmicrohttpd; t NULL: no TLS */

#define TLS_DAEMON_OPTIONS 3

/* The flags, and for MHD_OPTION_ARRAY the options, that make a daemon speak TLS. */
unsigned tls_daemon_flags(const struct tls_server *t);
void tls_daemon_options(const struct tls_server *t, struct MHD_OptionItem out[TLS_DAEMON_OPTIONS]);

/* Gives a connection that has just come its certificate and its rules. Returns what it holds from now on; NULL without
 * TLS. A connection that is not greeted fails in its handshake. */
struct tls_material *tls_daemon_greet(struct tls_server *t, struct MHD_Connection *connection);

#endif
