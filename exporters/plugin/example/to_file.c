/* SPDX-License-Identifier: Apache-2.0
 * An exporter in a shared object: appends each request record to a file, behind a prefix.
 *
 *     cc -shared -fPIC -I /usr/local/include -o to_file.so to_file.c
 *
 *     exporters:
 *       plugin/to_file:
 *         path: ./to_file.so
 *         settings: {path: /tmp/records.txt, prefix: "> "}
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll_exporter.h"

struct to_file {
	FILE *file;
	const char *prefix; /* settings live as long as the exporter */
};

static int to_file_open(const struct plimsoll_setting *settings, size_t count, void **state, char *why, size_t why_size)
{
	struct to_file *t = calloc(1, sizeof(*t));
	const char *path = NULL;

	if (t == NULL) {
		snprintf(why, why_size, "no memory");
		return -1;
	}
	t->prefix = "";
	for (size_t i = 0; i < count; i++) {
		if (strcmp(settings[i].key, "path") == 0)
			path = settings[i].value;
		if (strcmp(settings[i].key, "prefix") == 0)
			t->prefix = settings[i].value;
	}
	if (path != NULL)
		t->file = fopen(path, "a");
	if (t->file == NULL) {
		snprintf(why, why_size, path != NULL ? "cannot open '%s': %s" : "settings.path is missing", path, strerror(errno));
		free(t);
		return -1;
	}
	*state = t;
	return 0;
}

/* Records are lines; the prefix goes before each. */
static void to_file_send(void *state, const struct plimsoll_payload *p, struct plimsoll_outcome *outcome)
{
	struct to_file *t = state;
	const char *at = p->bytes, *end = at + p->length;

	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((line_end != NULL ? line_end + 1 : end) - at);
		fputs(t->prefix, t->file);
		fwrite(at, 1, n, t->file);
		at += n;
	}
	if (fflush(t->file) == 0)
		return; /* all zero: delivered */
	outcome->result = PLIMSOLL_RETRY;
	snprintf(outcome->reason, sizeof(outcome->reason), "io: %s", strerror(errno));
	clearerr(t->file);
}

static void to_file_close(void *state)
{
	struct to_file *t = state;

	fclose(t->file);
	free(t);
}

const struct plimsoll_exporter *plimsoll_exporter(void)
{
	static const struct plimsoll_exporter self = {
		.version = PLIMSOLL_EXPORTER_VERSION,
		.size = sizeof(self),
		.name = "to_file",
		.signals = 1u << PLIMSOLL_RECORDS,
		.open = to_file_open,
		.send = to_file_send,
		.close = to_file_close,
	};

	return &self;
}
