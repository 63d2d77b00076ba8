/* SPDX-License-Identifier: Apache-2.0
 * exporters/spool.h - payloads on the disk until every exporter that keeps its queue there is done with them.
 *
 * A log for each kind of payload, in an LMDB environment of its own beside the main store: its syncs, its size and its
 * damage are its own. One copy is kept whatever the number of exporters; each of them has a mark for each kind, below
 * which it is done, and what lies below all marks is deleted. So a restart sends again at most what was on its way.
 *
 *     key 'p' kind(1) seq(8) items(4) created(8) readers(8)   the bytes; the key alone tells what a queue needs to know
 *     key 'm' kind(1) exporter's id                the mark: a seq(8)
 *     key 'b' exporter's id                        its place(8), for ever: the bit in `readers` of
 *                                                  those whom a payload is for
 *     key 'x' kind(1) seq(8) items(4) created(8) 0(8)   a batch that its peer will never take; see spool_set_aside
 *
 * A kind is its number in enum payload_kind. Numbers are big-endian, created is in unix milliseconds, seq counts from 1
 * over all kinds.
 */
#ifndef PLIMSOLL_EXPORTERS_SPOOL_H
#define PLIMSOLL_EXPORTERS_SPOOL_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/span/payload.h"

#define SPOOL_READERS_MAX 32

struct spool;

struct spool_entry {
	uint64_t seq; /* 0: not on the disk */
	uint64_t created_unix_ms;
	size_t size_bytes;
	enum payload_kind kind;
	uint32_t items;
	uint64_t readers; /* places of those whom it is for */
};

/* directory: made where it is missing. A damaged file is moved aside, which is logged and counted, and an empty one
 * begun: what it held is lost, but nothing else is. max_bytes: of the file. Call before other threads are started.
 * why: on failure the sentence to print. Errors: as store_open. */
struct status spool_open(const char *directory, uint64_t max_bytes, struct spool **out, struct buf *why) MUST_USE;

/* Commits what is under way and closes. */
void spool_close(struct spool *s);

/* An exporter that reads kinds (bits 1u << PAYLOAD_...); exporter: its place in the configuration. One that was not
 * here at the last run starts at the end. Before spool_load. Errors: TOOBIG, more than SPOOL_READERS_MAX; IO. */
struct status spool_add_reader(struct spool *s, const char *id, uint32_t kinds, unsigned exporter,
			       unsigned *reader) MUST_USE;

/* Tells each reader what it has not done yet, in order; deletes what no reader wants any more. Once, after all readers
 * were added and before anything is written. */
typedef void (*spool_visit)(void *context, unsigned reader, const struct spool_entry *e);
struct status spool_load(struct spool *s, spool_visit visit, void *context) MUST_USE;

/* Whether it is for any reader. Any thread. */
bool spool_wants(const struct spool *s, const struct payload *p);

/* Writes the payloads, in one transaction, taking references until done. done is called on the writer's thread once they
 * are on the disk, or with the failure; writes are done in the order of their seq. entries: count of them, for done to
 * use; filled before this returns. Any thread. Errors (done is not called): FULL, the disk cannot follow; NOMEM. */
#define SPOOL_WRITE_MAX 200
struct status spool_write(struct spool *s, struct payload *const *payloads, size_t count, struct spool_entry *entries,
			  void (*done)(void *context, struct status result), void *context) MUST_USE;

/* A new reference to what was written, in *out. Errors: NOTFOUND; CORRUPT; NOMEM. Any thread. */
struct status spool_read(struct spool *s, const struct spool_entry *e, struct payload **out) MUST_USE;

/* The reader is done with every payload of this kind below seq. Loop thread. */
void spool_mark(struct spool *s, unsigned reader, enum payload_kind kind, uint64_t seq);

/* Keeps a payload that its peer refused for good, with the reason in words, so that a person can look at it: the newest
 * few, up to 64 of them and 16 MiB. The bytes are the reason, a newline, and the payload. Loop thread. */
void spool_set_aside(struct spool *s, const struct payload *p, const char *exporter, const char *reason);

/* Visits them, oldest first; value: as spool_set_aside wrote it, borrowed for the visit. False ends it. Any thread. */
typedef bool (*spool_aside_visit)(void *context, const struct spool_entry *e, struct slice value);
struct status spool_visit_aside(struct spool *s, spool_aside_visit visit, void *context) MUST_USE;

#endif
