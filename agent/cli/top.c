/* SPDX-License-Identifier: Apache-2.0
 * cli/top.c - asks the agent again and again; on a terminal each screen takes the place of the last one.
 */
#include "agent/cli/top.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "agent/cli/client.h"
#include "agent/cli/terminal.h"
#include "agent/config/scalar.h"

#define LINES_ONCE 1000u

enum { OPTION_AGENT, OPTION_BY, OPTION_INTERVAL, OPTION_ONCE };

static const struct cli_option options[] = {
	[OPTION_AGENT] = CLIENT_AGENT_OPTION,
	[OPTION_BY] = { "by", 'b', "WHAT", "A row for each feature, prompt or model (feature)." },
	[OPTION_INTERVAL] = { "interval", 'i', "TIME", "Time between two looks (2s)." },
	[OPTION_ONCE] = { "once", '1', NULL, "Look once and end, as where the output is no terminal." },
	{ .name = NULL },
};

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
	(void)number;
	is_over = 1;
}

static bool read_by(const char *given, const char **by)
{
	static const char *const known[] = { "feature", "prompt", "model" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (given == NULL || strcmp(given, known[i]) == 0) {
			*by = known[i];
			return true;
		}
	cli_usage_error(&command_top, "--by is feature, prompt or model, not '%s'", given);
	return false;
}

static bool read_interval(const char *given, int *ms)
{
	static const struct conf_option option = { "interval", CONF_DURATION, 0, .min = 100, .max = 3600e3 };
	struct buf why = BUF_INIT;
	uint64_t value = 2000;
	bool good = given == NULL || scalar_read(&option, slice_of(given), &value, &why);

	if (!good)
		cli_usage_error(&command_top, "--interval: %s", buf_string(&why));
	buf_release(&why);
	*ms = (int)value;
	return good;
}

/* One look. in_place: over the last screen. */
static int look(const struct client *client, const char *by, bool in_place)
{
	const struct terminal terminal = terminal_look();
	const unsigned lines = in_place ? terminal.lines - 1 : LINES_ONCE;
	struct buf summary = BUF_INIT, alerts = BUF_INIT, screen = BUF_INIT;

	int code = client_get(client, "/api/v1/summary", &summary);
	if (code == CLI_GO_ON)
		code = client_get(client, "/api/v1/alerts", &alerts);
	if (code == CLI_GO_ON) {
		buf_text(&screen, in_place ? "\033[H\033[J" : "");
		top_render(buf_view(&summary), buf_view(&alerts), by, lines, terminal.columns, terminal.colours, &screen);
		fwrite(screen.ptr, 1, screen.len, stdout);
		fflush(stdout);
	}
	buf_release(&summary);
	buf_release(&alerts);
	buf_release(&screen);
	return code;
}

/* The terminal's other screen, so that what stood there before comes back at the end. */
static int look_on(const struct client *client, const char *by, int interval_ms)
{
	int code = CLI_GO_ON;

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	fputs("\033[?1049h\033[?25l", stdout);
	while (code == CLI_GO_ON && !is_over) {
		code = look(client, by, true);
		if (code == CLI_GO_ON)
			poll(NULL, 0, interval_ms); /* a signal ends it */
	}
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	if (code != CLI_GO_ON && !is_over) /* what was said of it has gone with that screen */
		code = look(client, by, false);
	return code == CLI_GO_ON || is_over ? CLI_DONE : code;
}

static int top_run(int argc, char **argv)
{
	struct cli_args args;
	struct client client;
	const char *by;
	int interval_ms, code = cli_parse(&command_top, argc, argv, &args);

	if (code != CLI_GO_ON)
		return code;
	if (args.operand_count > 0)
		return cli_usage_error(&command_top, "unexpected '%s'", args.operands[0]);
	if (!read_by(args.values[OPTION_BY], &by) || !read_interval(args.values[OPTION_INTERVAL], &interval_ms))
		return CLI_USAGE;
	code = client_open(&command_top, args.values[OPTION_AGENT], &client);
	if (code != CLI_GO_ON)
		return code;
	if (args.values[OPTION_ONCE] == NULL && terminal_look().is_one)
		return look_on(&client, by, interval_ms);
	code = look(&client, by, false);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

const struct command command_top = {
	"top",
	"Watch requests, cost, tokens, latency and alerts of the running agent.",
	"[--by feature|prompt|model] [--interval TIME] [--once]",
	top_run,
	options,
};
