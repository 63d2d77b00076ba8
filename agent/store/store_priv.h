/* SPDX-License-Identifier: Apache-2.0
 * store/store_priv.h - what the files of this folder share: the open environment and its writer.
 *
 * LMDB's rules kept here: one environment is opened once in a process (an flock of our own sees to it, in other
 * processes too); the map is resized only while no transaction is open (map_lock); transactions are short.
 */
#ifndef PLIMSOLL_STORE_STORE_PRIV_H
#define PLIMSOLL_STORE_STORE_PRIV_H

#include <lmdb.h>
#include <pthread.h>

#include "agent/base/meter.h"
#include "agent/store/store.h"

#define SCHEMA_VERSION 1
#define STORE_FILE_MODE 0600
#define STORE_NO_TABLE 0 /* of an environment that is only read; LMDB gives 0 to no table of ours */

struct writer {
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;  /* to the writer: a batch, a flush, the end */
	pthread_cond_t done;  /* from the writer: tickets_done moved */
	struct store_batch *oldest, *newest;
	size_t queued_bytes; /* waiting and being committed */
	uint64_t tickets, tickets_done, flush_ticket;
	struct status last_result;
	bool is_stopping;

	/* the writer thread's own */
	uint64_t next_commit_mono_ns, next_reader_check_mono_ns;
	uint64_t commit_interval_ns;
	size_t hurry_bytes;
	bool has_young_pages; /* the last commit deleted something; see commit.c */
};

struct store {
	MDB_env *env;
	MDB_dbi tables[STORE_TABLE_COUNT];
	pthread_rwlock_t map_lock; /* read: a read transaction is open; write: the map is being resized */
	size_t map_bytes;          /* what the configuration allows */
	size_t spare_bytes;        /* beyond it, so that deleting works in a full map */
	int lock_fd;
	bool is_reading; /* opened only to look: there is no writer */
	_Atomic uint64_t commits;
	struct meter *bytes_meter, *commits_meter, *full_meter, *io_meter, *corrupt_meter;
	struct writer writer;
};

/* An LMDB or errno result as a status with a fitting text. */
struct status store_status(int rc) MUST_USE;

/* A read transaction, and its end. The first returns 0 or LMDB's error. */
int store_begin_read(struct store *s, MDB_txn **txn);
void store_end_read(struct store *s, MDB_txn *txn);

/* Bytes of the file that hold data: up to the highest page ever used, less the free ones. 0 where txn cannot tell. */
uint64_t store_used_bytes(struct store *s, MDB_txn *txn);

/* Starts and ends the writer thread. Ending commits what is queued first. */
struct status writer_start(struct store *s) MUST_USE;
void writer_stop(struct store *s);

/* Commits a list of batches, together where possible, and sets each one's result. Writer thread. */
void commit_group(struct store *s, struct store_batch *oldest);

static inline MDB_val val_of(struct slice s)
{
	return (MDB_val){ s.len, (void *)(uintptr_t)s.ptr };
}

static inline struct slice slice_of_val(MDB_val v)
{
	return (struct slice){ v.mv_data, v.mv_size };
}

#endif
