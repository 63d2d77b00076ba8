/* SPDX-License-Identifier: Apache-2.0
 * exporters/spool_key.c - written and read byte by byte.
 */
#include "exporters/spool_key.h"

void spool_put_be(unsigned char *out, uint64_t n, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--, n >>= 8)
		out[i] = (unsigned char)n;
}

uint64_t spool_get_be(const char *in, int bytes)
{
	uint64_t n = 0;

	for (int i = 0; i < bytes; i++)
		n = n << 8 | (unsigned char)in[i];
	return n;
}

struct slice spool_key_write(unsigned char *out, char type, const struct spool_entry *e)
{
	out[0] = (unsigned char)type;
	out[1] = (unsigned char)e->kind;
	spool_put_be(out + 2, e->seq, 8);
	spool_put_be(out + 10, e->items, 4);
	spool_put_be(out + 14, e->created_unix_ms, 8);
	spool_put_be(out + 22, e->readers, 8);
	return (struct slice){ (const char *)out, SPOOL_KEY_BYTES };
}

bool spool_key_read(struct slice key, size_t value_bytes, struct spool_entry *e)
{
	if (key.len != SPOOL_KEY_BYTES || (unsigned char)key.ptr[1] >= PAYLOAD_KIND_COUNT)
		return false;
	*e = (struct spool_entry){
		.seq = spool_get_be(key.ptr + 2, 8),
		.created_unix_ms = spool_get_be(key.ptr + 14, 8),
		.size_bytes = value_bytes,
		.kind = (enum payload_kind)key.ptr[1],
		.items = (uint32_t)spool_get_be(key.ptr + 10, 4),
		.readers = spool_get_be(key.ptr + 22, 8),
	};
	return true;
}

struct slice spool_mark_key(unsigned char *out, enum payload_kind kind, const char *id)
{
	size_t n = strlen(id);

	out[0] = 'm';
	out[1] = (unsigned char)kind;
	memcpy(out + 2, id, n);
	return (struct slice){ (const char *)out, n + 2 };
}

struct slice spool_place_key(unsigned char *out, const char *id)
{
	size_t n = strlen(id);

	out[0] = 'b';
	memcpy(out + 1, id, n);
	return (struct slice){ (const char *)out, n + 1 };
}
