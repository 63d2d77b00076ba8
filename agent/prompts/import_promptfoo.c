/* SPDX-License-Identifier: Apache-2.0
 * prompts/import_promptfoo.c - prompts of a promptfooconfig, or of the results of an evaluation (promptfoo 0.123).
 *
 * A prompt is a text, "file://" and a path beside the configuration, or an object with raw or id, and a label. Files of
 * text hold several, with a line of dashes between them; files of JSON and YAML hold messages; what code makes cannot be
 * taken.
 */
#include <glob.h>
#include <inttypes.h>

#include "agent/base/file.h"
#include "agent/prompts/import_priv.h"
#include "agent/span/fingerprint.h"

#define PROMPT_BYTES_MAX (1u << 20)

struct source {
	struct import *in;
	struct platform_prompt model; /* of the first provider: model, parameters, and what of them has no place */
	struct slice label;           /* of the prompt that is read; empty: none */
	struct slice item;            /* where it stands */
};

/* ---------------------------------------------------------------- providers */
/* "openai:chat:gpt-4o" is gpt-4o, "bedrock:us.amazon.nova-lite-v1:0" all behind the vendor, "gpt-4o" itself. */
static struct slice model_of(struct slice provider)
{
	static const char *const kinds[] = { "chat:", "messages:", "completion:", "responses:", "converse:", "text:",
					     "assistant:", NULL };
	ptrdiff_t colon = slice_find(provider, SLICE(":"));
	struct slice model = colon < 0 ? provider : slice_skip(provider, (size_t)colon + 1);

	for (size_t i = 0; kinds[i] != NULL; i++)
		if (slice_starts_with(model, slice_of(kinds[i])))
			return slice_skip(model, strlen(kinds[i]));
	return model;
}

static struct slice string_of(struct slice value, struct arena *a)
{
	struct slice text = SLICE_NONE;
	struct json j;

	json_init(&j, value);
	return value.len > 0 && json_peek(&j) == JSON_STRING && json_text(&j, a, &text) ? text : SLICE_NONE;
}

/* "openai:gpt-4o", {"id":..., "config":...}, or {"openai:gpt-4o": {"config":...}}. Sets what its config stands in. */
static struct slice provider_id(struct slice item, struct arena *a, struct slice *body)
{
	struct slice id = string_of(item, a), value;
	struct json_string name;
	struct json j;

	*body = item;
	if (id.len == 0)
		id = platform_text(item, "id", a);
	json_init(&j, item);
	if (id.len > 0 || json_peek(&j) != JSON_OBJECT || !json_object(&j) || !json_member(&j, &name) || !json_raw(&j, &value))
		return id;
	*body = value;
	return json_unescape(name, a);
}

static void read_provider(struct source *s, struct slice item)
{
	struct arena *a = &s->in->arena;
	struct slice body;

	s->model.model = model_of(provider_id(item, a, &body));
	platform_parameters(&s->model, a, "provider.", platform_container(json_find(body, SLICE("config")), JSON_OBJECT));
}

static void read_providers(struct source *s, struct slice config)
{
	struct slice list = json_find(config, SLICE("providers")), item;
	struct json j;

	if (list.len == 0)
		list = json_find(config, SLICE("targets"));
	json_init(&j, list);
	if (list.len == 0)
		return;
	if (json_peek(&j) != JSON_ARRAY) {
		read_provider(s, list);
		return;
	}
	json_array(&j);
	if (json_element(&j) && json_raw(&j, &item))
		read_provider(s, item);
	while (json_element(&j) && json_raw(&j, &item)) { /* a version has one model */
		struct slice body, id = provider_id(item, &s->in->arena, &body);
		platform_lose(&s->model, &s->in->arena, "provider ", id);
	}
}

/* ---------------------------------------------------------------- prompts */
static bool is_known(const struct import *in, const struct platform_prompt *p)
{
	for (size_t i = 0; i < in->set->count; i++)
		if (slice_equal(slice_of(in->set->items[i]->name), p->name) &&
		    slice_equal(slice_of(in->set->items[i]->version), p->version))
			return true;
	return false;
}

static bool is_messages(struct slice text)
{
	return json_is_valid(text) && platform_container(slice_trim(text), JSON_ARRAY).len > 0;
}

/* fallback: its name where it has no label that could be one. */
static void take_text(struct source *s, struct slice text, struct slice fallback)
{
	struct platform_prompt p = s->model;
	struct slice label = s->label;
	bool is_named = label.len > 0 && label.len <= 80 && memchr(label.ptr, '\n', label.len) == NULL &&
			!slice_equal(label, text);

	p.name = is_named ? label : fallback;
	p.version = arena_printf(&s->in->arena, "%016" PRIx64, fingerprint_of(text));
	if (is_messages(text))
		p.messages = slice_trim(text);
	else
		p.template = text;
	if (!is_known(s->in, &p)) /* results name a prompt once for each provider */
		import_take(s->in, &p, s->item);
}

/* Texts with a line of three dashes between them. */
static void take_texts(struct source *s, struct slice text, struct slice name)
{
	for (unsigned n = 1; text.len > 0; n++) {
		ptrdiff_t end = slice_find(text, SLICE("\n---\n"));
		struct slice one = slice_trim(slice_head(text, end < 0 ? text.len : (size_t)end));
		if (one.len > 0)
			take_text(s, one, n == 1 ? name : arena_printf(&s->in->arena, "%.*s-%u", SLICE_ARG(name), n));
		text = slice_skip(text, end < 0 ? text.len : (size_t)end + strlen("\n---\n"));
	}
}

static struct slice base_name(struct slice path, size_t extension)
{
	size_t at = path.len - extension;

	while (at > 0 && path.ptr[at - 1] != '/')
		at--;
	return slice_head(slice_skip(path, at), path.len - extension - at);
}

static void read_file(struct source *s, const char *path)
{
	static const char *const kinds[] = { ".txt", ".md", ".json", ".yaml", ".yml" };
	struct slice whole = slice_of(path), name = SLICE_NONE;
	struct buf text = BUF_INIT, json = BUF_INIT;
	size_t kind = 0;

	while (kind < 5 && !slice_ends_with(whole, slice_of(kinds[kind])))
		kind++;
	if (kind < 5)
		name = base_name(whole, strlen(kinds[kind]));
	if (kind == 5)
		import_leave_out(s->in, arena_printf(&s->in->arena, "'%s' is no text: import the results of `promptfoo eval -o "
						     "results.json` instead", path).ptr, s->item);
	else if (FAILED(file_read(path, PROMPT_BYTES_MAX, &text)))
		import_leave_out(s->in, arena_printf(&s->in->arena, "cannot read '%s'", path).ptr, s->item);
	else if (kind < 2)
		take_texts(s, buf_view(&text), name);
	else if (kind == 2)
		take_text(s, slice_trim(buf_view(&text)), name);
	else if (import_yaml(path, buf_view(&text), &json, s->in->why))
		take_text(s, arena_dup(&s->in->arena, buf_view(&json)), name);
	else
		s->in->left_out++;
	buf_release(&text);
	buf_release(&json);
}

/* Every file that the path, or pattern, names beside the configuration. */
static void read_files(struct source *s, struct slice reference)
{
	const char *slash = strrchr(s->in->path, '/');
	size_t folder = slash != NULL && reference.ptr[0] != '/' ? (size_t)(slash - s->in->path) + 1 : 0;
	struct slice pattern = arena_printf(&s->in->arena, "%.*s%.*s", (int)folder, s->in->path, SLICE_ARG(reference));
	glob_t found;

	if (pattern.ptr == NULL || glob(pattern.ptr, 0, NULL, &found) != 0) {
		import_leave_out(s->in, arena_printf(&s->in->arena, "there is no file '%.*s'", SLICE_ARG(pattern)).ptr,
				 s->item);
		return;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		read_file(s, found.gl_pathv[i]);
	globfree(&found);
}

/* Promptfoo takes a text that ends as a file's name does for one. */
static bool is_reference(struct slice text)
{
	static const char *const ends[] = { ".txt", ".md", ".json", ".yaml", ".yml", ".js", ".mjs", ".ts", ".py" };

	if (slice_starts_with(text, SLICE("file://")))
		return true;
	if (memchr(text.ptr, '\n', text.len) != NULL || memchr(text.ptr, ' ', text.len) != NULL)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (slice_ends_with(text, slice_of(ends[i])))
			return true;
	return false;
}

static void read_text(struct source *s, struct slice text)
{
	if (text.len == 0)
		import_leave_out(s->in, "a prompt without a text", s->item);
	else if (!is_reference(text))
		take_text(s, text, s->in->name != NULL ? slice_of(s->in->name) : SLICE("promptfoo"));
	else
		read_files(s, slice_starts_with(text, SLICE("file://")) ? slice_skip(text, strlen("file://")) : text);
}

static void read_prompt(struct source *s, struct slice item)
{
	struct arena *a = &s->in->arena;
	struct slice text = string_of(item, a);

	s->item = item;
	s->label = platform_text(item, "label", a);
	if (text.len == 0)
		text = platform_text(item, "raw", a);
	if (text.len == 0)
		text = platform_text(item, "id", a);
	read_text(s, text);
}

/* {"prompts/a.txt": "label", ...}, as older configurations have it. */
static void read_labelled(struct source *s, struct slice map)
{
	struct json_string name;
	struct slice value;
	struct json j;

	json_init(&j, map);
	json_object(&j);
	while (json_member(&j, &name) && json_raw(&j, &value)) {
		s->item = value;
		s->label = string_of(value, &s->in->arena);
		read_text(s, json_unescape(name, &s->in->arena));
	}
}

bool import_promptfoo(struct import *in, struct slice root)
{
	struct slice results = json_find(root, SLICE("results")), prompts, item;
	struct source s = { .in = in };
	struct json j;

	prompts = json_find(results.len > 0 ? results : root, SLICE("prompts"));
	if (prompts.len == 0)
		return false;
	read_providers(&s, results.len > 0 ? json_find(root, SLICE("config")) : root);
	json_init(&j, prompts);
	if (json_peek(&j) == JSON_OBJECT) {
		read_labelled(&s, prompts);
	} else if (json_peek(&j) != JSON_ARRAY) {
		read_prompt(&s, prompts);
	} else {
		json_array(&j);
		while (json_element(&j) && json_raw(&j, &item))
			read_prompt(&s, item);
	}
	return true;
}
