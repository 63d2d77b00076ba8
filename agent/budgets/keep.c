/* SPDX-License-Identifier: Apache-2.0
 * budgets/keep.c - groups and the identities of spent calls as stored pairs, and back.
 *
 * Keys: 'g' and a group's number, 'j' and the number of an entry of the journal, each big-endian.
 * The journal says which calls the sums hold. Counting saves what it has seen every ten seconds; after a kill it may
 * take a call that comes again for a new one, and the journal knows better.
 */
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hash.h"
#include "agent/base/log.h"
#include "agent/budgets/ledger.h"

#define FORMAT       1
#define KEY_BYTES    9
#define KNOWN_KEEP_S 3600 /* after the start */

static struct slice write_key(char out[KEY_BYTES], char kind, uint64_t number)
{
	out[0] = kind;
	for (int i = 0; i < 8; i++)
		out[1 + i] = (char)(number >> (56 - 8 * i));
	return (struct slice){ out, KEY_BYTES };
}

static uint64_t read_key(struct slice key)
{
	uint64_t number = 0;

	for (int i = 1; i < KEY_BYTES; i++)
		number = number << 8 | (uint8_t)key.ptr[i];
	return number;
}

/* ---------------------------------------------------------------- groups */

static void record_spell(struct record *r, struct spell *s)
{
	record_time(r, &s->period.start_s);
	record_time(r, &s->period.end_s);
	amount_record(r, &s->spent);
	amount_record(r, &s->forgiven);
	record_uint(r, &s->calls);
	record_uint(r, &s->unpriced);
}

/* id: of the budget. labels: when reading, borrowed from the value. */
static void record_group(struct record *r, struct slice *id, struct slice *labels, struct group *g)
{
	record_format(r, FORMAT);
	record_slice(r, id);
	for (int d = 0; d < BUDGET_DIMENSIONS; d++)
		record_slice(r, &labels[d]);
	for (size_t i = 0; i < PERIODS_KEPT; i++)
		record_spell(r, &g->spells[i]);
	record_time(r, &g->told.period_start_s);
	for (size_t i = 0; i < BUDGET_SOFT_MAX; i++)
		record_uint(r, &g->told.soft_at_s[i]);
	for (size_t i = 0; i < BUDGET_SOFT_MAX; i++)
		record_u8(r, &g->told.soft_unit[i]);
	record_uint(r, &g->told.forecast_at_s);
	amount_record(r, &g->escrow);
	amount_record(r, &g->left);
	record_time(r, &g->left_until_s);
	record_bool(r, &g->has_mean_cost);
	record_uint(r, &g->mean_pusd);
	record_uint(r, &g->mean_tokens);
}

struct saving {
	struct budgets *b;
	void *batch;
	struct buf value;
};

/* Nothing is open: then nothing needs to be held any more. */
static void shrink_escrow(struct group *g)
{
	static const struct amount nothing = { { 0 } };

	if (amount_covers(&nothing, &g->open))
		g->escrow = nothing;
}

static void save_group(void *context, struct group *g)
{
	struct saving *s = context;
	struct record r = record_writer(&s->value);
	struct slice id = slice_of(g->rule->instance->id);
	char key[KEY_BYTES];

	buf_reset(&s->value);
	shrink_escrow(g);
	record_group(&r, &id, g->labels, g);
	if (!record_ok(&r)) {
		s->b->is_incomplete = true; /* without memory */
		return;
	}
	s->b->outlets.keeper.put(s->batch, write_key(key, 'g', g->id), buf_view(&s->value));
	g->escrow_write = s->b->written + 1;
}

static void save_groups(struct saving *s, bool all)
{
	if (all)
		groups_each(s->b, save_group, s);
	for (struct group *g = s->b->dirty; g != NULL; g = g->next_dirty) {
		if (!all)
			save_group(s, g);
		g->dirty = false;
	}
	s->b->dirty = NULL;
}

/* Of the writes on their way any may fail: what is to be deleted stays asked for until more is. */
static void delete_groups(struct saving *s, bool all)
{
	struct deletions *deleted = &s->b->deleted;
	char key[KEY_BYTES];
	uint64_t id;

	if (!all && deleted->fresh.len == 0)
		return;
	const struct buf *ids = deletions_take(deleted, all);
	for (size_t at = 0; at + sizeof(id) <= ids->len; at += sizeof(id)) {
		memcpy(&id, ids->ptr + at, sizeof(id));
		s->b->outlets.keeper.put(s->batch, write_key(key, 'g', id), SLICE_NONE);
	}
}

/* ---------------------------------------------------------------- the journal */

static bool journal_grow(struct budgets *b)
{
	size_t cap = b->journal_cap == 0 ? 64 : b->journal_cap * 2;
	struct journal_entry *entries = realloc(b->journal, cap * sizeof(*entries));

	if (entries == NULL)
		return false;
	b->journal = entries;
	b->journal_cap = cap;
	return true;
}

static void journal_note(struct budgets *b, uint64_t seq, int64_t at_s)
{
	if (b->journal_count < b->journal_cap || journal_grow(b))
		b->journal[b->journal_count++] = (struct journal_entry){ seq, at_s };
	if (seq >= b->next_journal)
		b->next_journal = seq + 1;
}

/* The clock was set back: entries from ahead of it would keep all behind them until it is there again. */
static void journal_come_back(struct budgets *b, int64_t now_s)
{
	if (b->journal_count == 0 || b->journal[0].at_s <= now_s)
		return;
	for (size_t i = 0; i < b->journal_count; i++)
		if (b->journal[i].at_s > now_s)
			b->journal[i].at_s = now_s;
}

static void journal_forget(struct saving *s, int64_t now_s)
{
	struct budgets *b = s->b;
	char key[KEY_BYTES];
	size_t old = 0;

	journal_come_back(b, now_s);
	while (old < b->journal_count && b->journal[old].at_s + JOURNAL_KEEP_S < now_s)
		b->outlets.keeper.put(s->batch, write_key(key, 'j', b->journal[old++].seq), SLICE_NONE);
	b->journal_count -= old;
	if (old > 0)
		memmove(b->journal, b->journal + old, b->journal_count * sizeof(*b->journal));
}

static void journal_write(struct saving *s, const uint64_t *identities, size_t count, int64_t now_s)
{
	char key[KEY_BYTES];

	journal_forget(s, now_s);
	if (count == 0)
		return;
	uint64_t seq = s->b->next_journal;
	s->b->outlets.keeper.put(s->batch, write_key(key, 'j', seq),
				 (struct slice){ (const char *)identities, count * sizeof(*identities) });
	journal_note(s->b, seq, now_s);
}

static void known_put(uint64_t *set, size_t cap, uint64_t identity)
{
	size_t at = identity % cap;

	while (set[at] != 0 && set[at] != identity)
		at = (at + 1) % cap;
	set[at] = identity;
}

static bool known_grow(struct budgets *b)
{
	size_t cap = b->known_cap == 0 ? 1024 : b->known_cap * 2;
	uint64_t *set = calloc(cap, sizeof(*set));

	if (set == NULL)
		return false;
	for (size_t i = 0; i < b->known_cap; i++)
		if (b->known[i] != 0)
			known_put(set, cap, b->known[i]);
	free(b->known);
	b->known = set;
	b->known_cap = cap;
	return true;
}

/* Stays in the set: a call may come a third time. */
bool known_take(struct budgets *b, uint64_t identity)
{
	if (b->known_count == 0 || identity == 0)
		return false;
	size_t at = identity % b->known_cap;
	while (b->known[at] != 0 && b->known[at] != identity)
		at = (at + 1) % b->known_cap;
	return b->known[at] == identity;
}

static struct status load_journal(struct budgets *b, struct slice key, struct slice value, int64_t now_s)
{
	uint64_t identity;

	if (value.len % sizeof(identity) != 0)
		return FAIL(CORRUPT, "not the identities of spent calls");
	for (size_t at = 0; at < value.len; at += sizeof(identity)) {
		memcpy(&identity, value.ptr + at, sizeof(identity));
		if (2 * (b->known_count + 1) > b->known_cap && !known_grow(b))
			return FAIL(NOMEM, "no memory for the identities of spent calls");
		if (identity != 0)
			known_put(b->known, b->known_cap, identity);
		b->known_count++;
	}
	b->known_until_s = now_s + KNOWN_KEEP_S;
	journal_note(b, read_key(key), now_s);
	return OK;
}

/* ---------------------------------------------------------------- writing */

struct pending_write {
	struct budgets *b;
	void (*done)(void *context, struct status result);
	void *context;
};

static void on_written(void *context, struct status result)
{
	struct pending_write w = *(struct pending_write *)context;

	free(context);
	pthread_mutex_lock(&w.b->lock);
	w.b->committed++;
	if (FAILED(result)) {
		w.b->failed = w.b->committed;
		w.b->is_incomplete = true;
	}
	pthread_mutex_unlock(&w.b->lock);
	if (FAILED(result))
		LOG(ERROR, "budgets", "not_saved", "reason=\"%s\" next=\"everything is saved again\"", result.why);
	if (w.done != NULL)
		w.done(w.context, result);
}

static bool fill_and_write(struct saving *s, const uint64_t *identities, size_t count, int64_t now_s,
			   struct pending_write *w)
{
	struct budgets *b = s->b;
	bool all = b->is_incomplete;

	b->is_incomplete = false;
	delete_groups(s, all);
	save_groups(s, all);
	journal_write(s, identities, count, now_s);
	if (FAILED(b->outlets.keeper.write(b->outlets.keeper.context, s->batch, on_written, w))) {
		b->is_incomplete = true;
		b->failed = b->written + 1; /* no write has this number yet: the next one takes it, and holds everything */
		return false;
	}
	b->written++;
	return true;
}

bool keep(struct budgets *b, const uint64_t *identities, size_t count, int64_t now_s,
	  void (*done)(void *context, struct status result), void *context)
{
	struct saving s = { .b = b, .value = BUF_INIT };
	struct pending_write *w = malloc(sizeof(*w));

	s.batch = w != NULL ? b->outlets.keeper.begin(b->outlets.keeper.context) : NULL;
	if (s.batch == NULL) {
		free(w);
		b->is_incomplete = true;
		return false;
	}
	*w = (struct pending_write){ b, done, context };
	bool written = fill_and_write(&s, identities, count, now_s, w);
	if (!written)
		free(w);
	buf_release(&s.value);
	return written;
}

bool escrow_is_kept(const struct budgets *b, const struct group *g)
{
	return !g->dirty && g->escrow_write != 0 && g->escrow_write <= b->committed && g->escrow_write > b->failed;
}

/* ---------------------------------------------------------------- reading */

/* What a process held that is gone: nobody knows which calls are still to come, so all of it stays for a while. */
static void inherit_escrow(struct budgets *b, struct group *g, int64_t now_s)
{
	if (now_s >= g->left_until_s)
		g->left = (struct amount){ { 0 } };
	amount_add(&g->left, &g->escrow);
	b->clock_s = now_s;
	g->left_until_s = now_s + (int64_t)(b->config->budgets.reservation_ms / 1000);
	g->escrow = (struct amount){ { 0 } };
	group_touch(b, g);
}

struct status budgets_load(struct budgets *b, struct slice key, struct slice value, int64_t now_s)
{
	struct group read = { .next = NULL };
	struct slice id, labels[BUDGET_DIMENSIONS];
	struct record r = record_reader(value);

	if (key.len != KEY_BYTES)
		return FAIL(CORRUPT, "not a key of budgets");
	if (key.ptr[0] == 'j')
		return load_journal(b, key, value, now_s);
	record_group(&r, &id, labels, &read);
	if (!record_ok(&r) || read_key(key) == UINT64_MAX)
		return FAIL(CORRUPT, "not the spend of a budget");
	struct rule *rule = rule_named(b, id);
	uint32_t by = 0;
	for (int d = 0; d < BUDGET_DIMENSIONS; d++)
		by |= (uint32_t)(labels[d].len > 0) << d;
	uint64_t number = read_key(key);
	if (number >= b->next_group_id)
		b->next_group_id = number + 1;
	if (rule == NULL || rule->by != by) { /* of a budget that is gone, or tells other things apart */
		buf_append(&b->deleted.fresh, &number, sizeof(number));
		return OK;
	}
	struct group *g = group_make(b, rule, labels, number);
	if (g == NULL)
		return FAIL(NOMEM, "no memory for the spend of a budget");
	memcpy(g->spells, read.spells, sizeof(g->spells));
	g->told = read.told;
	crowd_count(g, +1);
	g->escrow = read.escrow;
	g->left = read.left;
	g->left_until_s = read.left_until_s;
	g->has_mean_cost = read.has_mean_cost;
	g->mean_pusd = read.mean_pusd;
	g->mean_tokens = read.mean_tokens;
	inherit_escrow(b, g, now_s);
	return OK;
}
