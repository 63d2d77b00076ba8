/* SPDX-License-Identifier: Apache-2.0
 * cli/cases.c - cases in the form of the gate's suite, and as Promptfoo's tests. Both are JSON, which is YAML too.
 */
#include "agent/cli/cases.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/cli/alerts.h"
#include "agent/cli/answer.h"
#include "agent/cli/client.h"

enum { OPTION_AGENT, OPTION_SINCE, OPTION_WORST, OPTION_FORMAT };

static const struct cli_option options[] = {
	[OPTION_AGENT] = CLIENT_AGENT_OPTION,
	[OPTION_SINCE] = { "since", 0, "TIME", "How far back (2h, 7d); 7d unless given." },
	[OPTION_WORST] = { "worst", 0, "N", "At most so many, reasons by turns; 50 unless given." },
	[OPTION_FORMAT] = { "format", 'f', "FORMAT", "suite (for plimsoll gate) or promptfoo (a list of tests)." },
	{ .name = NULL },
};

/* ---------------------------------------------------------------- one case */
struct listing {
	struct buf *out;
	size_t count;
};

static void copy_text(struct buf *out, const char *name, struct slice from, const char *field)
{
	struct buf text = BUF_INIT;

	answer_text(from, field, &text);
	json_write_key(out, name);
	json_write_string(out, buf_view(&text));
	buf_release(&text);
}

static bool says(struct slice c, const char *field, const char *value)
{
	struct buf text = BUF_INIT;

	answer_text(c, field, &text);
	bool is_so = slice_equal(buf_view(&text), slice_of(value));
	buf_release(&text);
	return is_so;
}

/* "flawed (invalid_json) in triage, support@1.5.0: the question was not kept, its trace has it" */
static void write_note(struct buf *out, const char *name, struct slice c)
{
	struct buf note = BUF_INIT;

	answer_text(c, "reason", &note);
	buf_text(&note, " (");
	answer_text(c, "outcome", &note);
	buf_text(&note, ") in ");
	answer_text(c, "feature", &note);
	buf_text(&note, ", ");
	answer_text(c, "prompt_version", &note);
	buf_text(&note, ": the question was not kept, its trace has it");
	json_write_key(out, name);
	json_write_string(out, buf_view(&note));
	buf_release(&note);
}

static void begin_item(struct listing *l)
{
	buf_text(l->out, l->count++ > 0 ? ",\n{" : "\n{");
}

static void write_suite_case(void *context, struct slice c)
{
	struct listing *l = context;
	double cost = answer_number(c, "max_cost_usd"), latency = answer_number(c, "max_latency_ms");

	begin_item(l);
	buf_text(l->out, "\"id\":\"");
	answer_text(c, "reason", l->out);
	buf_byte(l->out, '-');
	answer_text(c, "trace_id", l->out);
	buf_byte(l->out, '"');
	copy_text(l->out, "trace_id", c, "trace_id");
	write_note(l->out, "note", c);
	buf_text(l->out, ",\"tags\":[\"production\",\"");
	answer_text(c, "reason", l->out);
	buf_text(l->out, "\"]");
	if (says(c, "outcome", "invalid_json"))
		buf_text(l->out, ",\"json\":true");
	if (!isnan(cost)) {
		json_write_key(l->out, "max_cost_usd");
		json_write_double(l->out, cost);
	}
	if (!isnan(latency))
		buf_printf(l->out, ",\"max_latency\":\"%.0fms\"", fmax(1, ceil(latency)));
	buf_byte(l->out, '}');
}

static void write_assert(struct buf *out, const char *type, double threshold)
{
	if (isnan(threshold))
		return;
	if (out->ptr[out->len - 1] != '[')
		buf_byte(out, ',');
	buf_printf(out, "{\"type\":\"%s\",\"threshold\":", type);
	json_write_double(out, threshold);
	buf_byte(out, '}');
}

static void write_promptfoo_test(void *context, struct slice c)
{
	struct listing *l = context;

	begin_item(l);
	write_note(l->out, "description", c);
	buf_text(l->out, ",\"vars\":{");
	copy_text(l->out, "trace_id", c, "trace_id");
	buf_text(l->out, ",\"question\":\"\"},\"metadata\":{");
	copy_text(l->out, "reason", c, "reason");
	copy_text(l->out, "feature", c, "feature");
	copy_text(l->out, "prompt_version", c, "prompt_version");
	buf_text(l->out, "},\"assert\":[");
	if (says(c, "outcome", "invalid_json"))
		buf_text(l->out, "{\"type\":\"is-json\"}");
	write_assert(l->out, "cost", answer_number(c, "max_cost_usd"));
	write_assert(l->out, "latency", answer_number(c, "max_latency_ms"));
	buf_text(l->out, "]}");
}

/* ---------------------------------------------------------------- the command */
static void print(struct slice answer, bool for_promptfoo)
{
	struct buf text = BUF_INIT;
	struct listing l = { &text, 0 };

	buf_text(&text, for_promptfoo ? "[" : "{\"name\":\"production\",\"cases\":[");
	answer_each(answer_field(answer, "cases"), for_promptfoo ? write_promptfoo_test : write_suite_case, &l);
	buf_text(&text, for_promptfoo ? "\n]\n" : "\n]}\n");
	fwrite(text.ptr, 1, text.len, stdout);
	fprintf(stderr, "%zu cases; their questions are in their traces, not here\n", l.count);
	buf_release(&text);
}

static int export(const struct cli_args *args, uint64_t seconds, bool for_promptfoo)
{
	struct client client;
	struct buf path = BUF_INIT, answer = BUF_INIT;
	int code = client_open(&command_cases, args->values[OPTION_AGENT], &client);

	buf_printf(&path, "/api/v1/cases?since=%" PRIu64, clock_unix_ns() / NS_PER_SECOND - seconds);
	client_query(&path, "worst", slice_of(args->values[OPTION_WORST]));
	if (code == CLI_GO_ON)
		code = client_get(&client, buf_string(&path), &answer);
	if (code == CLI_GO_ON)
		print(buf_view(&answer), for_promptfoo);
	buf_release(&path);
	buf_release(&answer);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

static int cases_run(int argc, char **argv)
{
	struct cli_args args;
	uint64_t seconds = 0;
	int code = cli_parse(&command_cases, argc, argv, &args);

	if (code != CLI_GO_ON)
		return code;
	if (args.operand_count != 1 || !slice_equal(slice_of(args.operands[0]), SLICE("export")))
		return cli_usage_error(&command_cases, "say what to do: export");
	const char *since = args.values[OPTION_SINCE] != NULL ? args.values[OPTION_SINCE] : "7d";
	if (!alerts_read_duration(since, &seconds))
		return cli_usage_error(&command_cases, "--since: '%s' is no time such as 30m, 2h or 7d", since);
	struct slice format = slice_of(args.values[OPTION_FORMAT]);
	bool for_promptfoo = slice_equal(format, SLICE("promptfoo"));
	if (format.len > 0 && !for_promptfoo && !slice_equal(format, SLICE("suite")))
		return cli_usage_error(&command_cases, "--format is suite or promptfoo, not '%s'", args.values[OPTION_FORMAT]);
	return export(&args, seconds, for_promptfoo);
}

const struct command command_cases = {
	"cases",
	"Make evaluation cases of the worst calls of production: failed, refused, broken, low-rated, runaway, expensive.",
	"export [--since TIME] [--worst N] [--format suite|promptfoo]",
	cases_run,
	options,
};
