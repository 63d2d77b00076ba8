/* SPDX-License-Identifier: Apache-2.0
 * prompts/import.c - finds the list of prompts in a file, and hands each to its platform's reader.
 */
#include "agent/prompts/import_priv.h"

#include "agent/base/json.h"
#include "agent/config/yaml_tree.h"

#define ARENA_BYTES (64u << 20)

/* "path:line:column: " of a value in the file. */
static void write_place(struct import *in, struct slice value)
{
	size_t line = 1, column = 1;

	buf_text(in->why, in->path);
	if (in->text.len > 0 && value.ptr >= in->text.ptr && value.ptr < in->text.ptr + in->text.len) {
		for (const char *at = in->text.ptr; at < value.ptr; at++) {
			column = *at == '\n' ? 1 : column + 1;
			line += *at == '\n';
		}
		buf_printf(in->why, ":%zu:%zu", line, column);
	}
	buf_text(in->why, ": ");
}

void import_leave_out(struct import *in, const char *why, struct slice what)
{
	in->left_out++;
	write_place(in, what);
	buf_printf(in->why, "%s\n", why);
}

void import_take(struct import *in, const struct platform_prompt *p, struct slice item)
{
	struct buf wrong = BUF_INIT;
	struct manifest *m = NULL;

	struct status s = platform_manifest(in->path, p, &m, &wrong);
	if (!FAILED(s))
		s = manifest_set_add(in->set, m, &wrong);
	in->left_out += FAILED(s);
	if (FAILED(s)) {
		write_place(in, item);
		buf_printf(in->why, "prompt '%.*s', version '%.*s': ", SLICE_ARG(p->name), SLICE_ARG(p->version));
		buf_text(in->why, wrong.len > 0 ? buf_string(&wrong) : s.why);
	} else if (p->lost.len > 0) {
		write_place(in, item);
		buf_printf(in->why, "note: a manifest has no place for %.*s of %.*s@%.*s\n", SLICE_ARG(p->lost),
			   SLICE_ARG(p->name), SLICE_ARG(p->version));
	}
	buf_release(&wrong);
}

/* Each element of a list, or the one value that stands for it. */
static void each(struct import *in, struct slice list, void (*visit)(struct import *in, struct slice item))
{
	struct slice item;
	struct json j;

	json_init(&j, list);
	if (json_peek(&j) != JSON_ARRAY) {
		visit(in, list);
		return;
	}
	json_array(&j);
	while (json_element(&j) && json_raw(&j, &item))
		visit(in, item);
}

static void visit_langfuse(struct import *in, struct slice item)
{
	struct platform_prompt p;

	if (platform_langfuse(item, &in->arena, &p))
		import_take(in, &p, item);
	else
		import_leave_out(in, "a prompt has a name and a version; a list of Langfuse's names alone does not hold them", item);
}

static void visit_langsmith(struct import *in, struct slice item)
{
	struct platform_prompt p;

	(void)platform_langsmith(item, &in->arena, &p);
	if (p.name.len == 0)
		p.name = slice_of(in->name);
	if (p.name.len > 0 && p.version.len > 0)
		import_take(in, &p, item);
	else
		import_leave_out(in, p.version.len > 0 ? "the commit does not say its prompt: name it with --name" :
						  "no commit_hash beside it, and no lc_hub_commit_hash in its metadata", item);
}

/* ---------------------------------------------------------------- which tool wrote it */
/* The first element of a list, or the value itself. */
static struct slice sample_of(struct slice value)
{
	struct slice first = value;
	struct json j;

	json_init(&j, value);
	if (json_peek(&j) == JSON_ARRAY && json_array(&j) && json_element(&j))
		json_raw(&j, &first);
	return first;
}

static const char *read_value(struct import *in, struct slice root)
{
	struct slice data = json_find(root, SLICE("data")), list = data.len > 0 ? data : root, sample = sample_of(list);

	if (json_find(sample, SLICE("lc")).len > 0 || json_find(sample, SLICE("manifest")).len > 0) {
		each(in, list, visit_langsmith);
		return "langsmith";
	}
	if (json_find(sample, SLICE("prompt")).len > 0 || json_find(sample, SLICE("versions")).len > 0) {
		each(in, list, visit_langfuse);
		return "langfuse";
	}
	return import_promptfoo(in, root) ? "promptfoo" : NULL;
}

bool import_yaml(const char *path, struct slice text, struct buf *json, struct buf *why)
{
	struct conf_errors errors = { .file = path };
	const struct tree_node *root = NULL;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES);
	bool good = !FAILED(yaml_tree_read(text, &arena, &errors, &root)) && root != NULL;
	if (good)
		tree_write_json(root, tree_json_bytes(text), json);
	arena_release(&arena);
	conf_errors_finish(&errors, why);
	return good && !buf_failed(json);
}

/* Where a file that begins as JSON stops being it. */
static void tell_bad_json(const char *path, struct slice text, struct buf *why)
{
	unsigned line, column;
	struct json j;

	json_init(&j, text);
	(void)(json_skip(&j) && !FAILED(json_finish(&j)));
	json_where(&j, &line, &column);
	buf_printf(why, "%s:%u:%u: no JSON\n", path, line, column);
}

static struct status read_text(struct import *in, struct slice text, const char **source)
{
	struct slice trimmed = slice_trim(text);
	struct buf json = BUF_INIT;
	bool is_readable = true;

	if (json_is_valid(text)) {
		in->text = text;
		*source = read_value(in, text);
	} else if (slice_starts_with(trimmed, SLICE("{")) || slice_starts_with(trimmed, SLICE("["))) {
		tell_bad_json(in->path, text, in->why);
		is_readable = false;
	} else {
		is_readable = import_yaml(in->path, text, &json, in->why);
		if (is_readable)
			*source = read_value(in, buf_view(&json));
	}
	buf_release(&json);
	if (*source != NULL)
		return OK;
	if (is_readable)
		buf_printf(in->why, "%s: no export of Langfuse, LangSmith or Promptfoo\n", in->path);
	return FAIL(MALFORMED, "no export that is known");
}

struct status import_read(const char *path, struct slice text, const char *name, struct manifest_set *out,
			  const char **source, size_t *left_out, struct buf *why)
{
	struct import in = { .path = path, .name = name, .set = out, .why = why };

	*out = (struct manifest_set){ .count = 0 };
	*source = NULL;
	arena_init(&in.arena, ARENA_BYTES);
	struct status s = read_text(&in, text, source);
	*left_out = in.left_out;
	arena_release(&in.arena);
	return s;
}
