/* SPDX-License-Identifier: Apache-2.0
 * exporters/registry.c - the list of exporter kinds. Adding one is a file or folder and a row here.
 */
#include "exporters/kinds.h"

const struct exporter_kind *const exporter_kinds[] = {
	&exporter_otlp, &exporter_otlphttp, &exporter_remotewrite, &exporter_kafka, &exporter_clickhouse, &exporter_exec, &exporter_plugin,
	&exporter_file, &exporter_debug, NULL,
};
