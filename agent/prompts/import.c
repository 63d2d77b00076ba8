/* SPDX-License-Identifier: Apache-2.0
 * prompts/import.c - finds the list of prompts in a file, and hands each to its platform's reader.
 */
#include "agent/prompts/import.h"

#include <inttypes.h>

#include "agent/base/json.h"
#include "agent/config/yaml_tree.h"
#include "agent/prompts/platform.h"
#include "agent/span/fingerprint.h"

#define ARENA_BYTES (64u << 20)

struct import {
	const char *path;
	struct arena arena;
	struct manifest_set *set;
	size_t left_out;
	struct buf *why;
	struct slice parameters; /* of Promptfoo's first provider */
	struct slice model;
};

static void leave_out(struct import *in, const char *why, struct slice what)
{
	in->left_out++;
	buf_printf(in->why, "%s: %.*s: %s\n", in->path, SLICE_ARG(slice_head(what, 80)), why);
}

static void take(struct import *in, const struct platform_prompt *p)
{
	struct manifest *m = NULL;

	struct status s = platform_manifest(in->path, p, &m, in->why);
	if (!FAILED(s))
		s = manifest_set_add(in->set, m, in->why);
	in->left_out += FAILED(s);
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
		take(in, &p);
	else
		leave_out(in, "a prompt has a name and a version; a list of Langfuse's names alone does not hold them", item);
}

static void visit_langsmith(struct import *in, struct slice item)
{
	struct platform_prompt p;

	if (platform_langsmith(item, &in->arena, &p))
		take(in, &p);
	else
		leave_out(in, "no lc_hub_repo and lc_hub_commit_hash in its metadata, no repo and commit_hash beside it", item);
}

/* ---------------------------------------------------------------- Promptfoo */
/* "openai:chat:gpt-4o" is the model gpt-4o. */
static struct slice model_of(struct slice provider)
{
	size_t at = provider.len;

	while (at > 0 && provider.ptr[at - 1] != ':')
		at--;
	return slice_skip(provider, at);
}

static void read_provider(struct import *in, struct slice root)
{
	struct slice list = json_find(root, SLICE("providers")), first = SLICE_NONE;
	struct json j;

	json_init(&j, list);
	if (list.len > 0 && json_array(&j) && json_element(&j))
		json_raw(&j, &first);
	struct slice id = platform_text(first, "id", &in->arena);
	json_init(&j, first);
	if (id.len == 0 && first.len > 0 && json_peek(&j) == JSON_STRING)
		json_text(&j, &in->arena, &id);
	in->model = model_of(id);
	in->parameters = json_find(first, SLICE("config"));
}

static struct slice text_of(struct import *in, struct slice item)
{
	struct slice text = platform_text(item, "raw", &in->arena);
	struct json j;

	json_init(&j, item);
	if (text.len == 0 && json_peek(&j) == JSON_STRING)
		json_text(&j, &in->arena, &text);
	return text;
}

static bool is_messages(struct slice text)
{
	struct json j;

	json_init(&j, text);
	return json_is_valid(text) && json_peek(&j) == JSON_ARRAY;
}

static void visit_promptfoo(struct import *in, struct slice item)
{
	struct slice text = text_of(in, item), label = platform_text(item, "label", &in->arena);
	struct platform_prompt p = { .model = in->model };

	if (text.len == 0 || slice_starts_with(text, SLICE("file://"))) {
		leave_out(in, "its text stands in a file of its own; import the results of `promptfoo eval -o` instead", item);
		return;
	}
	bool is_named = label.len > 0 && label.len <= 80 && memchr(label.ptr, '\n', label.len) == NULL &&
			!slice_equal(label, text);
	p.name = is_named ? label : SLICE("promptfoo");
	p.version = arena_printf(&in->arena, "%016" PRIx64, fingerprint_of(text));
	p.temperature = platform_text(in->parameters, "temperature", &in->arena);
	p.max_output_tokens = platform_text(in->parameters, "max_tokens", &in->arena);
	if (is_messages(text))
		p.messages = text;
	else
		p.template = text;
	take(in, &p);
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
	struct slice results = json_find(root, SLICE("results")), data = json_find(root, SLICE("data"));
	struct slice list = data.len > 0 ? data : root, sample = sample_of(list);

	if (json_find(sample, SLICE("lc")).len > 0 || json_find(sample, SLICE("manifest")).len > 0) {
		each(in, list, visit_langsmith);
		return "langsmith";
	}
	if (json_find(sample, SLICE("prompt")).len > 0 || json_find(sample, SLICE("versions")).len > 0) {
		each(in, list, visit_langfuse);
		return "langfuse";
	}
	struct slice prompts = json_find(results.len > 0 ? results : root, SLICE("prompts"));
	if (prompts.len == 0)
		return NULL;
	read_provider(in, results.len > 0 ? json_find(root, SLICE("config")) : root);
	each(in, prompts, visit_promptfoo);
	return "promptfoo";
}

static bool read_yaml(struct slice text, struct buf *json)
{
	struct conf_errors errors = { .file = "" };
	const struct tree_node *root = NULL;
	struct buf ignored = BUF_INIT;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES);
	bool good = !FAILED(yaml_tree_read(text, &arena, &errors, &root)) && root != NULL;
	if (good)
		tree_write_json(root, json);
	arena_release(&arena);
	conf_errors_finish(&errors, &ignored);
	buf_release(&ignored);
	return good && !buf_failed(json);
}

struct status import_read(const char *path, struct slice text, struct manifest_set *out, const char **source,
			  size_t *left_out, struct buf *why)
{
	struct import in = { .path = path, .set = out, .why = why };
	struct buf json = BUF_INIT;

	*out = (struct manifest_set){ .count = 0 };
	*source = NULL;
	arena_init(&in.arena, ARENA_BYTES);
	if (json_is_valid(text))
		*source = read_value(&in, text);
	else if (read_yaml(text, &json))
		*source = read_value(&in, buf_view(&json));
	*left_out = in.left_out;
	arena_release(&in.arena);
	buf_release(&json);
	if (*source != NULL)
		return OK;
	buf_printf(why, "%s: no export of Langfuse, LangSmith or Promptfoo\n", path);
	return FAIL(MALFORMED, "no export that is known");
}
