/* SPDX-License-Identifier: Apache-2.0
 * base/plain.h - other people's words on a terminal or in a page of text: names of features, cases and prompts come from
 * whoever sends, and must not move a cursor, name a window or end a line.
 */
#ifndef PLIMSOLL_BASE_PLAIN_H
#define PLIMSOLL_BASE_PLAIN_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"

/* Columns that plain_write takes of a terminal: two for Chinese characters and emoji, none for accents that stand on the
 * character before. By the C library's table. */
size_t plain_columns(struct slice text);

/* The start of text, so many columns at most. */
struct slice plain_head(struct slice text, size_t columns);

/* Appends text on one line: control characters (C0, DEL, C1) become blanks; bytes that are no UTF-8 are dropped, and marks
 * that would turn the rest of the line around. escaped: characters that get a backslash, "" for none. */
void plain_write(struct buf *out, struct slice text, const char *escaped);

/* The same in so many columns at most, 4 or more; exactly so many where it is longer: it loses its middle, since names often
 * differ at their ends. */
void plain_write_short(struct buf *out, struct slice text, size_t columns);

#endif
