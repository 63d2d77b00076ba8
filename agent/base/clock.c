/* SPDX-License-Identifier: Apache-2.0
 * base/clock.c - reading and writing the time.
 */
#include "agent/base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

uint64_t clock_unix_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t clock_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_process_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void clock_format_utc(uint64_t unix_seconds, char out[21])
{
	time_t t = (time_t)unix_seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year + 1900 > 9999) {
		memcpy(out, "9999-12-31T23:59:59Z", 21);
		return;
	}
	strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void clock_format_utc_ns(uint64_t unix_ns, char out[31])
{
	char seconds[21];

	clock_format_utc(unix_ns / NS_PER_SECOND, seconds);
	snprintf(out, 31, "%.19s.%09uZ", seconds, (unsigned)(unix_ns % NS_PER_SECOND));
}

static bool parse_zone(const char *text, int *offset_s)
{
	int hours, minutes, used = 0;

	if ((text[0] == 'Z' || text[0] == 'z') && text[1] == '\0') {
		*offset_s = 0;
		return true;
	}
	if ((text[0] != '+' && text[0] != '-') || sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 ||
	    text[1 + used] != '\0' || hours > 23 || minutes > 59 || hours < 0 || minutes < 0)
		return false;
	*offset_s = (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

static const char *parse_fraction(const char *at, uint64_t *ns)
{
	uint64_t unit = NS_PER_SECOND / 10;

	*ns = 0;
	if (*at != '.')
		return at;
	for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10)
		*ns += (uint64_t)(*at - '0') * unit;
	return at;
}

int clock_parse_rfc3339(const char *text, uint64_t *unix_ns)
{
	struct tm tm = { 0 };
	uint64_t ns = 0;
	int used = 0, offset_s = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &used) != 3 || used != 10)
		return -1;
	const char *at = text + used;
	if (*at == 'T' || *at == 't' || *at == ' ') {
		if (sscanf(at + 1, "%2d:%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 3 || used != 8)
			return -1;
		at = parse_fraction(at + 9, &ns);
		if (*at != '\0' && !parse_zone(at, &offset_s))
			return -1;
	} else if (*at != '\0') {
		return -1;
	}
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60 || tm.tm_year < 1970)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	time_t seconds = timegm(&tm) - offset_s;
	if (seconds < 0)
		return -1;
	*unix_ns = (uint64_t)seconds * NS_PER_SECOND + ns;
	return 0;
}
