/* SPDX-License-Identifier: Apache-2.0
 * store/directory.c - makes and locks the storage directory.
 *
 * The lock is an flock on a file of our own: LMDB would let two processes, and even two openings in one process, work
 * on the same environment, and the latter breaks its locks.
 */
#include "agent/store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/slice.h"

#define LOCK_FILE "plimsoll.lock"
#define LOCK_TEXT_BYTES 32

static const struct {
	int error;
	const char *remedy;
} remedies[] = {
	{ ENOTDIR, "a file is in the way; move it or set storage.directory" },
	{ EEXIST, "a file is in the way; move it or set storage.directory" },
	{ EROFS, "mount it writable or set storage.directory" },
	{ EACCES, "let this user write there or set storage.directory" },
	{ EPERM, "let this user write there or set storage.directory" },
	{ ENOSPC, "make room or set storage.directory" },
	{ EDQUOT, "make room or set storage.directory" },
};

static struct status refuse(struct buf *why, const char *verb, const char *path, int error)
{
	const char *remedy = "set storage.directory to another place";

	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (remedies[i].error == error)
			remedy = remedies[i].remedy;
	buf_printf(why, "cannot %s '%s': %s; %s", verb, path, strerror(error), remedy);
	if (error == ENOSPC || error == EDQUOT)
		return FAIL(FULL, "no space for the storage directory");
	return FAIL(IO, "the storage directory cannot be used");
}

/* The errno of a directory that could not be made. Where the one above it is missing, that one's is the reason. */
static int reason(int above)
{
	return errno == ENOENT && above != 0 ? above : errno;
}

/* 0, or the errno of the first directory that cannot be made. path is cut at each slash in turn, whole again after. */
static int make_directories(char *path)
{
	struct stat st;
	int above = 0;

	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int rc = mkdir(path, 0700);
		*slash = '/';
		if (rc != 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
			return reason(above);
		above = rc != 0 && errno != EEXIST ? errno : 0; /* perhaps it is there, and only closed to us */
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return reason(above);
	if (stat(path, &st) != 0)
		return errno;
	return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}

static struct status refuse_as_locked(struct buf *why, const char *directory, int fd)
{
	char text[LOCK_TEXT_BYTES + 1];
	ssize_t n = pread(fd, text, LOCK_TEXT_BYTES, 0);
	uint64_t pid;

	if (n > 0 && slice_to_u64(slice_trim((struct slice){ text, (size_t)n }), &pid))
		buf_printf(why, "'%s' is in use by process %llu; choose another with storage.directory", directory,
			   (unsigned long long)pid);
	else
		buf_printf(why, "'%s' is in use by another process; choose another with storage.directory", directory);
	return FAIL(EXISTS, "the storage directory is in use");
}

/* The number is there for people and for refuse_as_locked; the lock is the flock. */
static int write_own_pid(int fd)
{
	char text[LOCK_TEXT_BYTES];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) != 0)
		return errno;
	ssize_t written = pwrite(fd, text, (size_t)n, 0);
	return written == n ? 0 : written < 0 ? errno : ENOSPC;
}

static struct status take_lock(const char *directory, const char *path, int *lock_fd, struct buf *why)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return refuse(why, "write", path, errno);
	int error = flock(fd, LOCK_EX | LOCK_NB) == 0 ? write_own_pid(fd) : errno;
	if (error == 0) {
		*lock_fd = fd;
		return OK;
	}
	struct status result = error == EWOULDBLOCK ? refuse_as_locked(why, directory, fd) :
						      refuse(why, "lock", path, error);
	close(fd);
	return result;
}

struct status directory_make(const char *directory, struct buf *why)
{
	struct buf path = BUF_INIT;
	int error = ENOMEM;

	buf_text(&path, directory);
	buf_string(&path);
	if (!buf_failed(&path))
		error = path.len > 0 ? make_directories(path.ptr) : ENOENT;
	buf_release(&path);
	return error == 0 ? OK : refuse(why, "use storage directory", directory, error);
}

struct status directory_lock(const char *directory, int *lock_fd, struct buf *why)
{
	struct buf path = BUF_INIT;

	TRY(directory_make(directory, why));
	buf_printf(&path, "%s/" LOCK_FILE, directory);
	struct status result = take_lock(directory, buf_string(&path), lock_fd, why);
	buf_release(&path);
	return result;
}
