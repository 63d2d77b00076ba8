/* SPDX-License-Identifier: Apache-2.0
 * otlp/json_transcode.h - OTLP/JSON to protobuf wire bytes, so that everything behind the receiver has one format.
 *
 * The deviations of OTLP/JSON from proto3 JSON are followed: ids in hex, enums as integers, lowerCamelCase keys only,
 * 64-bit integers as strings or numbers, other bytes in base64, unknown keys ignored, null as absent.
 */
#ifndef PLIMSOLL_OTLP_JSON_TRANSCODE_H
#define PLIMSOLL_OTLP_JSON_TRANSCODE_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/span/batch.h"

/* Appends the request's wire bytes to out, at most max_bytes of them.
 * where: filled on MALFORMED with "line L, column C" of the trouble; may be NULL.
 * Errors: MALFORMED, not JSON or of the wrong shape; TOOBIG; NOMEM. On failure nothing was appended. */
struct status json_to_wire(struct slice json, enum signal signal, size_t max_bytes, struct buf *out,
			   char where[40]) MUST_USE;

#endif
