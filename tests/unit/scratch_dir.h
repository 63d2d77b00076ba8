/* SPDX-License-Identifier: Apache-2.0
 * A fresh directory for each test, gone after it with all that is in it.
 */
#ifndef PLIMSOLL_TESTS_SCRATCH_DIR_H
#define PLIMSOLL_TESTS_SCRATCH_DIR_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[64];

/* As cmocka wants a set-up and a tear-down: 0, or something else where it failed. */
static inline int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/plimsoll-test-XXXXXX");
	return mkdtemp(dir) == NULL;
}

static inline int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* The path of a name in there, until the next call. */
static inline const char *in_dir(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* What a file holds, "" where there is none, until the next call; at most 4095 bytes. */
static inline const char *file_text(const char *path)
{
	static char text[4096];
	FILE *file = fopen(path, "r");

	text[file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0] = '\0';
	if (file != NULL)
		fclose(file);
	return text;
}

#endif
