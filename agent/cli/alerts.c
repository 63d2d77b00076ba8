/* SPDX-License-Identifier: Apache-2.0
 * cli/alerts.c - the verbs of `plimsoll alerts`.
 */
#include "agent/cli/alerts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/cli/answer.h"
#include "agent/cli/client.h"

#define TEST_POLL_MS    100
#define TEST_TIMEOUT_MS 60000

enum { OPTION_AGENT, OPTION_OUTPUT, OPTION_ALL, OPTION_DURATION, OPTION_COMMENT, OPTION_BY, OPTION_RESOLVED };

static const struct cli_option options[] = {
	[OPTION_AGENT] = CLIENT_AGENT_OPTION,
	[OPTION_OUTPUT] = { "output", 'o', "FORMAT", "text, or json for programs." },
	[OPTION_ALL] = { "all", 0, NULL, "list: also what has ended. silences: also what is over." },
	[OPTION_DURATION] = { "duration", 'd', "TIME", "silence: how long (30m, 2h, 7d); 2h unless given." },
	[OPTION_COMMENT] = { "comment", 'm', "TEXT", "silence: why." },
	[OPTION_BY] = { "by", 0, "NAME", "silence, accept: who; the user's name unless given." },
	[OPTION_RESOLVED] = { "resolved", 0, NULL, "test: tell of an end, which closes what a test has opened." },
	{ .name = NULL },
};

struct call {
	struct client client;
	const struct cli_args *args;
	const char *operand; /* behind the verb; NULL: none */
	bool json;
	struct buf answer;
};

bool alerts_read_duration(const char *text, uint64_t *seconds)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };
	struct slice digits = slice_of(text);
	uint64_t factor = 1;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (digits.len > 1 && digits.ptr[digits.len - 1] == units[i].unit) {
			factor = units[i].seconds;
			digits.len--;
			break;
		}
	}
	return slice_to_u64(digits, seconds) && *seconds > 0 && *seconds < UINT32_MAX && (*seconds *= factor) < UINT32_MAX;
}

static void print_json(const struct buf *answer)
{
	printf("%.*s\n", (int)answer->len, answer->ptr);
}

/* ---------------------------------------------------------------- list */
static void print_age(double since_s)
{
	double age_s = (double)(clock_unix_ns() / NS_PER_SECOND) - since_s;

	if (age_s < 5400)
		printf("%4.0f min", age_s / 60);
	else if (age_s < 2 * 86400)
		printf("%4.0f h  ", age_s / 3600);
	else
		printf("%4.0f d  ", age_s / 86400);
}

static void print_alert(void *context, struct slice alert)
{
	struct buf id = BUF_INIT, state = BUF_INIT, severity = BUF_INIT, summary = BUF_INIT;

	++*(size_t *)context;
	answer_text(alert, "id", &id);
	answer_text(alert, "muted_by", &state);
	if (state.len == 0)
		answer_text(alert, "state", &state);
	answer_text(alert, "severity", &severity);
	answer_text(alert, "summary", &summary);
	printf("%s  %-10s  %-8s  ", buf_string(&id), buf_string(&state), buf_string(&severity));
	print_age(answer_number(alert, "started_at"));
	printf("  %s\n", buf_string(&summary));
	buf_release(&id);
	buf_release(&state);
	buf_release(&severity);
	buf_release(&summary);
}

static void print_pending(void *context, struct slice item)
{
	struct buf text = BUF_INIT;

	(void)context;
	answer_text(item, "metric", &text);
	buf_text(&text, " of ");
	answer_text(item, "feature", &text);
	printf("%-16s  %-10s  %s is %.6g instead of %.6g, %.1f sigma in its newest hour\n", "-", "pending", buf_string(&text),
	       answer_number(item, "value"), answer_number(item, "baseline_mean"), fabs(answer_number(item, "deviation")));
	buf_release(&text);
}

static int list(struct call *c)
{
	size_t count = 0;
	int code = client_get(&c->client,
			      c->args->values[OPTION_ALL] != NULL ? "/api/v1/alerts?state=all" : "/api/v1/alerts", &c->answer);

	if (code != CLI_GO_ON)
		return code;
	if (c->json) {
		print_json(&c->answer);
		return CLI_DONE;
	}
	answer_each(answer_field(buf_view(&c->answer), "alerts"), print_alert, &count);
	answer_each(answer_field(buf_view(&c->answer), "pending"), print_pending, NULL);
	if (count == 0)
		printf("no alert fires\n");
	return CLI_DONE;
}

/* ---------------------------------------------------------------- show, accept */
static int show(struct call *c)
{
	struct buf path = BUF_INIT;

	buf_text(&path, "/api/v1/alerts/");
	buf_percent(&path, slice_of(c->operand));
	int code = client_get(&c->client, buf_string(&path), &c->answer);
	buf_release(&path);
	if (code != CLI_GO_ON)
		return code;
	if (c->json)
		print_json(&c->answer);
	else
		alerts_print(buf_view(&c->answer));
	return CLI_DONE;
}

static struct slice who(const struct call *c)
{
	const char *given = c->args->values[OPTION_BY], *user = getenv("USER");

	return slice_of(given != NULL ? given : user != NULL ? user : "unknown");
}

static int accept_level(struct call *c)
{
	struct buf path = BUF_INIT, body = BUF_INIT;

	buf_text(&path, "/api/v1/alerts/");
	buf_percent(&path, slice_of(c->operand));
	buf_text(&path, "/accept");
	buf_text(&body, "{\"by\":");
	json_write_string(&body, who(c));
	buf_byte(&body, '}');
	int code = client_post(&c->client, buf_string(&path), buf_view(&body), &c->answer);
	buf_release(&path);
	buf_release(&body);
	if (code != CLI_GO_ON)
		return code;
	if (c->json)
		print_json(&c->answer);
	else
		printf("the level of alert %s is the baseline now\n", c->operand);
	return CLI_DONE;
}

/* ---------------------------------------------------------------- silences */
/* All operands behind the verb: "feature=checkout metric=latency*". */
static void write_matchers(const struct call *c, struct buf *out)
{
	for (int i = 1; i < c->args->operand_count; i++) {
		buf_text(out, i > 1 ? " " : "");
		buf_text(out, c->args->operands[i]);
	}
}

static int silence(struct call *c)
{
	const char *duration = c->args->values[OPTION_DURATION], *comment = c->args->values[OPTION_COMMENT];
	struct buf matchers = BUF_INIT, body = BUF_INIT, id = BUF_INIT;
	uint64_t seconds = 0;

	if (!alerts_read_duration(duration != NULL ? duration : "2h", &seconds))
		return cli_usage_error(&command_alerts, "--duration: '%s' is no time such as 30m, 2h or 7d", duration);
	write_matchers(c, &matchers);
	buf_text(&body, "{\"matchers\":");
	json_write_string(&body, buf_view(&matchers));
	buf_printf(&body, ",\"duration_s\":%" PRIu64 ",\"by\":", seconds);
	json_write_string(&body, who(c));
	buf_text(&body, ",\"comment\":");
	json_write_string(&body, slice_of(comment != NULL ? comment : ""));
	buf_byte(&body, '}');
	int code = client_post(&c->client, "/api/v1/silences", buf_view(&body), &c->answer);
	if (code == CLI_GO_ON && c->json) {
		print_json(&c->answer);
	} else if (code == CLI_GO_ON) {
		answer_text(buf_view(&c->answer), "id", &id);
		printf("silenced as %s; end it with 'plimsoll alerts unsilence %s'\n", buf_string(&id), buf_string(&id));
	}
	buf_release(&matchers);
	buf_release(&body);
	buf_release(&id);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

static int unsilence(struct call *c)
{
	struct buf path = BUF_INIT;

	buf_text(&path, "/api/v1/silences/");
	buf_percent(&path, slice_of(c->operand));
	int code = client_delete(&c->client, buf_string(&path), &c->answer);
	buf_release(&path);
	if (code == CLI_GO_ON && c->json)
		print_json(&c->answer);
	else if (code == CLI_GO_ON)
		printf("silence %s has ended\n", c->operand);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

static void print_silence(void *context, struct slice item)
{
	bool all = *(bool *)context, active = slice_equal(answer_field(item, "active"), SLICE("true"));
	struct buf text = BUF_INIT;
	char until[21];

	if (!all && !active)
		return;
	clock_format_utc((uint64_t)answer_number(item, "until"), until);
	answer_text(item, "id", &text);
	buf_printf(&text, "  %s until %s  ", active ? "active" : "over  ", until);
	answer_text(item, "matchers", &text);
	buf_text(&text, "  by ");
	answer_text(item, "by", &text);
	buf_text(&text, "  ");
	answer_text(item, "comment", &text);
	printf("%s\n", buf_string(&text));
	buf_release(&text);
}

static int silences(struct call *c)
{
	bool all = c->args->values[OPTION_ALL] != NULL;
	int code = client_get(&c->client, "/api/v1/silences", &c->answer);

	if (code != CLI_GO_ON)
		return code;
	if (c->json)
		print_json(&c->answer);
	else
		answer_each(answer_field(buf_view(&c->answer), "silences"), print_silence, &all);
	return CLI_DONE;
}

/* ---------------------------------------------------------------- test */
static int print_test(const struct call *c)
{
	struct slice answer = buf_view(&c->answer);
	bool good = slice_equal(answer_field(answer, "ok"), SLICE("true"));
	struct buf words = BUF_INIT;

	answer_text(answer, "error", &words);
	if (words.len == 0)
		buf_printf(&words, "%.0f ", answer_number(answer, "code"));
	answer_text(answer, "answer", &words);
	if (c->json)
		print_json(&c->answer);
	else
		printf("%s: %s: %s\n", c->operand, good ? "delivered" : "refused", buf_string(&words));
	buf_release(&words);
	return good ? CLI_DONE : CLI_NO;
}

static int wait_for_test(struct call *c, const char *path)
{
	const struct timespec pause = { 0, TEST_POLL_MS * 1000000L };
	int code = CLI_GO_ON;

	for (int waited_ms = 0; code == CLI_GO_ON && waited_ms < TEST_TIMEOUT_MS; waited_ms += TEST_POLL_MS) {
		buf_reset(&c->answer);
		code = client_get(&c->client, path, &c->answer);
		if (code == CLI_GO_ON && slice_equal(answer_field(buf_view(&c->answer), "done"), SLICE("true")))
			return print_test(c);
		nanosleep(&pause, NULL);
	}
	if (code == CLI_GO_ON)
		fprintf(stderr, "plimsoll alerts: no answer of the channel within a minute\n");
	return code == CLI_GO_ON ? CLI_NO : code;
}

static int test(struct call *c)
{
	struct buf body = BUF_INIT, path = BUF_INIT;

	buf_text(&body, "{\"channel\":");
	json_write_string(&body, slice_of(c->operand));
	buf_printf(&body, ",\"resolved\":%s}", c->args->values[OPTION_RESOLVED] != NULL ? "true" : "false");
	int code = client_post(&c->client, "/api/v1/channels/test", buf_view(&body), &c->answer);
	if (code == CLI_GO_ON) {
		buf_text(&path, "/api/v1/channels/test/");
		answer_text(buf_view(&c->answer), "test", &path);
		code = wait_for_test(c, buf_string(&path));
	}
	buf_release(&body);
	buf_release(&path);
	return code;
}

/* ---------------------------------------------------------------- the command */
static const struct {
	const char *name, *wants; /* NULL: no operand */
	int (*run)(struct call *c);
} verbs[] = {
	{ "list", NULL, list },         { "show", "an alert's id", show },
	{ "explain", "an alert's id", show }, { "accept", "an alert's id", accept_level },
	{ "silence", "matchers, such as feature=checkout", silence },
	{ "unsilence", "a silence's id", unsilence },
	{ "silences", NULL, silences }, { "test", "a channel's name, such as slack/oncall", test },
};

static int run_verb(size_t verb, struct call *c)
{
	int operands = c->args->operand_count - 1;
	bool takes_many = verbs[verb].run == silence;

	c->operand = operands > 0 ? c->args->operands[1] : NULL;
	if (verbs[verb].wants != NULL && operands == 0)
		return cli_usage_error(&command_alerts, "%s wants %s", verbs[verb].name, verbs[verb].wants);
	if (operands > (verbs[verb].wants != NULL) && !takes_many)
		return cli_usage_error(&command_alerts, "unexpected '%s'", c->args->operands[operands]);
	int code = client_open(&command_alerts, c->args->values[OPTION_AGENT], &c->client);
	return code == CLI_GO_ON ? verbs[verb].run(c) : code;
}

static int alerts_run(int argc, char **argv)
{
	struct cli_args args;
	struct call c = { .args = &args };
	int code = cli_parse(&command_alerts, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_alerts, args.values[OPTION_OUTPUT], &c.json);
	if (code != CLI_GO_ON)
		return code;
	const char *name = args.operand_count > 0 ? args.operands[0] : "list";
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, name) != 0)
			continue;
		code = run_verb(i, &c);
		buf_release(&c.answer);
		return code;
	}
	return cli_usage_error(&command_alerts, "'%s' is none of list, show, explain, accept, silence, unsilence, "
						"silences and test", name);
}

const struct command command_alerts = {
	"alerts",
	"Show what fires and why; silence it, accept it, or test who is told.",
	"list [--all] | show|explain|accept ID | silence LABEL=VALUE... [--duration TIME] | unsilence ID | silences | "
	"test CHANNEL",
	alerts_run,
	options,
};
