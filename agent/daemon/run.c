/* SPDX-License-Identifier: Apache-2.0
 * daemon/run.c - the loop, its signals and its clock.
 */
#include "agent/daemon/run.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/base/hash.h"
#include "agent/base/log.h"
#include "agent/base/program_pages.h"
#include "agent/daemon/agent.h"
#include "agent/daemon/kinds.h"
#include "agent/daemon/privileges.h"
#include "agent/receivers/receiver.h"

#define TICK_MS 1000u

struct run {
	uv_loop_t loop;
	uv_signal_t terminate, interrupt, hangup;
	uv_timer_t tick;
	struct agent *agent;
	bool stopping;
};

static void close_signals(struct run *r)
{
	uv_close((uv_handle_t *)&r->terminate, NULL);
	uv_close((uv_handle_t *)&r->interrupt, NULL);
	uv_close((uv_handle_t *)&r->hangup, NULL);
}

static void on_drained(void *context)
{
	struct run *r = context;
	sigset_t all;

	agent_free(r->agent);
	sigfillset(&all); /* without its handle a signal would end us before we have */
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	close_signals(r);
	uv_close((uv_handle_t *)&r->tick, NULL);
}

static void on_stop(uv_signal_t *handle, int number)
{
	struct run *r = handle->data;

	if (r->stopping) /* a second signal means it */
		_exit(128 + number);
	r->stopping = true;
	LOG(INFO, "daemon", "stopping", "signal=%d", number);
	uv_timer_stop(&r->tick);
	agent_drain(r->agent, on_drained, r);
}

static void on_hangup(uv_signal_t *handle, int number)
{
	struct run *r = handle->data;

	(void)number;
	if (!r->stopping)
		agent_reload(r->agent);
}

static void on_tick(uv_timer_t *handle)
{
	struct run *r = handle->data;

	agent_tick(r->agent);
}

/* From before the start on: one that comes then waits for the loop, and neither ends us nor is lost. */
static void listen_to_signals(struct run *r)
{
	r->terminate.data = r->interrupt.data = r->hangup.data = r;
	uv_signal_init(&r->loop, &r->terminate);
	uv_signal_init(&r->loop, &r->interrupt);
	uv_signal_init(&r->loop, &r->hangup);
	uv_signal_start(&r->terminate, on_stop, SIGTERM);
	uv_signal_start(&r->interrupt, on_stop, SIGINT);
	uv_signal_start(&r->hangup, on_hangup, SIGHUP);
}

static void start_ticking(struct run *r)
{
	r->tick.data = r;
	uv_timer_init(&r->loop, &r->tick);
	uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
}

static void print_banner(const struct agent *a)
{
	struct buf text = BUF_INIT;

	agent_banner(a, &text);
	dprintf(STDOUT_FILENO, "%s", buf_string(&text)); /* not by stdio, which would remember that nobody listens */
	buf_release(&text);
}

static int run_loop(struct config *config)
{
	static struct run r; /* handles must outlive the loop's last turn */
	struct buf why = BUF_INIT;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is a full disk, not the end */
	hash_seed_init();
	grpc_core_log();
	uv_loop_init(&r.loop);
	listen_to_signals(&r);
	struct status s = privileges_drop(config, &why);
	if (!FAILED(s))
		s = agent_start(config, &r.loop, &r.agent, &why);
	if (FAILED(s)) {
		struct slice text = why.len > 0 ? slice_trim(buf_view(&why)) : slice_of(s.why);
		fprintf(stderr, "plimsoll: %.*s\n", SLICE_ARG(text));
		buf_release(&why);
		close_signals(&r);
		uv_run(&r.loop, UV_RUN_DEFAULT); /* what was opened before the failure closes its handles */
		uv_loop_close(&r.loop);
		config_free(config);
		return s.code == STATUS_INVALID ? CLI_USAGE : CLI_UNREACHABLE;
	}
	buf_release(&why); /* begun for a failure that did not come */
	start_ticking(&r);
	program_pages_release();
	print_banner(r.agent);
	uv_run(&r.loop, UV_RUN_DEFAULT);
	uv_loop_close(&r.loop);
	LOG(INFO, "daemon", "stopped", "exit=0");
	return CLI_DONE;
}

static const struct cli_option options[] = {
	{ "config", 'c', "FILE", "Read this configuration; without it the built-in defaults hold." },
	{ 0 },
};

static int run(int argc, char **argv)
{
	struct cli_args args;
	struct config *config;
	struct buf errors = BUF_INIT;
	int code = cli_parse(&command_run, argc, argv, &args);

	if (code != CLI_GO_ON)
		return code;
	if (args.operand_count > 0)
		return cli_usage_error(&command_run, "unexpected argument '%s'", args.operands[0]);
	struct status s = config_load(args.values[0], exporter_config_kinds(), exporter_config_kind_count(), &config, &errors);
	if (FAILED(s)) {
		fputs(buf_string(&errors), stderr);
		buf_release(&errors);
		return s.code == STATUS_IO ? CLI_UNREACHABLE : CLI_USAGE;
	}
	return run_loop(config);
}

const struct command command_run = {
	.name = "run",
	.summary = "Run the agent until SIGTERM; SIGHUP reloads the configuration.",
	.usage = "[--config FILE]",
	.run = run,
	.options = options,
};
