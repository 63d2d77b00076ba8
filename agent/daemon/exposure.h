/* SPDX-License-Identifier: Apache-2.0
 * daemon/exposure.h - says once, at the start, which doors other machines can come through unasked or unseen.
 */
#ifndef PLIMSOLL_DAEMON_EXPOSURE_H
#define PLIMSOLL_DAEMON_EXPOSURE_H

#include "agent/config/config.h"

/* One line in the log for all listeners that are not on loopback or a unix socket and lack TLS, or any check of who
 * comes. The admin endpoint is meant to be scraped: it is named only where it lacks TLS. */
void exposure_warn(const struct config *config);

#endif
