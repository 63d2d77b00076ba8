/* SPDX-License-Identifier: Apache-2.0
 * base/clock.h - the two clocks: event time is compared with the wall clock, time-outs use the monotonic one.
 */
#ifndef PLIMSOLL_BASE_CLOCK_H
#define PLIMSOLL_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_SECOND UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* A sender's clock may be this much ahead of ours. What is later is damaged, or from before ours was set back: not to be
 * believed. */
#define CLOCK_AHEAD_MAX_S 300

uint64_t clock_unix_ns(void);
uint64_t clock_mono_ns(void);

/* CPU time that this process has used, all threads together. */
uint64_t clock_process_cpu_ns(void);

/* "2026-11-21T15:57:16Z" into out (at least 21 bytes), NUL-terminated. */
void clock_format_utc(uint64_t unix_seconds, char out[21]);

/* "2026-11-21T15:57:16.000000250Z" into out (at least 31 bytes), NUL-terminated. */
void clock_format_utc_ns(uint64_t unix_ns, char out[31]);

/* RFC 3339 ("2026-11-21T15:57:16.25+01:00", or a bare date) to unix ns. Returns 0, or -1 where the text is none, or is
 * before 1970. What is later than 64 bits hold (2554) is the last second of them. */
int clock_parse_rfc3339(const char *text, uint64_t *unix_ns);

#endif
