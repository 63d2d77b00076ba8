/* SPDX-License-Identifier: Apache-2.0
 * Bodies are decompressed part by part, and never further than the cap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <zlib.h>

#include "agent/receivers/inflate.h"

#define MIB ((size_t)1 << 20)

static struct buf deflated(enum coding coding, struct slice plain)
{
	struct buf b = BUF_INIT;

	if (coding == CODING_ZSTD) {
		size_t bound = ZSTD_compressBound(plain.len);
		char *at = buf_reserve(&b, bound);
		b.len = ZSTD_compress(at, bound, plain.ptr, plain.len, 3);
		assert_false(ZSTD_isError(b.len));
		return b;
	}
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, coding == CODING_GZIP ? 31 : 15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t bound = deflateBound(&z, plain.len);
	z.next_in = (Bytef *)(uintptr_t)plain.ptr;
	z.avail_in = (uInt)plain.len;
	z.next_out = (Bytef *)buf_reserve(&b, bound);
	z.avail_out = (uInt)bound;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	b.len = z.total_out;
	deflateEnd(&z);
	return b;
}

static struct buf zeros(size_t n)
{
	struct buf b = BUF_INIT;

	memset(buf_reserve(&b, n + 1), 0, n);
	b.len = n;
	return b;
}

/* Feeds in parts of step bytes. */
static struct status inflate_in_steps(struct inflater *i, enum coding coding, struct slice in, size_t step, size_t max,
				      struct buf *out)
{
	TRY(inflater_begin(i, coding, max, out));
	for (; in.len > 0; in = slice_skip(in, step))
		TRY(inflater_feed(i, slice_head(in, step)));
	return inflater_end(i);
}

static enum status_code inflated(enum coding coding, struct slice in, size_t max)
{
	struct inflater i;
	struct buf out = BUF_INIT;

	inflater_init(&i);
	enum status_code code = inflate_in_steps(&i, coding, in, 1000, max, &out).code;
	assert_true(out.len <= max + 1);
	inflater_release(&i);
	buf_release(&out);
	return code;
}

static void every_coding_gives_back_what_was_put_in_whatever_the_parts(void **state)
{
	static const size_t steps[] = { 1, 7, 4096, MIB };
	struct inflater i;
	struct buf plain = BUF_INIT, out = BUF_INIT;

	(void)state;
	inflater_init(&i);
	for (unsigned n = 0; n < 40000; n++)
		buf_printf(&plain, "%u,", n * 2654435761u);
	for (int coding = CODING_IDENTITY; coding < CODING_COUNT; coding++) {
		struct buf in = coding == CODING_IDENTITY ? BUF_INIT : deflated((enum coding)coding, buf_view(&plain));
		struct slice body = coding == CODING_IDENTITY ? buf_view(&plain) : buf_view(&in);
		for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
			buf_reset(&out);
			assert_int_equal(
				inflate_in_steps(&i, (enum coding)coding, body, steps[s], plain.len, &out).code,
				STATUS_OK);
			assert_true(slice_equal(buf_view(&out), buf_view(&plain)));
		}
		buf_release(&in);
	}
	inflater_release(&i);
	buf_release(&plain);
	buf_release(&out);
}

static void the_cap_is_exact(void **state)
{
	struct buf plain = zeros(100000);

	(void)state;
	for (int coding = CODING_GZIP; coding < CODING_COUNT; coding++) {
		struct buf in = deflated((enum coding)coding, buf_view(&plain));
		assert_int_equal(inflated((enum coding)coding, buf_view(&in), 100000), STATUS_OK);
		assert_int_equal(inflated((enum coding)coding, buf_view(&in), 99999), STATUS_TOOBIG);
		buf_release(&in);
	}
	assert_int_equal(inflated(CODING_IDENTITY, buf_view(&plain), 100000), STATUS_OK);
	assert_int_equal(inflated(CODING_IDENTITY, buf_view(&plain), 99999), STATUS_TOOBIG);
	buf_release(&plain);
}

static void a_bomb_costs_no_more_than_the_cap(void **state)
{
	struct buf plain = zeros(64 * MIB);

	(void)state;
	for (int coding = CODING_GZIP; coding < CODING_COUNT; coding++) {
		struct buf in = deflated((enum coding)coding, buf_view(&plain)), out = BUF_INIT;
		struct inflater i;
		inflater_init(&i);
		assert_true(in.len < MIB / 8);
		assert_int_equal(inflate_in_steps(&i, (enum coding)coding, buf_view(&in), in.len, MIB, &out).code,
				 STATUS_TOOBIG);
		assert_true(out.len <= MIB + 1 && out.cap <= 2 * MIB);
		inflater_release(&i);
		buf_release(&in);
		buf_release(&out);
	}
	buf_release(&plain);
}

static void a_body_that_is_cut_off_anywhere_is_malformed(void **state)
{
	struct slice plain = SLICE("spans, spans, spans and more spans");

	(void)state;
	for (int coding = CODING_GZIP; coding < CODING_COUNT; coding++) {
		struct buf in = deflated((enum coding)coding, plain);
		for (size_t n = 0; n < in.len; n++)
			assert_int_equal(inflated((enum coding)coding, slice_head(buf_view(&in), n), MIB),
					 STATUS_MALFORMED);
		assert_int_equal(inflated((enum coding)coding, buf_view(&in), MIB), STATUS_OK);
		buf_release(&in);
	}
}

static void bytes_behind_the_end_are_malformed(void **state)
{
	(void)state;
	for (int coding = CODING_GZIP; coding < CODING_COUNT; coding++) {
		struct buf in = deflated((enum coding)coding, SLICE("spans"));
		buf_text(&in, "behind");
		assert_int_equal(inflated((enum coding)coding, buf_view(&in), MIB), STATUS_MALFORMED);
		buf_release(&in);
	}
}

static void gzip_members_and_zstd_frames_may_follow_one_another_but_zlib_streams_may_not(void **state)
{
	(void)state;
	for (int coding = CODING_GZIP; coding < CODING_COUNT; coding++) {
		struct buf in = deflated((enum coding)coding, SLICE("first ")),
			   next = deflated((enum coding)coding, SLICE("second"));
		struct buf out = BUF_INIT;
		struct inflater i;
		inflater_init(&i);
		buf_slice(&in, buf_view(&next));
		enum status_code code = inflate_in_steps(&i, (enum coding)coding, buf_view(&in), 3, MIB, &out).code;
		assert_int_equal(code, coding == CODING_DEFLATE ? STATUS_MALFORMED : STATUS_OK);
		if (coding != CODING_DEFLATE)
			assert_true(slice_equal(buf_view(&out), SLICE("first second")));
		inflater_release(&i);
		buf_release(&in);
		buf_release(&next);
		buf_release(&out);
	}
}

/* A body tells the length of its last member only. */
static void gzip_members_may_be_of_any_length_and_share_the_cap(void **state)
{
	static const size_t lengths[][3] = { { 300000, 1, 0 }, { 0, 1, 300000 }, { 70000, 0, 70000 }, { 0, 0, 0 } };

	(void)state;
	for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
		struct buf body = BUF_INIT;
		size_t all = 0;
		for (size_t member = 0; member < 3; member++) {
			struct buf plain = zeros(lengths[n][member]), in = deflated(CODING_GZIP, buf_view(&plain));
			buf_slice(&body, buf_view(&in));
			all += lengths[n][member];
			buf_release(&plain);
			buf_release(&in);
		}
		assert_int_equal(inflated(CODING_GZIP, buf_view(&body), all), STATUS_OK);
		if (all > 0)
			assert_int_equal(inflated(CODING_GZIP, buf_view(&body), all - 1), STATUS_TOOBIG);
		buf_release(&body);
	}
}

static void a_length_that_is_a_lie_is_malformed(void **state)
{
	static const unsigned char lies[][4] = { { 0, 0, 0, 0 }, { 0xff, 0xff, 0xff, 0xff }, { 0xa1, 0x86, 1, 0 } };
	struct buf plain = zeros(100000), in = deflated(CODING_GZIP, buf_view(&plain));

	(void)state;
	for (size_t n = 0; n < sizeof(lies) / sizeof(lies[0]); n++) {
		memcpy(in.ptr + in.len - 4, lies[n], 4);
		assert_int_equal(inflated(CODING_GZIP, buf_view(&in), MIB), STATUS_MALFORMED);
	}
	buf_release(&plain);
	buf_release(&in);
}

static void an_inflater_is_as_new_after_a_failure(void **state)
{
	struct inflater i;
	struct buf out = BUF_INIT, in = deflated(CODING_GZIP, SLICE("spans"));

	(void)state;
	inflater_init(&i);
	assert_int_equal(inflate_in_steps(&i, CODING_GZIP, SLICE("garbage"), 7, MIB, &out).code, STATUS_MALFORMED);
	assert_int_equal(inflate_in_steps(&i, CODING_ZSTD, SLICE("garbage"), 7, MIB, &out).code, STATUS_MALFORMED);
	buf_reset(&out);
	assert_int_equal(inflate_in_steps(&i, CODING_GZIP, buf_view(&in), 7, MIB, &out).code, STATUS_OK);
	assert_true(slice_equal(buf_view(&out), SLICE("spans")));
	inflater_release(&i);
	buf_release(&in);
	buf_release(&out);
}

static void a_zstd_window_beyond_8_mib_is_refused_before_it_is_allocated(void **state)
{
	/* magic, descriptor without content size, window descriptor: exponent 17 (128 MiB), an empty last block */
	static const char frame[] = "\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00";

	(void)state;
	assert_int_equal(inflated(CODING_ZSTD, (struct slice){ frame, sizeof(frame) - 1 }, MIB), STATUS_TOOBIG);
}

static void codings_have_names(void **state)
{
	static const struct {
		const char *name;
		enum coding coding;
	} good[] = { { "", CODING_IDENTITY },   { "identity", CODING_IDENTITY }, { "GZIP", CODING_GZIP },
		     { "x-gzip", CODING_GZIP }, { "deflate", CODING_DEFLATE },   { "zstd", CODING_ZSTD },
		     { "zlib", CODING_DEFLATE } };
	enum coding coding = CODING_COUNT;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(coding_parse(slice_of(good[i].name), &coding).code, STATUS_OK);
		assert_int_equal(coding, good[i].coding);
	}
	assert_int_equal(coding_parse(SLICE("br"), &coding).code, STATUS_UNSUPPORTED);
	assert_int_equal(coding_parse(SLICE("gzip, gzip"), &coding).code, STATUS_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_coding_gives_back_what_was_put_in_whatever_the_parts),
		cmocka_unit_test(the_cap_is_exact),
		cmocka_unit_test(a_bomb_costs_no_more_than_the_cap),
		cmocka_unit_test(a_body_that_is_cut_off_anywhere_is_malformed),
		cmocka_unit_test(bytes_behind_the_end_are_malformed),
		cmocka_unit_test(gzip_members_and_zstd_frames_may_follow_one_another_but_zlib_streams_may_not),
		cmocka_unit_test(gzip_members_may_be_of_any_length_and_share_the_cap),
		cmocka_unit_test(a_length_that_is_a_lie_is_malformed),
		cmocka_unit_test(an_inflater_is_as_new_after_a_failure),
		cmocka_unit_test(a_zstd_window_beyond_8_mib_is_refused_before_it_is_allocated),
		cmocka_unit_test(codings_have_names),
	};
	return cmocka_run_group_tests_name("receivers/inflate", tests, NULL, NULL);
}
