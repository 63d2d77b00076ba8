/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/write_request_priv.h - what the encoders of both versions share.
 */
#ifndef PLIMSOLL_EXPORTERS_REMOTEWRITE_WRITE_REQUEST_PRIV_H
#define PLIMSOLL_EXPORTERS_REMOTEWRITE_WRITE_REQUEST_PRIV_H

#include "exporters/remotewrite/write_request.h"

/* One message version. pack appends the message as protobuf. */
struct write_format {
	struct status (*begin)(struct write_request *r);
	struct status (*add)(struct write_request *r, const struct write_series *s);
	struct status (*pack)(struct write_request *r, struct buf *out);
};

extern const struct write_format write_format_1, write_format_2;

#define NO_REQUEST_MEMORY FAIL(NOMEM, "no memory for the request")

/* Room for one more pointer in a growing list. NULL without memory. */
void **write_list_grow(struct arena *a, void **list, size_t count, size_t *cap);

#endif
