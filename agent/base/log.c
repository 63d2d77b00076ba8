/* SPDX-License-Identifier: Apache-2.0
 * base/log.c - formats a line, limits repeats, writes it with one write(2).
 */
#include "agent/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/base/clock.h"

#define LINE_BYTES 2048

static const char *const level_names[] = { "debug", "info", "warn", "error" };
static _Atomic int lowest_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	lowest_level = (int)level;
}

/* How many lines were held back before this one, or -1 where this one is held back too. */
static int64_t admit(struct log_site *site)
{
	uint64_t now_s = clock_mono_ns() / NS_PER_SECOND + 1;
	uint64_t start_s = site->window_start_s;

	if (now_s - start_s >= LOG_WINDOW_S && atomic_compare_exchange_strong(&site->window_start_s, &start_s, now_s)) {
		uint32_t seen = atomic_exchange(&site->count, 1);
		return seen > LOG_BURST ? (int64_t)(seen - LOG_BURST) : 0;
	}
	return atomic_fetch_add(&site->count, 1) < LOG_BURST ? 0 : -1;
}

/* Control characters would break the line or the reader's terminal. */
static void make_printable(char *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
}

static size_t clamp(int written, size_t room)
{
	return written < 0 ? 0 : (size_t)written < room ? (size_t)written : room - 1;
}

void log_line(struct log_site *site, enum log_level level, const char *at, const char *event, const char *format, ...)
{
	char line[LINE_BYTES];
	char now[21];
	va_list args;

	if ((int)level < lowest_level)
		return;
	int64_t suppressed = admit(site);
	if (suppressed < 0)
		return;
	clock_format_utc(clock_unix_ns() / NS_PER_SECOND, now);
	size_t n = clamp(snprintf(line, sizeof(line), "time=%s level=%s at=%s event=%s ", now, level_names[level], at, event),
			 sizeof(line));
	va_start(args, format);
	n += clamp(vsnprintf(line + n, sizeof(line) - n, format, args), sizeof(line) - n);
	va_end(args);
	if (suppressed > 0)
		n += clamp(snprintf(line + n, sizeof(line) - n, " suppressed=%lld", (long long)suppressed), sizeof(line) - n);
	make_printable(line, n);
	line[n++] = '\n'; /* clamp keeps n below the size */
	ssize_t ignored = write(STDERR_FILENO, line, n);
	(void)ignored;
}
