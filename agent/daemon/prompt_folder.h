/* SPDX-License-Identifier: Apache-2.0
 * daemon/prompt_folder.h - follows prompts.directory: its manifests go to the registry at first and whenever they change.
 *
 * A folder with mistakes is no error: they are logged and counted, and what can be read is taken. On the loop's thread.
 */
#ifndef PLIMSOLL_DAEMON_PROMPT_FOLDER_H
#define PLIMSOLL_DAEMON_PROMPT_FOLDER_H

#include <uv.h>

#include "agent/base/meter.h"
#include "agent/config/config.h"
#include "agent/prompts/registry.h"

struct prompt_folder {
	struct registry *registry;
	const struct prompts_config *config;
	uv_fs_event_t watch;
	bool changed;                     /* by word of the system */
	uint64_t stamp_read, stamp_found; /* as it was read, and as it was last */
	unsigned ticks;
	struct meter *mistakes;
};

/* Follows nothing yet. Close f->watch with uv_close. */
void prompt_folder_init(struct prompt_folder *f, uv_loop_t *loop);

/* Reads the folder of config, unless it is the one that is followed already, and follows it from now on. Both are
 * borrowed; the configuration before must still be there. */
void prompt_folder_follow(struct prompt_folder *f, struct registry *registry, const struct prompts_config *config);

/* Once a second. */
void prompt_folder_tick(struct prompt_folder *f);

#endif
