/* SPDX-License-Identifier: Apache-2.0
 * exec/child.c - the three handles of a child process, freed with the last of them.
 */
#include "exporters/exec/child.h"

#include <signal.h>
#include <stdlib.h>

#include "agent/base/buf.h"

extern char **environ;

struct child {
	struct child_handlers handlers;
	bool is_let_go; /* nobody wants to hear of it any more */
	unsigned open_handles;
	uv_process_t process;
	uv_pipe_t input, output;
	uv_write_t write;
	char bytes[4096]; /* of its output */
};

static void on_closed(uv_handle_t *handle)
{
	struct child *c = handle->data;

	if (--c->open_handles == 0)
		free(c);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void close_pipes(struct child *c)
{
	close_handle((uv_handle_t *)&c->input);
	close_handle((uv_handle_t *)&c->output);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
	struct child *c = process->data;
	bool is_news = !c->is_let_go;

	c->is_let_go = true;
	close_pipes(c);
	close_handle((uv_handle_t *)process);
	if (is_news)
		c->handlers.on_exit(c->handlers.context, status, signal);
}

static void on_written(uv_write_t *write, int error)
{
	struct child *c = write->handle->data;

	if (!c->is_let_go)
		c->handlers.on_written(c->handlers.context, error);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct child *c = handle->data;

	(void)suggested;
	*out = uv_buf_init(c->bytes, sizeof(c->bytes));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct child *c = stream->data;

	if (n > 0 && !c->is_let_go)
		c->handlers.on_output(c->handlers.context, (struct slice){ buf->base, (size_t)n });
	if (n < 0)
		close_handle((uv_handle_t *)&c->output);
}

/* NULL-terminated; the strings are borrowed, but for those that text holds. NULL without memory. */
static char **make_environment(const struct string_map *more, struct buf *text)
{
	size_t n = 0, at = 0;

	while (environ[n] != NULL)
		n++;
	char **all = calloc(n + more->count + 1, sizeof(*all));
	for (size_t i = 0; i < more->count; i++) {
		buf_printf(text, "%s=%s", more->items[i].key, more->items[i].value);
		buf_byte(text, '\0');
	}
	if (all == NULL || buf_failed(text)) {
		free(all);
		return NULL;
	}
	for (size_t i = 0; i < more->count; i++) { /* first, so that they win */
		all[i] = text->ptr + at;
		at += strlen(all[i]) + 1;
	}
	memcpy(all + more->count, environ, n * sizeof(*all));
	return all;
}

static int spawn(struct child *c, uv_loop_t *loop, char **arguments, char **environment)
{
	bool listens = c->handlers.on_output != NULL;
	uv_stdio_container_t stdio[3] = {
		{ .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&c->input },
		{ .flags = UV_INHERIT_FD, .data.fd = 2 },
		{ .flags = UV_INHERIT_FD, .data.fd = 2 },
	};
	uv_process_options_t options = {
		.file = arguments[0], .args = arguments, .env = environment, .stdio = stdio, .stdio_count = 3,
		.exit_cb = on_process_exit, .flags = UV_PROCESS_DETACHED, /* a group of its own: all of it can be killed */
	};

	if (listens) {
		stdio[1].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
		stdio[1].data.stream = (uv_stream_t *)&c->output;
	}
	uv_pipe_init(loop, &c->input, 0);
	uv_pipe_init(loop, &c->output, 0);
	c->open_handles = 3;
	c->input.data = c->output.data = c->process.data = c;
	int rc = uv_spawn(loop, &c->process, &options);
	if (rc == 0 && listens)
		rc = uv_read_start((uv_stream_t *)&c->output, give_room, on_read);
	return rc;
}

struct status child_start(uv_loop_t *loop, const struct string_list *command, const struct string_map *environment,
			  const struct child_handlers *handlers, struct child **out)
{
	struct child *c = calloc(1, sizeof(*c));
	char **arguments = calloc(command->count + 1, sizeof(*arguments));
	struct buf text = BUF_INIT;
	char **all = make_environment(environment, &text);
	int rc = UV_ENOMEM;

	if (c != NULL && arguments != NULL && all != NULL) {
		memcpy(arguments, command->items, command->count * sizeof(*arguments));
		c->handlers = *handlers;
		rc = spawn(c, loop, arguments, all);
	}
	free(arguments);
	free(all);
	buf_release(&text);
	if (rc == 0) {
		*out = c;
		return OK;
	}
	if (c != NULL && c->open_handles > 0) {
		c->is_let_go = true;
		close_pipes(c);
		close_handle((uv_handle_t *)&c->process);
	} else {
		free(c);
	}
	return (struct status){ rc == UV_ENOMEM ? STATUS_NOMEM : STATUS_IO, uv_strerror(rc) };
}

void child_write(struct child *c, struct slice bytes)
{
	uv_buf_t buf = uv_buf_init((char *)bytes.ptr, (unsigned)bytes.len);
	int rc = uv_write(&c->write, (uv_stream_t *)&c->input, &buf, 1, on_written);

	if (rc != 0)
		c->handlers.on_written(c->handlers.context, rc);
}

void child_kill(struct child *c)
{
	c->is_let_go = true;
	kill(-uv_process_get_pid(&c->process), SIGKILL); /* and what it has started */
	close_pipes(c);
}

void child_leave(struct child *c)
{
	c->is_let_go = true;
	close_pipes(c);
	close_handle((uv_handle_t *)&c->process);
}
