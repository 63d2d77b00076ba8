/* SPDX-License-Identifier: Apache-2.0
 * receivers/inflate.h - a compressed body into a buffer, never beyond a cap.
 *
 * In:     the body in one or more parts, as the transport holds them
 * Out:    the plain bytes, appended to the caller's buffer; at most max_bytes of them exist at any time
 * Owns:   the decompressors' state, kept from body to body (12 KiB for libdeflate, up to 8 MiB for a zstd window)
 *
 * An inflater belongs to one thread. Formats: gzip (RFC 1952, concatenated members allowed), deflate (zlib, RFC 1950),
 * zstd (RFC 8878, concatenated frames allowed, windows up to the 8 MiB that the RFC asks decoders to support).
 */
#ifndef PLIMSOLL_RECEIVERS_INFLATE_H
#define PLIMSOLL_RECEIVERS_INFLATE_H

#include <libdeflate.h>
#include <zstd.h>

#include "agent/base/buf.h"
#include "agent/base/status.h"

/* What a sender is told whose request passes the limit of the port that it came to. */
#define LARGER_THAN_THE_LIMIT \
	"request is larger than the limit (http: max_request_body_size, grpc: max_recv_msg_size_mib); send smaller batches"

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_DEFLATE, CODING_ZSTD, CODING_COUNT };

struct inflater {
	struct buf *out;
	size_t start, max_bytes; /* out->len at the beginning, and how far it may grow */
	enum coding coding;
	bool at_boundary; /* between zstd frames: the body may end here */
	ZSTD_DCtx *zstd;
	struct libdeflate_decompressor *deflate; /* gzip and deflate: takes whole bodies */
	struct slice only_part; /* the body, while it has come in one part */
	struct buf parts;       /* else all of its parts so far */
};

/* The coding that a Content-Encoding names ("gzip", "x-gzip", "deflate", "zlib", "zstd", "identity", empty), case
 * ignored. Errors: UNSUPPORTED. */
struct status coding_parse(struct slice name, enum coding *out) MUST_USE;

void inflater_init(struct inflater *i);
void inflater_release(struct inflater *i);

/* Begin a body, feed all of its parts, end it: until then the parts stay where they are. After an error only
 * inflater_begin and inflater_release are allowed; out then holds what had come. identity copies, under the same cap.
 * Errors: TOOBIG, the plain bytes pass max_bytes; MALFORMED, broken, cut off, or followed by other bytes; NOMEM. */
struct status inflater_begin(struct inflater *i, enum coding coding, size_t max_bytes, struct buf *out) MUST_USE;
struct status inflater_feed(struct inflater *i, struct slice part) MUST_USE;
struct status inflater_end(struct inflater *i) MUST_USE;

#endif
