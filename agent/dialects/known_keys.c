/* SPDX-License-Identifier: Apache-2.0
 * dialects/known_keys.c - gathers the keys, then looks for a seed under which no two of them share a slot.
 */
#include "agent/dialects/known_keys.h"

#include <stdlib.h>

#include "agent/base/arena.h"
#include "agent/base/hash.h"
#include "agent/span/contract.h"

#define SLOTS 4096u
#define ENTRIES_MAX 1024u
#define SEEDS_TRIED 512u
#define PREFIX_SLOTS 64u
#define PREFIX_BYTES 8u /* that all prefixes have, and that choose the slot */

struct known_keys {
	struct arena arena;
	uint64_t seed;
	struct known_prefix *prefixes[PREFIX_SLOTS];
	struct known_key *slots[SLOTS];
	struct known_key *entries[ENTRIES_MAX];
	unsigned entry_count;
};

static uint64_t load8(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Length, middle and end tell known keys apart; a stranger that looks alike fails the comparison that follows. */
static unsigned slot_of(uint64_t seed, struct slice key)
{
	uint64_t middle = 0, end = 0;

	if (key.len >= 8) {
		middle = load8(key.ptr + (key.len - 8) / 2);
		end = load8(key.ptr + key.len - 8);
	} else if (key.len > 0) {
		memcpy(&end, key.ptr, key.len);
	}
	return (unsigned)(hash_mix(end ^ seed, middle + key.len) % SLOTS);
}

const struct known_key *known_keys_find(const struct known_keys *t, struct slice key)
{
	const struct known_key *e = t->slots[slot_of(t->seed, key)];

	while (e != NULL && !slice_equal(e->key, key))
		e = e->next;
	return e;
}

static unsigned prefix_slot_of(const char *first_bytes)
{
	return (unsigned)(hash_mix(load8(first_bytes), PREFIX_SLOTS) % PREFIX_SLOTS);
}

const struct known_prefix *known_keys_find_prefix(const struct known_keys *t, struct slice key)
{
	if (key.len <= PREFIX_BYTES)
		return NULL;
	const struct known_prefix *p = t->prefixes[prefix_slot_of(key.ptr)];
	while (p != NULL && !slice_starts_with(key, p->text))
		p = p->next;
	return p;
}

/* The entry of this key while the table is still a list. */
static struct known_key *entry_of(struct known_keys *t, struct slice key)
{
	for (unsigned i = 0; i < t->entry_count; i++)
		if (slice_equal(t->entries[i]->key, key))
			return t->entries[i];
	struct known_key *e = t->entry_count < ENTRIES_MAX ? arena_alloc(&t->arena, sizeof(*e)) : NULL;
	if (e == NULL)
		return NULL;
	*e = (struct known_key){ .key = arena_dup(&t->arena, key) };
	if (e->key.ptr == NULL)
		return NULL;
	t->entries[t->entry_count++] = e;
	return e;
}

static struct status add_row(struct known_keys *t, const struct known_row *row, bool is_dimension)
{
	struct known_key *e = entry_of(t, slice_of(row->row.key));

	if (e == NULL)
		return FAIL(NOMEM, "too many attribute keys");
	if (e->row_count == KEY_ROWS_MAX)
		return FAIL(INVALID, "an attribute key is given more than six meanings");
	e->rows[e->row_count++] = *row;
	e->is_dimension |= is_dimension;
	if (row->dialect < DIALECTS_MAX)
		*(row->guarded ? &e->guards : &e->unguarded) |= UINT64_C(1) << row->dialect;
	return OK;
}

/* Longer prefixes come first in their slot's list. */
static struct status add_prefix(struct known_keys *t, const struct dialect_prefix *prefix, unsigned dialect)
{
	struct known_prefix *p = arena_alloc(&t->arena, sizeof(*p));

	if (p == NULL)
		return FAIL(NOMEM, "too many attribute keys");
	*p = (struct known_prefix){ .text = slice_of(prefix->prefix), .prefix = prefix, .dialect = (uint8_t)dialect };
	struct known_prefix **place = &t->prefixes[prefix_slot_of(p->text.ptr)];
	while (*place != NULL && (*place)->text.len >= p->text.len)
		place = &(*place)->next;
	p->next = *place;
	*place = p;
	return OK;
}

static struct status add_dialect(struct known_keys *t, const struct dialect *d, unsigned index)
{
	for (const struct dialect_row *row = d->rows; row != NULL && row->key != NULL; row++) {
		struct known_row known = { *row, (uint8_t)index, d->guarded };
		TRY(add_row(t, &known, false));
	}
	for (const struct dialect_prefix *p = d->prefixes; p != NULL && p->prefix != NULL; p++)
		TRY(add_prefix(t, p, index));
	return OK;
}

static struct status add_dialects(struct known_keys *t, uint64_t which)
{
	for (unsigned i = 0; dialects[i] != NULL; i++)
		if ((which >> i & 1u) != 0)
			TRY(add_dialect(t, dialects[i], i));
	return OK;
}

/* Configured keys rank by their place in the list, before every dialect's own key for that field. */
static struct status add_dimension(struct known_keys *t, enum field field, const struct string_list *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		struct known_row row = {
			.row = ROW_TEXT(keys->items[i], field, (uint8_t)(i < 31 ? i : 31)),
			.dialect = DIALECTS_MAX,
		};
		TRY(add_row(t, &row, true));
	}
	return OK;
}

static struct status add_contract(struct known_keys *t)
{
	for (int i = 0; i < CONTRACT_COUNT; i++) {
		struct known_key *e = entry_of(t, contract_keys[i]);
		if (e == NULL)
			return FAIL(NOMEM, "too many attribute keys");
		e->contract = UINT64_C(1) << i;
	}
	return OK;
}

static enum key_kind kind_of(const struct known_key *e)
{
	if (e->guards != 0)
		return KEY_GUARDED;
	if (e->row_count != 1)
		return e->row_count == 0 ? KEY_NOTHING : KEY_ROWS;
	if (e->rows[0].row.field < FIELD_TEXT_COUNT)
		return KEY_TEXT;
	return e->rows[0].row.field == FIELD_TOKENS ? KEY_TOKENS : KEY_ONE_ROW;
}

static void sort_entries(struct known_keys *t)
{
	for (unsigned i = 0; i < t->entry_count; i++) {
		struct known_key *e = t->entries[i];
		e->kind = (uint8_t)kind_of(e);
		e->dialects = e->kind != KEY_GUARDED ? e->unguarded : 0;
	}
}

static unsigned collisions_under(const struct known_keys *t, uint64_t seed)
{
	uint64_t taken[SLOTS / 64] = { 0 };
	unsigned collisions = 0;

	for (unsigned i = 0; i < t->entry_count; i++) {
		unsigned slot = slot_of(seed, t->entries[i]->key);
		collisions += (unsigned)(taken[slot / 64] >> (slot % 64) & 1u);
		taken[slot / 64] |= UINT64_C(1) << (slot % 64);
	}
	return collisions;
}

static void fill_slots(struct known_keys *t)
{
	unsigned fewest = UINT32_MAX;

	for (uint64_t i = 1; i <= SEEDS_TRIED && fewest > 0; i++) {
		uint64_t seed = hash_mix(i, SLOTS);
		unsigned collisions = collisions_under(t, seed);
		if (collisions < fewest) {
			fewest = collisions;
			t->seed = seed;
		}
	}
	for (unsigned i = 0; i < t->entry_count; i++) {
		struct known_key **slot = &t->slots[slot_of(t->seed, t->entries[i]->key)];
		t->entries[i]->next = *slot;
		*slot = t->entries[i];
	}
}

static struct status gather(struct known_keys *t, uint64_t which, const struct dimensions_config *d)
{
	TRY(add_dialects(t, which));
	TRY(add_dimension(t, FIELD_FEATURE, &d->feature));
	TRY(add_dimension(t, FIELD_WORKFLOW, &d->workflow));
	TRY(add_dimension(t, FIELD_USER_SEGMENT, &d->user_segment));
	TRY(add_dimension(t, FIELD_ENVIRONMENT, &d->environment));
	TRY(add_dimension(t, FIELD_RELEASE, &d->release));
	TRY(add_dimension(t, FIELD_TENANT, &d->tenant));
	return add_contract(t);
}

struct status known_keys_new_of(uint64_t which, const struct dimensions_config *dimensions, struct known_keys **out)
{
	struct known_keys *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return FAIL(NOMEM, "no memory for the attribute keys");
	arena_init(&t->arena, 1024 * 1024);
	struct status s = gather(t, which, dimensions);
	if (FAILED(s)) {
		known_keys_free(t);
		return s;
	}
	sort_entries(t);
	fill_slots(t);
	*out = t;
	return OK;
}

struct status known_keys_new(const struct dimensions_config *dimensions, struct known_keys **out)
{
	return known_keys_new_of(UINT64_MAX, dimensions, out);
}

void known_keys_free(struct known_keys *t)
{
	if (t == NULL)
		return;
	arena_release(&t->arena);
	free(t);
}
