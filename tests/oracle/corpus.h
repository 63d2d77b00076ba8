/* SPDX-License-Identifier: Apache-2.0
 * The recorded requests, where there are any: $PLIMSOLL_SHARED/corpus or ../shared/corpus, one folder a case with files
 * named NNN.traces.pb, NNN.logs.pb, NNN.metrics.pb or NNN.traces.json.
 */
#ifndef PLIMSOLL_TESTS_CORPUS_H
#define PLIMSOLL_TESTS_CORPUS_H

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/buf.h"
#include "agent/span/batch.h"

struct corpus {
	glob_t files;
	size_t at;
	struct buf body;
};

/* extension: "pb" or "json". False where nothing was recorded. */
static inline bool corpus_open(struct corpus *c, const char *extension)
{
	const char *shared = getenv("PLIMSOLL_SHARED");
	char pattern[4096];

	*c = (struct corpus){ .body = BUF_INIT };
	snprintf(pattern, sizeof(pattern), "%s/corpus/*/[0-9]*.[tlm]*s.%s", shared != NULL ? shared : "../shared",
		 extension);
	if (glob(pattern, 0, NULL, &c->files) == 0)
		return true;
	globfree(&c->files);
	return false;
}

/* body lives until the next call. */
static inline bool corpus_next(struct corpus *c, enum signal *signal, struct slice *body)
{
	while (c->at < c->files.gl_pathc) {
		const char *path = c->files.gl_pathv[c->at++];
		if (strstr(path, ".headers.") != NULL)
			continue;
		FILE *f = fopen(path, "rb");
		if (f == NULL)
			continue;
		char *room;
		size_t n = 1;
		buf_reset(&c->body);
		while (n > 0 && (room = buf_reserve(&c->body, 65536)) != NULL) {
			n = fread(room, 1, 65536, f);
			c->body.len += n;
		}
		fclose(f);
		*signal = strstr(path, ".logs.") != NULL      ? SIGNAL_LOGS
			  : strstr(path, ".metrics.") != NULL ? SIGNAL_METRICS
							      : SIGNAL_TRACES;
		*body = buf_view(&c->body);
		return true;
	}
	return false;
}

static inline void corpus_close(struct corpus *c)
{
	globfree(&c->files);
	buf_release(&c->body);
}

#endif
