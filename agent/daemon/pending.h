/* SPDX-License-Identifier: Apache-2.0
 * daemon/pending.h - what may become an alert: the newest hour of a metric is a breach, and no alert fires yet.
 */
#ifndef PLIMSOLL_DAEMON_PENDING_H
#define PLIMSOLL_DAEMON_PENDING_H

#include "agent/baselines/detector.h"

/* Whether it deviates in its bad direction by sigma or more, with a baseline that is judged already. */
bool standing_is_pending(const struct standing_view *v, double sigma);

#endif
