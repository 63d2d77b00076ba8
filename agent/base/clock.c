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

/* Exactly n digits, which *at moves behind. */
static bool parse_digits(const char **at, int n, int *out)
{
	*out = 0;
	for (; n > 0; n--, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*out = *out * 10 + (**at - '0');
	}
	return true;
}

static bool skip(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

/* Three numbers with a separator between each two. */
static bool parse_three(const char **at, int first_digits, char separator, int out[3])
{
	return parse_digits(at, first_digits, &out[0]) && skip(at, separator) && parse_digits(at, 2, &out[1]) &&
	       skip(at, separator) && parse_digits(at, 2, &out[2]);
}

static bool parse_zone(const char *at, int64_t *offset_s)
{
	int hours, minutes, sign = *at == '-' ? -1 : 1;

	if ((*at == 'Z' || *at == 'z') && at[1] == '\0')
		return true;
	if ((*at != '+' && *at != '-') || (at++, !parse_digits(&at, 2, &hours)) || !skip(&at, ':') ||
	    !parse_digits(&at, 2, &minutes) || *at != '\0' || hours > 23 || minutes > 59)
		return false;
	*offset_s = sign * (hours * INT64_C(3600) + minutes * 60);
	return true;
}

static const char *parse_fraction(const char *at, uint64_t *ns)
{
	uint64_t unit = NS_PER_SECOND / 10;

	if (*at != '.')
		return at;
	for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10)
		*ns += (uint64_t)(*at - '0') * unit;
	return at;
}

static bool is_date(const int date[3])
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = date[0] % 4 == 0 && (date[0] % 100 != 0 || date[0] % 400 == 0);

	return date[0] >= 1970 && date[1] >= 1 && date[1] <= 12 && date[2] >= 1 &&
	       date[2] <= lengths[date[1] - 1] + (is_leap && date[1] == 2);
}

int clock_parse_rfc3339(const char *text, uint64_t *unix_ns)
{
	int date[3], time[3] = { 0 };
	int64_t offset_s = 0;
	uint64_t ns = 0;

	if (!parse_three(&text, 4, '-', date) || !is_date(date))
		return -1;
	if (*text == 'T' || *text == 't' || *text == ' ') {
		text++;
		if (!parse_three(&text, 2, ':', time) || time[0] > 23 || time[1] > 59 || time[2] > 60)
			return -1;
		text = parse_fraction(text, &ns);
		if (*text != '\0' && !parse_zone(text, &offset_s))
			return -1;
	} else if (*text != '\0') {
		return -1;
	}
	struct tm tm = { .tm_year = date[0] - 1900, .tm_mon = date[1] - 1, .tm_mday = date[2],
			 .tm_hour = time[0], .tm_min = time[1], .tm_sec = time[2] };
	int64_t seconds = timegm(&tm) - offset_s;
	if (seconds < 0)
		return -1;
	if ((uint64_t)seconds > UINT64_MAX / NS_PER_SECOND - 1) /* people write 9999-12-31 for "never" */
		seconds = (int64_t)(UINT64_MAX / NS_PER_SECOND - 1);
	*unix_ns = (uint64_t)seconds * NS_PER_SECOND + ns;
	return 0;
}
