/* SPDX-License-Identifier: Apache-2.0
 * config/read_file.c - reads until the end, so pipes and /proc work as well as files.
 */
#include "agent/config/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define STEP_BYTES 16384u

static struct status read_to_end(int fd, size_t limit_bytes, struct buf *out)
{
	size_t start = out->len;

	for (;;) {
		char *at = buf_reserve(out, STEP_BYTES);
		if (at == NULL)
			return FAIL(NOMEM, "no memory for the file's content");
		ssize_t n = read(fd, at, STEP_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL(IO, "cannot read the file");
		if (n == 0)
			return OK;
		out->len += (size_t)n;
		if (out->len - start > limit_bytes)
			return FAIL(TOOBIG, "the file is larger than allowed");
	}
}

struct status read_file(const char *path, size_t limit_bytes, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return FAIL(IO, "cannot open the file");
	struct status s = read_to_end(fd, limit_bytes, out);
	int why = errno;
	close(fd);
	errno = why;
	return s;
}
