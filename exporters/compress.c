/* SPDX-License-Identifier: Apache-2.0
 * exporters/compress.c - gzip by libdeflate, which has whole payloads to work on and takes half of zlib's time for them,
 * and zstd; both at the level that costs least: it is the loop thread that pays, and spans repeat themselves so much
 * that the higher levels gain little.
 */
#include "exporters/compress.h"

#include <assert.h>
#include <libdeflate.h>
#include <zstd.h>

#define GZIP_LEVEL 1
#define ZSTD_LEVEL 1

static struct status append_gzip(struct slice bytes, struct buf *out)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(GZIP_LEVEL);
	size_t bound = c != NULL ? libdeflate_gzip_compress_bound(c, bytes.len) : 0;
	char *at = c != NULL ? buf_reserve(out, bound) : NULL;
	size_t n = at != NULL ? libdeflate_gzip_compress(c, bytes.ptr, bytes.len, at, bound) : 0;

	libdeflate_free_compressor(c);
	if (at == NULL)
		return FAIL(NOMEM, "no memory to compress");
	assert(n > 0); /* the bound says so */
	out->len += n;
	return OK;
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
