/* SPDX-License-Identifier: Apache-2.0
 * net/http_framing.h - whether a request says once, and in one way, where it ends.
 *
 * libmicrohttpd takes the first of two lengths, a length beside chunks, and a coding that it does not know as a body
 * without end. A proxy in front may read the same bytes otherwise, and let pass as a body what is a request here. So
 * what RFC 9112 (sections 3.2, 5.1, 6.1, 6.3) calls an error is refused, and its connection closed.
 */
#ifndef PLIMSOLL_NET_HTTP_FRAMING_H
#define PLIMSOLL_NET_HTTP_FRAMING_H

#include <microhttpd.h>

#include "agent/base/status.h"

/* MALFORMED (400): two lengths or hosts, a length beside chunks, a blank before the colon of a header. UNSUPPORTED (501):
 * a transfer coding other than chunked. To be answered at once: where the body ends is not known. */
struct status http_framing_check(struct MHD_Connection *connection);

#endif
