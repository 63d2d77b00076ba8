/* SPDX-License-Identifier: Apache-2.0
 * admin/negotiate.h - what a request's headers ask for (RFC 9110 section 12.5, 7.2).
 */
#ifndef PLIMSOLL_ADMIN_NEGOTIATE_H
#define PLIMSOLL_ADMIN_NEGOTIATE_H

#include "agent/base/slice.h"

/* Accept: OpenMetrics is named, in a version we write (1.0.0, 0.0.1 or any), and plain text is not liked better. */
bool accepts_openmetrics(struct slice accept);

/* Accept-Encoding: gzip is named or covered by *, and not excluded by q=0. */
bool accepts_gzip(struct slice accept_encoding);

/* Host: a name of this machine's loopback or configured_host, whatever the port. */
bool host_is_local(struct slice host_header, struct slice configured_host);

#endif
