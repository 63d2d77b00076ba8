/* SPDX-License-Identifier: Apache-2.0
 * exporters/file/pack.c - gzip beside the loop. The result has its name only once it is whole.
 */
#include "exporters/file/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "agent/base/log.h"

#define PIECE_BYTES (64u << 10)

struct packing {
	uv_work_t work;
	int error; /* errno; 0: done */
	char path[PATH_MAX];
};

/* 0, or errno. */
static int copy_packed(int from, gzFile to)
{
	char piece[PIECE_BYTES];
	ssize_t n;

	while ((n = read(from, piece, sizeof(piece))) > 0)
		if (gzwrite(to, piece, (unsigned)n) != (int)n)
			return errno != 0 ? errno : EIO;
	return n < 0 ? errno : 0;
}

/* 0, or errno. Closes to. */
static int pack_into(int from, int to)
{
	gzFile packed = gzdopen(to, "wb6");

	if (packed == NULL) {
		close(to);
		return ENOMEM;
	}
	errno = 0;
	int error = copy_packed(from, packed);
	if (gzclose(packed) != Z_OK && error == 0)
		error = errno != 0 ? errno : EIO;
	return error;
}

static int pack(const char *path)
{
	char packed[PATH_MAX + 8], unfinished[PATH_MAX + 8];

	snprintf(packed, sizeof(packed), "%s.gz", path);
	snprintf(unfinished, sizeof(unfinished), "%s.gz.new", path);
	int from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return errno;
	int to = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int error = to >= 0 ? pack_into(from, to) : errno;
	close(from);
	if (error == 0 && rename(unfinished, packed) != 0)
		error = errno;
	if (error == 0 && unlink(path) != 0)
		error = errno;
	if (error != 0)
		unlink(unfinished);
	return error;
}

static void on_thread(uv_work_t *work)
{
	struct packing *p = work->data;

	p->error = pack(p->path);
}

static void on_packed(uv_work_t *work, int status)
{
	struct packing *p = work->data;

	if (status != 0 || p->error != 0)
		LOG(WARN, "exporters", "file_not_packed", "path=\"%s\" reason=\"%s\"", p->path,
		    status != 0 ? uv_strerror(status) : strerror(p->error));
	free(p);
}

void pack_backup(uv_loop_t *loop, const char *path)
{
	struct packing *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return; /* it stays as it is */
	snprintf(p->path, sizeof(p->path), "%s", path);
	p->work.data = p;
	if (uv_queue_work(loop, &p->work, on_thread, on_packed) != 0)
		free(p);
}
