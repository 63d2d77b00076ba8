/* SPDX-License-Identifier: Apache-2.0
 * base/record.c - fields to bytes and bytes to fields.
 */
#include "agent/base/record.h"

void record_bytes(struct record *r, void *bytes, size_t n)
{
	if (record_writes(r)) {
		buf_append(r->out, bytes, n);
		return;
	}
	if (r->failed || r->rest.len < n) {
		r->failed = true;
		memset(bytes, 0, n);
		return;
	}
	memcpy(bytes, r->rest.ptr, n);
	r->rest = slice_skip(r->rest, n);
}

void record_u8(struct record *r, uint8_t *v)
{
	record_bytes(r, v, 1);
}

void record_format(struct record *r, uint8_t format)
{
	uint8_t found = format;

	record_u8(r, &found);
	r->failed |= found != format;
}

uint8_t record_format_since(struct record *r, uint8_t oldest, uint8_t newest)
{
	uint8_t found = newest;

	record_u8(r, &found);
	r->failed |= found < oldest || found > newest;
	return found;
}

void record_bool(struct record *r, bool *v)
{
	uint8_t byte = *v;

	record_u8(r, &byte);
	r->failed |= byte > 1;
	*v = byte == 1;
}

static void write_uint(struct record *r, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_byte(r->out, (char)(v | 0x80));
	buf_byte(r->out, (char)v);
}

static uint64_t read_uint(struct record *r)
{
	uint64_t v = 0;
	uint8_t byte;

	for (unsigned shift = 0; shift < 64 && !r->failed; shift += 7) {
		record_u8(r, &byte);
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	r->failed = true;
	return 0;
}

void record_uint(struct record *r, uint64_t *v)
{
	if (record_writes(r))
		write_uint(r, *v);
	else
		*v = read_uint(r);
}

void record_u32(struct record *r, uint32_t *v)
{
	uint64_t wide = *v;

	record_uint(r, &wide);
	r->failed |= wide > UINT32_MAX;
	*v = (uint32_t)wide;
}

void record_time(struct record *r, int64_t *v)
{
	uint64_t wide = *v == INT64_MIN ? 0 : (uint64_t)*v + 1;

	record_uint(r, &wide);
	if (record_writes(r))
		return;
	r->failed |= wide > RECORD_TIME_MAX;
	*v = wide == 0 || r->failed ? INT64_MIN : (int64_t)(wide - 1);
	if (r->latest_s != 0 && *v > r->latest_s)
		*v = r->latest_s;
}

void record_time_since_1970(struct record *r, int64_t *v)
{
	record_time(r, v);
	r->failed |= *v < 0 && !record_writes(r);
}

void record_double(struct record *r, double *v)
{
	uint64_t bits;
	unsigned char bytes[8];

	memcpy(&bits, v, sizeof(bits));
	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(bits >> 8 * i);
	record_bytes(r, bytes, sizeof(bytes));
	bits = 0;
	for (int i = 8; i-- > 0;)
		bits = bits << 8 | bytes[i];
	memcpy(v, &bits, sizeof(bits));
}

/* What is no number is none. */
static uint64_t whole(double v)
{
	return !(v > 0) ? 0 : v < RECORD_COUNT_MAX ? (uint64_t)v : (uint64_t)RECORD_COUNT_MAX;
}

void record_count(struct record *r, double *v)
{
	uint64_t n = record_writes(r) ? whole(*v) : 0;

	record_uint(r, &n);
	r->failed |= n > (uint64_t)RECORD_COUNT_MAX;
	if (!record_writes(r))
		*v = (double)n;
}

void record_slice(struct record *r, struct slice *v)
{
	uint64_t n = v->len;

	record_uint(r, &n);
	if (record_writes(r)) {
		buf_slice(r->out, *v);
		return;
	}
	r->failed |= n > r->rest.len;
	*v = r->failed ? SLICE_NONE : slice_head(r->rest, (size_t)n);
	if (!r->failed)
		r->rest = slice_skip(r->rest, v->len);
}

void record_key_u32(struct record *r, uint32_t *v)
{
	unsigned char bytes[4] = { (unsigned char)(*v >> 24), (unsigned char)(*v >> 16), (unsigned char)(*v >> 8),
				   (unsigned char)*v };

	record_bytes(r, bytes, sizeof(bytes));
	*v = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}
