/* SPDX-License-Identifier: Apache-2.0
 * exporters/compress.h - request bodies made smaller.
 */
#ifndef PLIMSOLL_EXPORTERS_COMPRESS_H
#define PLIMSOLL_EXPORTERS_COMPRESS_H

#include "agent/base/buf.h"
#include "agent/base/status.h"

/* In the order of the choices "gzip|none|zstd". */
enum compression { COMPRESSION_GZIP, COMPRESSION_NONE, COMPRESSION_ZSTD };

/* Appends the compressed bytes; not for COMPRESSION_NONE. Errors: NOMEM. */
struct status compress_append(enum compression how, struct slice bytes, struct buf *out) MUST_USE;

/* The word for Content-Encoding; NULL for none. */
const char *compression_encoding(enum compression how);

#endif
