/* SPDX-License-Identifier: Apache-2.0
 * daemon/cases_command.c - asks the agent for its cases, completes them from recordings, prints them.
 */
#include "agent/daemon/cases_command.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/cli/alerts.h"
#include "agent/cli/answer.h"
#include "agent/cli/cases.h"
#include "agent/cli/client.h"
#include "agent/daemon/kinds.h"
#include "agent/daemon/recorded_words.h"

enum {
	OPTION_AGENT, OPTION_SINCE, OPTION_WORST, OPTION_FORMAT, OPTION_CONTENT, OPTION_CONFIG, OPTION_NO_CONTENT, OPTION_EMPTY,
};

static const struct cli_option options[] = {
	[OPTION_AGENT] = CLIENT_AGENT_OPTION,
	[OPTION_SINCE] = { "since", 0, "TIME", "How far back (2h, 7d); 7d unless given." },
	[OPTION_WORST] = { "worst", 0, "N", "At most so many, reasons by turns; 50 unless given." },
	[OPTION_FORMAT] = { "format", 'f', "FORMAT", "suite (for plimsoll gate) or promptfoo (a list of tests)." },
	[OPTION_CONTENT] = { "content", 0, "FILE",
			     "Recorded OTLP, as replay reads it (a file or a folder; more of them may follow): questions and answers that "
			     "the agent did not keep are taken from there by trace and span id, and redacted." },
	[OPTION_CONFIG] = { "config", 'c', "FILE", "Redact what comes from recordings by this configuration; else by the default detectors." },
	[OPTION_NO_CONTENT] = { "no-content", 0, NULL, "Without the texts that the agent keeps; over the network they ask for its token." },
	[OPTION_EMPTY] = { "include-empty", 0, NULL,
			   "Also Promptfoo tests whose question is not known, with an empty one to fill in." },
	{ .name = NULL },
};

struct request {
	uint64_t seconds;
	enum cases_format format;
	const struct cli_args *args;
};

/* ---------------------------------------------------------------- words from recordings */
static void want(void *context, struct slice c)
{
	struct buf trace_id = BUF_INIT, span_id = BUF_INIT;

	answer_text(c, "trace_id", &trace_id);
	answer_text(c, "span_id", &span_id);
	recorded_words_want(context, buf_view(&trace_id), buf_view(&span_id));
	buf_release(&trace_id);
	buf_release(&span_id);
}

static struct status read_recordings(struct recorded_words *w, const struct cli_args *args, struct slice answer,
				     struct buf *why)
{
	answer_each(answer_field(answer, "cases"), want, w);
	TRY(recorded_words_read(w, args->values[OPTION_CONTENT], why));
	for (int i = 1; i < args->operand_count; i++) /* behind "export" */
		TRY(recorded_words_read(w, args->operands[i], why));
	return OK;
}

static int refuse(struct status s, struct buf *why)
{
	fprintf(stderr, "plimsoll: %s\n", why->len > 0 ? buf_string(why) : s.why);
	return s.code == STATUS_INVALID ? CLI_USAGE : CLI_UNREACHABLE;
}

/* *out: NULL where no recordings are named. config: borrowed by it. */
static int open_recordings(const struct cli_args *args, const struct config *config, struct slice answer,
			   struct recorded_words **out)
{
	struct buf why = BUF_INIT;

	if (args->values[OPTION_CONTENT] == NULL)
		return CLI_GO_ON;
	struct status s = recorded_words_new(config, out, &why);
	if (!FAILED(s))
		s = read_recordings(*out, args, answer, &why);
	int code = FAILED(s) ? refuse(s, &why) : CLI_GO_ON;
	buf_release(&why);
	return code;
}

/* ---------------------------------------------------------------- the command */
static void tell(const struct cases_count *n, enum cases_format format)
{
	fprintf(stderr, "%zu %s; %zu of them with their question", n->written,
		format == CASES_PROMPTFOO ? "tests" : "cases", n->asked);
	if (n->left_out > 0)
		fprintf(stderr, ", %zu without it left out (--include-empty)", n->left_out);
	if (n->asked < n->written + n->left_out)
		fprintf(stderr, ". cases.keep_content keeps questions, --content takes them from recorded OTLP");
	fputc('\n', stderr);
}

static int print(const struct request *r, const struct config *config, struct slice answer)
{
	struct recorded_words *recorded = NULL;
	struct buf text = BUF_INIT;
	int code = open_recordings(r->args, config, answer, &recorded);

	if (code == CLI_GO_ON) {
		const struct cases_words words = { recorded, recorded_words_find };
		struct cases_count n = cases_export(answer, r->format, r->args->values[OPTION_EMPTY] != NULL,
						    recorded != NULL ? &words : NULL, &text);
		fwrite(text.ptr, 1, text.len, stdout);
		tell(&n, r->format);
	}
	recorded_words_free(recorded);
	buf_release(&text);
	return code;
}

static int ask(const struct request *r, struct buf *answer)
{
	struct client client;
	struct buf path = BUF_INIT;
	int code = client_open(&command_cases, r->args->values[OPTION_AGENT], &client);

	buf_printf(&path, "/api/v1/cases%s?since=%" PRIu64, r->args->values[OPTION_NO_CONTENT] == NULL ? "/content" : "",
		   clock_unix_ns() / NS_PER_SECOND - r->seconds);
	client_query(&path, "worst", slice_of(r->args->values[OPTION_WORST]));
	if (code == CLI_GO_ON)
		code = client_get(&client, buf_string(&path), answer);
	buf_release(&path);
	return code;
}

static int export(const struct request *r)
{
	struct buf answer = BUF_INIT, errors = BUF_INIT;
	struct config *config = NULL;
	struct status s = config_load(r->args->values[OPTION_CONFIG], exporter_config_kinds(),
				      exporter_config_kind_count(), &config, &errors);
	int code = CLI_GO_ON;

	if (FAILED(s)) {
		fputs(buf_string(&errors), stderr);
		code = s.code == STATUS_IO ? CLI_UNREACHABLE : CLI_USAGE;
	}
	if (code == CLI_GO_ON)
		code = ask(r, &answer);
	if (code == CLI_GO_ON)
		code = print(r, config, buf_view(&answer));
	config_free(config);
	buf_release(&errors);
	buf_release(&answer);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

static int read_arguments(struct request *r)
{
	const struct cli_args *args = r->args;
	const char *since = args->values[OPTION_SINCE] != NULL ? args->values[OPTION_SINCE] : "7d";
	struct slice format = slice_of(args->values[OPTION_FORMAT]);

	if (args->operand_count == 0 || !slice_equal(slice_of(args->operands[0]), SLICE("export")))
		return cli_usage_error(&command_cases, "say what to do: export");
	if (args->operand_count > 1 && args->values[OPTION_CONTENT] == NULL)
		return cli_usage_error(&command_cases, "'%s': recordings follow --content", args->operands[1]);
	if (!alerts_read_duration(since, &r->seconds))
		return cli_usage_error(&command_cases, "--since: '%s' is no time such as 30m, 2h or 7d", since);
	r->format = slice_equal(format, SLICE("promptfoo")) ? CASES_PROMPTFOO : CASES_SUITE;
	if (format.len > 0 && r->format == CASES_SUITE && !slice_equal(format, SLICE("suite")))
		return cli_usage_error(&command_cases, "--format is suite or promptfoo, not '%s'", args->values[OPTION_FORMAT]);
	return CLI_GO_ON;
}

static int cases_run(int argc, char **argv)
{
	struct cli_args args;
	struct request r = { .args = &args };
	int code = cli_parse(&command_cases, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = read_arguments(&r);
	return code == CLI_GO_ON ? export(&r) : code;
}

const struct command command_cases = {
	"cases",
	"Make evaluation cases of the worst calls of production: failed, refused, broken, low-rated, runaway, expensive.",
	"export [--since TIME] [--worst N] [--format suite|promptfoo] [--content FILE...]",
	cases_run,
	options,
};
