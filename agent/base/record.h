/* SPDX-License-Identifier: Apache-2.0
 * base/record.h - small structs of ours as bytes for the disk, and back, by one function for both ways.
 *
 * A function that calls record_double(r, &x->a), record_uint(r, &x->b), ... writes the fields when r was made by
 * record_writer and sets them when it was made by record_reader, so that the two can not drift apart. Little-endian;
 * integers by length (LEB128), doubles bit by bit. Reading never passes the end: the first error stays, later fields
 * become zero, and record_ok says at the end whether all was there and nothing was left. What was damaged before its
 * checksum was made is all there: a reader bounds what it goes on to calculate with.
 */
#ifndef PLIMSOLL_BASE_RECORD_H
#define PLIMSOLL_BASE_RECORD_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"

#define RECORD_COUNT_MAX 0x1p53              /* what a double counts exactly */
#define RECORD_TIME_MAX  (INT64_C(1) << 55)  /* beyond any time whose milliseconds have 64 bits */

struct record {
	struct buf *out;   /* writing; NULL: reading */
	struct slice rest; /* reading: what is left */
	int64_t latest_s;  /* reading: a time ahead of this one is read as this one; 0: any is believed */
	bool failed;
};

static inline struct record record_writer(struct buf *out)
{
	return (struct record){ .out = out };
}

static inline struct record record_reader(struct slice bytes)
{
	return (struct record){ .rest = bytes };
}

static inline bool record_writes(const struct record *r)
{
	return r->out != NULL;
}

static inline bool record_ok(const struct record *r)
{
	return record_writes(r) ? !buf_failed(r->out) : !r->failed && r->rest.len == 0;
}

/* The first byte of a value; reading another one than this fails. */
void record_format(struct record *r, uint8_t format);

/* The same where older formats can be read, too: the one that was found, or newest when writing. */
uint8_t record_format_since(struct record *r, uint8_t oldest, uint8_t newest);

void record_bool(struct record *r, bool *v);
void record_u8(struct record *r, uint8_t *v);
void record_u32(struct record *r, uint32_t *v);
void record_uint(struct record *r, uint64_t *v);
void record_time(struct record *r, int64_t *v);             /* seconds after 1970, or INT64_MIN for none */
void record_time_since_1970(struct record *r, int64_t *v);  /* the same, where 0 is none: reading INT64_MIN fails */
void record_double(struct record *r, double *v);            /* bit by bit */
void record_count(struct record *r, double *v);             /* a whole number, 0 to RECORD_COUNT_MAX: what is beyond is cut */
void record_slice(struct record *r, struct slice *v);       /* reading borrows */
void record_bytes(struct record *r, void *bytes, size_t n); /* as many as both sides know */

/* Four bytes, big-endian: part of a key, so that keys sort by number. */
void record_key_u32(struct record *r, uint32_t *v);

#endif
