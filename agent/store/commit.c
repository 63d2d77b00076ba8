/* SPDX-License-Identifier: Apache-2.0
 * store/commit.c - puts batches of changes into the environment.
 *
 * A group of batches goes into one transaction. Where that fails, each batch gets its own, so that one which does not
 * fit takes no other with it.
 *
 * A full map (LMDB 0.9.24, measured): a put fails and the transaction is lost; even a delete needs free pages, since
 * pages are copied before they change; and the pages that a commit frees may be used only by the second commit after
 * it. So batches that only delete may use spare room beyond the configured size, and a put that fails right after a
 * delete is tried again behind one more small commit.
 */
#include <assert.h>
#include <errno.h>

#include "agent/base/log.h"
#include "agent/store/batch.h"
#include "agent/store/frame.h"
#include "agent/store/store_priv.h"

static int apply(struct store *s, MDB_txn *txn, const struct store_batch *b)
{
	struct change c;
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && batch_next(b, &at, &c)) {
		MDB_val key = val_of(c.key), value = val_of(c.framed);
		if (!c.is_delete)
			rc = mdb_put(txn, s->tables[c.table], &key, &value, 0);
		else if ((rc = mdb_del(txn, s->tables[c.table], &key, NULL)) == MDB_NOTFOUND)
			rc = 0;
	}
	return rc;
}

/* Everything up to end in one transaction. */
static int commit(struct store *s, const struct store_batch *oldest, const struct store_batch *end)
{
	MDB_txn *txn;
	bool deletes = false;
	int rc = mdb_txn_begin(s->env, NULL, 0, &txn);

	if (rc != 0)
		return rc;
	for (const struct store_batch *b = oldest; rc == 0 && b != end; b = b->next) {
		deletes = deletes || b->deletes > 0;
		rc = apply(s, txn, b);
	}
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	rc = mdb_txn_commit(txn);
	if (rc != 0)
		return rc;
	s->writer.has_young_pages = deletes;
	s->commits++;
	meter_add(s->commits_meter, 1);
	return 0;
}

/* LMDB allows this only while no transaction of ours is open; readers wait meanwhile. */
static int resize_map(struct store *s, size_t bytes)
{
	pthread_rwlock_wrlock(&s->map_lock);
	int rc = mdb_env_set_mapsize(s->env, bytes);
	pthread_rwlock_unlock(&s->map_lock);
	return rc;
}

static int commit_with_spare_room(struct store *s, const struct store_batch *b)
{
	int rc = resize_map(s, s->map_bytes + s->spare_bytes);

	if (rc != 0)
		return rc;
	rc = commit(s, b, b->next);
	int shrunk = resize_map(s, s->map_bytes);
	return rc != 0 ? rc : shrunk;
}

/* A commit that changes next to nothing, behind which the pages freed before it may be used. */
static int age_free_pages(struct store *s)
{
	struct store_batch *b = store_batch_new();

	if (b == NULL)
		return ENOMEM;
	store_batch_put(b, STORE_META, SLICE("aged"), SLICE(""));
	int rc = FAILED(b->result) ? ENOMEM : commit_with_spare_room(s, b);
	store_batch_free(b);
	return rc;
}

static int commit_alone(struct store *s, const struct store_batch *b)
{
	int rc = commit(s, b, b->next);

	if (rc != MDB_MAP_FULL)
		return rc;
	if (b->puts == 0)
		return commit_with_spare_room(s, b);
	if (!s->writer.has_young_pages)
		return rc;
	rc = age_free_pages(s);
	return rc == 0 ? commit(s, b, b->next) : rc;
}

static void count_failure(struct store *s, struct status result)
{
	meter_add(result.code == STATUS_FULL ? s->full_meter : s->io_meter, 1);
	LOG(ERROR, "store", "write_failed", "reason=\"%s\"", result.why);
}

static void update_bytes_meter(struct store *s)
{
	MDB_txn *txn;

	if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) != 0)
		return;
	meter_set(s->bytes_meter, (int64_t)store_used_bytes(s, txn));
	mdb_txn_abort(txn);
}

void commit_group(struct store *s, struct store_batch *oldest)
{
	bool is_alone = oldest->next == NULL;
	int rc = is_alone ? 0 : commit(s, oldest, NULL);

	for (struct store_batch *b = oldest; b != NULL; b = b->next) {
		if (is_alone || rc != 0)
			b->result = store_status(commit_alone(s, b));
		if (FAILED(b->result))
			count_failure(s, b->result);
	}
	update_bytes_meter(s);
}
