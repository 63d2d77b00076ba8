/* SPDX-License-Identifier: Apache-2.0
 * config/errors.h - every mistake of a configuration file, one line each, with its place, in the file's order.
 */
#ifndef PLIMSOLL_CONFIG_ERRORS_H
#define PLIMSOLL_CONFIG_ERRORS_H

#include "agent/base/buf.h"

/* Mistakes past this many are only counted: a file of another kind would fill the screen. */
#define CONF_ERRORS_SHOWN 100

/* Counted from 1, in characters; line 0: the file as a whole. */
struct conf_mark {
	size_t line, column;
};

struct conf_errors {
	const char *file;
	size_t count;
	struct conf_error {
		struct conf_mark at;
		size_t start, len; /* in text */
	} shown[CONF_ERRORS_SHOWN];
	struct buf text;
};

/* Keeps "file:line:column: text". Control characters in the text become '?'. */
void conf_error(struct conf_errors *e, struct conf_mark at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends the lines to out, sorted by place, and how many were not kept; frees what they took. */
void conf_errors_finish(struct conf_errors *e, struct buf *out);

#endif
