/* SPDX-License-Identifier: Apache-2.0
 * daemon/prompt_folder.c - told of changes by the system, or looking now and then.
 */
#include "agent/daemon/prompt_folder.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/prompts/folder.h"

#define MISTAKES_LOGGED 8u

/* The log takes only so many lines at once: of a folder full of mistakes it names some, and how to see them all. */
static void log_mistakes(struct prompt_folder *f, const struct buf *errors, size_t count)
{
	struct slice rest = buf_view(errors);
	size_t lines = 0;

	meter_add(f->mistakes, (int64_t)count);
	for (; rest.len > 0; lines++) {
		const char *end = memchr(rest.ptr, '\n', rest.len);
		size_t n = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
		if (lines < MISTAKES_LOGGED)
			LOG(WARN, "prompts", "manifest_mistake", "reason=\"%.*s\"", SLICE_ARG(slice_head(rest, n)));
		rest = slice_skip(rest, n + 1);
	}
	if (lines > MISTAKES_LOGGED)
		LOG(WARN, "prompts", "manifest_mistakes", "more=%zu next=\"'plimsoll prompts check %s' names them all\"",
		    lines - MISTAKES_LOGGED, f->config->directory);
}

static void read_all(struct prompt_folder *f)
{
	struct manifest_set set;
	struct buf errors = BUF_INIT;

	f->stamp_read = f->stamp_found = folder_stamp(f->config->directory);
	struct status s = folder_read(f->config->directory, &set, &errors);
	log_mistakes(f, &errors, set.mistakes + FAILED(s));
	registry_adopt(f->registry, &set, PROMPT_FROM_MANIFEST, clock_unix_ns() / NS_PER_SECOND);
	manifest_set_release(&set);
	buf_release(&errors);
}

/* A checkout changes many files: it is read once it has been still for a second. */
static void look(struct prompt_folder *f)
{
	uint64_t stamp = folder_stamp(f->config->directory);
	bool is_still = stamp == f->stamp_found;

	f->stamp_found = stamp;
	f->changed = stamp != f->stamp_read && !is_still;
	if (stamp != f->stamp_read && is_still && stamp != 0)
		read_all(f);
}

static void on_change(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct prompt_folder *f = (struct prompt_folder *)(void *)((char *)handle - offsetof(struct prompt_folder, watch));

	(void)name;
	(void)events;
	(void)status;
	f->changed = true;
}

void prompt_folder_init(struct prompt_folder *f, uv_loop_t *loop)
{
	*f = (struct prompt_folder){ .mistakes = meter_get(METER_PROMPT_MANIFESTS, "result=\"mistake\"") };
	uv_fs_event_init(loop, &f->watch);
}

/* Where the system cannot tell, looking now and then has to do. */
static void watch(struct prompt_folder *f)
{
	int failed = uv_fs_event_start(&f->watch, on_change, f->config->directory, 0);

	uv_unref((uv_handle_t *)&f->watch);
	if (failed != 0)
		LOG(INFO, "prompts", "folder_not_watched",
		    "directory=\"%s\" reason=\"%s\" next=\"it is looked at every %" PRIu64 " s\"", f->config->directory,
		    uv_strerror(failed), f->config->poll_interval_ms / 1000);
}

void prompt_folder_follow(struct prompt_folder *f, struct registry *registry, const struct prompts_config *config)
{
	const char *before = f->config != NULL ? f->config->directory : NULL, *after = config->directory;
	bool is_same = before == after || (before != NULL && after != NULL && strcmp(before, after) == 0);

	f->registry = registry;
	f->config = config;
	if (is_same)
		return;
	uv_fs_event_stop(&f->watch);
	if (after == NULL)
		return;
	watch(f);
	read_all(f);
}

void prompt_folder_tick(struct prompt_folder *f)
{
	unsigned poll_ticks = (unsigned)(f->config->poll_interval_ms / 1000);

	f->ticks++;
	if (f->config->directory != NULL && (f->changed || f->ticks % poll_ticks == 0))
		look(f);
}
