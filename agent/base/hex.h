/* SPDX-License-Identifier: Apache-2.0
 * base/hex.h - bytes as hexadecimal digits: written in lower case, read in either.
 */
#ifndef PLIMSOLL_BASE_HEX_H
#define PLIMSOLL_BASE_HEX_H

#include <stdint.h>

#include "agent/base/buf.h"

/* 0 to 15; -1: c is no digit. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "a1b2..." of n bytes into out (2 n and a NUL). */
void hex_format(const void *bytes, size_t n, char *out);

/* n bytes from 2 n digits; false where text is something else, and out may hold anything then. */
bool hex_parse(struct slice text, void *out, size_t n);

/* Appends 2 n digits. */
void buf_hex(struct buf *b, const void *bytes, size_t n);

#endif
