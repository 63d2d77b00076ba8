/* SPDX-License-Identifier: Apache-2.0
 * daemon/kinds.c - exporters/registry.c seen through config/config.h.
 */
#include "agent/daemon/kinds.h"

#include <assert.h>

#include "exporters/exporter.h"

#define KINDS_MAX 32u

static struct config_kind kinds[KINDS_MAX];
static size_t count;

static void gather(void)
{
	for (count = 0; exporter_kinds[count] != NULL; count++) {
		assert(count < KINDS_MAX);
		kinds[count] = (struct config_kind){
			.name = exporter_kinds[count]->name,
			.options = exporter_kinds[count]->options,
			.options_size = exporter_kinds[count]->options_size,
			.doc = exporter_kinds[count]->doc,
			.check = exporter_kinds[count]->check,
		};
	}
}

const struct config_kind *exporter_config_kinds(void)
{
	if (count == 0)
		gather();
	return kinds;
}

size_t exporter_config_kind_count(void)
{
	if (count == 0)
		gather();
	return count;
}
