/* SPDX-License-Identifier: Apache-2.0
 * base/zone_rule.h - a POSIX TZ rule, such as "CET-1CEST,M3.5.0,M10.5.0/3": when clocks change every year.
 *
 * Source: POSIX.1-2017, chapter 8.3, with RFC 8536's wider range of hours (-167..167).
 */
#ifndef PLIMSOLL_BASE_ZONE_RULE_H
#define PLIMSOLL_BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/slice.h"

struct zone_change {
	enum { CHANGE_MONTH_WEEK, CHANGE_JULIAN, CHANGE_DAY } kind; /* Mm.w.d, Jn (no leap day), n (from 0) */
	int month, week, day;
	int32_t local_s; /* after midnight */
};

struct zone_rule {
	int32_t standard, summer; /* seconds east of UTC */
	bool has_summer;
	struct zone_change to_summer, to_standard;
};

/* False where text is no such rule. */
bool zone_rule_read(struct slice text, struct zone_rule *out);

int32_t zone_rule_offset(const struct zone_rule *r, int64_t unix_s);

#endif
