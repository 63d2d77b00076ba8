/* SPDX-License-Identifier: Apache-2.0
 * exporters/file/rotate.c - renames a full file by the time, deletes the oldest.
 */
#include "exporters/file/rotate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/slice.h"

#define STAMP "dddd-dd-ddTdd-dd-dd.ddd"

/* A path in its parts: "dir/", "records", ".jsonl". */
struct file_name {
	char directory[PATH_MAX];
	struct slice stem, extension;
};

static struct file_name take_apart(const char *path)
{
	struct file_name name;
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	const char *dot = strrchr(base, '.');

	if (slash == NULL)
		snprintf(name.directory, sizeof(name.directory), "./");
	else
		snprintf(name.directory, sizeof(name.directory), "%.*s", (int)(slash - path + 1), path);
	name.stem = dot != NULL && dot != base ? (struct slice){ base, (size_t)(dot - base) } : slice_of(base);
	name.extension = slice_of(name.stem.ptr + name.stem.len);
	return name;
}

static bool matches_stamp(struct slice text)
{
	if (text.len != sizeof(STAMP) - 1)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (STAMP[i] == 'd' ? text.ptr[i] < '0' || text.ptr[i] > '9' : text.ptr[i] != STAMP[i])
			return false;
	return true;
}

/* Of ours, compressed by now or not. */
static bool is_backup(const struct file_name *name, const char *entry)
{
	struct slice text = slice_of(entry);

	if (slice_ends_with(text, SLICE(".gz")) && !slice_ends_with(name->extension, SLICE(".gz")))
		text.len -= strlen(".gz");
	if (text.len != name->stem.len + 1 + sizeof(STAMP) - 1 + name->extension.len ||
	    !slice_starts_with(text, name->stem) || text.ptr[name->stem.len] != '-' ||
	    !slice_ends_with(text, name->extension))
		return false;
	return matches_stamp(slice_head(slice_skip(text, name->stem.len + 1), sizeof(STAMP) - 1));
}

static void stamp(uint64_t unix_ms, char out[sizeof(STAMP) + 1])
{
	clock_format_utc(unix_ms / 1000, out);
	out[13] = out[16] = '-';
	snprintf(out + 19, sizeof(STAMP) + 1 - 19, ".%03u", (unsigned)(unix_ms % 1000));
}

/* A name that is not taken yet: of two in one millisecond the later moves on. */
static int backup_path(const struct file_name *name, char out[PATH_MAX])
{
	uint64_t unix_ms = clock_unix_ns() / NS_PER_MS;
	char time[sizeof(STAMP) + 1];

	do {
		stamp(unix_ms++, time);
		int n = snprintf(out, PATH_MAX, "%s%.*s-%s%.*s", name->directory, SLICE_ARG(name->stem), time,
				 SLICE_ARG(name->extension));
		if (n < 0 || n >= PATH_MAX)
			return ENAMETOOLONG;
	} while (access(out, F_OK) == 0);
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void delete_oldest(const struct file_name *name, int64_t keep)
{
	struct dirent **entries;
	int count = scandir(name->directory, &entries, NULL, by_name);
	int64_t backups = 0;

	for (int i = 0; i < count; i++)
		backups += is_backup(name, entries[i]->d_name);
	int directory = open(name->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < count; i++) {
		if (backups > keep && is_backup(name, entries[i]->d_name)) {
			if (unlinkat(directory, entries[i]->d_name, 0) != 0)
				LOG(WARN, "exporters", "old_file_stays", "path=\"%s%s\" reason=\"%s\"", name->directory,
				    entries[i]->d_name, strerror(errno));
			backups--;
		}
		free(entries[i]);
	}
	if (directory >= 0)
		close(directory);
	if (count >= 0)
		free(entries);
}

int rotate_file(const char *path, int64_t max_backups, char backup[PATH_MAX])
{
	struct file_name name = take_apart(path);
	int error = backup_path(&name, backup);

	if (error != 0)
		return error;
	if (rename(path, backup) != 0)
		return errno;
	if (max_backups > 0)
		delete_oldest(&name, max_backups);
	return 0;
}
