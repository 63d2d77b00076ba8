/* SPDX-License-Identifier: Apache-2.0
 * exporters/http_delivery.h - what an HTTP answer means for a payload, for exporters that post.
 */
#ifndef PLIMSOLL_EXPORTERS_HTTP_DELIVERY_H
#define PLIMSOLL_EXPORTERS_HTTP_DELIVERY_H

#include "agent/base/buf.h"
#include "exporters/exporter.h"

/* No answer: try again. 2xx: done. Others: as is_retryable says, with the code, the address without its secrets, where
 * it redirects to, and the head of a plain text answer as the reason. */
struct delivery http_delivery(const char *url, const struct http_response *response,
			      bool (*is_retryable)(unsigned code));

/* ": redirects to https://...", which is not followed; nothing where it is no redirect, or leads nowhere. */
void http_redirect_append(const struct http_response *response, struct buf *out);

/* A request that could not be started: refused where it can never be (INVALID, MALFORMED), else to be tried
 * again. */
struct delivery http_not_started(struct status why);

#endif
