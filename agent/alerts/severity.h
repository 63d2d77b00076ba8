/* SPDX-License-Identifier: Apache-2.0
 * alerts/severity.h - how much an alert matters, and the labels by which rules know it.
 *
 * Severity follows from kind and metric alone, never from how large a deviation is: it is part of the identity that
 * two hundred pods must give to one incident.
 */
#ifndef PLIMSOLL_ALERTS_SEVERITY_H
#define PLIMSOLL_ALERTS_SEVERITY_H

#include "agent/config/matcher.h"
#include "agent/span/verdict.h"

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITY_COUNT };

extern const char *const severity_names[SEVERITY_COUNT];

enum severity severity_of(const struct verdict *v);

/* Which of several alerts of one incident is told: the higher. Errors before money before quality before time. */
int severity_rank(const struct verdict *v);

/* The labels of an alert; they borrow from v. */
struct match_labels severity_labels(const struct verdict *v);

#endif
