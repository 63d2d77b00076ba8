/* SPDX-License-Identifier: Apache-2.0
 * store/read.c - short read transactions: one value, a range, and figures about the whole.
 */
#include <errno.h>

#include "agent/base/log.h"
#include "agent/store/frame.h"
#include "agent/store/store_priv.h"

struct status store_status(int rc)
{
	switch (rc) {
	case 0:
		return OK;
	case MDB_NOTFOUND:
		return FAIL(NOTFOUND, "no such key in the store");
	case MDB_MAP_FULL:
		return FAIL(FULL, "the store has reached storage.max_size");
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return FAIL(FULL, "no space is left on the store's disk");
	case ENOMEM:
		return FAIL(NOMEM, "no memory for the store");
	case MDB_READERS_FULL:
		return FAIL(UNAVAILABLE, "too many readers of the store at once");
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
		return FAIL(CORRUPT, "the store's file is damaged");
	case ESTALE:
		return FAIL(IO, "the store's file was deleted under the agent; restart it to begin a new one");
	case MDB_PANIC:
		return FAIL(IO, "an earlier write to the store failed half-way; restart to go on from the last commit");
	default:
		return FAIL(IO, "the store's disk refused to read or write");
	}
}

int store_begin_read(struct store *s, MDB_txn **txn)
{
	pthread_rwlock_rdlock(&s->map_lock);
	int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, txn);
	if (rc != 0)
		pthread_rwlock_unlock(&s->map_lock);
	return rc;
}

void store_end_read(struct store *s, MDB_txn *txn)
{
	mdb_txn_abort(txn);
	pthread_rwlock_unlock(&s->map_lock);
}

static struct status unframe(struct store *s, enum store_table table, struct slice key, MDB_val stored,
			     struct slice *value)
{
	struct status result = frame_read(key, slice_of_val(stored), value);

	if (FAILED(result)) {
		meter_add(s->corrupt_meter, 1);
		LOG(ERROR, "store", "value_corrupt", "table=%s reason=\"%s\"", store_table_name(table), result.why);
	}
	return result;
}

static struct status copy_value(struct store *s, enum store_table table, struct slice key, MDB_val stored,
				struct buf *out)
{
	struct slice value;

	TRY(unframe(s, table, key, stored, &value));
	buf_reset(out);
	buf_slice(out, value);
	return buf_failed(out) ? FAIL(NOMEM, "no memory for a stored value") : OK;
}

struct status store_get(struct store *s, enum store_table table, struct slice key, struct buf *out)
{
	MDB_val wanted = val_of(key), stored;
	MDB_txn *txn;
	int rc = store_begin_read(s, &txn);

	if (rc != 0)
		return store_status(rc);
	rc = mdb_get(txn, s->tables[table], &wanted, &stored);
	struct status result = rc == 0 ? copy_value(s, table, key, stored, out) : store_status(rc);
	store_end_read(s, txn);
	return result;
}

static int visit_range(struct store *s, MDB_cursor *cursor, enum store_table table, struct slice prefix,
		       store_visit visit, void *context)
{
	MDB_val key = val_of(prefix), stored;
	int rc = mdb_cursor_get(cursor, &key, &stored, prefix.len > 0 ? MDB_SET_RANGE : MDB_FIRST);

	while (rc == 0 && slice_starts_with(slice_of_val(key), prefix)) {
		struct slice value;
		if (!FAILED(unframe(s, table, slice_of_val(key), stored, &value)) &&
		    !visit(context, slice_of_val(key), value))
			return 0;
		rc = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

struct status store_scan(struct store *s, enum store_table table, struct slice prefix, store_visit visit, void *context)
{
	MDB_cursor *cursor;
	MDB_txn *txn;
	int rc = store_begin_read(s, &txn);

	if (rc != 0)
		return store_status(rc);
	rc = mdb_cursor_open(txn, s->tables[table], &cursor);
	if (rc == 0) {
		rc = visit_range(s, cursor, table, prefix, visit, context);
		mdb_cursor_close(cursor);
	}
	store_end_read(s, txn);
	return store_status(rc);
}

static int visit_keys(MDB_cursor *cursor, struct slice prefix, store_visit_key visit, void *context)
{
	MDB_val key = val_of(prefix), stored;
	int rc = mdb_cursor_get(cursor, &key, &stored, prefix.len > 0 ? MDB_SET_RANGE : MDB_FIRST);

	while (rc == 0 && slice_starts_with(slice_of_val(key), prefix)) {
		if (stored.mv_size >= FRAME_HEADER_BYTES &&
		    !visit(context, slice_of_val(key), stored.mv_size - FRAME_HEADER_BYTES))
			return 0;
		rc = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

struct status store_scan_keys(struct store *s, enum store_table table, struct slice prefix, store_visit_key visit,
			      void *context)
{
	MDB_cursor *cursor;
	MDB_txn *txn;
	int rc = store_begin_read(s, &txn);

	if (rc != 0)
		return store_status(rc);
	rc = mdb_cursor_open(txn, s->tables[table], &cursor);
	if (rc == 0) {
		rc = visit_keys(cursor, prefix, visit, context);
		mdb_cursor_close(cursor);
	}
	store_end_read(s, txn);
	return store_status(rc);
}

/* LMDB keeps free pages in its table 0: one list a commit, its first word the count (as mdb_stat -f reads it). */
static uint64_t free_pages(MDB_txn *txn)
{
	MDB_cursor *cursor;
	MDB_val key, list;
	uint64_t pages = 0;

	if (mdb_cursor_open(txn, 0, &cursor) != 0)
		return 0;
	while (mdb_cursor_get(cursor, &key, &list, MDB_NEXT) == 0) {
		size_t count;
		memcpy(&count, list.mv_data, sizeof(count));
		pages += count;
	}
	mdb_cursor_close(cursor);
	return pages;
}

uint64_t store_used_bytes(struct store *s, MDB_txn *txn)
{
	MDB_envinfo info;
	MDB_stat page;

	if (mdb_env_info(s->env, &info) != 0 || mdb_env_stat(s->env, &page) != 0)
		return 0;
	return (info.me_last_pgno + 1 - free_pages(txn)) * page.ms_psize;
}

struct status store_stats(struct store *s, struct store_stats *out)
{
	MDB_stat table;
	MDB_txn *txn;
	int rc = store_begin_read(s, &txn);

	if (rc != 0)
		return store_status(rc);
	*out = (struct store_stats){ .used_bytes = store_used_bytes(s, txn), .map_bytes = s->map_bytes,
				     .commits = s->commits };
	for (int i = 0; rc == 0 && i < STORE_TABLE_COUNT; i++) {
		if (s->tables[i] == STORE_NO_TABLE || (rc = mdb_stat(txn, s->tables[i], &table)) != 0)
			continue;
		out->entries[i] = table.ms_entries;
		out->table_bytes[i] = (table.ms_branch_pages + table.ms_leaf_pages + table.ms_overflow_pages) * table.ms_psize;
	}
	store_end_read(s, txn);
	return store_status(rc);
}
