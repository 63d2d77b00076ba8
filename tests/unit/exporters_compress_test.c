/* SPDX-License-Identifier: Apache-2.0
 * What is compressed comes back whole from the libraries that peers use, and is smaller where it repeats itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "exporters/compress.h"

#define PLAIN_BYTES (1u << 20)

static size_t gunzip(struct slice body, char *plain, size_t size)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)body.ptr,
		       .avail_in = (uInt)body.len,
		       .next_out = (Bytef *)plain,
		       .avail_out = (uInt)size };

	assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	inflateEnd(&z);
	return z.total_out;
}

static size_t unzstd(struct slice body, char *plain, size_t size)
{
	return ZSTD_decompress(plain, size, body.ptr, body.len);
}

static const struct {
	enum compression how;
	size_t (*undo)(struct slice body, char *plain, size_t size);
} formats[] = { { COMPRESSION_GZIP, gunzip }, { COMPRESSION_ZSTD, unzstd } };

static void fill(char *plain, size_t n, unsigned different)
{
	uint32_t random = 1;

	for (size_t i = 0; i < n; i++) {
		random = random * 1664525 + 1013904223;
		plain[i] = (char)((random >> 16) % different);
	}
}

/* Returns how long it was in between. */
static size_t round_trip(size_t format, struct slice plain)
{
	struct buf body = BUF_INIT;
	char *back = malloc(plain.len + 1);

	assert_non_null(back);
	buf_text(&body, "head");
	assert_false(FAILED(compress_append(formats[format].how, plain, &body)));
	assert_memory_equal(body.ptr, "head", 4);
	struct slice compressed = { body.ptr + 4, body.len - 4 };
	assert_int_equal(formats[format].undo(compressed, back, plain.len + 1), plain.len);
	if (plain.len > 0)
		assert_memory_equal(back, plain.ptr, plain.len);
	size_t bytes = compressed.len;
	free(back);
	buf_release(&body);
	return bytes;
}

static void any_length_comes_back(void **state)
{
	char plain[4096];

	(void)state;
	fill(plain, sizeof(plain), 11);
	for (size_t format = 0; format < 2; format++)
		for (size_t n = 0; n <= sizeof(plain); n = n < 20 ? n + 1 : n * 2)
			round_trip(format, (struct slice){ plain, n });
}

static void what_repeats_itself_becomes_small_and_noise_hardly_grows(void **state)
{
	char *plain = malloc(PLAIN_BYTES);

	(void)state;
	assert_non_null(plain);
	for (size_t format = 0; format < 2; format++) {
		fill(plain, PLAIN_BYTES, 1);
		assert_in_range(round_trip(format, (struct slice){ plain, PLAIN_BYTES }), 1, PLAIN_BYTES / 100);
		fill(plain, PLAIN_BYTES, 256);
		assert_in_range(round_trip(format, (struct slice){ plain, PLAIN_BYTES }), 1,
				PLAIN_BYTES + PLAIN_BYTES / 100);
	}
	free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_length_comes_back),
		cmocka_unit_test(what_repeats_itself_becomes_small_and_noise_hardly_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
