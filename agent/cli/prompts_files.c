/* SPDX-License-Identifier: Apache-2.0
 * cli/prompts_files.c - what `plimsoll prompts` does with manifests in files, and with two of them from anywhere.
 */
#include <stdio.h>

#include "agent/base/file.h"
#include "agent/base/json.h"
#include "agent/cli/answer.h"
#include "agent/cli/prompts.h"
#include "agent/cli/table.h"
#include "agent/cli/terminal.h"
#include "agent/prompts/diff.h"

int prompts_read_folder(const char *directory, struct manifest_set *set)
{
	struct buf errors = BUF_INIT;
	struct status s = folder_read(directory, set, &errors);

	if (errors.len > 0)
		fputs(buf_string(&errors), stderr);
	buf_release(&errors);
	if (FAILED(s))
		return CLI_UNREACHABLE;
	return set->mistakes > 0 ? CLI_NO : CLI_GO_ON;
}

/* ---------------------------------------------------------------- check */
int prompts_check(struct verb_call *c)
{
	struct manifest_set set;
	int code = prompts_read_folder(c->operands[0], &set);

	if (c->json && code != CLI_UNREACHABLE)
		printf("{\"manifests\":%zu,\"mistakes\":%zu}\n", set.count, set.mistakes);
	else if (code == CLI_GO_ON)
		printf("%zu %s, no mistake\n", set.count, set.count == 1 ? "manifest" : "manifests");
	else if (code == CLI_NO)
		fprintf(stderr, "plimsoll prompts: %zu of %zu files have mistakes\n", set.mistakes, set.mistakes + set.count);
	manifest_set_release(&set);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

/* ---------------------------------------------------------------- list */
static void print_manifests(const struct manifest_set *set)
{
	static const char *const heads[] = { "PROMPT", "VERSION", "MODEL", "FILE" };
	struct table table = { .columns = 4 };
	struct buf out = BUF_INIT;

	table_heads(&table, heads);
	for (size_t i = 0; i < set->count; i++) {
		const struct manifest *m = set->items[i];
		table_cell(&table, m->name);
		table_cell(&table, m->version);
		table_cell(&table, m->model != NULL ? m->model : "-");
		table_cell(&table, m->path);
	}
	table_write(&table, &out);
	fputs(buf_string(&out), stdout);
	buf_release(&out);
}

void prompts_print_manifests(const struct manifest_set *set)
{
	struct buf out = BUF_INIT;

	buf_text(&out, "{\"manifests\":[");
	for (size_t i = 0; i < set->count; i++) {
		buf_text(&out, i > 0 ? "," : "");
		manifest_write_json(set->items[i], &out);
	}
	buf_text(&out, "]}");
	printf("%s\n", buf_string(&out));
	buf_release(&out);
}

int prompts_list_folder(struct verb_call *c)
{
	struct manifest_set set;
	int code = prompts_read_folder(prompts_directory(c), &set);

	if (c->json && code != CLI_UNREACHABLE)
		prompts_print_manifests(&set);
	else if (code != CLI_UNREACHABLE)
		print_manifests(&set);
	manifest_set_release(&set);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

/* ---------------------------------------------------------------- diff */
/* The two versions, NULL where they are not found; from the set they are taken out, for the caller to free. */
struct pair {
	const char *versions[2];
	struct manifest *found[2];
};

static void take_from_set(struct manifest_set *set, const char *name, struct pair *p)
{
	for (size_t i = 0; i < set->count; i++)
		for (int side = 0; side < 2; side++) {
			struct manifest *m = set->items[i];
			if (m == NULL || p->found[side] != NULL || strcmp(m->name, name) != 0 ||
			    strcmp(m->version, p->versions[side]) != 0)
				continue;
			p->found[side] = m;
			set->items[i] = NULL;
		}
}

static void take_from_answer(void *context, struct slice version)
{
	struct pair *p = context;
	struct buf name = BUF_INIT, errors = BUF_INIT;
	struct slice manifest = answer_field(version, "manifest");

	answer_text(version, "version", &name);
	for (int side = 0; side < 2 && manifest.len > 0; side++)
		if (p->found[side] == NULL && slice_equal(buf_view(&name), slice_of(p->versions[side])) &&
		    FAILED(manifest_read("the agent", manifest, &p->found[side], &errors)))
			fputs(buf_string(&errors), stderr);
	buf_release(&name);
	buf_release(&errors);
}

static int find_pair(struct verb_call *c, struct pair *p)
{
	struct manifest_set set = { .count = 0 };

	if (prompts_directory(c) != NULL) {
		int code = prompts_read_folder(prompts_directory(c), &set);
		take_from_set(&set, c->operands[0], p);
		manifest_set_release(&set);
		return code == CLI_NO ? CLI_GO_ON : code;
	}
	int code = verb_get_one(c, PROMPTS_PATH, c->operands[0]);
	if (code == CLI_GO_ON)
		answer_each(answer_field(buf_view(&c->answer), "versions"), take_from_answer, p);
	return code;
}

static int print_pair(const struct verb_call *c, const struct pair *p)
{
	struct buf out = BUF_INIT;

	for (int side = 0; side < 2; side++)
		if (p->found[side] == NULL) {
			fprintf(stderr, "plimsoll prompts: no manifest of version '%s' of '%s' is known\n", p->versions[side],
				c->operands[0]);
			return CLI_NO;
		}
	bool differs = c->json ? manifest_diff_json(p->found[0], p->found[1], &out) :
				 manifest_diff_text(p->found[0], p->found[1], terminal_look().colours, &out);
	if (!differs && !c->json)
		buf_text(&out, "nothing but the version differs\n");
	fwrite(out.ptr, 1, out.len, stdout);
	if (c->json)
		putchar('\n');
	buf_release(&out);
	return CLI_DONE;
}

int prompts_diff(struct verb_call *c)
{
	struct pair p = { .versions = { c->operands[1], c->operands[2] } };
	int code = find_pair(c, &p);

	if (code == CLI_GO_ON)
		code = print_pair(c, &p);
	manifest_free(p.found[0]);
	manifest_free(p.found[1]);
	return code;
}
