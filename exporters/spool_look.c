/* SPDX-License-Identifier: Apache-2.0
 * exporters/spool_look.c - adds up keys.
 */
#include "exporters/spool_look.h"

#include "exporters/spool_key.h"

static void add(struct spool_pile *pile, const struct spool_entry *e)
{
	pile->payloads++;
	pile->items += e->items;
	pile->bytes += e->size_bytes;
	if (pile->oldest_unix_ms == 0 || e->created_unix_ms < pile->oldest_unix_ms)
		pile->oldest_unix_ms = e->created_unix_ms;
}

static bool add_waiting(void *context, struct slice key, size_t value_bytes)
{
	struct spool_look *look = context;
	struct spool_entry e;

	if (spool_key_read(key, value_bytes, &e))
		add(&look->waiting[e.kind], &e);
	return true;
}

static bool add_aside(void *context, struct slice key, size_t value_bytes)
{
	struct spool_look *look = context;
	struct spool_entry e;

	if (spool_key_read(key, value_bytes, &e))
		add(&look->aside, &e);
	return true;
}

struct status spool_look(struct store *s, struct spool_look *out)
{
	*out = (struct spool_look){ .aside = { 0 } };
	TRY(store_scan_keys(s, STORE_QUEUE, SLICE("p"), add_waiting, out));
	return store_scan_keys(s, STORE_QUEUE, SLICE("x"), add_aside, out);
}
