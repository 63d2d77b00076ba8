/* SPDX-License-Identifier: Apache-2.0
 * cli/table.h - rows for people, with columns as wide as what stands in them, two blanks apart and none at the end
 * of a line. Widths are columns of a terminal, not bytes; words are plain (base/plain.h), so that no name reaches the terminal
 * as a command.
 */
#ifndef PLIMSOLL_CLI_TABLE_H
#define PLIMSOLL_CLI_TABLE_H

#include "agent/base/buf.h"

#define TABLE_COLUMNS_MAX 8u

/* Begins as zeros but for the columns. */
struct table {
	unsigned columns;
	unsigned numbers; /* bit i: column i is of numbers, which stand to the right */
	unsigned names;   /* bit i: column i is of names, which lose their middle where a row is wider than width */
	unsigned texts;   /* bit i: column i is of sentences, which lose their end there */
	unsigned width;   /* columns of the terminal; 0: no limit */
	size_t widths[TABLE_COLUMNS_MAX];
	size_t cells;
	struct buf text; /* cells one after the other, each with a NUL behind */
};

/* The first row: as many as there are columns. */
void table_heads(struct table *t, const char *const *heads);

/* The next cell; rows follow from the number of columns. */
void table_cell(struct table *t, const char *text);
void table_printf(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends all rows to out and releases the table. */
void table_write(struct table *t, struct buf *out);

#endif
