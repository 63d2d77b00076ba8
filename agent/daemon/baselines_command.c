/* SPDX-License-Identifier: Apache-2.0
 * daemon/baselines_command.c - fetch an export from wherever it is, then show it or hand it on.
 *
 * Everything is done by way of the export: list and show load it into a detector of their own, so that they say the
 * same of a running agent, a stopped one and a file.
 */
#include "agent/daemon/baselines_command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/file.h"
#include "agent/base/json.h"
#include "agent/baselines/exchange.h"
#include "agent/cli/client.h"
#include "agent/cli/table.h"
#include "agent/cli/terminal.h"
#include "agent/daemon/baseline_api.h"
#include "agent/daemon/state.h"

#define EXPORT_BYTES_MAX ((size_t)1 << 30)
#define PART_BYTES       ((size_t)900 << 10) /* of one request; the endpoint takes 1 MiB */
#define SERIES_MAX       1000000
#define STORE_BYTES      ((uint64_t)1 << 30)

static const struct cli_option options[] = {
	CLIENT_AGENT_OPTION,
	{ "storage", 0, "DIR", "The state folder of a stopped agent, in place of a running one." },
	{ "file", 'f', "FILE", "list, show: an export, in place of an agent." },
	{ "feature", 0, "NAME", "list, reset: of this feature only." },
	{ "model", 0, "NAME", "list, reset: of this model only." },
	{ "prompt-version", 0, "NAME", "reset: of this prompt version only." },
	{ "metric", 0, "NAME", "list, show: this metric only." },
	{ "all", 0, NULL, "reset: everything." },
	{ "output", 'o', "FORMAT", "list, show: text or json." },
	{ 0 },
};

enum {
	OPTION_AGENT,
	OPTION_STORAGE,
	OPTION_FILE,
	OPTION_FEATURE,
	OPTION_MODEL,
	OPTION_VERSION,
	OPTION_METRIC,
	OPTION_ALL,
	OPTION_OUTPUT
};

struct call_of {
	struct cli_args args;
	const char *what; /* "list" */
	const char *operand;
	bool json;
};

static int said(const char *what, struct status s, struct buf *why)
{
	fprintf(stderr, "plimsoll baselines: %s: %s\n", what, why->len > 0 ? buf_string(why) : s.why);
	return s.code == STATUS_IO || s.code == STATUS_NOTFOUND || s.code == STATUS_EXISTS ? CLI_UNREACHABLE : CLI_NO;
}

static void ignore(void *context, const struct verdict *v)
{
	(void)context;
	(void)v;
}

static struct detector *new_detector(void)
{
	const struct baselines_config config = {
		.enabled = true, .sigma = 2, .false_alert_budget = 0.01, .max_series = SERIES_MAX
	};

	return detector_new(&config, ignore, NULL);
}

/* ---------------------------------------------------------------- a stopped agent's store */
static bool load_pair(void *context, struct slice key, struct slice value)
{
	struct status s = detector_load(context, key, value);

	if (FAILED(s))
		fprintf(stderr, "plimsoll: an entry is left out: %s\n", s.why);
	return true;
}

static void put_pair(void *batch, struct slice key, struct slice value)
{
	if (value.ptr != NULL)
		store_batch_put(batch, STORE_BASELINES, key, value);
	else
		store_batch_delete(batch, STORE_BASELINES, key);
}

/* Only what is imported makes a store where there is none: for an agent that is yet to be started. */
static struct status open_store(const char *directory, bool makes, struct detector *d, struct store **store,
				struct buf *why)
{
	if (!makes && !store_is_there(directory)) {
		buf_printf(why, "no agent keeps its state in '%s': --storage takes what storage.directory says", directory);
		return FAIL(NOTFOUND, "no store");
	}
	struct status s = store_open(directory, STORE_BYTES, store, why);
	if (s.code == STATUS_EXISTS) {
		buf_reset(why);
		buf_printf(why, "the agent that keeps its state in '%s' runs: without --storage it is asked itself", directory);
	}
	TRY(s);
	return store_scan(*store, STORE_BASELINES, SLICE_NONE, load_pair, d);
}

static struct status save_store(struct store *store, struct detector *d)
{
	struct store_batch *batch = store_batch_new();

	if (batch == NULL)
		return FAIL(NOMEM, "no memory for the changes");
	detector_save(d, false, put_pair, batch);
	TRY(store_write(store, batch, NULL, NULL));
	return store_flush(store);
}

/* Changes what a stopped agent keeps. */
typedef struct status change_fn(struct detector *d, const struct call_of *call, struct slice text, struct buf *why);

static int change_store(const struct call_of *call, struct slice text, bool makes, change_fn *change)
{
	const char *directory = call->args.values[OPTION_STORAGE];
	struct detector *d = new_detector();
	struct store *store = NULL;
	struct buf why = BUF_INIT;
	struct status s = d != NULL ? open_store(directory, makes, d, &store, &why) : FAIL(NOMEM, "no memory");

	if (!FAILED(s))
		s = change(d, call, text, &why);
	if (!FAILED(s))
		s = save_store(store, d);
	int code = FAILED(s) ? said(call->what, s, &why) : CLI_DONE;
	store_close(store);
	detector_free(d);
	buf_release(&why);
	return code;
}

/* ---------------------------------------------------------------- where an export comes from */
static int export_of_store(const struct call_of *call, struct buf *out)
{
	const char *directory = call->args.values[OPTION_STORAGE];
	struct detector *d = new_detector();
	struct store *store = NULL;
	struct buf why = BUF_INIT;
	struct status s = d != NULL ? open_store(directory, false, d, &store, &why) : FAIL(NOMEM, "no memory");
	int code = CLI_GO_ON;

	if (FAILED(s))
		code = said(call->what, s, &why);
	else
		exchange_export(d, out);
	store_close(store);
	detector_free(d);
	buf_release(&why);
	return code;
}

static int read_file(const char *path, struct buf *out)
{
	struct buf none = BUF_INIT;
	struct status s = file_read(path, EXPORT_BYTES_MAX, out);

	return FAILED(s) ? said(path, s, &none) : CLI_GO_ON;
}

static int fetch(const struct call_of *call, struct buf *out)
{
	struct client client;

	if (call->args.values[OPTION_FILE] != NULL)
		return read_file(call->args.values[OPTION_FILE], out);
	if (call->args.values[OPTION_STORAGE] != NULL)
		return export_of_store(call, out);
	int code = client_open(&command_baselines, call->args.values[OPTION_AGENT], &client);
	return code == CLI_GO_ON ? client_get(&client, "/api/v1/baselines/export", out) : code;
}

/* ---------------------------------------------------------------- list, show */
struct listing {
	const struct call_of *call;
	struct table table;
	size_t shown;
};

static void add_standing(void *context, const struct standing_view *v)
{
	struct listing *l = context;
	const char *const *wanted = l->call->args.values;
	struct table *t = &l->table;

	if ((wanted[OPTION_FEATURE] != NULL && !slice_equal(slice_of(wanted[OPTION_FEATURE]), v->feature)) ||
	    (wanted[OPTION_MODEL] != NULL && !slice_equal(slice_of(wanted[OPTION_MODEL]), v->model)) ||
	    (wanted[OPTION_METRIC] != NULL && strcmp(wanted[OPTION_METRIC], v->metric) != 0))
		return;
	table_printf(t, "%.*s%s%.*s%s%.*s", SLICE_ARG(v->feature), v->workflow.len > 0 ? ", workflow " : "", SLICE_ARG(v->workflow),
		     v->user_segment.len > 0 ? ", segment " : "", SLICE_ARG(v->user_segment));
	table_printf(t, "%.*s", SLICE_ARG(v->model));
	table_printf(t, "%.*s", SLICE_ARG(v->prompt_version));
	table_printf(t, "%s%s%.*s", v->metric, v->name.len > 0 ? " " : "", SLICE_ARG(v->name));
	table_printf(t, "%.4g", v->mean);
	table_printf(t, "%.4g", v->stddev);
	table_printf(t, "%+.1f", v->deviation);
	table_printf(t, "%u h%s", v->learned_hours, v->firing ? ", firing" : "");
	l->shown++;
}

static void print_table(const struct call_of *call, struct detector *d)
{
	static const char *const heads[] = { "FEATURE", "MODEL", "PROMPT", "METRIC", "MEAN", "STDDEV", "Z", "LEARNED" };
	const struct terminal terminal = terminal_look();
	struct listing l = { call, { .columns = 8, .numbers = 0x70, .names = 0x7 }, 0 };
	struct buf out = BUF_INIT;

	if (terminal.is_one)
		l.table.width = terminal.columns;
	table_heads(&l.table, heads);
	detector_visit(d, add_standing, &l);
	table_write(&l.table, &out);
	const bool chosen = call->args.values[OPTION_FEATURE] != NULL || call->args.values[OPTION_MODEL] != NULL ||
			    call->args.values[OPTION_METRIC] != NULL;
	if (l.shown == 0)
		buf_text(&out, chosen ? "nothing like that is known here; 'plimsoll baselines list' shows what is\n" :
					"no baseline is known here yet: calls are learned by the hour, and judged from 24 hours on\n");
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
}

static int print_list(struct call_of *call, struct detector *d)
{
	struct buf out = BUF_INIT;

	if (!call->json) {
		print_table(call, d);
		return CLI_DONE;
	}
	baselines_write_json(d, slice_of(call->args.values[OPTION_FEATURE]), slice_of(call->args.values[OPTION_MODEL]),
			     slice_of(call->args.values[OPTION_METRIC]), &out);
	puts(buf_string(&out));
	buf_release(&out);
	return CLI_DONE;
}

static int list(struct call_of *call)
{
	struct detector *d = new_detector();
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct exchange_result result;
	int code = fetch(call, &text);

	if (code == CLI_GO_ON) {
		struct status s = d == NULL ? FAIL(NOMEM, "no memory") :
					      exchange_import(d, buf_view(&text), EXCHANGE_LOOK, true, &result, &why);
		code = FAILED(s) ? said(call->what, s, &why) : print_list(call, d);
	}
	detector_free(d);
	buf_release(&text);
	buf_release(&why);
	return code;
}

/* A key is FEATURE, as list shows it. */
static int show(struct call_of *call)
{
	if (call->operand == NULL)
		return cli_usage_error(&command_baselines, "show takes the name of a feature");
	call->args.values[OPTION_FEATURE] = call->operand;
	return list(call);
}

/* ---------------------------------------------------------------- export, import, merge, reset */
static int export(struct call_of *call)
{
	struct buf text = BUF_INIT;
	int code = fetch(call, &text);

	if (code == CLI_GO_ON) {
		FILE *out = call->operand != NULL && strcmp(call->operand, "-") != 0 ? fopen(call->operand, "w") : stdout;
		bool written = out != NULL && fwrite(text.ptr, 1, text.len, out) == text.len && fflush(out) == 0;
		if (out != NULL && out != stdout)
			written &= fclose(out) == 0;
		if (!written)
			fprintf(stderr, "plimsoll: cannot write '%s'\n", call->operand != NULL ? call->operand : "-");
		code = written ? CLI_DONE : CLI_UNREACHABLE;
	}
	buf_release(&text);
	return code;
}

static enum exchange_mode mode_of(const struct call_of *call)
{
	return strcmp(call->what, "merge") == 0 ? EXCHANGE_MERGE : EXCHANGE_IMPORT;
}

static struct status import_into(struct detector *d, const struct call_of *call, struct slice text, struct buf *why)
{
	struct exchange_result result;

	TRY(exchange_import(d, text, mode_of(call), true, &result, why));
	printf("%llu series added, %llu changed\n", (unsigned long long)result.added, (unsigned long long)result.changed);
	return OK;
}

/* The whole is checked here before its first part is sent. */
static int check_export(const struct call_of *call, struct slice text)
{
	struct detector *d = new_detector();
	struct buf why = BUF_INIT;
	struct exchange_result result;
	struct status s = d == NULL ? FAIL(NOMEM, "no memory") :
				      exchange_import(d, text, EXCHANGE_IMPORT, true, &result, &why);
	int code = FAILED(s) ? said(call->operand, s, &why) : CLI_GO_ON;

	detector_free(d);
	buf_release(&why);
	return code;
}

static size_t line_length(struct slice text)
{
	ptrdiff_t at = slice_find(text, SLICE("\n"));

	return at < 0 ? text.len : (size_t)at + 1;
}

/* Whole lines of rest, as many as one request takes; each part goes under the head. */
static struct slice next_part(struct slice *rest)
{
	struct slice part = { rest->ptr, 0 };

	while (part.len < rest->len) {
		size_t n = line_length(slice_skip(*rest, part.len));
		if (part.len + n > PART_BYTES && part.len > 0)
			break;
		part.len += n;
	}
	*rest = slice_skip(*rest, part.len);
	return part;
}

static bool is_end(struct slice line)
{
	return slice_starts_with(line, SLICE("{\"type\":\"end\""));
}

static int send_parts(const struct call_of *call, struct slice text)
{
	struct client client;
	struct buf body = BUF_INIT, answer = BUF_INIT, path = BUF_INIT;
	struct slice head = slice_head(text, line_length(text)), rest = slice_skip(text, head.len);
	int code = client_open(&command_baselines, call->args.values[OPTION_AGENT], &client);

	buf_printf(&path, "/api/v1/baselines/import?mode=%s", call->what);
	while (code == CLI_GO_ON && rest.len > 0) {
		buf_reset(&body);
		buf_reset(&answer);
		buf_slice(&body, head);
		struct slice part = next_part(&rest);
		while (part.len > 0) { /* the count at the end is of the whole */
			struct slice line = slice_head(part, line_length(part));
			if (!is_end(line))
				buf_slice(&body, line);
			part = slice_skip(part, line.len);
		}
		code = client_post(&client, buf_string(&path), buf_view(&body), &answer);
		if (code == CLI_GO_ON)
			puts(buf_string(&answer));
	}
	buf_release(&body);
	buf_release(&answer);
	buf_release(&path);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

static int import(struct call_of *call)
{
	struct buf text = BUF_INIT;

	if (call->operand == NULL)
		return cli_usage_error(&command_baselines, "%s takes an export: a file, or - for standard input", call->what);
	int code = read_file(call->operand, &text);
	if (code == CLI_GO_ON && call->args.values[OPTION_STORAGE] != NULL)
		code = change_store(call, buf_view(&text), true, import_into);
	else if (code == CLI_GO_ON) {
		code = check_export(call, buf_view(&text));
		code = code == CLI_GO_ON ? send_parts(call, buf_view(&text)) : code;
	}
	buf_release(&text);
	return code;
}

static struct status reset_in(struct detector *d, const struct call_of *call, struct slice text, struct buf *why)
{
	const char *const *v = call->args.values;

	(void)text;
	(void)why;
	uint64_t keys = detector_reset(d, slice_of(v[OPTION_FEATURE]), slice_of(v[OPTION_MODEL]),
				       slice_of(v[OPTION_VERSION]));
	printf("%llu keys forgotten\n", (unsigned long long)keys);
	return OK;
}

static int reset(struct call_of *call)
{
	const char *const *v = call->args.values;
	struct buf path = BUF_INIT, answer = BUF_INIT;
	struct client client;

	if (v[OPTION_FEATURE] == NULL && v[OPTION_MODEL] == NULL && v[OPTION_VERSION] == NULL && v[OPTION_ALL] == NULL)
		return cli_usage_error(&command_baselines,
				       "reset takes --feature, --model, --prompt-version, or --all");
	if (v[OPTION_METRIC] != NULL)
		return cli_usage_error(&command_baselines, "reset forgets all metrics of what it names: --metric is for list and show");
	if (v[OPTION_STORAGE] != NULL)
		return change_store(call, SLICE_NONE, false, reset_in);
	buf_text(&path, "/api/v1/baselines/reset");
	client_query(&path, "feature", slice_of(v[OPTION_FEATURE]));
	client_query(&path, "model", slice_of(v[OPTION_MODEL]));
	client_query(&path, "prompt_version", slice_of(v[OPTION_VERSION]));
	client_query(&path, "all", v[OPTION_ALL] != NULL ? SLICE("true") : SLICE_NONE);
	int code = client_open(&command_baselines, v[OPTION_AGENT], &client);
	if (code == CLI_GO_ON)
		code = client_post(&client, buf_string(&path), SLICE("{}"), &answer);
	if (code == CLI_GO_ON)
		puts(buf_string(&answer));
	buf_release(&path);
	buf_release(&answer);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

static const struct {
	const char *name;
	int operands;
	int (*run)(struct call_of *call);
} actions[] = {
	{ "list", 0, list },	 { "show", 1, show },	 { "export", 1, export },
	{ "import", 1, import }, { "merge", 1, import }, { "reset", 0, reset },
};

static int run_action(size_t i, struct call_of *call)
{
	const int count = call->args.operand_count - 1;

	if (count > actions[i].operands)
		return cli_usage_error(&command_baselines, "unexpected '%s'", call->args.operands[1 + actions[i].operands]);
	call->operand = count > 0 ? call->args.operands[1] : NULL;
	if (count > 0 && call->operand[0] == '\0')
		return cli_usage_error(&command_baselines, "the argument of %s is empty", call->what);
	return actions[i].run(call);
}

static int run(int argc, char **argv)
{
	struct call_of call = { .operand = NULL };
	int code = cli_parse(&command_baselines, argc, argv, &call.args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_baselines, call.args.values[OPTION_OUTPUT], &call.json);
	if (code != CLI_GO_ON)
		return code;
	if (call.args.operand_count == 0)
		return cli_usage_error(&command_baselines, "say what to do: list, show, export, import, merge or reset");
	call.what = call.args.operands[0];
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, call.what) == 0)
			return run_action(i, &call);
	return cli_usage_error(&command_baselines, "'%s' is none of list, show, export, import, merge, reset", call.what);
}

const struct command command_baselines = {
	.name = "baselines",
	.summary = "Show what was learned as usual, carry it to another agent, or forget it.",
	.usage = "list | show FEATURE | export [FILE] | import FILE | merge FILE | reset",
	.run = run,
	.options = options,
};
