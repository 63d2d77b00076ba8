/* SPDX-License-Identifier: Apache-2.0
 * cli/gate.c - `plimsoll gate`: results against a suite and limits, for CI. Exit status 0: open, 1: closed.
 */
#include "agent/cli/gate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/cli/gate_history.h"
#include "agent/cli/terminal.h"
#include "agent/config/scalar.h"
#include "agent/gate/gate.h"

#define WIDTH_ELSEWHERE 100 /* where the output is no terminal */

enum {
	OPTION_SUITE, OPTION_RESULTS, OPTION_MIN_PASS_RATE, OPTION_MAX_AVERAGE_COST, OPTION_MAX_P95_LATENCY,
	OPTION_MAX_REGRESSIONS, OPTION_BASELINE, OPTION_VARIANT, OPTION_BASELINE_VARIANT, OPTION_PASS_SCORE, OPTION_ALL, OPTION_OUTPUT,
	OPTION_JUNIT, OPTION_MARKDOWN, OPTION_PROMPT, OPTION_AGENT,
};

static const struct cli_option options[] = {
	[OPTION_SUITE] = { "suite", 's', "FILE", "The cases, in YAML or JSON; without one the results' own judgement is all." },
	[OPTION_RESULTS] = { "results", 'r', "FILE",
			     "What the version answered: Promptfoo, LangSmith, Braintrust, JUnit XML, a replay, or JSON "
			     "lines; - is standard input." },
	[OPTION_MIN_PASS_RATE] = { "min-pass-rate", 0, "SHARE", "Least share of cases that pass, such as 0.92." },
	[OPTION_MAX_AVERAGE_COST] = { "max-average-cost-usd", 0, "USD", "Most that an answer may cost on average." },
	[OPTION_MAX_P95_LATENCY] = { "max-p95-latency", 0, "TIME", "Longest time that 95 % of the answers keep, such as 2s." },
	[OPTION_MAX_REGRESSIONS] = { "max-regressions", 0, "N", "Most cases that passed in the baseline and do not now." },
	[OPTION_BASELINE] = { "baseline", 'b', "FILE", "Results of another version, to compare with case by "
			      "case; or NAME@VERSION, or VERSION of the suite's prompt, whose gate the agent keeps." },
	[OPTION_VARIANT] = { "variant", 0, "TEXT", "Only results whose provider and prompt hold this text." },
	[OPTION_BASELINE_VARIANT] = { "baseline-variant", 0, "TEXT", "The same for the baseline." },
	[OPTION_PASS_SCORE] = { "pass-score", 0, "SCORE", "Scores from here on pass where only scores are told (0.5)." },
	[OPTION_ALL] = { "all", 0, NULL, "Show cases that passed too." },
	[OPTION_OUTPUT] = { "output", 'o', "FORMAT", "text, json, junit or markdown." },
	[OPTION_JUNIT] = { "junit", 0, "FILE", "Write JUnit XML there as well." },
	[OPTION_MARKDOWN] = { "markdown", 0, "FILE", "Write Markdown there as well, such as $GITHUB_STEP_SUMMARY." },
	[OPTION_PROMPT] = { "prompt", 'p', "NAME@VERSION", "Leave the result with the agent, in this version's history; VERSION alone is "
			    "of the suite's prompt." },
	[OPTION_AGENT] = CLIENT_AGENT_OPTION,
	{ .name = NULL },
};

/* ---------------------------------------------------------------- arguments */
/* NaN where not given. False, having said so, where it is no number in the range. */
static bool read_number(const char *name, const char *text, double least, double most, double *out)
{
	*out = NAN;
	if (text == NULL)
		return true;
	if (slice_to_double(slice_of(text), out) && *out >= least && *out <= most)
		return true;
	cli_usage_error(&command_gate, "--%s wants a number from %g to %g, not '%s'", name, least, most, text);
	return false;
}

static bool read_duration(const char *name, const char *text, double *out)
{
	static const struct conf_option option = { "latency", CONF_DURATION, 0, .min = 1, .max = 86400e3 };
	struct buf why = BUF_INIT;
	uint64_t ms = 0;
	bool good = text == NULL || scalar_read(&option, slice_of(text), &ms, &why);

	*out = text != NULL ? (double)ms : NAN;
	if (!good)
		cli_usage_error(&command_gate, "--%s: %s", name, buf_string(&why));
	buf_release(&why);
	return good;
}

/* A count of cases, against another version. */
static bool read_regressions(const struct cli_args *args, double *out)
{
	const char *text = args->values[OPTION_MAX_REGRESSIONS];

	if (!read_number("max-regressions", text, 0, 1e9, out))
		return false;
	if (text != NULL && *out != floor(*out))
		cli_usage_error(&command_gate, "--max-regressions counts cases: '%s' is no whole number", text);
	else if (text != NULL && args->values[OPTION_BASELINE] == NULL)
		cli_usage_error(&command_gate, "--max-regressions compares with another version: --baseline is missing");
	else
		return true;
	return false;
}

static bool read_limits(const struct cli_args *args, struct gate_limits *out)
{
	return read_number("min-pass-rate", args->values[OPTION_MIN_PASS_RATE], 0, 1, &out->min_pass_rate) &&
	       read_number("max-average-cost-usd", args->values[OPTION_MAX_AVERAGE_COST], 0, 1e9,
			   &out->max_average_cost_usd) &&
	       read_duration("max-p95-latency", args->values[OPTION_MAX_P95_LATENCY], &out->max_p95_latency_ms) &&
	       read_regressions(args, &out->max_regressions);
}

/* ---------------------------------------------------------------- output */
typedef void (*print_fn)(const struct gate *g, struct buf *out);

static void print_text(const struct gate *g, bool all_cases, struct buf *out)
{
	const struct terminal t = terminal_look();
	const struct gate_style style = { all_cases, t.colours, t.is_one ? t.columns : WIDTH_ELSEWHERE };

	gate_print_text(g, &style, out);
}

static void print_news(const struct gate *g, struct buf *out)
{
	print_text(g, false, out);
}

static void print_all_cases(const struct gate *g, struct buf *out)
{
	print_text(g, true, out);
}

/* NULL, having said so, where there is no such format. */
static print_fn printer_of(const struct cli_args *args)
{
	static const struct {
		const char *name;
		print_fn print;
	} formats[] = {
		{ "json", gate_print_json },
		{ "junit", gate_print_junit },
		{ "markdown", gate_print_markdown },
	};
	const char *wanted = args->values[OPTION_OUTPUT];

	if (wanted == NULL || strcmp(wanted, "text") == 0)
		return args->values[OPTION_ALL] != NULL ? print_all_cases : print_news;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, wanted) == 0)
			return formats[i].print;
	cli_usage_error(&command_gate, "--output is text, json, junit or markdown, not '%s'", wanted);
	return NULL;
}

static bool write_file(const char *path, const char *mode, const struct gate *g, print_fn print)
{
	struct buf text = BUF_INIT;
	FILE *file = path != NULL ? fopen(path, mode) : NULL;
	bool good = path == NULL;

	if (file != NULL) {
		print(g, &text);
		good = !buf_failed(&text) && fwrite(text.ptr, 1, text.len, file) == text.len;
		good = fclose(file) == 0 && good;
	}
	if (!good)
		fprintf(stderr, "plimsoll gate: cannot write '%s': %s\n", path, strerror(errno));
	buf_release(&text);
	return good;
}

/* All of them, even where one cannot be written. */
static int write_all(const struct cli_args *args, const struct gate *g, print_fn print)
{
	struct buf text = BUF_INIT;

	print(g, &text);
	fwrite(text.ptr, 1, text.len, stdout);
	buf_release(&text);
	bool junit = write_file(args->values[OPTION_JUNIT], "w", g, gate_print_junit);
	bool markdown = write_file(args->values[OPTION_MARKDOWN], "a", g, gate_print_markdown);
	return junit && markdown ? CLI_GO_ON : CLI_UNREACHABLE;
}

/* ---------------------------------------------------------------- the command */
struct inputs {
	struct suite *suite;
	struct results *now, *before;
};

/* Of what cannot be used: a file that is not there, or one with something wrong in it. */
static int failed(struct status s)
{
	return s.code == STATUS_IO ? CLI_UNREACHABLE : CLI_USAGE;
}

static int say(struct status s, struct buf *why)
{
	fprintf(stderr, "plimsoll gate: %s\n", why->len > 0 ? buf_string(why) : s.why);
	return failed(s);
}

static int load_suite(const char *path, struct suite **out)
{
	struct buf errors = BUF_INIT;
	struct status s = path != NULL ? suite_load(path, out, &errors) : OK;
	int code = CLI_GO_ON;

	if (FAILED(s)) {
		fputs(errors.len > 0 ? buf_string(&errors) : s.why, stderr);
		code = failed(s);
	}
	buf_release(&errors);
	return code;
}

static int load_results(const char *path, double pass_score, struct results **out)
{
	struct buf why = BUF_INIT;
	struct status s = path != NULL ? results_load(path, pass_score, out, &why) : OK;
	int code = FAILED(s) ? say(s, &why) : CLI_GO_ON;

	buf_release(&why);
	return code;
}

/* The prompt that a bare version is of: the suite's, else that of --prompt. Empty: nobody says. */
static struct slice prompt_of(const struct cli_args *args, const struct suite *suite)
{
	const char *prompt = args->values[OPTION_PROMPT], *at = prompt != NULL ? strrchr(prompt, '@') : NULL;

	if (suite != NULL && suite->prompt != NULL)
		return slice_of(suite->prompt);
	return at != NULL ? slice_head(slice_of(prompt), (size_t)(at - prompt)) : SLICE_NONE;
}

/* "NAME@VERSION", of a bare version too. False, having said so, where nobody names the prompt. */
static bool name_version(const struct cli_args *args, const struct suite *suite, int option, struct buf *out)
{
	const char *text = args->values[option];
	struct slice prompt = prompt_of(args, suite);

	if (gate_history_is_version(text))
		buf_text(out, text);
	else if (prompt.len > 0)
		buf_printf(out, "%.*s@%s", SLICE_ARG(prompt), text);
	else
		cli_usage_error(&command_gate,
				"--%s: %s'%s'; as a version it needs its prompt: write NAME@%s, or 'prompt: NAME' in "
				"the suite",
				options[option].name, option == OPTION_BASELINE ? "there is no file " : "", text, text);
	return out->len > 0;
}

static bool looks_like_file(const char *text)
{
	static const char *const ends[] = { ".json", ".jsonl", ".ndjson", ".xml", ".csv", ".yaml", ".yml", NULL };
	bool found = strcmp(text, "-") == 0 || strchr(text, '/') != NULL;

	for (size_t i = 0; !found && ends[i] != NULL; i++)
		found = slice_ends_with(slice_of(text), slice_of(ends[i]));
	return found;
}

/* A file, where there is one of that name, or it looks like one; else a version whose gate the agent keeps. One of which
 * it keeps nothing is a wrong argument, not a gate that is closed. */
static int load_baseline(const struct cli_args *args, const struct suite *suite, double pass_score, struct results **out)
{
	const char *wanted = args->values[OPTION_BASELINE];
	struct buf version = BUF_INIT;
	int code = CLI_NO;

	if (wanted == NULL || access(wanted, F_OK) == 0 || looks_like_file(wanted))
		return load_results(wanted, pass_score, out);
	if (name_version(args, suite, OPTION_BASELINE, &version))
		code = gate_history_load(args->values[OPTION_AGENT], buf_string(&version), pass_score, out);
	buf_release(&version);
	return code == CLI_NO ? CLI_USAGE : code;
}

static int load_all(const struct cli_args *args, struct inputs *in)
{
	double pass_score;

	if (!read_number("pass-score", args->values[OPTION_PASS_SCORE], -1e9, 1e9, &pass_score))
		return CLI_USAGE;
	if (isnan(pass_score))
		pass_score = 0.5;
	int code = load_suite(args->values[OPTION_SUITE], &in->suite);
	if (code == CLI_GO_ON)
		code = load_results(args->values[OPTION_RESULTS], pass_score, &in->now);
	if (code == CLI_GO_ON)
		code = load_baseline(args, in->suite, pass_score, &in->before);
	return code;
}

/* With the agent, where that is wanted. */
static int leave(const struct cli_args *args, const struct suite *suite, const struct gate *g)
{
	struct buf version = BUF_INIT;
	int code = CLI_USAGE;

	if (args->values[OPTION_PROMPT] == NULL)
		return CLI_GO_ON;
	if (name_version(args, suite, OPTION_PROMPT, &version))
		code = gate_history_keep(args->values[OPTION_AGENT], buf_string(&version), g);
	buf_release(&version);
	return code;
}

/* A result that could not be written or kept goes before an open gate, which nobody could look up; a closed one is closed. */
static int tell(const struct cli_args *args, const struct suite *suite, const struct gate *g, print_fn print)
{
	int written = write_all(args, g, print), left = leave(args, suite, g);

	if (!g->open)
		return CLI_NO;
	return written != CLI_GO_ON ? written : left != CLI_GO_ON ? left : CLI_DONE;
}

static int judge(const struct cli_args *args, const struct inputs *in, const struct gate_limits *limits, print_fn print)
{
	struct buf why = BUF_INIT;
	struct gate *g = NULL;
	const struct gate_variants variants = { args->values[OPTION_VARIANT], args->values[OPTION_BASELINE_VARIANT] };
	struct status s = gate_judge(in->suite, in->now, in->before, limits, &variants, &g, &why);
	int code = FAILED(s) ? say(s, &why) : tell(args, in->suite, g, print);

	gate_free(g);
	buf_release(&why);
	return code;
}

static int gate_run(int argc, char **argv)
{
	struct cli_args args;
	struct gate_limits limits;
	struct inputs in = { .suite = NULL };
	int code = cli_parse(&command_gate, argc, argv, &args);

	if (code != CLI_GO_ON)
		return code;
	if (args.operand_count > 0)
		return cli_usage_error(&command_gate, "unexpected '%s'", args.operands[0]);
	if (args.values[OPTION_RESULTS] == NULL)
		return cli_usage_error(&command_gate, "--results is missing");
	print_fn print = printer_of(&args);
	if (print == NULL || !read_limits(&args, &limits))
		return CLI_USAGE;
	code = load_all(&args, &in);
	if (code == CLI_GO_ON)
		code = judge(&args, &in, &limits, print);
	results_free(in.before);
	results_free(in.now);
	suite_free(in.suite);
	return code;
}

const struct command command_gate = {
	"gate",
	"Say whether a prompt version may ship: evaluation results against a suite, limits and a baseline.",
	"--results FILE [--suite FILE] [--min-pass-rate SHARE] [...]",
	gate_run,
	options,
};
