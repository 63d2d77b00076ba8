/* SPDX-License-Identifier: Apache-2.0
 * exporters/spool_key.h - the keys of a queue on the disk, as spool.h draws them.
 */
#ifndef PLIMSOLL_EXPORTERS_SPOOL_KEY_H
#define PLIMSOLL_EXPORTERS_SPOOL_KEY_H

#include "exporters/spool.h"

#define SPOOL_KEY_BYTES     30 /* type, kind, seq, items, created, readers */
#define SPOOL_SEQ_KEY_BYTES 10 /* as far as its seq */
#define SPOOL_ID_BYTES_MAX  256

/* Big-endian numbers of so many bytes. */
void spool_put_be(unsigned char *out, uint64_t n, int bytes);
uint64_t spool_get_be(const char *in, int bytes);

/* The key of a payload ('p') or of one set aside ('x'), written to out: SPOOL_KEY_BYTES of it. */
struct slice spool_key_write(unsigned char *out, char type, const struct spool_entry *e);

/* False: not such a key. */
bool spool_key_read(struct slice key, size_t value_bytes, struct spool_entry *e);

/* The keys of an exporter's mark and of its place; out has room for SPOOL_ID_BYTES_MAX + 2. */
struct slice spool_mark_key(unsigned char *out, enum payload_kind kind, const char *id);
struct slice spool_place_key(unsigned char *out, const char *id);

#endif
