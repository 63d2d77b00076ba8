/* SPDX-License-Identifier: Apache-2.0
 * cli/alerts.c - the verbs of `plimsoll alerts`.
 */
#include "agent/cli/alerts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/cli/answer.h"
#include "agent/cli/verb.h"

#define TEST_POLL_MS    100
#define TEST_TIMEOUT_MS 60000

enum { OPTION_ALL = VERB_OPTIONS, OPTION_DURATION, OPTION_COMMENT, OPTION_BY, OPTION_RESOLVED };

static const struct cli_option options[] = {
	VERB_OPTION_ROWS,
	[OPTION_ALL] = { "all", 0, NULL, "list: also what has ended. silences: also what is over." },
	[OPTION_DURATION] = { "duration", 'd', "TIME", "silence: how long (30m, 2h, 7d); 2h unless given." },
	[OPTION_COMMENT] = { "comment", 'm', "TEXT", "silence: why." },
	[OPTION_BY] = { "by", 0, "NAME", "silence, accept: who; the user's name unless given." },
	[OPTION_RESOLVED] = { "resolved", 0, NULL, "test: tell of an end, which closes what a test has opened." },
	{ .name = NULL },
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

/* ---------------------------------------------------------------- list */
static void print_age(double since_s)
{
	double age_s = (double)(clock_unix_ns() / NS_PER_SECOND) - since_s;

	if (isnan(age_s))
		printf("%8s", "-");
	else if (age_s < 5400)
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
	answer_words(alert, "id", &id);
	answer_words(alert, "muted_by", &state);
	if (state.len == 0)
		answer_words(alert, "state", &state);
	answer_words(alert, "severity", &severity);
	answer_words(alert, "summary", &summary);
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
	answer_words(item, "metric", &text);
	buf_text(&text, " of ");
	answer_words(item, "feature", &text);
	printf("%-16s  %-10s  %s is %.6g instead of %.6g, %.1f sigma in its newest hour\n", "-", "pending", buf_string(&text),
	       answer_number(item, "value"), answer_number(item, "baseline_mean"), fabs(answer_number(item, "deviation")));
	buf_release(&text);
}

static int list(struct verb_call *c)
{
	size_t count = 0;
	int code = verb_get(c, c->args.values[OPTION_ALL] != NULL ? "/api/v1/alerts?state=all" : "/api/v1/alerts");

	if (code != CLI_GO_ON)
		return code;
	if (c->json) {
		verb_print_json(c);
		return CLI_DONE;
	}
	answer_each(answer_field(buf_view(&c->answer), "alerts"), print_alert, &count);
	answer_each(answer_field(buf_view(&c->answer), "pending"), print_pending, NULL);
	if (count == 0)
		printf("no alert %s\n", c->args.values[OPTION_ALL] != NULL ? "is kept" : "fires");
	return CLI_DONE;
}

/* ---------------------------------------------------------------- show, accept */
static int show(struct verb_call *c)
{
	int code = verb_get_one(c, "/api/v1/alerts/", c->operands[0]);

	if (code != CLI_GO_ON)
		return code;
	if (c->json)
		verb_print_json(c);
	else
		alerts_print(buf_view(&c->answer));
	return CLI_DONE;
}

static struct slice who(const struct verb_call *c)
{
	return slice_of(cli_user(c->args.values[OPTION_BY]));
}

static int accept_level(struct verb_call *c)
{
	struct buf path = BUF_INIT, body = BUF_INIT;

	buf_text(&path, "/api/v1/alerts/");
	buf_percent(&path, slice_of(c->operands[0]));
	buf_text(&path, "/accept");
	buf_text(&body, "{\"by\":");
	json_write_string(&body, who(c));
	buf_byte(&body, '}');
	int code = verb_post(c, buf_string(&path), buf_view(&body));
	buf_release(&path);
	buf_release(&body);
	if (code != CLI_GO_ON)
		return code;
	if (c->json)
		verb_print_json(c);
	else
		printf("the level of alert %s is the baseline now\n", c->operands[0]);
	return CLI_DONE;
}

/* ---------------------------------------------------------------- silences */
/* All operands behind the verb: "feature=checkout metric=latency*". */
static void write_matchers(const struct verb_call *c, struct buf *out)
{
	for (int i = 0; i < c->operand_count; i++) {
		buf_text(out, i > 0 ? " " : "");
		buf_text(out, c->operands[i]);
	}
}

static int silence(struct verb_call *c)
{
	const char *duration = c->args.values[OPTION_DURATION], *comment = c->args.values[OPTION_COMMENT];
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
	int code = verb_post(c, "/api/v1/silences", buf_view(&body));
	if (code == CLI_GO_ON && c->json) {
		verb_print_json(c);
	} else if (code == CLI_GO_ON) {
		answer_words(buf_view(&c->answer), "id", &id);
		printf("silenced as %s; end it with 'plimsoll alerts unsilence %s'\n", buf_string(&id), buf_string(&id));
	}
	buf_release(&matchers);
	buf_release(&body);
	buf_release(&id);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

static int unsilence(struct verb_call *c)
{
	struct buf path = BUF_INIT;

	buf_text(&path, "/api/v1/silences/");
	buf_percent(&path, slice_of(c->operands[0]));
	int code = verb_delete(c, buf_string(&path));
	buf_release(&path);
	if (code == CLI_GO_ON && c->json)
		verb_print_json(c);
	else if (code == CLI_GO_ON)
		printf("silence %s has ended\n", c->operands[0]);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

struct silence_list {
	bool all; /* also those that are over */
	size_t shown;
};

static void print_silence(void *context, struct slice item)
{
	struct silence_list *list = context;
	bool active = slice_equal(answer_field(item, "active"), SLICE("true"));
	struct buf text = BUF_INIT;
	char until[21];

	if (!list->all && !active)
		return;
	list->shown++;
	answer_time(item, "until", until);
	answer_words(item, "id", &text);
	buf_printf(&text, "  %s until %s  ", active ? "active" : "over  ", until);
	answer_words(item, "matchers", &text);
	buf_text(&text, "  by ");
	answer_words(item, "by", &text);
	buf_text(&text, "  ");
	answer_words(item, "comment", &text);
	printf("%s\n", buf_string(&text));
	buf_release(&text);
}

static int silences(struct verb_call *c)
{
	struct silence_list list = { .all = c->args.values[OPTION_ALL] != NULL };
	int code = verb_get(c, "/api/v1/silences");

	if (code != CLI_GO_ON)
		return code;
	if (c->json) {
		verb_print_json(c);
		return CLI_DONE;
	}
	answer_each(answer_field(buf_view(&c->answer), "silences"), print_silence, &list);
	if (list.shown == 0)
		printf("no silence %s\n", list.all ? "is kept" : "is active");
	return CLI_DONE;
}

/* ---------------------------------------------------------------- test */
static int print_test(const struct verb_call *c)
{
	struct slice answer = buf_view(&c->answer);
	bool good = slice_equal(answer_field(answer, "ok"), SLICE("true"));
	struct buf words = BUF_INIT, said = BUF_INIT;

	answer_words(answer, "error", &words);
	if (words.len == 0)
		buf_printf(&words, "%.0f", answer_number(answer, "code"));
	answer_words(answer, "answer", &said);
	if (said.len > 0)
		buf_printf(&words, " %s", buf_string(&said));
	if (c->json)
		verb_print_json(c);
	else
		printf("%s: %s: %s\n", c->operands[0], good ? "delivered" : "refused", buf_string(&words));
	buf_release(&said);
	buf_release(&words);
	return good ? CLI_DONE : CLI_NO;
}

static int wait_for_test(struct verb_call *c, const char *path)
{
	const struct timespec pause = { 0, TEST_POLL_MS * 1000000L };
	int code = CLI_GO_ON;

	for (int waited_ms = 0; code == CLI_GO_ON && waited_ms < TEST_TIMEOUT_MS; waited_ms += TEST_POLL_MS) {
		buf_reset(&c->answer);
		code = verb_get(c, path);
		if (code == CLI_GO_ON && slice_equal(answer_field(buf_view(&c->answer), "done"), SLICE("true")))
			return print_test(c);
		nanosleep(&pause, NULL);
	}
	if (code == CLI_GO_ON)
		fprintf(stderr, "plimsoll alerts: no answer of the channel within a minute\n");
	return code == CLI_GO_ON ? CLI_NO : code;
}

static int test(struct verb_call *c)
{
	struct buf body = BUF_INIT, path = BUF_INIT;

	buf_text(&body, "{\"channel\":");
	json_write_string(&body, slice_of(c->operands[0]));
	buf_printf(&body, ",\"resolved\":%s}", c->args.values[OPTION_RESOLVED] != NULL ? "true" : "false");
	int code = verb_post(c, "/api/v1/channels/test", buf_view(&body));
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
static const struct verb verbs[] = {
	{ "list", NULL, 0, false, list },
	{ "show", "an alert's id", 1, false, show },
	{ "explain", "an alert's id", 1, false, show },
	{ "accept", "an alert's id", 1, false, accept_level },
	{ "silence", "matchers, such as feature=checkout", 1, true, silence },
	{ "unsilence", "a silence's id", 1, false, unsilence },
	{ "silences", NULL, 0, false, silences },
	{ "test", "a channel's name, such as slack/oncall", 1, false, test },
	{ .name = NULL },
};

static int alerts_run(int argc, char **argv)
{
	struct verb_call c;
	int code = verb_read(&command_alerts, verbs, argc, argv, &c);

	return code == CLI_GO_ON ? verb_run(&c) : code;
}

const struct command command_alerts = {
	"alerts",
	"Show what fires and why; silence it, accept it, or test who is told.",
	"list [--all] | show|explain|accept ID | silence LABEL=VALUE... [--duration TIME] | unsilence ID | silences | "
	"test CHANNEL",
	alerts_run,
	options,
};
