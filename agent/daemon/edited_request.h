/* SPDX-License-Identifier: Apache-2.0
 * daemon/edited_request.h - the request that is passed on, written while its calls are completed.
 *
 * A span's own bytes and the attributes that it gets are copied to where the exporters will read them as soon as the
 * attributes are known: they are not written to one place first, and every byte is moved once. Of one lane.
 */
#ifndef PLIMSOLL_DAEMON_EDITED_REQUEST_H
#define PLIMSOLL_DAEMON_EDITED_REQUEST_H

#include "agent/otlp/edit.h"
#include "agent/span/payload.h"

struct edited_request {
	struct edit_list *edits;
	struct slice wire;
	struct edit_writer writer;
	struct payload *payload; /* NULL: none is being made, or there was no memory */
	size_t room_bytes;       /* of the payload */
	size_t fills, filled_bytes;
	size_t guess_bytes; /* that a place will be filled with: a little more than those of the last request were */
};

/* Begins as zeros, and ends with this. */
void edited_request_release(struct edited_request *r);

/* The wire bytes and the edits, which the walker is through with, are borrowed until the end. calls: that will be filled
 * in, about. */
void edited_request_begin(struct edited_request *r, struct edit_list *edits, struct slice wire, size_t calls);

/* Fills in a place of the edits, further on than the last one; the attributes are needed no longer then. */
void edited_request_fill(struct edited_request *r, size_t place, struct slice attributes);

/* All of the request, with one reference; NULL without memory. */
struct payload *edited_request_end(struct edited_request *r, enum payload_kind kind, uint32_t items);

#endif
