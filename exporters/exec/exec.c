/* SPDX-License-Identifier: Apache-2.0
 * exporters/exec/exec.c - feeds a child process on its standard input: OTLP requests in JSON, or records, a line each.
 *
 * Without `acknowledge` a payload is delivered once the pipe has taken it. With it, an empty line ends each payload and the
 * child answers each with a line on its standard output (answer.h), which counts once the pipe has taken the payload;
 * what it has not answered when it dies is sent to its successor. The child is started with the agent, again after it
 * ended when there is something to send, and is told the end by the end of its input.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/log.h"
#include "agent/otlp/json_write.h"
#include "exporters/exec/answer.h"
#include "exporters/exec/child.h"
#include "exporters/kinds.h"

#define AT(member) .offset = offsetof(struct exec_options, member)

enum exec_format { FORMAT_RECORDS, FORMAT_JSON };

struct exec_options {
	struct string_list command;
	struct string_map environment;
	int format; /* enum exec_format */
	bool acknowledge;
	uint64_t timeout_ms;
	struct queue_config queue;
	struct retry_config retry;
};

static const struct conf_option exec_option_table[] = {
	{ "command", CONF_LIST, AT(command), .required = true, .doc = "Program and arguments; no shell reads them." },
	{ "environment", CONF_MAP, AT(environment), .doc = "Variables beside the agent's own." },
	{ "format", CONF_ENUM, AT(format), .choices = "records|json", .fallback = "records",
	  .doc = "records: a request record or judgement a line; json: an OTLP request a line." },
	{ "acknowledge", CONF_BOOL, AT(acknowledge), .fallback = "false",
	  .doc = "The program answers each payload with ok, retry or refuse; else what its input has taken is delivered." },
	{ "timeout", CONF_DURATION, AT(timeout_ms), .fallback = "30s", .min = 10, .max = 86400e3,
	  .doc = "How long it may take over one payload before it is killed and started anew." },
	{ "sending_queue", CONF_SECTION, AT(queue), .section = queue_options, .doc = "What waits for the program." },
	{ "retry_on_failure", CONF_SECTION, AT(retry), .section = retry_options,
	  .doc = "When a payload is given to it again, and when it is started again." },
	{ .name = NULL },
};

struct exec_exporter {
	const char *id;
	const struct exec_options *options;
	uv_loop_t *loop;
	struct child *child; /* NULL: none runs */
	uv_timer_t timer;
	struct buf text; /* of the attempt, until the pipe has taken it */
	struct buf line; /* of the answer, as far as it came */
	delivery_done done; /* of the attempt that runs; NULL: none does */
	void *context;
	bool is_writing; /* text is on its way into the pipe */
	bool has_answer; /* which came before all of text was there */
	struct delivery answer;
	bool is_closing;
};

static struct status check_options(const void *options, struct buf *why)
{
	const struct exec_options *o = options;

	if (o->command.count == 0) {
		buf_text(why, "command is empty");
		return FAIL(INVALID, "no command");
	}
	if (o->queue.num_consumers == 1)
		return OK;
	buf_text(why, "sending_queue.num_consumers must be 1: a program reads one payload after the other");
	return FAIL(INVALID, "more than one consumer");
}

/* ---------------------------------------------------------------- the attempt */
static void settle(struct exec_exporter *e, const struct delivery *d)
{
	delivery_done done = e->done;

	uv_timer_stop(&e->timer);
	e->done = NULL;
	if (done != NULL)
		done(e->context, d);
}

static void fail(struct exec_exporter *e, const char *what, const char *detail)
{
	struct delivery d = { .result = DELIVERY_RETRY };

	snprintf(d.reason, sizeof(d.reason), "%s: '%s' %s", what, e->options->command.items[0], detail);
	settle(e, &d);
}

static void forget_child(struct exec_exporter *e)
{
	e->child = NULL;
	e->is_writing = e->has_answer = false;
	buf_reset(&e->line);
}

/* In the middle of a payload its input is torn: no later payload may follow it. */
static void drop_child(struct exec_exporter *e)
{
	if (e->child != NULL)
		child_kill(e->child);
	forget_child(e);
}

static void on_written(void *context, int error)
{
	struct exec_exporter *e = context;
	struct delivery d = { .result = DELIVERY_DONE };

	e->is_writing = false;
	if (error != 0) {
		drop_child(e);
		fail(e, "pipe", "takes no more input");
	} else if (e->has_answer) {
		settle(e, &e->answer);
	} else if (!e->options->acknowledge) {
		settle(e, &d);
	}
}

static void take_answer(struct exec_exporter *e, const struct delivery *d)
{
	if (!e->is_writing) {
		settle(e, d);
		return;
	}
	e->answer = *d;
	e->has_answer = true;
}

static void on_output(void *context, struct slice bytes)
{
	struct exec_exporter *e = context;
	struct delivery d;

	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] != '\n') {
			if (e->line.len < ANSWER_BYTES_MAX)
				buf_byte(&e->line, bytes.ptr[i]);
			continue;
		}
		if (e->done == NULL || e->has_answer) {
			LOG(WARN, "exec", "answer_unasked", "exporter=%s", e->id);
		} else if (answer_read(buf_view(&e->line), &d)) {
			take_answer(e, &d);
		} else {
			drop_child(e);
			fail(e, "answer", "answers neither ok, retry nor refuse");
			return;
		}
		buf_reset(&e->line);
	}
}

static void on_child_exit(void *context, int64_t status, int signal)
{
	struct exec_exporter *e = context;

	forget_child(e);
	if (!e->is_closing)
		LOG(WARN, "exec", "exited",
		    "exporter=%s status=%d signal=%d next=\"started again when something is to be sent\"", e->id,
		    (int)status, signal);
	if (e->done != NULL)
		fail(e, "exited", "ended before it was done");
}

static void on_timeout(uv_timer_t *timer)
{
	struct exec_exporter *e = timer->data;

	drop_child(e);
	fail(e, "timeout", "took too long");
}

static struct status start(struct exec_exporter *e)
{
	const struct child_handlers handlers = { e, on_written, e->options->acknowledge ? on_output : NULL, on_child_exit };

	return child_start(e->loop, &e->options->command, &e->options->environment, &handlers, &e->child);
}

static struct status make_text(struct exec_exporter *e, const struct payload *p)
{
	static const enum signal signal_of[] = {
		[PAYLOAD_TRACES] = SIGNAL_TRACES,
		[PAYLOAD_METRICS] = SIGNAL_METRICS,
		[PAYLOAD_LOGS] = SIGNAL_LOGS,
	};

	buf_reset(&e->text);
	if (e->options->format == FORMAT_RECORDS) {
		buf_slice(&e->text, payload_view(p));
	} else {
		TRY(wire_to_json(payload_view(p), signal_of[p->kind], &e->text));
		buf_byte(&e->text, '\n');
	}
	if (e->options->acknowledge)
		buf_byte(&e->text, '\n');
	return buf_failed(&e->text) ? FAIL(NOMEM, "no memory") : OK;
}

static void exec_send(void *state, struct payload *p, delivery_done done, void *context)
{
	struct exec_exporter *e = state;
	struct status s = make_text(e, p);

	e->done = done;
	e->context = context;
	if (FAILED(s)) {
		struct delivery d = { .result = s.code == STATUS_NOMEM ? DELIVERY_RETRY : DELIVERY_REFUSED };
		snprintf(d.reason, sizeof(d.reason), "%s: %s", status_name(s.code), s.why);
		settle(e, &d);
		return;
	}
	if (e->child == NULL)
		s = start(e);
	if (FAILED(s)) {
		fail(e, "start", s.why);
		return;
	}
	uv_timer_start(&e->timer, on_timeout, e->options->timeout_ms, 0);
	e->is_writing = true;
	e->has_answer = false;
	child_write(e->child, buf_view(&e->text));
}

/* ---------------------------------------------------------------- the exporter */
static struct status exec_open(const char *id, const void *options, struct exporter_env *env, void **state,
			       struct buf *why)
{
	struct exec_exporter *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		buf_printf(why, "exporters.%s: no memory", id);
		return FAIL(NOMEM, "no memory for the exporter");
	}
	e->id = id;
	e->options = options;
	e->loop = env->loop;
	struct status s = start(e);
	if (FAILED(s)) {
		buf_printf(why, "exporters.%s: cannot start '%s': %s", id, e->options->command.items[0], s.why);
		free(e);
		return s;
	}
	uv_timer_init(env->loop, &e->timer);
	e->timer.data = e;
	*state = e;
	return OK;
}

static void exec_cancel(void *state)
{
	struct exec_exporter *e = state;

	if (e->done == NULL)
		return;
	drop_child(e);
	fail(e, "cancelled", "was stopped with the agent");
}

static void on_closed(uv_handle_t *handle)
{
	struct exec_exporter *e = handle->data;

	buf_release(&e->text);
	buf_release(&e->line);
	free(e);
}

static void exec_close(void *state)
{
	struct exec_exporter *e = state;

	e->is_closing = true;
	if (e->child != NULL)
		child_leave(e->child);
	uv_close((uv_handle_t *)&e->timer, on_closed);
}

static uint32_t exec_wants(const void *options)
{
	const struct exec_options *o = options;

	return o->format == FORMAT_RECORDS ? PAYLOADS_LINES : PAYLOADS_OTLP;
}

const struct exporter_kind exporter_exec = {
	.name = "exec",
	.doc = "Feeds a program of yours on its standard input with request records, or OTLP in JSON, a line each.",
	.accepts = PAYLOADS_OTLP | PAYLOADS_LINES,
	.wants = exec_wants,
	.options = exec_option_table,
	.options_size = sizeof(struct exec_options),
	.check = check_options,
	.open = exec_open,
	.send = exec_send,
	.cancel = exec_cancel,
	.close = exec_close,
	.queue_offset = offsetof(struct exec_options, queue),
	.retry_offset = offsetof(struct exec_options, retry),
};
