/* SPDX-License-Identifier: Apache-2.0
 * dialects/key_table.h - every attribute key that means something to us, found with one hash of a few sampled bytes.
 *
 * Built at start and at a reload from the dialects' tables, the keys under `dimensions` in the configuration and the
 * contract's own keys. Immutable; any thread may read it.
 */
#ifndef PLIMSOLL_DIALECTS_KEY_TABLE_H
#define PLIMSOLL_DIALECTS_KEY_TABLE_H

#include "agent/base/status.h"
#include "agent/config/config.h"
#include "agent/dialects/dialect.h"

#define KEY_ROWS_MAX 4
#define NOT_IN_CONTRACT (-1)

struct key_entry {
	struct slice key;
	int contract; /* enum contract_attribute, or NOT_IN_CONTRACT */
	bool is_dimension; /* configured: also looked up in resources and in `metadata` */
	unsigned row_count;
	struct dialect_row rows[KEY_ROWS_MAX];
	struct key_entry *next; /* same slot; nearly always NULL */
};

struct key_table;

/* dimensions is read now, not kept. Errors: NOMEM; INVALID, a key is configured more often than there are places. */
struct status key_table_new(const struct dimensions_config *dimensions, struct key_table **out) MUST_USE;
void key_table_free(struct key_table *t);

/* NULL for a key that nobody knows. */
const struct key_entry *key_table_find(const struct key_table *t, struct slice key);

#endif
