/* SPDX-License-Identifier: Apache-2.0
 * base/plain.h - other people's words on a terminal or in a page of text: names of features, cases and prompts come from
 * whoever sends, and must not move a cursor, name a window or end a line.
 */
#ifndef PLIMSOLL_BASE_PLAIN_H
#define PLIMSOLL_BASE_PLAIN_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"

/* Characters, however many bytes each of them has. */
size_t plain_length(struct slice text);

/* The start of text, so many characters at most. */
struct slice plain_head(struct slice text, size_t characters);

/* Appends text on one line: control characters (C0, DEL, C1) become blanks, bytes that are no UTF-8 are dropped. escaped:
 * characters that get a backslash, "" for none. */
void plain_write(struct buf *out, struct slice text, const char *escaped);

/* The same in so many characters at most, 4 or more. A longer text loses its middle: names often differ at their ends. */
void plain_write_short(struct buf *out, struct slice text, size_t characters);

#endif
