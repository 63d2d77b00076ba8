/* SPDX-License-Identifier: Apache-2.0
 * exporters/compress.c - gzip by zlib and zstd, both at the level that costs least: it is the loop thread that pays,
 * and spans repeat themselves so much that the higher levels gain little.
 */
#include "exporters/compress.h"

#include <assert.h>
#include <limits.h>
#include <zlib.h>
#include <zstd.h>

#define GZIP_WINDOW_BITS  (15 + 16) /* + 16: a gzip header instead of zlib's */
#define GZIP_MEMORY_LEVEL 8
#define ZSTD_LEVEL        1

static struct status append_gzip(struct slice bytes, struct buf *out)
{
	z_stream z = { 0 };

	if (bytes.len > UINT_MAX)
		return FAIL(TOOBIG, "too large for one gzip call");
	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return FAIL(NOMEM, "no memory to compress");
	uLong bound = deflateBound(&z, bytes.len);
	char *at = bound <= UINT_MAX ? buf_reserve(out, bound) : NULL;
	if (at != NULL) {
		z.next_in = (Bytef *)(uintptr_t)bytes.ptr; /* zlib only reads it */
		z.avail_in = (uInt)bytes.len;
		z.next_out = (Bytef *)at;
		z.avail_out = (uInt)bound;
		int result = deflate(&z, Z_FINISH);
		assert(result == Z_STREAM_END); /* the bound says so */
		out->len += z.total_out;
	}
	deflateEnd(&z);
	return at != NULL ? OK : FAIL(NOMEM, "no memory to compress");
}

static struct status append_zstd(struct slice bytes, struct buf *out)
{
	size_t bound = ZSTD_compressBound(bytes.len);
	char *at = buf_reserve(out, bound);
	size_t n = at != NULL ? ZSTD_compress(at, bound, bytes.ptr, bytes.len, ZSTD_LEVEL) : 0;

	if (at == NULL || ZSTD_isError(n))
		return FAIL(NOMEM, "no memory to compress");
	out->len += n;
	return OK;
}

struct status compress_append(enum compression how, struct slice bytes, struct buf *out)
{
	assert(how != COMPRESSION_NONE);
	return how == COMPRESSION_GZIP ? append_gzip(bytes, out) : append_zstd(bytes, out);
}

const char *compression_encoding(enum compression how)
{
	static const char *const names[] = {
		[COMPRESSION_GZIP] = "gzip", [COMPRESSION_NONE] = NULL, [COMPRESSION_ZSTD] = "zstd"
	};

	return names[how];
}
