/* SPDX-License-Identifier: Apache-2.0
 * store/frame.c - writes and checks the header of a stored value.
 */
#include "agent/store/frame.h"

#include <zlib.h>

#include "agent/base/hash.h"

#define FORMAT       1
#define FORMAT_LARGE 2
#define SUM_AT 5 /* the bytes before it are part of the sum */

static void put_u32(unsigned char *out, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		out[i] = (unsigned char)(n >> (8 * i));
}

static uint32_t get_u32(const unsigned char *in)
{
	uint32_t n = 0;

	for (int i = 3; i >= 0; i--)
		n = n << 8 | in[i];
	return n;
}

static uint32_t quick_sum_of(const unsigned char *header, struct slice key, struct slice value)
{
	uint64_t sum = hash_mix(hash_stable(header, SUM_AT), hash_stable(key.ptr, key.len));

	return (uint32_t)hash_mix(sum, hash_stable(value.ptr, value.len));
}

static uint32_t sum_of(const unsigned char *header, struct slice key, struct slice value)
{
	if (header[0] == FORMAT_LARGE)
		return quick_sum_of(header, key, value);
	uLong sum = crc32_z(0, header, SUM_AT);
	sum = crc32_z(sum, (const unsigned char *)key.ptr, key.len);
	if (value.len > 0) /* crc32_z(sum, NULL, 0) would start over */
		sum = crc32_z(sum, (const unsigned char *)value.ptr, value.len);
	return (uint32_t)sum;
}

static void write_head(unsigned char *out, unsigned char format, struct slice key, struct slice value)
{
	out[0] = format;
	put_u32(out + 1, (uint32_t)value.len);
	put_u32(out + SUM_AT, sum_of(out, key, value));
}

void frame_head(unsigned char *out, struct slice key, struct slice value)
{
	write_head(out, FORMAT_LARGE, key, value);
}

void frame_write(struct buf *out, struct slice key, struct slice value)
{
	unsigned char header[FRAME_HEADER_BYTES];

	write_head(header, FORMAT, key, value);
	buf_append(out, header, sizeof(header));
	buf_slice(out, value);
}

struct status frame_read(struct slice key, struct slice stored, struct slice *value)
{
	const unsigned char *header = (const unsigned char *)stored.ptr;

	if (stored.len < FRAME_HEADER_BYTES || (header[0] != FORMAT && header[0] != FORMAT_LARGE))
		return FAIL(CORRUPT, "stored value has an unknown format");
	struct slice inside = slice_skip(stored, FRAME_HEADER_BYTES);
	if (get_u32(header + 1) != inside.len)
		return FAIL(CORRUPT, "stored value has another length than it says");
	if (get_u32(header + SUM_AT) != sum_of(header, key, inside))
		return FAIL(CORRUPT, "stored value fails its checksum");
	*value = inside;
	return OK;
}
