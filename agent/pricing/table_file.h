/* SPDX-License-Identifier: Apache-2.0
 * pricing/table_file.h - a price file on disk becomes a table.
 */
#ifndef PLIMSOLL_PRICING_TABLE_FILE_H
#define PLIMSOLL_PRICING_TABLE_FILE_H

#include <sys/stat.h>

#include "agent/pricing/load.h"
#include "agent/pricing/table.h"

/* Reads path ("-" for standard input) and opens it. seen: the file as it was before it was read. The table's date is
 * the file's. On failure errors gets one line, with the place and the reason.
 * Errors: IO, INVALID, TOOBIG, NOMEM. */
struct status table_read_file(const char *path, struct table *out, enum price_format *format, struct stat *seen,
			      struct buf *errors) MUST_USE;

/* The table that is part of the program. */
struct status table_open_builtin(struct table *out) MUST_USE;

#endif
