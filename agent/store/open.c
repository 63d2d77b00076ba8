/* SPDX-License-Identifier: Apache-2.0
 * store/open.c - opens, checks and closes the environment.
 *
 * Flags: full sync at each commit. MDB_NOMETASYNC was not dependably faster where it was measured, and MDB_NOSYNC may
 * corrupt the file in an OS crash. MDB_WRITEMAP would save a copy, but where the disk is full its first touch of a new
 * page is a SIGBUS, while a write that fails is an answer (FULL). MDB_NOTLS ties a read transaction to its handle
 * instead of its thread, so that a visit may read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/store/directory.h"
#include "agent/store/frame.h"
#include "agent/store/probe.h"
#include "agent/store/store_priv.h"

#define MAP_BYTES_MIN ((size_t)1 << 20)
#define SPARE_BYTES_MIN ((size_t)256 << 10)
#define SCHEMA_KEY "schema"
#define COMMIT_INTERVAL_MS 50
#define HURRY_BYTES ((size_t)8 << 20)

static struct status refuse_damaged(struct buf *why, const char *directory)
{
	buf_printf(why,
		   "'%s/data.mdb' is damaged: its pages do not fit together; restore a backup, or move it away to start "
		   "with an empty store",
		   directory);
	return FAIL(CORRUPT, "the store's file is damaged");
}

static struct status refuse(struct buf *why, const char *directory, size_t map_bytes, int rc)
{
	if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH)
		buf_printf(why,
			   "'%s/data.mdb' is no LMDB file of this version; move it away or choose another storage.directory",
			   directory);
	else if (rc == ENOMEM)
		buf_printf(why, "cannot map %zu MiB for '%s': %s; lower storage.max_size", map_bytes >> 20, directory,
			   strerror(rc));
	else if (rc == MDB_MAP_FULL)
		buf_printf(why, "'%s' is full; raise storage.max_size", directory);
	else
		buf_printf(why, "cannot open the store in '%s': %s; make it readable and writable for this user, with "
			   "space left, or set storage.directory", directory, mdb_strerror(rc));
	return store_status(rc);
}

static struct status refuse_schema(struct buf *why, const char *directory, uint64_t schema)
{
	buf_printf(why,
		   "'%s' was written by a newer plimsoll (schema %llu, this one reads %d); run that version or choose "
		   "another storage.directory",
		   directory, (unsigned long long)schema, SCHEMA_VERSION);
	return FAIL(CORRUPT, "the store was written by a newer version");
}

static struct status refuse_foreign(struct buf *why, const char *directory)
{
	buf_printf(why, "'%s/data.mdb' holds the data of another program; choose another storage.directory", directory);
	return FAIL(CORRUPT, "the store's file belongs to another program");
}

static int open_tables(struct store *s, MDB_txn *txn)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < STORE_TABLE_COUNT; i++)
		rc = mdb_dbi_open(txn, store_table_name((enum store_table)i), MDB_CREATE, &s->tables[i]);
	return rc;
}

static int count_tables(MDB_txn *txn, size_t *count)
{
	MDB_dbi unnamed;
	MDB_stat stat;
	int rc = mdb_dbi_open(txn, NULL, 0, &unnamed);

	if (rc == 0 && (rc = mdb_stat(txn, unnamed, &stat)) == 0)
		*count = stat.ms_entries;
	return rc;
}

/* The schema version is kept as decimal text, so that any later version can read it. */
static int write_schema(struct store *s, MDB_txn *txn)
{
	struct slice name = SLICE(SCHEMA_KEY);
	struct buf framed = BUF_INIT, text = BUF_INIT;

	buf_printf(&text, "%d", SCHEMA_VERSION);
	frame_write(&framed, name, buf_view(&text));
	MDB_val key = val_of(name), value = val_of(buf_view(&framed));
	int rc = buf_failed(&framed) || buf_failed(&text) ? ENOMEM :
							    mdb_put(txn, s->tables[STORE_META], &key, &value, 0);
	buf_release(&framed);
	buf_release(&text);
	return rc;
}

/* Makes the tables of a new environment; of an older one, reads whose it is. */
static struct status check_schema(struct store *s, MDB_txn *txn, const char *directory, struct buf *why)
{
	struct slice name = SLICE(SCHEMA_KEY), text;
	MDB_val key = val_of(name), stored;
	size_t tables = 0;
	uint64_t schema;

	int rc = count_tables(txn, &tables);
	if (rc == 0)
		rc = open_tables(s, txn);
	if (rc == MDB_DBS_FULL || rc == MDB_INCOMPATIBLE)
		return refuse_foreign(why, directory);
	if (rc == 0)
		rc = mdb_get(txn, s->tables[STORE_META], &key, &stored);
	if (rc == MDB_NOTFOUND && tables > 0)
		return refuse_foreign(why, directory);
	if (rc == MDB_NOTFOUND)
		rc = write_schema(s, txn);
	else if (rc == 0 && (FAILED(frame_read(name, slice_of_val(stored), &text)) || !slice_to_u64(text, &schema)))
		return refuse_damaged(why, directory);
	else if (rc == 0 && schema > SCHEMA_VERSION)
		return refuse_schema(why, directory, schema);
	return rc == 0 ? OK : refuse(why, directory, s->map_bytes, rc);
}

static struct status prepare(struct store *s, const char *directory, struct buf *why)
{
	MDB_txn *txn;
	int dead, rc = mdb_reader_check(s->env, &dead);

	if (rc == 0)
		rc = mdb_txn_begin(s->env, NULL, 0, &txn);
	if (rc != 0)
		return refuse(why, directory, s->map_bytes, rc);
	struct status result = check_schema(s, txn, directory, why);
	if (FAILED(result)) {
		mdb_txn_abort(txn);
		return result;
	}
	rc = mdb_txn_commit(txn);
	return rc == 0 ? OK : refuse(why, directory, s->map_bytes, rc);
}

static struct status open_environment(struct store *s, const char *directory, struct buf *why)
{
	if (!probe_is_sound(directory, s->map_bytes))
		return refuse_damaged(why, directory);
	int rc = mdb_env_create(&s->env);
	if (rc == 0)
		rc = mdb_env_set_mapsize(s->env, s->map_bytes);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(s->env, STORE_TABLE_COUNT);
	if (rc == 0)
		rc = mdb_env_open(s->env, directory, MDB_NOTLS, STORE_FILE_MODE);
	return rc == 0 ? prepare(s, directory, why) : refuse(why, directory, s->map_bytes, rc);
}

static void release(struct store *s)
{
	if (s->env != NULL)
		mdb_env_close(s->env);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pthread_rwlock_destroy(&s->map_lock);
	free(s);
}

static struct meter *meter_of(enum meter_family family, const struct store_habits *habits, const char *reason)
{
	char labels[96];
	const char *own = habits->labels != NULL ? habits->labels : "";

	snprintf(labels, sizeof(labels), "%s%s%s", own, own[0] != '\0' && reason[0] != '\0' ? "," : "", reason);
	return meter_get(family, labels);
}

static struct store *store_new(const struct store_habits *habits)
{
	uint64_t max_size_bytes = habits->max_size_bytes;
	struct store *s = calloc(1, sizeof(*s));
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (s == NULL)
		return NULL;
	s->lock_fd = -1;
	s->map_bytes = max_size_bytes < MAP_BYTES_MIN ? MAP_BYTES_MIN : (size_t)max_size_bytes / page * page;
	s->spare_bytes = SPARE_BYTES_MIN + s->map_bytes / 16 / page * page;
	pthread_rwlock_init(&s->map_lock, NULL);
	s->writer.commit_interval_ns =
		(habits->commit_interval_ms > 0 ? habits->commit_interval_ms : COMMIT_INTERVAL_MS) * NS_PER_MS;
	s->writer.hurry_bytes = habits->hurry_bytes > 0 ? habits->hurry_bytes : HURRY_BYTES;
	s->bytes_meter = meter_of(METER_STORE_BYTES, habits, "");
	s->commits_meter = meter_of(METER_STORE_COMMITS, habits, "");
	s->full_meter = meter_of(METER_STORE_FAILURES, habits, "reason=\"full\"");
	s->io_meter = meter_of(METER_STORE_FAILURES, habits, "reason=\"io\"");
	s->corrupt_meter = meter_of(METER_STORE_FAILURES, habits, "reason=\"corrupt\"");
	return s;
}

struct status store_open(const char *directory, uint64_t max_size_bytes, struct store **out, struct buf *why)
{
	return store_open_as(&(struct store_habits){ .directory = directory, .max_size_bytes = max_size_bytes }, out, why);
}

struct status store_open_as(const struct store_habits *habits, struct store **out, struct buf *why)
{
	const char *directory = habits->directory;
	struct store *s = store_new(habits);

	if (s == NULL)
		return FAIL(NOMEM, "no memory for the store");
	struct status result = directory_lock(directory, &s->lock_fd, why);
	if (!FAILED(result))
		result = open_environment(s, directory, why);
	if (!FAILED(result))
		result = writer_start(s);
	if (FAILED(result)) {
		if (why->len == 0)
			buf_printf(why, "cannot open the store in '%s': %s", directory, result.why);
		release(s);
		return result;
	}
	*out = s;
	return OK;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (!s->is_reading)
		writer_stop(s);
	release(s);
}
