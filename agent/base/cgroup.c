/* SPDX-License-Identifier: Apache-2.0
 * base/cgroup.c - from the lines of /proc/self/cgroup to the limit files of each group on the way up.
 *
 * A line is "0::/path" in version 2 and "4:memory:/path" in version 1. Inside a container the path is often that of the
 * host, which does not exist there: the mount's own root is always looked at as well.
 */
#include "agent/base/cgroup.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/slice.h"

#define UNLIMITED (UINT64_C(1) << 60) /* version 1 says the largest number of whole pages */

static uint64_t read_limit(const char *path)
{
	char text[32] = "";
	uint64_t limit;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return 0;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	struct slice number = slice_trim((struct slice){ text, n });
	return slice_to_u64(number, &limit) && limit < UNLIMITED ? limit : 0;
}

/* The lowest limit from folder up to root. folder is cut on the way. */
static uint64_t lowest_up(const char *root, const char *mount, char *folder, const char *file)
{
	char path[4096];
	uint64_t lowest = 0;

	for (;;) {
		snprintf(path, sizeof(path), "%s%s%s/%s", root, mount, folder, file);
		uint64_t limit = read_limit(path);
		if (limit > 0 && (lowest == 0 || limit < lowest))
			lowest = limit;
		char *slash = strrchr(folder, '/');
		if (slash == NULL)
			return lowest;
		*slash = '\0';
	}
}

static uint64_t limit_of_line(const char *root, char *line)
{
	char *controllers = strchr(line, ':');
	char *folder = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

	if (folder == NULL)
		return 0;
	*folder++ = '\0';
	folder[strcspn(folder, "\n")] = '\0';
	if (controllers[1] == '\0')
		return lowest_up(root, "", folder, "memory.max");
	return strstr(controllers, "memory") != NULL ? lowest_up(root, "/memory", folder, "memory.limit_in_bytes") : 0;
}

uint64_t cgroup_memory_limit(const char *list, const char *root)
{
	char line[2048];
	uint64_t lowest = 0;
	FILE *f = fopen(list != NULL ? list : "/proc/self/cgroup", "re");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		uint64_t limit = limit_of_line(root != NULL ? root : "/sys/fs/cgroup", line);
		if (limit > 0 && (lowest == 0 || limit < lowest))
			lowest = limit;
	}
	fclose(f);
	return lowest;
}
