/* SPDX-License-Identifier: Apache-2.0
 * daemon/deploy_command.c - one child, one timer.
 */
#include "agent/daemon/deploy_command.h"

#include <signal.h>
#include <stdlib.h>

#include "agent/base/log.h"

#define OWN_VARIABLES 8

extern char **environ;

struct deploy_run {
	uv_process_t process;
	uv_timer_t timer;
	unsigned open_handles; /* 1: the timer's alone, no child was tried */
	struct buf name;
	uint64_t at_s;
	uint32_t number;
	deploy_command_done done;
	void *context;
};

static void on_closed(uv_handle_t *handle)
{
	struct deploy_run *r = handle->data;

	if (--r->open_handles > 0)
		return;
	buf_release(&r->name);
	free(r);
}

static void finish(struct deploy_run *r, int64_t exit_status)
{
	if (r->done != NULL)
		r->done(r->context, buf_view(&r->name), r->at_s, r->number, exit_status);
	if (r->open_handles > 1)
		uv_close((uv_handle_t *)&r->process, on_closed);
	uv_close((uv_handle_t *)&r->timer, on_closed);
}

static void on_exit_of_child(uv_process_t *process, int64_t exit_status, int term_signal)
{
	finish(process->data, term_signal != 0 ? 128 + term_signal : exit_status);
}

static void on_timeout(uv_timer_t *timer)
{
	struct deploy_run *r = timer->data;

	LOG(WARN, "prompts", "deploy_command_killed", "prompt=\"%s\" reason=\"it took longer than prompts.deploy_timeout\"",
	    buf_string(&r->name));
	kill(-uv_process_get_pid(&r->process), SIGKILL); /* with all that it started */
}

/* ---------------------------------------------------------------- what the child is told */
struct variables {
	struct buf texts[OWN_VARIABLES];
	char **all;
};

static bool is_ours(const char *variable)
{
	return strncmp(variable, "PLIMSOLL_", strlen("PLIMSOLL_")) == 0;
}

static void variables_make(struct variables *v, const struct prompt_deployment *d)
{
	const struct {
		const char *name;
		struct slice value;
	} own[] = { { "PROMPT", d->name },           { "VERSION", d->version },
		    { "PREVIOUS_VERSION", d->previous }, { "ENVIRONMENT", d->environment },
		    { "BY", d->by },                 { "TICKET", d->ticket },
		    { "ACTION", d->kind == PROMPT_ROLLBACK ? SLICE("rollback") : SLICE("deploy") } };
	size_t inherited = 0, n = 0;

	while (environ[inherited] != NULL)
		inherited++;
	v->all = calloc(inherited + OWN_VARIABLES + 1, sizeof(*v->all));
	if (v->all == NULL)
		return;
	for (size_t i = 0; i < inherited; i++)
		if (!is_ours(environ[i]))
			v->all[n++] = environ[i];
	for (size_t i = 0; i < OWN_VARIABLES; i++) {
		v->texts[i] = BUF_INIT;
		if (i < sizeof(own) / sizeof(own[0]))
			buf_printf(&v->texts[i], "PLIMSOLL_%s=%.*s", own[i].name, SLICE_ARG(own[i].value));
		else
			buf_printf(&v->texts[i], "PLIMSOLL_CANARY=%g", d->canary_share * 100);
		buf_string(&v->texts[i]);
		v->all[n++] = v->texts[i].ptr;
	}
}

static void variables_release(struct variables *v)
{
	for (size_t i = 0; v->all != NULL && i < OWN_VARIABLES; i++)
		buf_release(&v->texts[i]);
	free(v->all);
}

static int start(struct deploy_run *r, uv_loop_t *loop, const struct string_list *argv, const struct prompt_deployment *d)
{
	struct variables variables = { .all = NULL };
	char **arguments = calloc(argv->count + 1, sizeof(*arguments));
	uv_stdio_container_t streams[] = { { .flags = UV_IGNORE },
					   { .flags = UV_INHERIT_FD, .data.fd = 2 },
					   { .flags = UV_INHERIT_FD, .data.fd = 2 } };

	variables_make(&variables, d);
	for (size_t i = 0; arguments != NULL && i < argv->count; i++)
		arguments[i] = (char *)(uintptr_t)argv->items[i]; /* libuv does not write to them */
	const uv_process_options_t options = {
		.file = argv->items[0],
		.args = arguments,
		.env = variables.all,
		.exit_cb = on_exit_of_child,
		.stdio = streams,
		.stdio_count = 3,
		.flags = UV_PROCESS_DETACHED, /* a group of its own */
	};
	int failed = UV_ENOMEM;
	if (arguments != NULL && variables.all != NULL) {
		failed = uv_spawn(loop, &r->process, &options); /* begins the handle, even where it fails */
		r->open_handles++;
	}
	variables_release(&variables);
	free(arguments);
	return failed;
}

struct deploy_run *deploy_command_run(uv_loop_t *loop, const struct string_list *argv, uint64_t timeout_ms,
				      const struct prompt_deployment *d, deploy_command_done done, void *context)
{
	struct deploy_run *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		done(context, d->name, d->at_s, d->number, -1);
		return NULL;
	}
	*r = (struct deploy_run){ .at_s = d->at_s, .number = d->number, .done = done, .context = context, .open_handles = 1 };
	buf_slice(&r->name, d->name);
	uv_timer_init(loop, &r->timer);
	r->timer.data = r->process.data = r;
	int failed = start(r, loop, argv, d);
	r->process.data = r;
	if (failed != 0) {
		LOG(ERROR, "prompts", "deploy_command_failed", "command=\"%s\" reason=\"%s\"", argv->items[0],
		    uv_strerror(failed));
		finish(r, -1);
		return NULL;
	}
	uv_timer_start(&r->timer, on_timeout, timeout_ms, 0);
	uv_unref((uv_handle_t *)&r->timer);
	return r;
}

void deploy_command_abandon(struct deploy_run *r)
{
	r->done = NULL;
	finish(r, 0);
}
