/* SPDX-License-Identifier: Apache-2.0
 * exec/child.h - a child process with a pipe to its input and, if wanted, one from its output. Loop thread only.
 *
 * Its standard error is the agent's. A child belongs to whoever started it until child_kill, child_leave or on_exit,
 * whichever comes first; no handler is called after any of them.
 */
#ifndef PLIMSOLL_EXPORTERS_EXEC_CHILD_H
#define PLIMSOLL_EXPORTERS_EXEC_CHILD_H

#include <uv.h>

#include "agent/base/slice.h"
#include "agent/base/status.h"
#include "agent/config/option.h"

struct child;

struct child_handlers {
	void *context;
	void (*on_written)(void *context, int error);           /* what was written is in the pipe; or a libuv error */
	void (*on_output)(void *context, struct slice bytes);   /* NULL: its output goes to our standard error */
	void (*on_exit)(void *context, int64_t status, int signal);
};

/* Errors: IO, it cannot be started, why says so in the system's words; NOMEM. */
struct status child_start(uv_loop_t *loop, const struct string_list *command, const struct string_map *environment,
			  const struct child_handlers *handlers, struct child **out) MUST_USE;

/* Hands bytes to its input, one run at a time; they must live until on_written. */
void child_write(struct child *c, struct slice bytes);

/* Ends it at once, with all processes of its group. */
void child_kill(struct child *c);

/* Closes its input, which tells it to end, and does not wait for that. */
void child_leave(struct child *c);

#endif
