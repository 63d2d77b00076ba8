/* SPDX-License-Identifier: Apache-2.0
 * daemon/slo_metrics.h - objectives on /metrics: what a fleet adds up, and how fast this agent's budgets burn.
 */
#ifndef PLIMSOLL_DAEMON_SLO_METRICS_H
#define PLIMSOLL_DAEMON_SLO_METRICS_H

#include "agent/observe/exposition.h"
#include "agent/slo/slo.h"

/* Families plimsoll_slo_*. The tracker must not change meanwhile. */
void slo_metrics_render(const struct slo_tracker *slos, struct exposition *x);

#endif
