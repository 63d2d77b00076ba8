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
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agent/base/log.h"
#include "agent/store/batch.h"
#include "agent/store/frame.h"
#include "agent/store/store_priv.h"

static int put(MDB_txn *txn, MDB_dbi table, const struct change *c)
{
	MDB_val key = val_of(c->key), value = val_of(c->value);

	return mdb_put(txn, table, &key, &value, 0);
}

/* The one copy that is made goes where LMDB will write it from. */
static int put_lent(MDB_txn *txn, MDB_dbi table, const struct change *c)
{
	MDB_val key = val_of(c->key), value = { FRAME_HEADER_BYTES + c->value.len, NULL };
	int rc = mdb_put(txn, table, &key, &value, MDB_RESERVE);

	if (rc != 0)
		return rc;
	frame_head(value.mv_data, c->key, c->value);
	if (c->value.len > 0)
		memcpy((char *)value.mv_data + FRAME_HEADER_BYTES, c->value.ptr, c->value.len);
	return 0;
}

static int delete_one(MDB_txn *txn, MDB_dbi table, const struct change *c)
{
	MDB_val key = val_of(c->key);
	int rc = mdb_del(txn, table, &key, NULL);

	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int delete_range(MDB_txn *txn, MDB_dbi table, const struct change *c)
{
	MDB_val key = val_of(c->key), end = val_of(c->value), value;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn, table, &cursor);

	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (rc == 0 && mdb_cmp(txn, table, &key, &end) < 0) {
		rc = mdb_cursor_del(cursor, 0);
		if (rc == 0) /* behind a deletion, the next one is where the cursor stands */
			rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int apply(struct store *s, MDB_txn *txn, const struct store_batch *b)
{
	static int (*const changes[])(MDB_txn *, MDB_dbi, const struct change *) = {
		[CHANGE_PUT] = put,
		[CHANGE_LEND] = put_lent,
		[CHANGE_DELETE] = delete_one,
		[CHANGE_DELETE_RANGE] = delete_range,
	};
	struct change c;
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && batch_next(b, &at, &c))
		rc = changes[c.kind](txn, s->tables[c.table], &c);
	return rc;
}

#define NEXT_TO_NOTHING_BYTES ((uint64_t)64 << 10)

/* LMDB says EIO of a write that a full disk cut short. */
static int name_failure(const struct store *s, int rc)
{
	struct statvfs disk;
	int fd;

	if (rc != EIO || mdb_env_get_fd(s->env, &fd) != 0 || fstatvfs(fd, &disk) != 0)
		return rc;
	return (uint64_t)disk.f_bavail * disk.f_frsize < NEXT_TO_NOTHING_BYTES ? ENOSPC : EIO;
}

/* A file that was deleted under us takes what is written to it along when we end: nobody may be told that it is kept. */
static bool is_file_gone(const struct store *s)
{
	struct stat file;
	int fd;

	return mdb_env_get_fd(s->env, &fd) == 0 && fstat(fd, &file) == 0 && file.st_nlink == 0;
}

/* Everything up to end in one transaction. */
static int commit(struct store *s, const struct store_batch *oldest, const struct store_batch *end)
{
	MDB_txn *txn;
	bool deletes = false;
	int rc = is_file_gone(s) ? ESTALE : mdb_txn_begin(s->env, NULL, 0, &txn);

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
		return name_failure(s, rc);
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
