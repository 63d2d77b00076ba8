/* SPDX-License-Identifier: Apache-2.0
 * store/frame.h - the nine bytes in front of every stored value, by which a torn or foreign one is told.
 *
 *     offset 0  format: 1, or 2 for large values, whose sum is made in a tenth of the time
 *     offset 1  length of the value, 32 bits little-endian
 *     offset 5  of format, length, key and value: their CRC-32 (zlib's), or in format 2 the lower half of base/hash.h's
 *               hash_stable of each in turn, mixed; 32 bits little-endian
 *
 * The key is part of the sum, so that a value which stands under another key fails as well.
 */
#ifndef PLIMSOLL_STORE_FRAME_H
#define PLIMSOLL_STORE_FRAME_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"
#include "agent/base/status.h"

#define FRAME_HEADER_BYTES 9
#define FRAME_VALUE_MAX UINT32_C(0x7fffffff)

/* Writes the header for this value in format 2 to out, FRAME_HEADER_BYTES of it. */
void frame_head(unsigned char *out, struct slice key, struct slice value);

/* Appends header and value to out; value.len is at most FRAME_VALUE_MAX. Without memory out is marked failed. */
void frame_write(struct buf *out, struct slice key, struct slice value);

/* The value inside a stored one, borrowed from it. Errors: CORRUPT. */
struct status frame_read(struct slice key, struct slice stored, struct slice *value) MUST_USE;

#endif
