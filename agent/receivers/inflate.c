/* SPDX-License-Identifier: Apache-2.0
 * receivers/inflate.c - gzip and deflate by libdeflate, a body at a time; zstd, a chunk of output at a time.
 *
 * Room for output is never asked for beyond one byte past the cap: that byte's arrival is how a bomb is told, so a bomb
 * costs at most the cap. Of whole bodies libdeflate makes 1,800 MB/s where zlib makes 500.
 */
#include "agent/receivers/inflate.h"

#include <zstd_errors.h>

#define CHUNK_BYTES         65536
#define ZSTD_WINDOW_LOG_MAX 23 /* 8 MiB */
#define ISIZE_BYTES         4u
#define USUAL_RATIO         8u
#define KEEP_BYTES          (1u << 20) /* parts that took more are freed when the body is done */

struct status coding_parse(struct slice name, enum coding *out)
{
	static const struct {
		struct slice name;
		enum coding coding;
	} names[] = {
		{ { "", 0 }, CODING_IDENTITY },       { { "identity", 8 }, CODING_IDENTITY },
		{ { "gzip", 4 }, CODING_GZIP },       { { "x-gzip", 6 }, CODING_GZIP },
		{ { "deflate", 7 }, CODING_DEFLATE }, { { "zlib", 4 }, CODING_DEFLATE }, /* the Collector's word for it */
		{ { "zstd", 4 }, CODING_ZSTD },
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
	libdeflate_free_decompressor(i->deflate);
	buf_release(&i->parts);
	ZSTD_freeDCtx(i->zstd);
	inflater_init(i);
}

static struct status begin_deflate(struct inflater *i)
{
	if (i->deflate == NULL)
		i->deflate = libdeflate_alloc_decompressor();
	i->only_part = SLICE_NONE;
	buf_reset(&i->parts);
	return i->deflate != NULL ? OK : FAIL(NOMEM, "no memory to decompress");
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
		return begin_deflate(i);
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
		       : FAIL(TOOBIG, "when decompressed the " LARGER_THAN_THE_LIMIT);
}

static struct status feed_identity(struct inflater *i, struct slice part)
{
	if (part.len > i->max_bytes - (i->out->len - i->start))
		return FAIL(TOOBIG, LARGER_THAN_THE_LIMIT);
	buf_slice(i->out, part);
	return buf_failed(i->out) ? FAIL(NOMEM, "no memory for the request") : OK;
}

static struct status feed_deflate(struct inflater *i, struct slice part)
{
	if (i->only_part.len == 0 && i->parts.len == 0) {
		i->only_part = part;
		return OK;
	}
	buf_slice(&i->parts, i->only_part);
	i->only_part = SLICE_NONE;
	buf_slice(&i->parts, part);
	return buf_failed(&i->parts) ? FAIL(NOMEM, "no memory for the compressed request") : OK;
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
	switch (i->coding) {
	case CODING_GZIP:
	case CODING_DEFLATE:
		return feed_deflate(i, part);
	case CODING_ZSTD:
		return feed_zstd(i, part);
	default:
		return feed_identity(i, part);
	}
}

/* ------------------------------------------------------------------ gzip and deflate, once the body is there */

/* What is left of the cap, and one byte. */
static size_t room_left(const struct inflater *i)
{
	return i->max_bytes - (i->out->len - i->start) + 1;
}

/* The length that the last member of a gzip body tells of itself (RFC 1952, ISIZE), else a usual one; a guess, whose
 * worst is that the member is decompressed again. */
static size_t plain_guess(enum coding coding, struct slice in)
{
	size_t usual = in.len * USUAL_RATIO;

	if (coding != CODING_GZIP || in.len < ISIZE_BYTES)
		return usual;
	const unsigned char *tail = (const unsigned char *)in.ptr + in.len - ISIZE_BYTES;
	size_t told = tail[0] | (size_t)tail[1] << 8 | (size_t)tail[2] << 16 | (size_t)tail[3] << 24;
	return told > in.len / 2 ? told : usual;
}

static enum libdeflate_result run_deflate(const struct inflater *i, struct slice in, char *at, size_t room, size_t *used,
					  size_t *made)
{
	return i->coding == CODING_GZIP ?
		libdeflate_gzip_decompress_ex(i->deflate, in.ptr, in.len, at, room, used, made) :
		libdeflate_zlib_decompress_ex(i->deflate, in.ptr, in.len, at, room, used, made);
}

/* One gzip member or zlib stream, taken off the body. */
static struct status inflate_member(struct inflater *i, struct slice *in)
{
	size_t left = room_left(i), room = plain_guess(i->coding, *in), used, made;
	enum libdeflate_result result;

	do {
		room = room < left ? room : left;
		char *at = buf_reserve(i->out, room);
		if (at == NULL)
			return FAIL(NOMEM, "no memory for the decompressed request");
		result = run_deflate(i, *in, at, room, &used, &made);
		if (result == LIBDEFLATE_INSUFFICIENT_SPACE && room == left)
			return FAIL(TOOBIG, "when decompressed the " LARGER_THAN_THE_LIMIT);
		room = room < left / 4 ? room * 4 : left;
	} while (result == LIBDEFLATE_INSUFFICIENT_SPACE);
	if (result != LIBDEFLATE_SUCCESS)
		return FAIL(MALFORMED, "compressed request is broken or cut off");
	*in = slice_skip(*in, used);
	return grown(i, made);
}

static struct status inflate_body(struct inflater *i)
{
	struct slice in = i->parts.len > 0 ? buf_view(&i->parts) : i->only_part;

	if (in.len == 0)
		return FAIL(MALFORMED, "compressed request is cut off");
	do {
		TRY(inflate_member(i, &in));
	} while (in.len > 0 && i->coding == CODING_GZIP);
	return in.len == 0 ? OK : FAIL(MALFORMED, "bytes follow the compressed request");
}

static struct status end_deflate(struct inflater *i)
{
	struct status s = inflate_body(i);

	if (i->parts.cap > KEEP_BYTES)
		buf_release(&i->parts);
	return s;
}

struct status inflater_end(struct inflater *i)
{
	if (i->coding == CODING_GZIP || i->coding == CODING_DEFLATE)
		return end_deflate(i);
	if (i->coding == CODING_ZSTD && !i->at_boundary)
		return FAIL(MALFORMED, "compressed request is cut off");
	return OK;
}
