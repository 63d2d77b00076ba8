/* SPDX-License-Identifier: Apache-2.0
 * receivers/cors.h - which web pages may send by OTLP/HTTP and read the answers: CORS, as the Fetch standard has it.
 *
 * A page of another origin may not send application/json or protobuf before the browser has asked (the preflight) whether
 * its origin and its headers are welcome. The preflight carries no credentials, so it is answered before anybody is asked
 * for some; what it lets through is authenticated as ever. Nothing configured: no page may.
 */
#ifndef PLIMSOLL_RECEIVERS_CORS_H
#define PLIMSOLL_RECEIVERS_CORS_H

#include <microhttpd.h>

#include "agent/base/slice.h"
#include "agent/config/config.h"

/* One of allowed_origins: "https://app.example", "https://" and "*.example", or "*" alone; case does not count. */
bool cors_allows_origin(const struct cors_config *c, struct slice origin);

/* Every name of the list ("content-type, x-team") is one that all may send, or one of allowed_headers. */
bool cors_allows_headers(const struct cors_config *c, struct slice names);

/* The browser asks; to be answered with 204 and cors_answer_preflight. */
bool cors_is_preflight(const struct cors_config *c, struct MHD_Connection *connection, const char *method);

/* Adds what lets the page send its request; nothing where it may not. */
void cors_answer_preflight(const struct cors_config *c, struct MHD_Connection *connection, struct MHD_Response *response);

/* Adds to any other answer what lets the page read it; nothing where no page asked, or it may not. */
void cors_add_headers(const struct cors_config *c, struct MHD_Connection *connection, struct MHD_Response *response);

#endif
