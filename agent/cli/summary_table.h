/* SPDX-License-Identifier: Apache-2.0
 * cli/summary_table.h - rows of a summary (observe/observe.h) for people, in as many columns as the terminal has room for.
 */
#ifndef PLIMSOLL_CLI_SUMMARY_TABLE_H
#define PLIMSOLL_CLI_SUMMARY_TABLE_H

#include "agent/base/buf.h"

struct summary_table {
	size_t columns;      /* of figures */
	unsigned name_width; /* in columns of a terminal */
};

/* Which figures fit beside names of so many such columns at least; the first of them are the most wanted. */
struct summary_table summary_table_of(unsigned columns, unsigned name_min);

/* Appends the heading, without the end of its line. by: above the names. */
void summary_table_heading(const struct summary_table *t, const char *by, struct buf *out);

/* Appends a line. row: one object of the summary; unknown figures are shown as "-". name: of a row that has none. A name
 * that is too long loses its middle: prompts have their version at the end. */
void summary_table_row(const struct summary_table *t, struct slice row, const char *name, struct buf *out);

/* 950, 1.2k, 34M; "-" for NaN. */
void summary_write_count(struct buf *out, double n);

/* Cents, below a dollar three digits that count; "-" for NaN. */
void summary_write_usd(struct buf *out, double usd);

/* A field as a number, which decimal strings are too; else NaN. */
double summary_number(struct slice row, const char *name);

/* Text cut to so many columns of a terminal, as base/plain.h writes it. */
void summary_write_cut(struct buf *out, struct slice text, size_t room);

#endif
