/* SPDX-License-Identifier: Apache-2.0
 * cli/audit.c - `plimsoll audit`: what happened, and who did it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/cli/alerts.h"
#include "agent/cli/answer.h"
#include "agent/cli/client.h"
#include "agent/cli/table.h"
#include "agent/cli/terminal.h"

enum { OPTION_AGENT, OPTION_OUTPUT, OPTION_SINCE };

static const struct cli_option options[] = {
	[OPTION_AGENT] = CLIENT_AGENT_OPTION,
	[OPTION_OUTPUT] = { "output", 'o', "FORMAT", "text, or json for programs." },
	[OPTION_SINCE] = { "since", 0, "TIME", "How far back (30m, 2h, 7d); 7d unless given." },
	{ .name = NULL },
};

/* What is shown of entries behind their time. On a narrow terminal the text has to say kind and subject, as it does in words. */
static const struct layout {
	const char *fields[6];
	unsigned columns, names, texts;
} wide = { { "kind", "feature", "subject", "by", "text", NULL }, 6, 1u << 2 | 1u << 3, 1u << 5 },
  narrow = { { "feature", "by", "text", NULL }, 4, 1u << 1, 1u << 3 };

#define WIDE_ENOUGH 132

struct listing {
	const struct layout *layout;
	struct table table;
};

static void add_entry(void *context, struct slice entry)
{
	struct listing *l = context;
	struct buf text = BUF_INIT;
	char time[21];

	answer_time(entry, "time", time);
	table_cell(&l->table, time);
	for (const char *const *field = l->layout->fields; *field != NULL; field++) {
		buf_reset(&text);
		answer_text(entry, *field, &text);
		table_cell(&l->table, buf_string(&text));
	}
	buf_release(&text);
}

static void print_entries(struct slice entries)
{
	const struct terminal terminal = terminal_look();
	const struct layout *layout = terminal.columns < WIDE_ENOUGH ? &narrow : &wide;
	struct listing l = { layout, { .columns = layout->columns, .names = layout->names, .texts = layout->texts } };
	struct buf out = BUF_INIT;

	if (terminal.is_one)
		l.table.width = terminal.columns;
	answer_each(entries, add_entry, &l);
	if (l.table.cells == 0)
		buf_text(&out, "nothing happened in that time\n");
	table_write(&l.table, &out);
	fputs(buf_string(&out), stdout);
	buf_release(&out);
}

static int ask(const struct cli_args *args, uint64_t seconds, bool json)
{
	struct client client;
	struct buf path = BUF_INIT, answer = BUF_INIT;
	uint64_t now_s = clock_unix_ns() / NS_PER_SECOND;
	int code = client_open(&command_audit, args->values[OPTION_AGENT], &client);

	buf_printf(&path, "/api/v1/audit?since=%" PRIu64, now_s > seconds ? now_s - seconds : 0);
	if (code == CLI_GO_ON)
		code = client_get(&client, buf_string(&path), &answer);
	if (code == CLI_GO_ON && json)
		printf("%.*s\n", (int)answer.len, answer.ptr);
	else if (code == CLI_GO_ON)
		print_entries(answer_field(buf_view(&answer), "entries"));
	buf_release(&path);
	buf_release(&answer);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

static int audit_run(int argc, char **argv)
{
	struct cli_args args;
	uint64_t seconds = 0;
	bool json = false;
	int code = cli_parse(&command_audit, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_audit, args.values[OPTION_OUTPUT], &json);
	if (code != CLI_GO_ON)
		return code;
	if (args.operand_count > 0)
		return cli_usage_error(&command_audit, "unexpected '%s'", args.operands[0]);
	const char *since = args.values[OPTION_SINCE] != NULL ? args.values[OPTION_SINCE] : "7d";
	if (!alerts_read_duration(since, &seconds))
		return cli_usage_error(&command_audit, "--since: '%s' is no time such as 30m, 2h or 7d", since);
	return ask(&args, seconds, json);
}

const struct command command_audit = {
	"audit",
	"Show what happened and who did it: alerts, silences, deploys, reloads, new versions and models.",
	"[--since TIME] [--output FORMAT]",
	audit_run,
	options,
};
