/* SPDX-License-Identifier: Apache-2.0
 * base/file.c - reading a whole file.
 */
#include "agent/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CHUNK_BYTES (64u << 10)

static struct status read_all(int fd, size_t cap_bytes, struct buf *out)
{
	size_t had = out->len;

	for (;;) {
		char *at = buf_reserve(out, CHUNK_BYTES);
		if (at == NULL)
			return FAIL(NOMEM, "no memory for the file");
		ssize_t n = read(fd, at, CHUNK_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL(IO, "cannot read the file");
		if (n == 0)
			return OK;
		out->len += (size_t)n;
		if (out->len - had > cap_bytes)
			return FAIL(TOOBIG, "file is larger than its limit");
	}
}

struct status file_read(const char *path, size_t cap_bytes, struct buf *out)
{
	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, cap_bytes, out);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return FAIL(IO, "cannot open the file");
	struct status status = read_all(fd, cap_bytes, out);
	int why = errno;
	close(fd);
	errno = why;
	return status;
}
