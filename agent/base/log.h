/* SPDX-License-Identifier: Apache-2.0
 * base/log.h - one line per event on standard error: level=warn at=receivers event=batch_rejected reason="..." bytes=512
 *
 * Any thread may log. Never log prompts, completions, header values or keys. Values are quoted where they need it.
 * One call site logs at most LOG_BURST lines in LOG_WINDOW_S; then it is silent until the window ends, and the next
 * line says how many were held back (suppressed=N).
 */
#ifndef PLIMSOLL_BASE_LOG_H
#define PLIMSOLL_BASE_LOG_H

#include <stdatomic.h>
#include <stdint.h>

#include "agent/base/slice.h"

#define LOG_BURST 10
#define LOG_WINDOW_S 10

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* State of one call site; log_event makes it static. */
struct log_site {
	_Atomic uint64_t window_start_s;
	_Atomic uint32_t count;
};

void log_set_level(enum log_level level);

/* format: printf text of space-separated key=value pairs. Quote free text with "key=\"%s\"" and keep it short. */
void log_line(struct log_site *site, enum log_level level, const char *at, const char *event, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

#define LOG(level, at, event, ...)                                                     \
	do {                                                                           \
		static struct log_site log_here;                                       \
		log_line(&log_here, LOG_LEVEL_##level, (at), (event), __VA_ARGS__);    \
	} while (0)

#endif
