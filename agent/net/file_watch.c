/* SPDX-License-Identifier: Apache-2.0
 * net/file_watch.c - a list, and a digest of what each has seen last.
 */
#include "agent/net/file_watch.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/file.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)

struct file_watch {
	struct file_watch_spec spec;
	struct file_watch *next, **self;
	uint64_t next_look_ns;
	unsigned char seen[SHA256_DIGEST_LENGTH]; /* of the contents last looked at, good or not */
	struct meter *applied, *refused;
};

static struct file_watch *watches;

struct contents {
	struct buf bytes[FILE_WATCH_FILES];
	struct status status;
	struct buf why;
};

/* Wipes it: it may hold keys. */
static void contents_release(struct contents *c)
{
	for (int i = 0; i < FILE_WATCH_FILES; i++) {
		if (c->bytes[i].ptr != NULL)
			OPENSSL_cleanse(c->bytes[i].ptr, c->bytes[i].cap);
		buf_release(&c->bytes[i]);
	}
	buf_release(&c->why);
}

static void read_one(struct contents *c, int i, const char *path)
{
	if (path == NULL || FAILED(c->status))
		return;
	/* one block from the start: growing would leave copies of a key behind */
	if (buf_reserve(&c->bytes[i], FILE_BYTES_MAX / 8) == NULL)
		c->status = FAIL(NOMEM, "no memory for the file");
	else
		c->status = file_read(path, FILE_BYTES_MAX, &c->bytes[i]);
	if (FAILED(c->status))
		buf_printf(&c->why, "cannot read '%s': %s", path,
			   c->status.code == STATUS_IO ? strerror(errno) : c->status.why);
}

static void read_all(const struct file_watch *w, struct contents *c)
{
	*c = (struct contents){ .status = OK };
	for (int i = 0; i < FILE_WATCH_FILES; i++)
		read_one(c, i, w->spec.paths[i]);
}

static void digest(const struct contents *c, unsigned char out[SHA256_DIGEST_LENGTH])
{
	unsigned char parts[FILE_WATCH_FILES + 1][SHA256_DIGEST_LENGTH];

	for (int i = 0; i < FILE_WATCH_FILES; i++)
		SHA256((const unsigned char *)c->bytes[i].ptr, c->bytes[i].len, parts[i]);
	SHA256((const unsigned char *)c->why.ptr, c->why.len, parts[FILE_WATCH_FILES]);
	SHA256(parts[0], sizeof(parts), out);
}

static struct status load(struct file_watch *w, struct contents *c)
{
	struct slice views[FILE_WATCH_FILES];

	for (int i = 0; i < FILE_WATCH_FILES; i++)
		views[i] = buf_view(&c->bytes[i]);
	if (!FAILED(c->status))
		c->status = w->spec.load(w->spec.context, views, &c->why);
	return c->status;
}

static void look(struct file_watch *w)
{
	unsigned char now[SHA256_DIGEST_LENGTH];
	struct contents c;

	read_all(w, &c);
	digest(&c, now);
	if (memcmp(now, w->seen, sizeof(now)) != 0) {
		memcpy(w->seen, now, sizeof(now));
		if (FAILED(load(w, &c))) {
			meter_add(w->refused, 1);
			LOG(ERROR, "net", "files_refused", "key=%s kept=\"what was loaded before\" reason=\"%s\"", w->spec.key,
			    c.why.len > 0 ? buf_string(&c.why) : c.status.why);
		} else {
			meter_add(w->applied, 1);
			LOG(INFO, "net", "files_reloaded", "key=%s", w->spec.key);
		}
	}
	contents_release(&c);
}

static void plan(struct file_watch *w, uint64_t now_ns)
{
	w->next_look_ns = w->spec.interval_ms > 0 ? now_ns + w->spec.interval_ms * NS_PER_MS : UINT64_MAX;
}

void file_watches_check(uint64_t now_ns)
{
	for (struct file_watch *w = watches; w != NULL; w = w->next) {
		if (now_ns < w->next_look_ns)
			continue;
		plan(w, now_ns);
		look(w);
		if (w->spec.look != NULL)
			w->spec.look(w->spec.context);
	}
}

static void file_watch_link(struct file_watch *w)
{
	w->next = watches;
	w->self = &watches;
	if (w->next != NULL)
		w->next->self = &w->next;
	watches = w;
}

static struct meter *meter_of(const char *key, const char *result)
{
	char labels[256];

	snprintf(labels, sizeof(labels), "key=\"%s\",result=\"%s\"", key, result);
	return meter_get(METER_FILE_RELOADS, labels);
}

struct status file_watch_new(const struct file_watch_spec *spec, struct file_watch **out, struct buf *why)
{
	struct file_watch *w = calloc(1, sizeof(*w));
	struct contents c;

	if (w == NULL)
		return FAIL(NOMEM, "no memory to watch files");
	w->spec = *spec;
	read_all(w, &c);
	digest(&c, w->seen);
	struct status s = load(w, &c);
	if (FAILED(s)) {
		buf_printf(why, "%s: %s", spec->key, c.why.len > 0 ? buf_string(&c.why) : s.why);
		free(w);
	} else {
		w->applied = meter_of(spec->key, "applied");
		w->refused = meter_of(spec->key, "refused");
		plan(w, clock_mono_ns());
		file_watch_link(w);
		*out = w;
	}
	contents_release(&c);
	return s;
}

void file_watch_free(struct file_watch *w)
{
	if (w == NULL)
		return;
	*w->self = w->next;
	if (w->next != NULL)
		w->next->self = w->self;
	free(w);
}
