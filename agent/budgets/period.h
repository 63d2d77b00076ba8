/* SPDX-License-Identifier: Apache-2.0
 * budgets/period.h - hours, days and months on the clocks of a time zone.
 *
 * A day starts at midnight there, or where clocks skip midnight at the moment of the change: it may have 23 or 25 hours.
 */
#ifndef PLIMSOLL_BUDGETS_PERIOD_H
#define PLIMSOLL_BUDGETS_PERIOD_H

#include "agent/base/slice.h"
#include "agent/base/zone.h"

enum period_kind { PERIOD_REQUEST, PERIOD_HOUR, PERIOD_DAY, PERIOD_MONTH };

struct period {
	int64_t start_s, end_s; /* unix; the end belongs to the next one */
};

/* "request", "hour", "day", "month": one of these, the configuration has seen to it. */
enum period_kind period_kind_of(const char *name);

/* The one that the moment lies in. PERIOD_REQUEST has none: all of time. */
struct period period_at(enum period_kind kind, const struct zone *zone, int64_t unix_s);

#endif
