/* SPDX-License-Identifier: Apache-2.0
 * cli/prompts_print.c - answers about prompts as tables for people. What is not known is shown as -.
 */
#include <math.h>
#include <stdio.h>

#include "agent/base/json.h"
#include "agent/cli/answer.h"
#include "agent/cli/prompts.h"
#include "agent/cli/table.h"

/* A field as words, for one printf; buffers are reused in turn. */
static const char *words(struct slice object, const char *name)
{
	static struct buf buffers[8];
	static unsigned next;
	struct buf *b = &buffers[next++ % 8];

	buf_reset(b);
	answer_words(object, name, b);
	return b->len > 0 ? buf_string(b) : "-";
}

static const char *moment(struct slice object, const char *name)
{
	static char texts[4][21];
	static unsigned next;
	char *text = texts[next++ % 4];

	answer_time(object, name, text);
	return text;
}

static const char *figure(struct slice object, const char *name, double factor, const char *format)
{
	static char texts[8][32];
	static unsigned next;
	double value = answer_number(object, name);
	char *text = texts[next++ % 8];

	if (isnan(value))
		return "-";
	/* the formats are literals of this file */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(texts[0]), format, value * factor);
#pragma GCC diagnostic pop
	return text;
}

/* ---------------------------------------------------------------- list */
static void add_environment(void *context, struct slice item)
{
	struct buf *out = context;
	double share = answer_number(item, "share");

	buf_text(out, out->len > 0 ? ", " : "");
	answer_words(item, "environment", out);
	if (share < 1)
		buf_printf(out, " (%g %%)", share * 100);
}

struct listing {
	struct table table;
	struct buf name; /* of the prompt whose versions follow */
	size_t prompts;
};

static void add_version(void *context, struct slice version)
{
	struct listing *l = context;
	struct buf where = BUF_INIT, source = BUF_INIT;

	answer_each(answer_field(version, "deployed_to"), add_environment, &where);
	answer_words(version, "source", &source);
	if (!slice_equal(answer_field(version, "has_manifest"), SLICE("true")))
		buf_text(&source, ", no manifest");
	table_cell(&l->table, buf_string(&l->name));
	table_cell(&l->table, words(version, "version"));
	table_cell(&l->table, where.len > 0 ? buf_string(&where) : "-");
	table_cell(&l->table, words(version, "calls"));
	table_cell(&l->table, moment(version, "last_seen"));
	table_cell(&l->table, buf_string(&source));
	buf_release(&where);
	buf_release(&source);
}

static void add_prompt(void *context, struct slice prompt)
{
	struct listing *l = context;

	l->prompts++;
	buf_reset(&l->name);
	answer_words(prompt, "name", &l->name);
	answer_each(answer_field(prompt, "versions"), add_version, l);
}

void prompts_print_list(struct slice answer)
{
	static const char *const heads[] = { "PROMPT", "VERSION", "DEPLOYED TO", "CALLS", "LAST SEEN", "KNOWN BY" };
	struct listing l = { .table = { .columns = 6, .numbers = 1u << 3 } };
	struct buf out = BUF_INIT;

	table_heads(&l.table, heads);
	answer_each(answer_field(answer, "prompts"), add_prompt, &l);
	table_write(&l.table, &out);
	fputs(buf_string(&out), stdout);
	if (l.prompts == 0)
		printf("no prompt is known: set prompts.directory, or name prompts on spans\n");
	buf_release(&l.name);
	buf_release(&out);
}

/* ---------------------------------------------------------------- log */
static void print_gate(void *context, struct slice gate)
{
	(void)context;
	printf("    gate      %s  %s, %s of %s cases passed\n", moment(gate, "time"),
	       slice_equal(answer_field(gate, "open"), SLICE("true")) ? "open" : "closed",
	       figure(gate, "pass_rate", 100, "%.1f %%"), words(gate, "cases"));
}

static void print_place(void *context, struct slice place)
{
	(void)context;
	printf("    traffic   %s to %s  environment %s, release %s: %s calls\n", moment(place, "first_seen"),
	       moment(place, "last_seen"), words(place, "environment"), words(place, "release"), words(place, "calls"));
}

static void print_quality(struct slice v)
{
	if (!(answer_number(v, "calls") > 0))
		return;
	printf("    cost      %s USD a call, %s USD in all; %s ms; %s input and %s output tokens\n",
	       figure(v, "cost_per_call_usd", 1, "%.6g"), figure(v, "cost_usd", 1, "%.6g"),
	       figure(v, "latency_ms", 1, "%.0f"), words(v, "input_tokens"), words(v, "output_tokens"));
	printf("    quality   %s failed, %s flawed; score %s of %s; alerts %s\n", figure(v, "error_rate", 100, "%.2f %%"),
	       figure(v, "flawed_rate", 100, "%.2f %%"), figure(v, "score", 1, "%.3f"), words(v, "scores"),
	       words(v, "alerts"));
}

/* "calls with another model 3, temperature 1" */
static void print_drift(struct slice drift)
{
	struct json_string field;
	struct slice calls;
	struct json j;
	bool any = false;

	json_init(&j, drift);
	if (drift.len == 0 || !json_object(&j))
		return;
	for (; json_member(&j, &field) && json_raw(&j, &calls); any = true)
		printf("%s%.*s %.*s", any ? ", " : "    drift     calls with another ", SLICE_ARG(field.raw), SLICE_ARG(calls));
	printf("%s", any ? "\n" : "");
}

static void print_log_version(void *context, struct slice v)
{
	struct slice manifest = answer_field(v, "manifest");
	struct buf where = BUF_INIT;

	(void)context;
	answer_each(answer_field(v, "deployed_to"), add_environment, &where);
	printf("  %s%s%s\n", words(v, "version"), where.len > 0 ? "  in force in " : "", buf_string(&where));
	buf_release(&where);
	printf("    known     %s to %s  by %s\n", moment(v, "first_seen"), moment(v, "last_seen"), words(v, "source"));
	if (manifest.len > 0)
		printf("    manifest  model %s, temperature %s; owner %s, approved by %s, ticket %s\n", words(manifest, "model"),
		       words(manifest, "temperature"), words(manifest, "owner"), words(manifest, "approved_by"),
		       words(manifest, "ticket"));
	answer_each(answer_field(v, "gates"), print_gate, NULL);
	answer_each(answer_field(v, "places"), print_place, NULL);
	print_quality(v);
	print_drift(answer_field(v, "drift"));
}

static void print_finding(struct slice canary)
{
	if (canary.len > 0)
		printf("    %s  canary: %s after %s calls of it and %s of the other: %s\n", moment(canary, "time"),
		       words(canary, "verdict"), words(canary, "calls"), words(canary, "calls_of_other"),
		       words(canary, "reason"));
}

static void print_deployment(void *context, struct slice d)
{
	double share = answer_number(d, "share"), exit_status = answer_number(d, "command_exit");

	(void)context;
	printf("  %s  %-8s %s -> %s in %s by %s", moment(d, "time"), words(d, "kind"), words(d, "previous"),
	       words(d, "version"), words(d, "environment"), words(d, "by"));
	if (share < 1)
		printf(", for %g %% of the traffic", share * 100);
	if (answer_field(d, "ticket").len > 0)
		printf(", %s", words(d, "ticket"));
	if (answer_field(d, "reason").len > 0)
		printf(": %s", words(d, "reason"));
	if (!isnan(exit_status) && exit_status != 0)
		printf(" (its command ended with %.0f: it does not count)", exit_status);
	printf("\n");
	print_finding(answer_field(d, "canary"));
}

void prompts_print_log(struct slice answer)
{
	printf("%s\n", words(answer, "name"));
	answer_each(answer_field(answer, "versions"), print_log_version, NULL);
	if (answer_field(answer, "deployments").len > 2)
		printf("deployments\n");
	answer_each(answer_field(answer, "deployments"), print_deployment, NULL);
}
