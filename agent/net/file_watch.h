/* SPDX-License-Identifier: Apache-2.0
 * net/file_watch.h - files that are read at start and again when they change: certificates, keys, tokens.
 *
 * Their content is compared, not their times: a mounted secret changes by a symbolic link, and clocks differ. What cannot
 * be used is said once in the log and counted, and the user keeps what it has. All of it belongs to the loop's thread;
 * load is called there.
 */
#ifndef PLIMSOLL_NET_FILE_WATCH_H
#define PLIMSOLL_NET_FILE_WATCH_H

#include "agent/base/buf.h"
#include "agent/base/status.h"

#define FILE_WATCH_FILES 3
#define FILE_WATCH_INTERVAL_MS 2000 /* where no option says how often */

struct file_watch;

struct file_watch_spec {
	const char *key; /* names the option in the log and on the metric; outlives the watch */
	const char *paths[FILE_WATCH_FILES]; /* NULL: no such file, its content is empty; they outlive the watch */
	uint64_t interval_ms; /* 0: read once */
	/* Takes over the contents, which are wiped afterwards, or refuses them and stays as it was. why: for the log,
	 * "cert_file and key_file do not belong together". */
	struct status (*load)(void *context, const struct slice contents[FILE_WATCH_FILES], struct buf *why);
	/* Called with every look; NULL: nothing to do. */
	void (*look)(void *context);
	void *context;
};

/* Reads and loads. why: filled on failure with the sentence to print. Errors: INVALID, IO, NOMEM. */
struct status file_watch_new(const struct file_watch_spec *spec, struct file_watch **out, struct buf *why) MUST_USE;

/* NULL is allowed. */
void file_watch_free(struct file_watch *w);

/* Looks at those whose time has come. now_ns: monotonic. */
void file_watches_check(uint64_t now_ns);

#endif
