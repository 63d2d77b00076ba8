/* SPDX-License-Identifier: Apache-2.0
 * daemon/kinds.h - what the configuration needs to know of the exporters, taken from their registry.
 */
#ifndef PLIMSOLL_DAEMON_KINDS_H
#define PLIMSOLL_DAEMON_KINDS_H

#include "agent/config/config.h"

const struct config_kind *exporter_config_kinds(void);
size_t exporter_config_kind_count(void);

#endif
