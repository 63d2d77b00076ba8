/* SPDX-License-Identifier: Apache-2.0
 * daemon/alert_log.h - an alert that fires or ends, as an OTLP log record for the exporters.
 */
#ifndef PLIMSOLL_DAEMON_ALERT_LOG_H
#define PLIMSOLL_DAEMON_ALERT_LOG_H

#include "agent/alerts/alert.h"
#include "exporters/sender.h"

/* Offers one log record: its body is the summary, its attributes are `event.name` (plimsoll.alert.firing, .resolved)
 * and plimsoll.alert.{id,kind,metric,severity,feature,model,prompt_version,value,baseline,deviation,cause}. Nothing
 * where no exporter takes logs. */
void alert_log_offer(struct senders *senders, const struct alert *a);

#endif
