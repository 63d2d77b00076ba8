/* SPDX-License-Identifier: Apache-2.0
 * daemon/store_command.c - looks at the files of a running or a stopped agent.
 *
 * There are two environments: the store, and below it the queue of exporters with `storage: lmdb`. LMDB believes its
 * files, so that a damaged one may end whoever reads it: that is a child process, and its parent says what happened.
 */
#include "agent/daemon/store_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/daemon/state_dir.h"
#include "agent/store/probe.h"
#include "exporters/spool_look.h"

enum { OPTION_STORAGE, OPTION_OUTPUT };

static const struct cli_option options[] = {
	[OPTION_STORAGE] = { "storage", 0, "DIR", "The agent's storage.directory; else where it is by default." },
	[OPTION_OUTPUT] = { "output", 'o', "FORMAT", "stats, check: text, or json for programs." },
	{ .name = NULL },
};

struct looking {
	const char *directory; /* of the environment at hand */
	const char *target;    /* backup: where its copy goes */
	bool is_queue;
	bool json;
	struct buf out; /* JSON */
};

/* ------------------------------------------------------------------ stats */

static const char *size_text(uint64_t bytes, char out[24])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double n = (double)bytes;
	size_t unit = 0;

	for (; n >= 1024 && unit < 4; unit++)
		n /= 1024;
	snprintf(out, 24, unit == 0 ? "%.0f %s" : "%.1f %s", n, units[unit]);
	return out;
}

static void print_tables(const struct store_stats *stats)
{
	char size[24];

	for (int i = 0; i < STORE_TABLE_COUNT; i++)
		if (stats->entries[i] > 0)
			printf("  %-12s %10" PRIu64 " entries %12s\n", store_table_name((enum store_table)i), stats->entries[i],
			       size_text(stats->table_bytes[i], size));
}

static void print_pile(const char *what, const struct spool_pile *pile)
{
	char size[24], since[21];

	if (pile->payloads == 0)
		return;
	clock_format_utc(pile->oldest_unix_ms / 1000, since);
	printf("  %-12s %10" PRIu64 " requests %11s   %" PRIu64 " items, oldest %s\n", what, pile->payloads,
	       size_text(pile->bytes, size), pile->items, since);
}

static void print_stats(const struct looking *l, const struct store_stats *stats, const struct spool_look *queue)
{
	char used[24], limit[24];

	printf("%s: %s of %s\n", l->directory, size_text(stats->used_bytes, used), size_text(stats->map_bytes, limit));
	print_tables(stats);
	for (int kind = 0; l->is_queue && kind < PAYLOAD_KIND_COUNT; kind++)
		print_pile(payload_kind_names[kind], &queue->waiting[kind]);
	print_pile("set aside", &queue->aside);
}

static void write_pile(struct buf *out, const struct spool_pile *pile)
{
	buf_printf(out, "{\"requests\":%" PRIu64 ",\"items\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"oldest\":", pile->payloads,
		   pile->items, pile->bytes);
	if (pile->payloads > 0)
		buf_printf(out, "%.3f}", (double)pile->oldest_unix_ms / 1000);
	else
		buf_text(out, "null}");
}

static void write_stats(struct looking *l, const struct store_stats *stats, const struct spool_look *queue)
{
	const char *separator = "";

	buf_printf(&l->out, ",\"used_bytes\":%" PRIu64 ",\"limit_bytes\":%" PRIu64 ",\"tables\":{", stats->used_bytes,
		   stats->map_bytes);
	for (int i = 0; i < STORE_TABLE_COUNT; i++, separator = ",")
		buf_printf(&l->out, "%s\"%s\":{\"entries\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", separator,
			   store_table_name((enum store_table)i), stats->entries[i], stats->table_bytes[i]);
	buf_byte(&l->out, '}');
	if (!l->is_queue)
		return;
	separator = "";
	buf_text(&l->out, ",\"waiting\":{");
	for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++, separator = ",") {
		buf_printf(&l->out, "%s\"%s\":", separator, payload_kind_names[kind]);
		write_pile(&l->out, &queue->waiting[kind]);
	}
	buf_text(&l->out, "},\"set_aside\":");
	write_pile(&l->out, &queue->aside);
}

static struct status stats(struct looking *l, struct store *s, struct buf *why)
{
	struct store_stats stats;
	struct spool_look queue = { .aside = { 0 } };

	(void)why;
	TRY(store_stats(s, &stats));
	if (l->is_queue)
		TRY(spool_look(s, &queue));
	if (l->json)
		write_stats(l, &stats, &queue);
	else
		print_stats(l, &stats, &queue);
	return OK;
}

/* ------------------------------------------------------------------ check */

static struct status check(struct looking *l, struct store *s, struct buf *why)
{
	struct store_check found;
	uint64_t good = 0, damaged = 0;

	TRY(store_check(s, &found));
	for (int i = 0; i < STORE_TABLE_COUNT; i++) {
		good += found.good[i];
		damaged += found.damaged[i];
		if (found.damaged[i] > 0)
			buf_printf(why, "%s'%s' holds damaged values in its table %s: %" PRIu64, why->len > 0 ? "; " : "",
				   l->directory, store_table_name((enum store_table)i), found.damaged[i]);
	}
	if (l->json)
		buf_printf(&l->out, ",\"good\":%" PRIu64 ",\"damaged\":%" PRIu64, good, damaged);
	else
		printf("%s: %" PRIu64 " values, %" PRIu64 " damaged\n", l->directory, good + damaged, damaged);
	return damaged == 0 ? OK : FAIL(CORRUPT, "values are damaged");
}

/* ------------------------------------------------------------------ backup */

static struct status backup(struct looking *l, struct store *s, struct buf *why)
{
	TRY(store_copy(s, l->target, why));
	printf("%s -> %s\n", l->directory, l->target);
	return OK;
}

/* ------------------------------------------------------------------ all of them */

struct action {
	const char *name;
	struct status (*run)(struct looking *l, struct store *s, struct buf *why);
	int operands; /* behind the name */
};

static const struct action actions[] = { { "stats", stats, 0 }, { "check", check, 0 }, { "backup", backup, 1 } };

static int exit_code(struct status s)
{
	if (!FAILED(s))
		return CLI_DONE;
	return s.code == STATUS_CORRUPT || s.code == STATUS_EXISTS ? CLI_NO : CLI_UNREACHABLE;
}

/* One environment. A queue that is not there is none that was configured. */
static struct status look_at(const struct action *action, struct looking *l)
{
	struct buf why = BUF_INIT;
	struct store *s = NULL;
	struct status result = store_open_reading(l->directory, &s, &why);

	if (l->is_queue && result.code == STATUS_NOTFOUND)
		result = OK;
	else if (!FAILED(result)) {
		buf_text(&l->out, l->out.len > 1 ? ",{\"directory\":" : "{\"directory\":");
		json_write_string(&l->out, slice_of(l->directory));
		result = action->run(l, s, &why);
		buf_byte(&l->out, '}');
	}
	if (FAILED(result))
		fprintf(stderr, "plimsoll store %s: %s\n", action->name, why.len > 0 ? buf_string(&why) : result.why);
	store_close(s);
	buf_release(&why);
	return result;
}

static int look(const struct action *action, const char *directory, const char *target, bool json)
{
	struct looking l = { .directory = directory, .target = target, .json = json };
	char queue[4096], queue_target[4096];

	snprintf(queue, sizeof(queue), "%s/queue", directory);
	snprintf(queue_target, sizeof(queue_target), "%s/queue", target != NULL ? target : "");
	buf_byte(&l.out, '[');
	int code = exit_code(look_at(action, &l));
	l.directory = queue;
	l.target = queue_target;
	l.is_queue = true;
	int queue_code = code == CLI_DONE || code == CLI_NO ? exit_code(look_at(action, &l)) : CLI_DONE;
	if (json)
		printf("{\"environments\":%.*s]}\n", (int)l.out.len, l.out.ptr);
	buf_release(&l.out);
	return code != CLI_DONE ? code : queue_code;
}

static _Noreturn void look_in_child(const struct action *action, const char *directory, const char *target, bool json)
{
	probe_expect_crash();
	int code = look(action, directory, target, json);
	fflush(stdout);
	_exit(code);
}

static int guard(const struct action *action, const char *directory, const char *target, bool json)
{
	fflush(stdout);
	pid_t child = probe_fork();
	if (child == 0)
		look_in_child(action, directory, target, json);
	int how = child > 0 ? probe_wait(child) : 0;
	if (child > 0 && WIFEXITED(how))
		return WEXITSTATUS(how);
	if (child < 0) {
		fprintf(stderr, "plimsoll store %s: no process can be started to look at '%s'\n", action->name, directory);
		return CLI_UNREACHABLE;
	}
	fprintf(stderr, "plimsoll store %s: '%s' is damaged: its pages do not fit together; restore a backup\n",
		action->name, directory);
	return CLI_NO;
}

static int run_action(const struct action *action, const struct cli_args *args, bool json)
{
	struct buf directory = BUF_INIT;

	if (args->operand_count != 1 + action->operands)
		return cli_usage_error(&command_store, "%s takes %s", action->name,
				       action->operands > 0 ? "one folder, for the copy" : "nothing more");
	if (args->values[OPTION_STORAGE] != NULL)
		buf_text(&directory, args->values[OPTION_STORAGE]);
	else
		state_dir_default(&directory);
	int code = guard(action, buf_string(&directory), action->operands > 0 ? args->operands[1] : NULL, json);
	buf_release(&directory);
	return code;
}

static int run(int argc, char **argv)
{
	struct cli_args args;
	bool json = false;
	int code = cli_parse(&command_store, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_store, args.values[OPTION_OUTPUT], &json);
	if (code != CLI_GO_ON)
		return code;
	for (size_t i = 0; args.operand_count > 0 && i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, args.operands[0]) == 0)
			return run_action(&actions[i], &args, json);
	return cli_usage_error(&command_store, "say what to do: stats, check or backup DIR");
}

const struct command command_store = {
	.name = "store",
	.summary = "Show what a running or stopped agent keeps, check it, or copy it.",
	.usage = "stats | check | backup DIR [--storage DIR]",
	.run = run,
	.options = options,
};
