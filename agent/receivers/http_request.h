/* SPDX-License-Identifier: Apache-2.0
 * receivers/http_request.h - one OTLP/HTTP request: judged by its headers, collected, answered.
 *
 * libmicrohttpd calls with the headers, with each piece of the body, and once more at its end. A request that is
 * refused is still read to its end, its bytes thrown away: a sender that is busy sending would not see an early answer.
 * One that asks first (Expect: 100-continue), or whose end cannot be known, is answered at once.
 */
#ifndef PLIMSOLL_RECEIVERS_HTTP_REQUEST_H
#define PLIMSOLL_RECEIVERS_HTTP_REQUEST_H

#include <microhttpd.h>

#include "agent/net/authenticator.h"
#include "agent/receivers/http_connection.h"
#include "agent/receivers/lane.h"

/* What the HTTP thread owns. */
struct http_lane {
	struct lane lane;
	struct http_connections connections;
	struct tls_server *tls;              /* NULL: plain */
	struct authenticator *authenticator; /* NULL: everybody may send */
	struct cors_config cors;
	struct buf spare;   /* memory of a body that is done, for the next one */
	struct buf scratch; /* bodies of answers */
	struct buf reason;  /* why a request was refused, where no literal says it */
	bool is_draining;   /* answers ask clients to close */
	unsigned suspended; /* requests that are on their way to the disk */
};

/* Callbacks of the daemon; context is the http_lane. */
enum MHD_Result http_request_handle(void *context, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *upload, size_t *upload_size,
				    void **request);
void http_request_done(void *context, struct MHD_Connection *connection, void **request,
		       enum MHD_RequestTerminationCode how);
void http_connection_notify(void *context, struct MHD_Connection *connection, void **socket_context,
			    enum MHD_ConnectionNotificationCode code);
void *http_request_begin(void *context, const char *uri, struct MHD_Connection *connection);

#endif
