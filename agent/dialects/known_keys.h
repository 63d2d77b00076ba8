/* SPDX-License-Identifier: Apache-2.0
 * dialects/known_keys.h - every attribute key that means something to us, found with one hash of a few sampled bytes.
 *
 * Built at start and at a reload from the dialects' tables, the keys under `dimensions` in the configuration and the
 * contract's own keys. Immutable; any thread may read it.
 */
#ifndef PLIMSOLL_DIALECTS_KNOWN_KEYS_H
#define PLIMSOLL_DIALECTS_KNOWN_KEYS_H

#include "agent/base/status.h"
#include "agent/config/config.h"
#include "agent/dialects/dialect.h"

#define KEY_ROWS_MAX 6

/* A row and whose it is. */
struct known_row {
	struct dialect_row row;
	uint8_t dialect; /* index in dialects[]; DIALECTS_MAX for the configuration's */
	bool guarded;    /* holds only in spans of that dialect's scopes */
};

/* How much there is to a key: nearly all have one row, and most of those are texts or token counts. */
enum key_kind {
	KEY_NOTHING, /* nobody's, or only the contract's */
	KEY_TEXT,    /* one row, of a text field */
	KEY_TOKENS,  /* one row, of a token class */
	KEY_ONE_ROW, /* of any other field */
	KEY_ROWS,
	KEY_GUARDED, /* in which some rows hold only where its dialect speaks */
	KEY_KINDS
};

struct known_key {
	struct slice key;
	uint64_t contract; /* bit 1 << enum contract_attribute, or 0 */
	uint64_t dialects; /* bit 1 << index: whose it is, wherever it stands; none where it is guarded */
	uint8_t kind;      /* enum key_kind */
	bool is_dimension; /* configured: also looked up in resources and in `metadata` */
	uint16_t row_count;
	struct known_row rows[KEY_ROWS_MAX];
	uint64_t guards, unguarded; /* as dialects, of a guarded key: of its guarded rows, and of the others */
	struct known_key *next; /* same slot; nearly always NULL */
};

/* A prefix and whose it is. */
struct known_prefix {
	struct slice text;
	const struct dialect_prefix *prefix;
	uint8_t dialect;
	struct known_prefix *next; /* same slot */
};

struct known_keys;

/* dimensions is read now, not kept. Errors: NOMEM; INVALID, a key is configured more often than there are places. */
struct status known_keys_new(const struct dimensions_config *dimensions, struct known_keys **out) MUST_USE;

/* The same of a few dialects only: which has bit 1 << index in dialects[]. To compare what more of them cost. */
struct status known_keys_new_of(uint64_t which, const struct dimensions_config *dimensions,
				struct known_keys **out) MUST_USE;
void known_keys_free(struct known_keys *t);

/* NULL for a key that nobody knows. */
const struct known_key *known_keys_find(const struct known_keys *t, struct slice key);

/* The longest prefix that this unknown key begins with, or NULL. */
const struct known_prefix *known_keys_find_prefix(const struct known_keys *t, struct slice key);

#endif
