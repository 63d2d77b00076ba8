/* SPDX-License-Identifier: Apache-2.0
 * base/zone.h - how far a time zone's clocks are from UTC, from the system's tz database.
 *
 * The process's own TZ is neither read nor changed. Reads TZif files (RFC 8536), versions 2 and up: their list of
 * changes, and beyond its end the rule in their last line (as POSIX writes it in TZ), which holds for ever.
 * Immutable once opened; any thread may ask.
 */
#ifndef PLIMSOLL_BASE_ZONE_H
#define PLIMSOLL_BASE_ZONE_H

#include <stdint.h>

#include "agent/base/status.h"

struct zone;

/* name: of the IANA database, "Europe/Berlin"; "UTC" needs no file.
 * Errors: NOTFOUND, there is no such zone (or no database); MALFORMED, its file is none that we read; NOMEM. */
struct status zone_open(const char *name, struct zone **out) MUST_USE;
void zone_free(struct zone *z);

/* Seconds east of UTC that hold at this moment. */
int32_t zone_offset(const struct zone *z, int64_t unix_s);

/* The first moment at which clocks there show local_s (seconds after 1970-01-01T00:00 on such a clock) or, where
 * they skip it, the moment at which they skip. */
int64_t zone_to_unix(const struct zone *z, int64_t local_s);

/* Days after 1970-01-01 of a date, and back (proleptic Gregorian). month: 1..12; others are carried into the year. */
int64_t civil_days(int64_t year, int64_t month, int64_t day);
void civil_date(int64_t days, int64_t *year, int *month, int *day);

#endif
