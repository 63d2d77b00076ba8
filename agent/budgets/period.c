/* SPDX-License-Identifier: Apache-2.0
 * budgets/period.c - through the calendar of the zone and back.
 */
#include "agent/budgets/period.h"

#define HOUR_S INT64_C(3600)
#define DAY_S  INT64_C(86400)

enum period_kind period_kind_of(const char *name)
{
	static const char *const names[] = {
		[PERIOD_REQUEST] = "request", [PERIOD_HOUR] = "hour", [PERIOD_DAY] = "day", [PERIOD_MONTH] = "month"
	};
	int kind = PERIOD_MONTH;

	while (kind > 0 && strcmp(names[kind], name) != 0)
		kind--;
	return (enum period_kind)kind;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Hours are counted on, not read off: the hour that comes twice in autumn is two. */
static struct period hour_at(const struct zone *zone, int64_t unix_s)
{
	int32_t offset = zone_offset(zone, unix_s);
	int64_t start = floor_divide(unix_s + offset, HOUR_S) * HOUR_S - offset;

	return (struct period){ start, start + HOUR_S };
}

static struct period days_at(const struct zone *zone, int64_t first_day, int64_t next_day)
{
	return (struct period){ zone_to_unix(zone, first_day * DAY_S), zone_to_unix(zone, next_day * DAY_S) };
}

struct period period_at(enum period_kind kind, const struct zone *zone, int64_t unix_s)
{
	int64_t day, year;
	int month, of_month;

	if (kind == PERIOD_REQUEST)
		return (struct period){ 0, INT64_MAX };
	if (kind == PERIOD_HOUR)
		return hour_at(zone, unix_s);
	day = floor_divide(unix_s + zone_offset(zone, unix_s), DAY_S);
	if (kind == PERIOD_DAY)
		return days_at(zone, day, day + 1);
	civil_date(day, &year, &month, &of_month);
	return days_at(zone, civil_days(year, month, 1), civil_days(year, month + 1, 1));
}
