/* SPDX-License-Identifier: Apache-2.0
 * exporters/kinds.h - every kind's descriptor; each is defined in its own folder.
 */
#ifndef PLIMSOLL_EXPORTERS_KINDS_H
#define PLIMSOLL_EXPORTERS_KINDS_H

#include "exporters/exporter.h"

extern const struct exporter_kind exporter_otlp, exporter_otlphttp, exporter_file, exporter_debug, exporter_remotewrite, exporter_kafka,
	exporter_clickhouse, exporter_exec, exporter_plugin;

#endif
