/* SPDX-License-Identifier: Apache-2.0
 * pricing/table_file.c - reading price files, opening the built-in table.
 */
#include "agent/pricing/table_file.h"

#include <errno.h>

#include "agent/base/file.h"

#define PRICE_FILE_MAX ((size_t)64 << 20)

extern const char price_image_start[], price_image_end[];

static struct status load(const char *path, struct slice text, const struct stat *seen, struct table *out,
			  enum price_format *format, struct buf *errors)
{
	struct price_origin origin = { .file = path, .date_unix_s = (uint64_t)seen->st_mtim.tv_sec };
	struct buf block = BUF_INIT;
	struct status status = price_load(text, &origin, &block, format, errors);

	if (!FAILED(status))
		status = table_open(out, &block);
	buf_release(&block);
	return status;
}

struct status table_read_file(const char *path, struct table *out, enum price_format *format, struct stat *seen,
			      struct buf *errors)
{
	struct buf text = BUF_INIT;
	/* looked at before it is read: a change in between makes the table stale, not wrong */
	bool is_there = strcmp(path, "-") == 0 ? fstat(0, seen) == 0 : stat(path, seen) == 0;
	struct status status = is_there ? file_read(path, PRICE_FILE_MAX, &text) : FAIL(IO, "cannot open the file");

	if (FAILED(status))
		buf_printf(errors, "cannot read '%s': %s\n", path,
			   status.code == STATUS_IO ? strerror(errno) : status.why);
	else
		status = load(path, buf_view(&text), seen, out, format, errors);
	buf_release(&text);
	return status;
}

struct status table_open_builtin(struct table *out)
{
	return table_open_embedded(out, price_image_start, (size_t)(price_image_end - price_image_start));
}
