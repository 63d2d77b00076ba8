/* SPDX-License-Identifier: Apache-2.0
 * otlp/json_write.h - protobuf wire bytes to OTLP/JSON, for peers that read nothing else.
 *
 * The way back of json_transcode.h, from the same tables: ids in hex, enums as integers, lowerCamelCase keys, 64-bit
 * integers as strings, other bytes in base64. Fields that OTLP does not know are left out.
 */
#ifndef PLIMSOLL_OTLP_JSON_WRITE_H
#define PLIMSOLL_OTLP_JSON_WRITE_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/span/batch.h"

/* Appends the request as one JSON object, without a line end.
 * Errors: MALFORMED, broken framing or nested too deeply; NOMEM. On failure nothing was appended. */
struct status wire_to_json(struct slice wire, enum signal signal, struct buf *out) MUST_USE;

#endif
