/* SPDX-License-Identifier: Apache-2.0
 * daemon/report.h - what a replay found, as tables for people.
 */
#ifndef PLIMSOLL_DAEMON_REPORT_H
#define PLIMSOLL_DAEMON_REPORT_H

#include "agent/base/buf.h"

/* Appends totals and the rows by feature, prompt and model, in lines of at most so many columns. summary: what
 * observer_summary wrote. */
void report_write(struct buf *out, struct slice summary, unsigned columns);

#endif
