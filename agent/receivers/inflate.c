/* SPDX-License-Identifier: Apache-2.0
 * receivers/inflate.c - zlib and zstd, one chunk of output at a time.
 *
 * Room for output is asked for in chunks and never beyond one byte past the cap: that byte's arrival is how a bomb is
 * told, so a bomb costs at most the cap.
 */
#include "agent/receivers/inflate.h"

#include <limits.h>
#include <zstd_errors.h>

#define CHUNK_BYTES         65536
#define ZSTD_WINDOW_LOG_MAX 23 /* 8 MiB */

struct status coding_parse(struct slice name, enum coding *out)
{
	static const struct {
		struct slice name;
		enum coding coding;
	} names[] = {
		{ { "", 0 }, CODING_IDENTITY },       { { "identity", 8 }, CODING_IDENTITY },
		{ { "gzip", 4 }, CODING_GZIP },       { { "x-gzip", 6 }, CODING_GZIP },
		{ { "deflate", 7 }, CODING_DEFLATE }, { { "zstd", 4 }, CODING_ZSTD },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_equal_nocase(name, names[i].name)) {
			*out = names[i].coding;
			return OK;
		}
	}
	return FAIL(UNSUPPORTED, "content encoding is none of identity, gzip, deflate, zstd");
}

void inflater_init(struct inflater *i)
{
	*i = (struct inflater){ 0 };
}

void inflater_release(struct inflater *i)
{
	if (i->has_zlib)
		inflateEnd(&i->zlib);
	ZSTD_freeDCtx(i->zstd);
	inflater_init(i);
}

static struct status begin_zlib(struct inflater *i)
{
	int window_bits = i->coding == CODING_GZIP ? 16 + MAX_WBITS : MAX_WBITS;
	int rc = i->has_zlib ? inflateReset2(&i->zlib, window_bits) : inflateInit2(&i->zlib, window_bits);

	if (rc != Z_OK)
		return FAIL(NOMEM, "no memory to decompress");
	i->has_zlib = true;
	return OK;
}

static struct status begin_zstd(struct inflater *i)
{
	if (i->zstd == NULL)
		i->zstd = ZSTD_createDCtx();
	if (i->zstd == NULL)
		return FAIL(NOMEM, "no memory to decompress");
	ZSTD_DCtx_reset(i->zstd, ZSTD_reset_session_only);
	ZSTD_DCtx_setParameter(i->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	return OK;
}

struct status inflater_begin(struct inflater *i, enum coding coding, size_t max_bytes, struct buf *out)
{
	i->out = out;
	i->start = out->len;
	i->max_bytes = max_bytes;
	i->coding = coding;
	i->at_boundary = false;
	switch (coding) {
	case CODING_GZIP:
	case CODING_DEFLATE:
		return begin_zlib(i);
	case CODING_ZSTD:
		return begin_zstd(i);
	default:
		return OK;
	}
}

/* Room for the next piece of output: a chunk, or what is left of the cap and one byte. */
static struct status reserve(struct inflater *i, char **at, size_t *room)
{
	size_t left = i->max_bytes - (i->out->len - i->start);

	*room = left < CHUNK_BYTES ? left + 1 : CHUNK_BYTES;
	*at = buf_reserve(i->out, *room);
	return *at != NULL ? OK : FAIL(NOMEM, "no memory for the decompressed request");
}

static struct status grown(struct inflater *i, size_t n)
{
	i->out->len += n;
	return i->out->len - i->start <= i->max_bytes
		       ? OK
		       : FAIL(TOOBIG, "request is larger than the limit when decompressed");
}

static struct status feed_identity(struct inflater *i, struct slice part)
{
	if (part.len > i->max_bytes - (i->out->len - i->start))
		return FAIL(TOOBIG, "request is larger than the limit");
	buf_slice(i->out, part);
	return buf_failed(i->out) ? FAIL(NOMEM, "no memory for the request") : OK;
}

/* What inflate's result means; a stream's end may be followed by another gzip member, by nothing else. */
static struct status zlib_result(struct inflater *i, int rc)
{
	switch (rc) {
	case Z_OK:
	case Z_BUF_ERROR: /* no progress without more input or more room: both are looked at by the caller */
		i->at_boundary = false;
		return OK;
	case Z_STREAM_END:
		i->at_boundary = true;
		return OK;
	case Z_MEM_ERROR:
		return FAIL(NOMEM, "no memory to decompress");
	default:
		return FAIL(MALFORMED, "compressed request is broken");
	}
}

static struct status next_member(struct inflater *i)
{
	if (i->coding != CODING_GZIP)
		return FAIL(MALFORMED, "bytes follow the compressed request");
	inflateReset(&i->zlib);
	i->at_boundary = false;
	return OK;
}

static struct status feed_zlib(struct inflater *i, struct slice part)
{
	char *at;
	size_t room;
	bool out_is_full;

	i->zlib.next_in = (Bytef *)(uintptr_t)part.ptr; /* zlib only reads it */
	i->zlib.avail_in = (uInt)part.len;
	do {
		if (i->at_boundary && i->zlib.avail_in == 0)
			return OK;
		if (i->at_boundary)
			TRY(next_member(i));
		TRY(reserve(i, &at, &room));
		i->zlib.next_out = (Bytef *)at;
		i->zlib.avail_out = (uInt)room;
		TRY(zlib_result(i, inflate(&i->zlib, Z_NO_FLUSH)));
		out_is_full = i->zlib.avail_out == 0;
		TRY(grown(i, room - i->zlib.avail_out));
	} while (i->zlib.avail_in > 0 || out_is_full);
	return OK;
}

static struct status feed_zstd(struct inflater *i, struct slice part)
{
	ZSTD_inBuffer in = { part.ptr, part.len, 0 };
	ZSTD_outBuffer out = { NULL, 0, 0 };
	char *at;

	do {
		TRY(reserve(i, &at, &out.size));
		out.dst = at;
		out.pos = 0;
		size_t hint = ZSTD_decompressStream(i->zstd, &out, &in);
		if (ZSTD_isError(hint))
			return ZSTD_getErrorCode(hint) == ZSTD_error_frameParameter_windowTooLarge
				       ? FAIL(TOOBIG, "zstd window is larger than 8 MiB")
				       : FAIL(MALFORMED, "compressed request is broken");
		i->at_boundary = hint == 0;
		TRY(grown(i, out.pos));
	} while (in.pos < in.size || (out.pos == out.size && !i->at_boundary));
	return OK;
}

struct status inflater_feed(struct inflater *i, struct slice part)
{
	if (part.len == 0)
		return OK;
	if (part.len > UINT_MAX)
		return FAIL(TOOBIG, "request is larger than the limit");
	switch (i->coding) {
	case CODING_GZIP:
	case CODING_DEFLATE:
		return feed_zlib(i, part);
	case CODING_ZSTD:
		return feed_zstd(i, part);
	default:
		return feed_identity(i, part);
	}
}

struct status inflater_end(struct inflater *i)
{
	if (i->coding != CODING_IDENTITY && !i->at_boundary)
		return FAIL(MALFORMED, "compressed request is cut off");
	return OK;
}
