/* SPDX-License-Identifier: Apache-2.0
 * store/store.h - everything that outlives the process, in one LMDB environment.
 *
 * One writer thread owns the write transaction and commits many batches of changes together; store_write may be called
 * from any thread and never waits for the disk. Reading may be done from any thread and sees committed data.
 * Keys are big-endian and sortable, at most 511 bytes; values carry a format byte and a checksum, added and checked
 * here. A store of a newer schema is refused (CORRUPT, with a clear word); schema 1 is the first.
 *
 * What may be lost: each commit is synced to the disk before done is called, so neither a killed process nor a crash of
 * the operating system takes back what was acknowledged, and a batch is never seen by half. What was queued and not yet
 * committed is lost: under a steady load that is the last 50 ms and what one sync takes, after a quiet time less.
 *
 * A full map or disk: batches that put answer FULL and change nothing; batches that only delete still work (in spare
 * room beyond the configured size), and what they free can be used by the next batch. A damaged file is refused when
 * it is opened; a single damaged value is CORRUPT when it is read. A file that is deleted while it is open can be read
 * on, and takes no batch any more: IO.
 */
#ifndef PLIMSOLL_STORE_STORE_H
#define PLIMSOLL_STORE_STORE_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"
#include "agent/base/status.h"

#define STORE_TABLE_MAP(X) \
	X(META, "meta")    \
	X(BASELINES, "baselines") \
	X(ALERTS, "alerts") \
	X(AUDIT, "audit")  \
	X(PROMPTS, "prompts") \
	X(MODELS, "models") \
	X(BUDGETS, "budgets") \
	X(QUEUE, "queue")  \
	X(EXEMPLARS, "exemplars") \
	X(COUNTED, "counted") \
	X(SLOS, "slos") \
	X(VERSIONS, "versions") \
	X(REVIEW, "review") \
	X(JUDGEMENTS, "judgements")

enum store_table {
#define X(id, name) STORE_##id,
	STORE_TABLE_MAP(X)
#undef X
	STORE_TABLE_COUNT
};

struct store;

/* Opens or creates the environment in directory (created with mode 0700 where it is missing).
 * max_size_bytes: of the map, at least 1 MiB; the file grows to it as needed and never shrinks.
 * why: on failure the sentence to print, with the path and what to do about it.
 * Forks once to look at the file (probe.h), so call it before other threads are started.
 * Errors: EXISTS, another process has it open; CORRUPT; IO; FULL; NOMEM. */
struct status store_open(const char *directory, uint64_t max_size_bytes, struct store **out, struct buf *why) MUST_USE;

/* As store_open, for a store beside the main one that has its own habits. All but directory may be zero. */
struct store_habits {
	const char *directory;
	uint64_t max_size_bytes;
	unsigned commit_interval_ms; /* a commit begins at most this often; 0: 50 */
	size_t hurry_bytes;          /* so much that waits is committed at once; 0: 8 MiB */
	const char *labels;          /* of its meters: `store="queue"`; NULL: none */
};
struct status store_open_as(const struct store_habits *habits, struct store **out, struct buf *why) MUST_USE;

/* Whether there is an environment in directory, by the name of its file: store_open would not make one. */
bool store_is_there(const char *directory);

/* Opens an environment only to look at it, whether or not an agent works on it: nothing is written, and store_write must
 * not be called. Its file is believed: one that is damaged may end the process, so look at it in a child.
 * Errors: NOTFOUND, there is none; CORRUPT; IO; NOMEM. */
struct status store_open_reading(const char *directory, struct store **out, struct buf *why) MUST_USE;

/* Commits what is queued, stops the writer and closes. */
void store_close(struct store *s);

/* A batch of changes that are committed together or not at all. Built by one thread. */
struct store_batch;
struct store_batch *store_batch_new(void); /* NULL without memory */
void store_batch_put(struct store_batch *b, enum store_table table, struct slice key, struct slice value);
void store_batch_delete(struct store_batch *b, enum store_table table, struct slice key);
/* As store_batch_put, but the value is not copied: it has to stay where it is until done is called, or until store_write
 * has failed. */
void store_batch_lend(struct store_batch *b, enum store_table table, struct slice key, struct slice value);
/* Deletes the keys from first on, up to but not including end. */
void store_batch_delete_range(struct store_batch *b, enum store_table table, struct slice first, struct slice end);
void store_batch_free(struct store_batch *b); /* for a batch that is not written after all */

/* Queues the batch and takes it over. done (may be NULL) is called on the writer thread after the commit, or with the
 * failure: FULL, the map or the disk is full; IO. It must be quick and must not call store_flush.
 * Errors (the batch is freed, done is not called): FULL, 64 MiB are queued already; INVALID, a key was empty or too
 * long; NOMEM; TOOBIG, a value of 2 GiB or more. */
struct status store_write(struct store *s, struct store_batch *b, void (*done)(void *context, struct status result),
			  void *context) MUST_USE;

/* Waits until everything queued so far is committed; result of the last batch. */
struct status store_flush(struct store *s) MUST_USE;

/* Copies the value into out, in place of what that held; out is untouched on failure, but emptied with NOMEM. Errors:
 * NOTFOUND; CORRUPT, the checksum is wrong; UNAVAILABLE, more than 126 reads at once; NOMEM. */
struct status store_get(struct store *s, enum store_table table, struct slice key, struct buf *out) MUST_USE;

/* Visits every entry whose key starts with prefix (empty: all), in key order, inside one read transaction: be quick,
 * since pages that are freed meanwhile cannot be used again. Key and value live as long as the visit, which may read
 * from the store and write to it. A visit that returns false ends it. Corrupt values are skipped and counted. */
typedef bool (*store_visit)(void *context, struct slice key, struct slice value);
struct status store_scan(struct store *s, enum store_table table, struct slice prefix, store_visit visit,
			 void *context) MUST_USE;

/* As store_scan, but the values are not looked at, only their length is told. */
typedef bool (*store_visit_key)(void *context, struct slice key, size_t value_bytes);
struct status store_scan_keys(struct store *s, enum store_table table, struct slice prefix, store_visit_key visit,
			      void *context) MUST_USE;

struct store_stats {
	uint64_t used_bytes, map_bytes, commits;
	uint64_t entries[STORE_TABLE_COUNT], table_bytes[STORE_TABLE_COUNT];
};
struct status store_stats(struct store *s, struct store_stats *out) MUST_USE;

/* Reads every value and its checksum, as one moment saw them. */
struct store_check {
	uint64_t good[STORE_TABLE_COUNT], damaged[STORE_TABLE_COUNT];
};
struct status store_check(struct store *s, struct store_check *out) MUST_USE;

/* Copies what one moment saw to directory/data.mdb, synced to the disk, while others go on writing. directory: made with
 * mode 0700 where it is missing; on failure no half of a copy stays. Errors: EXISTS, it holds a data.mdb already; FULL;
 * IO. */
struct status store_copy(struct store *s, const char *directory, struct buf *why) MUST_USE;

/* "baselines" */
const char *store_table_name(enum store_table table);

#endif
