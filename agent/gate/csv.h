/* SPDX-License-Identifier: Apache-2.0
 * gate/csv.h - tables with a header (RFC 4180), row by row as JSON objects.
 */
#ifndef PLIMSOLL_GATE_CSV_H
#define PLIMSOLL_GATE_CSV_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"
#include "agent/base/status.h"

#define CSV_COLUMNS_MAX 256u

/* Calls visit with each row as {"column":"cell",...}; empty cells are left out. The object lives for the call.
 * Errors: MALFORMED, with line and column in why; TOOBIG, too many columns; NOMEM; what visit returned. */
struct status csv_read(struct slice text, struct status (*visit)(void *context, struct slice object), void *context,
		       struct buf *why) MUST_USE;

#endif
