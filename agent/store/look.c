/* SPDX-License-Identifier: Apache-2.0
 * store/look.c - an environment that is only looked at, beside the process that works on it or after its end.
 *
 * LMDB lets readers of other processes in through its own lock file; the flock of directory.h is for writers. A reader
 * keeps pages from being used again, so whoever looks must not take long.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/store/directory.h"
#include "agent/store/frame.h"
#include "agent/store/store_priv.h"

const char *store_table_name(enum store_table table)
{
	static const char *const names[STORE_TABLE_COUNT] = {
#define X(id, name) name,
		STORE_TABLE_MAP(X)
#undef X
	};

	return names[table];
}

/* ------------------------------------------------------------------ opening */

bool store_is_there(const char *directory)
{
	char file[4096];

	snprintf(file, sizeof(file), "%s/data.mdb", directory);
	return access(file, F_OK) == 0;
}

/* Tables that an older version did not know are not there. */
static int find_tables(struct store *s)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);

	if (rc != 0)
		return rc;
	for (int i = 0; rc == 0 && i < STORE_TABLE_COUNT; i++) {
		rc = mdb_dbi_open(txn, store_table_name((enum store_table)i), 0, &s->tables[i]);
		if (rc == MDB_NOTFOUND) {
			s->tables[i] = STORE_NO_TABLE;
			rc = 0;
		}
	}
	if (rc == 0)
		return mdb_txn_commit(txn); /* which keeps the handles */
	mdb_txn_abort(txn);
	return rc;
}

static int open_reading(struct store *s, const char *directory)
{
	MDB_envinfo info;
	int rc = mdb_env_create(&s->env);

	if (rc == 0)
		rc = mdb_env_set_maxdbs(s->env, STORE_TABLE_COUNT);
	if (rc == 0)
		rc = mdb_env_open(s->env, directory, MDB_NOTLS | MDB_RDONLY, STORE_FILE_MODE);
	if (rc == 0)
		rc = find_tables(s);
	if (rc == 0)
		rc = mdb_env_info(s->env, &info);
	if (rc == 0)
		s->map_bytes = info.me_mapsize;
	return rc;
}

static struct status refuse(int rc, const char *directory, struct buf *why)
{
	if (rc == ENOENT) {
		buf_printf(why, "there is no store in '%s'", directory);
		return FAIL(NOTFOUND, "no store");
	}
	buf_printf(why, "cannot read the store in '%s': %s", directory, mdb_strerror(rc));
	return store_status(rc);
}

struct status store_open_reading(const char *directory, struct store **out, struct buf *why)
{
	struct store *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return FAIL(NOMEM, "no memory for the store");
	s->lock_fd = -1;
	s->is_reading = true;
	pthread_rwlock_init(&s->map_lock, NULL);
	s->corrupt_meter = meter_get(METER_STORE_FAILURES, "reason=\"corrupt\"");
	int rc = open_reading(s, directory);
	if (rc != 0) {
		store_close(s);
		return refuse(rc, directory, why);
	}
	*out = s;
	return OK;
}

/* ------------------------------------------------------------------ checking */

static int check_table(MDB_txn *txn, MDB_dbi table, uint64_t *good, uint64_t *damaged)
{
	MDB_cursor *cursor;
	MDB_val key, stored;
	struct slice value;
	int rc = mdb_cursor_open(txn, table, &cursor);

	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT)) == 0)
		*(FAILED(frame_read(slice_of_val(key), slice_of_val(stored), &value)) ? damaged : good) += 1;
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

struct status store_check(struct store *s, struct store_check *out)
{
	MDB_txn *txn;
	int rc = store_begin_read(s, &txn);

	*out = (struct store_check){ .good = { 0 } };
	if (rc != 0)
		return store_status(rc);
	for (int i = 0; rc == 0 && i < STORE_TABLE_COUNT; i++)
		if (s->tables[i] != STORE_NO_TABLE)
			rc = check_table(txn, s->tables[i], &out->good[i], &out->damaged[i]);
	store_end_read(s, txn);
	return store_status(rc);
}

/* ------------------------------------------------------------------ copying */

/* The copy lies on the disk before anyone is told that it does. */
static int sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) != 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

/* Without free pages where LMDB can; it refuses that where pages were lost. */
static int copy_to(MDB_env *env, const char *directory, const char *file)
{
	int rc = mdb_env_copy2(env, directory, MDB_CP_COMPACT);

	if (rc == MDB_INCOMPATIBLE && unlink(file) == 0)
		rc = mdb_env_copy2(env, directory, 0);
	if (rc == 0)
		rc = chmod(file, STORE_FILE_MODE) == 0 ? sync_file(file) : errno;
	return rc == 0 ? sync_file(directory) : rc;
}

struct status store_copy(struct store *s, const char *directory, struct buf *why)
{
	char file[4096];

	TRY(directory_make(directory, why));
	snprintf(file, sizeof(file), "%s/data.mdb", directory);
	if (store_is_there(directory)) {
		buf_printf(why, "'%s' is there already; choose another place, or move it away", file);
		return FAIL(EXISTS, "there is a store already");
	}
	pthread_rwlock_rdlock(&s->map_lock);
	int rc = copy_to(s->env, directory, file);
	pthread_rwlock_unlock(&s->map_lock);
	if (rc != 0)
		buf_printf(why, "cannot copy to '%s': %s", file, mdb_strerror(rc));
	if (rc != 0 && rc != EEXIST) /* somebody else's, made since */
		unlink(file); /* half a copy would be taken for one */
	return store_status(rc);
}
