/* SPDX-License-Identifier: Apache-2.0
 * pricing/compile_main.c - compiles a price file into the block that the program embeds.
 *
 *     compile_prices FILE SOURCE VERSION DATE OUTPUT
 *
 * The loader is the one of run time, so a table that the build accepts is one that the agent accepts.
 */
#include <errno.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/file.h"
#include "agent/pricing/load.h"

#define FILE_MAX ((size_t)64 << 20)

static bool write_file(const char *path, struct slice bytes)
{
	FILE *f = fopen(path, "wb");
	bool good = f != NULL && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;

	if (f != NULL && fclose(f) != 0)
		good = false;
	if (!good)
		fprintf(stderr, "cannot write '%s': %s\n", path, strerror(errno));
	return good;
}

static bool compile(char **argv)
{
	struct price_origin origin = { .file = argv[1], .source = slice_of(argv[2]), .version = slice_of(argv[3]) };
	struct buf text = BUF_INIT, image = BUF_INIT, errors = BUF_INIT;
	enum price_format format;
	uint64_t date_ns;
	bool good = false;

	if (clock_parse_rfc3339(argv[4], &date_ns) != 0) {
		fprintf(stderr, "'%s' is not a date\n", argv[4]);
		return false;
	}
	origin.date_unix_s = date_ns / NS_PER_SECOND;
	if (FAILED(file_read(argv[1], FILE_MAX, &text)))
		fprintf(stderr, "cannot read '%s': %s\n", argv[1], strerror(errno));
	else if (FAILED(price_load(buf_view(&text), &origin, &image, &format, &errors)))
		fputs(buf_string(&errors), stderr);
	else
		good = write_file(argv[5], buf_view(&image));
	buf_release(&text);
	buf_release(&image);
	buf_release(&errors);
	return good;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fputs("usage: compile_prices FILE SOURCE VERSION DATE OUTPUT\n", stderr);
		return 2;
	}
	return compile(argv) ? 0 : 1;
}
