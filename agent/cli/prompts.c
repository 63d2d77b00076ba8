/* SPDX-License-Identifier: Apache-2.0
 * cli/prompts.c - the verbs of `plimsoll prompts`.
 */
#include "agent/cli/prompts.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "agent/base/json.h"
#include "agent/cli/answer.h"

#define COMMAND_POLL_MS    200
#define COMMAND_TIMEOUT_MS (3660 * 1000) /* more than the longest prompts.deploy_timeout */

enum {
	OPTION_DIRECTORY = VERB_OPTIONS, OPTION_ENV, OPTION_BY, OPTION_TICKET, OPTION_CANARY, OPTION_FORCE, OPTION_TO,
	OPTION_INTO, OPTION_NAME,
};

static const struct cli_option options[] = {
	VERB_OPTION_ROWS,
	[OPTION_DIRECTORY] = { "directory", 'd', "DIR", "list, diff: of these manifests, without an agent." },
	[OPTION_ENV] = { "env", 'e', "NAME", "deploy, rollback: the environment, such as production." },
	[OPTION_BY] = { "by", 0, "WHO", "deploy, rollback: who does it; the user's name unless given." },
	[OPTION_TICKET] = { "ticket", 0, "TEXT", "deploy, rollback: where it was agreed." },
	[OPTION_CANARY] = { "canary", 0, "SHARE", "deploy: for this share of the traffic only, such as 5%." },
	[OPTION_FORCE] = { "force", 0, NULL, "deploy: all of the traffic to a canary that is not proven equal or better; it is "
			   "recorded that it was forced." },
	[OPTION_TO] = { "to", 0, "VERSION", "rollback: to this version; else the last one that was good." },
	[OPTION_INTO] = { "into", 0, "DIR", "import: write a manifest for each version there, such as into prompts.directory; what "
			  "is there stays. Else all to standard output." },
	[OPTION_NAME] = { "name", 0, "NAME", "import: of prompts that the file does not name." },
	{ .name = NULL },
};

const char *prompts_directory(const struct verb_call *c)
{
	return c->args.values[OPTION_DIRECTORY];
}

const char *prompts_import_target(const struct verb_call *c)
{
	return c->args.values[OPTION_INTO];
}

const char *prompts_import_name(const struct verb_call *c)
{
	return c->args.values[OPTION_NAME];
}

static void path_of(const char *name, struct buf *out)
{
	buf_text(out, PROMPTS_PATH);
	buf_percent(out, slice_of(name));
}

/* ---------------------------------------------------------------- looking */
static int list(struct verb_call *c)
{
	if (prompts_directory(c) != NULL)
		return prompts_list_folder(c);
	int code = verb_get(c, "/api/v1/prompts");
	if (code != CLI_GO_ON)
		return code;
	if (c->json)
		verb_print_json(c);
	else
		prompts_print_list(buf_view(&c->answer));
	return CLI_DONE;
}

static int show_log(struct verb_call *c)
{
	int code = verb_get_one(c, PROMPTS_PATH, c->operands[0]);

	if (code != CLI_GO_ON)
		return code;
	if (c->json)
		verb_print_json(c);
	else
		prompts_print_log(buf_view(&c->answer));
	return CLI_DONE;
}

/* ---------------------------------------------------------------- deploying */
/* "5%", "0.05": a share. False, having said so, where it is none. */
static bool read_share(const char *text, double *out)
{
	struct slice s = slice_of(text);
	bool percent = slice_ends_with(s, SLICE("%"));

	*out = 1;
	if (text == NULL)
		return true;
	s.len -= percent;
	if (slice_to_double(s, out) && (*out /= percent ? 100 : 1) > 0 && *out <= 1)
		return true;
	cli_usage_error(&command_prompts, "--canary wants a share such as 5%% or 0.05, not '%s'", text);
	return false;
}

static void write_wish(const struct verb_call *c, const char *version, double share, struct buf *out)
{
	const char *const *v = c->args.values;
	const struct {
		const char *name, *value;
	} texts[] = { { "version", version }, { "environment", v[OPTION_ENV] },
		      { "by", cli_user(v[OPTION_BY]) },
		      { "ticket", v[OPTION_TICKET] } };

	buf_byte(out, '{');
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].value == NULL)
			continue;
		json_write_key(out, texts[i].name);
		json_write_string(out, slice_of(texts[i].value));
	}
	json_write_key(out, "canary");
	json_write_double(out, share);
	if (v[OPTION_FORCE] != NULL)
		buf_text(out, ",\"force\":true");
	buf_byte(out, '}');
}

struct finding {
	double number;
	bool runs, has_exit;
	double exit_status;
};

static void find_command(void *context, struct slice deployment)
{
	struct finding *f = context;

	if (answer_number(deployment, "number") != f->number)
		return;
	f->runs = answer_field(deployment, "command").len > 0;
	f->exit_status = answer_number(deployment, "command_exit");
	f->has_exit = !isnan(f->exit_status);
}

/* What is wrong with it: it failed, or its end is not known. */
static void tell_command(const struct verb_call *c, const struct finding *f)
{
	if (f->has_exit)
		fprintf(stderr, "plimsoll prompts: the deploy command %s (%.0f): the deployment does not count\n",
			f->exit_status >= 0 ? "failed" : "could not be run", f->exit_status);
	else
		fprintf(stderr, "plimsoll prompts: how the deploy command ends is not known yet; 'plimsoll prompts log %s' will "
				"tell\n", c->operands[0]);
}

/* Waits for the deploy command that the agent runs. */
static int wait_for_command(struct verb_call *c, double number)
{
	const struct timespec pause = { 0, COMMAND_POLL_MS * 1000000L };
	struct buf path = BUF_INIT, answer = BUF_INIT;
	struct finding f = { .number = number, .runs = true };
	int code = CLI_GO_ON;

	path_of(c->operands[0], &path);
	for (int waited_ms = 0; code == CLI_GO_ON && f.runs && waited_ms < COMMAND_TIMEOUT_MS; waited_ms += COMMAND_POLL_MS) {
		buf_reset(&answer);
		code = client_get(&c->client, buf_string(&path), &answer);
		if (code == CLI_GO_ON)
			answer_each(answer_field(buf_view(&answer), "deployments"), find_command, &f);
		if (f.runs)
			nanosleep(&pause, NULL);
	}
	buf_release(&path);
	buf_release(&answer);
	if (code != CLI_GO_ON)
		return code;
	if (f.has_exit && f.exit_status == 0)
		return CLI_DONE;
	tell_command(c, &f);
	return CLI_NO;
}

static int report(struct verb_call *c, bool is_rollback)
{
	struct slice answer = buf_view(&c->answer);
	struct buf text = BUF_INIT;

	answer_words(answer, "prompt", &text);
	buf_byte(&text, '@');
	answer_words(answer, "version", &text);
	buf_text(&text, is_rollback ? " is in force again in " : " is deployed to ");
	answer_words(answer, "environment", &text);
	if (answer_field(answer, "previous").len > 0) {
		buf_text(&text, ", after ");
		answer_words(answer, "previous", &text);
	}
	if (answer_field(answer, "reason").len > 0) {
		buf_text(&text, ": ");
		answer_words(answer, "reason", &text);
	}
	bool waits = slice_equal(answer_field(answer, "command"), SLICE("true"));
	int code = waits ? wait_for_command(c, answer_number(answer, "number")) : CLI_DONE;
	if (code == CLI_DONE && c->json)
		verb_print_json(c);
	else if (code == CLI_DONE)
		printf("%s\n", buf_string(&text));
	buf_release(&text);
	return code;
}

static int change(struct verb_call *c, const char *verb, const char *version, bool is_rollback)
{
	struct buf path = BUF_INIT, body = BUF_INIT;
	double share;

	if (c->args.values[OPTION_ENV] == NULL)
		return cli_usage_error(&command_prompts, "--env is missing");
	if (!read_share(c->args.values[OPTION_CANARY], &share))
		return CLI_USAGE;
	path_of(c->operands[0], &path);
	buf_printf(&path, "/%s", verb);
	write_wish(c, version, share, &body);
	int code = verb_post(c, buf_string(&path), buf_view(&body));
	buf_release(&path);
	buf_release(&body);
	return code == CLI_GO_ON ? report(c, is_rollback) : code;
}

static int deploy(struct verb_call *c)
{
	return change(c, "deploy", c->operands[1], false);
}

static int rollback(struct verb_call *c)
{
	return change(c, "rollback", c->args.values[OPTION_TO], true);
}

/* ---------------------------------------------------------------- the command */
static const struct verb verbs[] = {
	{ "list", NULL, 0, false, list },
	{ "log", "a prompt's name", 1, false, show_log },
	{ "diff", "a prompt's name and two versions", 3, false, prompts_diff },
	{ "check", "a folder", 1, false, prompts_check },
	{ "import", "a file", 1, false, prompts_import },
	{ "deploy", "a prompt's name and a version", 2, false, deploy },
	{ "rollback", "a prompt's name", 1, false, rollback },
	{ .name = NULL },
};

/* An option that its verb would not look at is a mistake: a rollback goes for all of the traffic, say. */
static bool has_option_of_others(const struct verb_call *c)
{
	static const struct {
		int option;
		int (*verbs[2])(struct verb_call *c);
		const char *names;
	} options_of[] = {
		{ OPTION_DIRECTORY, { list, prompts_diff }, "list and diff" },
		{ OPTION_ENV, { deploy, rollback }, "deploy and rollback" },
		{ OPTION_BY, { deploy, rollback }, "deploy and rollback" },
		{ OPTION_TICKET, { deploy, rollback }, "deploy and rollback" },
		{ OPTION_CANARY, { deploy }, "deploy" },
		{ OPTION_FORCE, { deploy }, "deploy" },
		{ OPTION_TO, { rollback }, "rollback" },
		{ OPTION_INTO, { prompts_import }, "import" },
		{ OPTION_NAME, { prompts_import }, "import" },
	};

	for (size_t i = 0; i < sizeof(options_of) / sizeof(options_of[0]); i++) {
		int option = options_of[i].option;
		if (c->args.values[option] == NULL || c->verb->run == options_of[i].verbs[0] ||
		    c->verb->run == options_of[i].verbs[1])
			continue;
		cli_usage_error(&command_prompts, "--%s is for %s", options[option].name, options_of[i].names);
		return true;
	}
	return false;
}

static int prompts_run(int argc, char **argv)
{
	struct verb_call c;
	int code = verb_read(&command_prompts, verbs, argc, argv, &c);

	if (code != CLI_GO_ON)
		return code;
	return has_option_of_others(&c) ? CLI_USAGE : verb_run(&c);
}

const struct command command_prompts = {
	"prompts",
	"Versions of prompts: what they are, what they did, what changed; deploy one, or go back.",
	"list | log NAME | diff NAME A B | check DIR | import FILE [--into DIR] | deploy NAME VERSION --env NAME [--canary 5%] [--force] | "
	"rollback NAME --env NAME",
	prompts_run,
	options,
};
